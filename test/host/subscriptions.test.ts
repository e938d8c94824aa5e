import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient, goodbye, root, startHost, type Era, type RunningHost } from './host-process.ts';
import { startSignaling } from './signaling.ts';

/** Clients that watch resources through a host, of servers in both revisions of MCP behind another one. */

const URI = 'test://watched';
let signaling: Awaited<ReturnType<typeof startSignaling>>;
let folder: string;
let owner: RunningHost;
let caller: RunningHost;

beforeAll(async () => {
  signaling = await startSignaling();
  folder = await mkdtemp(join(tmpdir(), 'parley-watched-'));
  await Promise.all(['newest', 'legacy'].map((name) => writeFile(join(folder, name), 'first')));
  const server = (mood: string) => ({ command: process.execPath, args: [join(root, 'test/host/watched-server.mjs'), join(folder, mood), mood] });
  const config = { mcpServers: { newest: server('newest'), legacy: server('legacy') } };
  const policy = {
    everyone: 'run',
    limits: { callsPerMinute: 600, strangerCallsPerMinute: 600 },
  };
  [owner, caller] = await Promise.all([startHost(signaling.url, { config, policy }), startHost(signaling.url, {})]);
}, 60_000);
afterAll(async () => {
  await Promise.allSettled([owner?.stop(), caller?.stop()]);
  await signaling?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Notifications of changes, each once. */
function updates(client: Client): () => Promise<string> {
  const seen: string[] = [];
  const waiting: ((uri: string) => void)[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params: { uri } }) => {
    const next = waiting.shift();
    if (next) next(uri);
    else seen.push(uri);
  });
  return () => {
    const known = seen.shift();
    return known === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(known);
  };
}

/** Watches in the way of the client's revision; answers what is acknowledged and how to stop. */
async function watch(client: Client, uris: readonly string[]) {
  if (client.getProtocolEra() === 'modern') {
    const { honoredFilter, close, closed } = await client.listen({ resourceSubscriptions: [...uris] });
    return { acknowledged: honoredFilter.resourceSubscriptions ?? [], stop: close, closed };
  }
  for (const uri of uris) await client.subscribeResource({ uri });
  return {
    acknowledged: uris,
    stop: async () => void (await Promise.all(uris.map((uri) => client.unsubscribeResource({ uri })))),
    closed: undefined,
  };
}

async function uriOf(client: Client, id: string, isAggregate: boolean): Promise<string> {
  if (!isAggregate) return URI;
  for (;;) {
    const { resources } = await client.listResources(undefined, { cacheMode: 'refresh' });
    const found = resources.find(({ uri }) => uri.endsWith(`/${id}/${URI}`));
    if (found) return found.uri;
  }
}

const cases = (['newest', 'legacy'] as const).flatMap((id) =>
  (['modern', 'legacy'] as const).flatMap((era) =>
    [false, true].map((isAggregate) => ({ id, era, isAggregate, endpoint: isAggregate ? 'all agents' : 'one agent' })),
  ),
);

let version = 0;
describe('a client that watches a resource', () => {
  it.each(cases)('is told of changes while it does: $id server, $era client of $endpoint', async ({ id, era, isAggregate }) => {
    const address = isAggregate ? undefined : `${owner.ready.nodeId}:${id}`;
    const [one, two] = await Promise.all([connectClient(caller, address, era), connectClient(caller, address, era)]);
    const [nextOfOne, nextOfTwo] = [updates(one), updates(two)];
    const uri = await uriOf(one, id, isAggregate);
    const watches = [await watch(one, [uri]), await watch(two, [uri])];
    expect(watches.map(({ acknowledged }) => acknowledged)).toEqual([[uri], [uri]]);
    await writeFile(join(folder, id), `version ${++version}`);
    expect(await Promise.all([nextOfOne(), nextOfTwo()])).toEqual([uri, uri]);
    expect(JSON.stringify(await one.readResource({ uri }, { cacheMode: 'refresh' }))).toContain(`version ${version}`);
    // One that stopped does not take it from the other.
    await watches[0]?.stop();
    await writeFile(join(folder, id), `version ${++version}`);
    expect(await nextOfTwo()).toBe(uri);
    await watches[1]?.stop();
    if (id === 'legacy') await owner.logged(`unsubscribed ${URI}`);
    await Promise.all([goodbye(one), goodbye(two)]);
  });

  it.each([
    ['newest', false],
    ['legacy', false],
    ['legacy', true],
  ] as const)('is not told that it watches what nobody may watch: %s server, all agents: %s', async (id, isAggregate) => {
    const closed = await startHost(signaling.url, {
      config: { mcpServers: { [id]: { command: process.execPath, args: [join(root, 'test/host/watched-server.mjs'), join(folder, id), id] } } },
      policy: { everyone: { '*': 'run', 'resources/subscribe': 'never' } },
    });
    const client = await connectClient(caller, isAggregate ? undefined : `${closed.ready.nodeId}:${id}`, 'modern');
    const uri = isAggregate ? `parley://${closed.ready.nodeId}/${id}/${URI}` : URI;
    const acknowledged = await client.listen({ resourceSubscriptions: [uri] }).then(
      ({ honoredFilter }) => honoredFilter.resourceSubscriptions ?? [],
      () => [],
    );
    expect(acknowledged).toEqual([]);
    await client.close();
    await closed.stop();
  });

  it('hears that the agent went', async () => {
    const config = {
      mcpServers: { legacy: { command: process.execPath, args: [join(root, 'test/host/watched-server.mjs'), join(folder, 'legacy'), 'legacy'] } },
    };
    const gone = await startHost(signaling.url, { config, policy: { everyone: 'run' } });
    const client = await connectClient(caller, `${gone.ready.nodeId}:legacy`, 'modern');
    const { closed } = await watch(client, [URI]);
    await gone.stop();
    expect(await closed).toBe('remote');
    await client.close();
  });
});

describe('the list of all tools', () => {
  it.each(['legacy', 'modern'] as const)('has for each client what its agents show to such a client, %s', async (era: Era) => {
    const names = async (capabilities: object): Promise<readonly string[]> => {
      const told: (() => void)[] = [];
      const listChanged = { tools: { autoRefresh: false, onChanged: () => told.splice(0).forEach((tell) => tell()) } };
      const client = await connectClient(caller, undefined, era, { capabilities, listChanged });
      for (;;) {
        const next = new Promise<void>((resolve) => told.push(resolve));
        const { tools } = await client.listTools(undefined, { cacheMode: 'refresh' });
        const found = tools.flatMap(({ name }) => (name.startsWith('legacy-') ? [name.split('__')[1] as string] : []));
        // Agents that come are told as changes of the list.
        if (found.length === 0) await next;
        else {
          await goodbye(client);
          return found;
        }
      }
    };
    expect(await names({ elicitation: { form: {} } })).toEqual(['plain', 'ask']);
    expect(await names({})).toEqual(['plain']);
    expect(await names({ elicitation: {} })).toEqual(['plain', 'ask']);
  });
});
