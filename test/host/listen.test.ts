import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/app/system-clock.ts';
import { agentAddress, parseAgentAddress, type AgentAddress } from '../../src/base/ids.ts';
import { WebCryptoBulkCipher } from '../../src/crypto/bulk-cipher.ts';
import { systemEntropy } from '../../src/crypto/entropy.ts';
import { createVerifier } from '../../src/crypto/signing.ts';
import { AgentClients } from '../../src/mcp/agent-clients.ts';
import { AgentHost } from '../../src/mcp/agent-host.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { ECHO, echoAgent } from '../bench/echo-agent.ts';
import { seededIdentity } from '../support/seeded-identity.ts';
import { hostDialer, linkWith } from './behind-host.ts';
import { ownServer, startHost, type RunningHost } from './host-process.ts';
import { startSignaling } from './signaling.ts';

/** Nodes without WebRTC and without a signaling server, linked with a host over a WebSocket. */

let signaling: Awaited<ReturnType<typeof startSignaling>>;
let host: RunningHost;
const nodes: Node[] = [];

beforeAll(async () => {
  signaling = await startSignaling();
  const config = { mcpServers: { fine: ownServer('fine') } };
  host = await startHost(signaling.url, { config, policy: { everyone: 'run' } }, '--listen', '127.0.0.1:0');
}, 60_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await host?.stop();
  await signaling?.stop();
});

async function linkedNode(seed: number, network = 'Commons'): Promise<Node> {
  const node = createNode({
    identity: await seededIdentity(seed, systemClock.now()),
    networkId: openNetworkId(network),
    clock: systemClock,
    entropy: systemEntropy,
    verifier: await createVerifier(),
    bulkCipher: new WebCryptoBulkCipher(),
  });
  nodes.push(node);
  await linkWith(node, host);
  return node;
}

function clientsOf(node: Node): { readonly clients: AgentClients; readonly host: AgentHost } {
  const own = new AgentHost(node, { decide: async () => 'run' });
  return { clients: new AgentClients(node, own), host: own };
}

const fine = (): AgentAddress => host.ready.agents[0] as AgentAddress;
const work = { name: 'work', arguments: { text: 'over a socket' } };

describe('a node that is linked over a WebSocket', () => {
  it('calls what the host mounted', async () => {
    const node = await linkedNode(1);
    const { client, path } = await clientsOf(node).clients.session(fine());
    expect(JSON.stringify(await client.callTool(work))).toContain('over a socket #1');
    expect(path?.via).toEqual([]);
    await client.close();
  });

  it('reaches another one through the host, which carries only what it cannot read', async () => {
    const [one, two] = await Promise.all([linkedNode(2), linkedNode(3)]);
    const { host: hostOfTwo } = clientsOf(two);
    hostOfTwo.add(echoAgent());
    const { client, path } = await clientsOf(one).clients.session(agentAddress(two.id, ECHO));
    expect((await client.callTool({ name: 'echo', arguments: { text: 'hi' } })).content).toEqual([{ type: 'text', text: 'hi' }]);
    expect(path?.via).toEqual([parseAgentAddress(fine()).node]);
    await client.close();
  });

  it('of another network is sent away', async () => {
    const node = await linkedNode(4, 'Elsewhere');
    await expect(node.open(parseAgentAddress(fine()).node, 'mcp/1', { deadlineMs: 2_000 })).rejects.toMatchObject({ name: 'ParleyError' });
  });

  it('learns from the host’s first word who it is, and the handshake holds it to that', async () => {
    const hostNode = parseAgentAddress(fine()).node;
    const [node, other] = await Promise.all([linkedNode(5), seededIdentity(6, systemClock.now())]);
    await new Promise<void>((resolve) => (node.hosts().length > 0 ? resolve() : node.on('host', () => resolve())));
    expect(node.nodes().find((known) => known.node === hostNode)).toMatchObject({ isHost: true, hostUrls: [host.ready.listen] });
    expect(node.hosts()).toEqual([{ url: host.ready.listen, node: hostNode }]);
    const liar = new Promise<string>((resolve) => node.on('peer', (peer) => peer.node === other.node && peer.reason && resolve(peer.reason)));
    hostDialer.dial(host.ready.listen ?? '', { linked: (link) => node.attachLink(link, 'initiator', other.node), ended: () => undefined });
    expect(await liar).toBe('wrong-node');
  });

  it('speaks the protocol of links, or is not let in', async () => {
    const socket = new WebSocket(host.ready.listen ?? '');
    expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(1002);
    const told = await new Promise<string>((resolve) =>
      hostDialer.dial(`${signaling.url.replace('http', 'ws')}signal`, {
        linked: () => resolve('linked'),
        ended: ({ detail }) => resolve(detail ?? ''),
      }),
    );
    expect(told).not.toBe('linked');
  });

  it('does not speak HTTP there', async () => {
    expect((await fetch((host.ready.listen ?? '').replace('ws:', 'http:'))).status).toBe(426);
  });
});
