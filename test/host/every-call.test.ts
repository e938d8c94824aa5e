import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StreamableHTTPClientTransport, type Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/app/system-clock.ts';
import type { AgentAddress } from '../../src/base/ids.ts';
import { WebCryptoBulkCipher } from '../../src/crypto/bulk-cipher.ts';
import { systemEntropy } from '../../src/crypto/entropy.ts';
import { createVerifier } from '../../src/crypto/signing.ts';
import { agentOpener } from '../../src/host/gateway/open-agent.ts';
import { AgentHost } from '../../src/mcp/agent-host.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import { encodeInvite } from '../../src/wire/invite.ts';
import { newPrivateNetwork, pskOf } from '../../src/wire/networks.ts';
import { seededIdentity } from '../support/seeded-identity.ts';
import { linkWith } from './behind-host.ts';
import { goodbye, startHost, type RunningHost } from './host-process.ts';
import { ableClient, askEverything, directClient, referenceServers, resetFolder, SERVERS, toolCalls, type ServerName } from './reference-calls.ts';
import { startSignaling } from './signaling.ts';

/**
 * Every call to the reference servers answers the same through hosts, directly linked or relayed, as the server itself answers without anything in between. In a private
 * network, where relays carry all that is said: for strangers they carry less than these calls are.
 */
const network = newPrivateNetwork(systemEntropy, 'Every call');

let signaling: Awaited<ReturnType<typeof startSignaling>>;
let folder: string;
let owner: RunningHost;
let caller: RunningHost;
let node: Node;
let expected: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  signaling = await startSignaling();
  folder = await mkdtemp(join(tmpdir(), 'parley-every-'));
  await resetFolder(folder);
  expected = await withClients(
    (server) => directClient(server, folder),
    (clients) => askEverything(clients, folder),
  );
  const invite = ['--network', new URL(`/${encodeInvite(network)}`, signaling.url).href];
  [owner, caller] = await Promise.all([
    startHost(signaling.url, { config: { mcpServers: referenceServers(folder) }, policy: { everyone: 'run' } }, ...invite),
    startHost(signaling.url, {}, '--listen', '127.0.0.1:0', ...invite),
  ]);
  node = await nodeBehind(caller);
}, 60_000);
afterAll(async () => {
  await node?.close();
  await Promise.allSettled([owner?.stop(), caller?.stop()]);
  await signaling?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function withClients<Result>(
  connect: (server: ServerName) => Promise<Client>,
  use: (clients: Readonly<Record<ServerName, Client>>) => Promise<Result>,
): Promise<Result> {
  const [everything, files, memory] = await Promise.all(SERVERS.map(connect));
  const clients = { everything, files, memory } as Record<ServerName, Client>;
  try {
    return await use(clients);
  } finally {
    await Promise.all(Object.values(clients).map(goodbye));
  }
}

/** A node whose only link is a WebSocket to that host: whatever it reaches beyond, it reaches over a relay. */
async function nodeBehind(host: RunningHost): Promise<Node> {
  const identity = await seededIdentity(1, systemClock.now());
  const made = createNode({
    identity,
    networkId: network.networkId,
    psk: pskOf(network.secret),
    clock: systemClock,
    entropy: systemEntropy,
    verifier: await createVerifier(),
    bulkCipher: new WebCryptoBulkCipher(),
  });
  await linkWith(made, host);
  return made;
}

const MADE_BY_A_TOOL = 'everything: demo://resource/session/x.gz';

const addressOf = (server: ServerName): AgentAddress => `${owner.ready.nodeId}:${server}` as AgentAddress;

describe('every call to the reference servers', () => {
  it('is every tool that they have', () => {
    for (const server of SERVERS)
      expect(new Set(toolCalls(folder).flatMap((call) => (call.server === server ? [call.tool] : [])))).toEqual(
        new Set(expected[`${server}: tools`] as string[]),
      );
    // So that a change of the servers that empties the comparison is seen.
    expect(Object.values(expected).filter((answer) => JSON.stringify(answer).includes('"content"')).length).toBeGreaterThan(35);
  });

  it.each(['legacy', 'modern'] as const)('answers the same through another host’s endpoint, %s', async (era) => {
    const connect = async (server: ServerName): Promise<Client> => {
      const client = ableClient(server, era === 'legacy' ? 'legacy' : { pin: '2026-07-28' });
      const url = new URL(`${caller.ready.mcpHttp}/${addressOf(server).replace(':', '/')}`);
      await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers: { authorization: `Bearer ${caller.token}` } } }));
      return client;
    };
    const { [MADE_BY_A_TOOL]: made, ...others } = expected;
    // Such a resource is of the session that made it, and clients of 2026-07-28 have none.
    expect(await withClients(connect, (clients) => askEverything(clients, folder))).toEqual(era === 'legacy' ? expected : others);
    expect(made).toBeDefined();
  });

  it.each(['legacy', 'auto'] as const)('answers the same over a relay, %s', async (mode) => {
    const open = agentOpener(node, new AgentHost(node, { decide: async () => 'run' }));
    const connect = async (server: ServerName): Promise<Client> => {
      const client = ableClient(server, mode);
      await client.connect(await open(addressOf(server)));
      return client;
    };
    expect(await withClients(connect, (clients) => askEverything(clients, folder))).toEqual(expected);
    const path = node.peers().find(({ node: id }) => id === owner.ready.nodeId)?.path;
    expect(path?.via).toEqual([caller.ready.nodeId]);
  });
});
