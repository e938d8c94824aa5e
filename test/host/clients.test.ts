import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient, goodbye, ownServer, referenceServer, root, startHost, toolsOnce } from './host-process.ts';
import { startSignaling } from './signaling.ts';

/** MCP clients of all kinds at one host: on standard streams, several at once, while lists change and hosts restart. */

let signaling: Awaited<ReturnType<typeof startSignaling>>;
beforeAll(async () => {
  signaling = await startSignaling();
}, 60_000);
const folders: string[] = [];
afterAll(async () => {
  await signaling?.stop();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-test-'));
  folders.push(folder);
  return folder;
}

const work = { name: 'work', arguments: { text: 'hi' } };

describe.each(['legacy', 'modern'] as const)('a client, %s', (era) => {
  it('on standard input and output sees the agents and calls them; the host ends with it', async () => {
    const owner = await startHost(signaling.url, { config: { mcpServers: { fine: ownServer('fine') } } });
    await owner.stop('SIGKILL');
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: ['src/host/launch.mjs', '--signal', signaling.url, '--data', owner.data, '--mcp-stdio', '--config', join(owner.data, 'test-config.json')],
      cwd: root,
      stderr: 'ignore',
    });
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: '2026-07-28' } } });
    await client.connect(transport);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['fine__work']);
    expect(JSON.stringify(await client.callTool({ ...work, name: 'fine__work' }))).toContain('hi #1');
    const { pid } = transport;
    await client.close();
    expect(() => process.kill(pid as number, 0)).toThrow();
  });

  it('is told when the tools of an agent change', async () => {
    const host = await startHost(signaling.url, { config: { mcpServers: { grows: ownServer('grows', await emptyFolder()) } } });
    let isTold: () => void = () => undefined;
    const told = new Promise<void>((resolve) => (isTold = resolve));
    const listChanged = { tools: { autoRefresh: false, onChanged: () => isTold() } };
    const client = await connectClient(host, `${host.ready.nodeId}:grows`, era, { listChanged });
    expect((await client.listTools()).tools.length).toBe(1);
    await client.callTool(work);
    await told;
    expect((await client.listTools(undefined, { cacheMode: 'refresh' })).tools.length).toBe(2);
    await goodbye(client);
    await host.stop();
  });

  it('sees in the lists what its calls made in the same session', async () => {
    const host = await startHost(signaling.url, { config: { mcpServers: { grows: ownServer('grows-alone') } } });
    const client = await connectClient(host, `${host.ready.nodeId}:grows`, era);
    await client.callTool(work);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['work', 'work-1']);
    await goodbye(client);
    await host.stop();
  });

  it('goes on after the host of the agent restarted', async () => {
    const config = { mcpServers: { fine: ownServer('fine') } };
    const policy = { everyone: 'run' };
    const [first, caller] = await Promise.all([startHost(signaling.url, { config, policy }), startHost(signaling.url, {})]);
    await toolsOnce(caller, (names) => names.length > 0);
    const client = await connectClient(caller, `${first.ready.nodeId}:fine`, era);
    expect(JSON.stringify(await client.callTool(work))).toContain('hi #1');
    await first.stop('SIGKILL');
    const second = await startHost(signaling.url, { config, policy, data: first.data });
    expect(second.ready.nodeId).toBe(first.ready.nodeId);
    // A client with a session begins another one; the caller's node may not have missed the dead one yet.
    const next = era === 'legacy' ? await patiently(() => connectClient(caller, `${first.ready.nodeId}:fine`, era)) : client;
    expect(JSON.stringify(await patiently(() => next.callTool(work)))).toContain('hi #');
    await Promise.all([next.close(), second.stop(), caller.stop()]);
  }, 60_000);
});

/** Tries again while the dead host's session has not been missed yet. */
async function patiently<Result>(attempt: () => Promise<Result>): Promise<Result> {
  try {
    return await attempt();
  } catch (thrown) {
    if (thrown instanceof Error && /closed|ended|timed out|answer in time|lost/i.test(thrown.message)) return patiently(attempt);
    throw thrown;
  }
}

describe.each(['legacy', 'modern'] as const)('the aggregate, %s', (era) => {
  it('tells its clients when agents come and when they change what they offer', async () => {
    const caller = await startHost(signaling.url, {});
    const told: (() => void)[] = [];
    const client = await connectClient(caller, undefined, era, {
      listChanged: { tools: { autoRefresh: false, onChanged: () => told.splice(0).forEach((tell) => tell()) } },
    });
    const until = async (names: number): Promise<void> => {
      for (;;) {
        const next = new Promise<void>((resolve) => told.push(resolve));
        const { tools } = await client.listTools(undefined, { cacheMode: 'refresh' });
        if (tools.filter(({ name }) => name.startsWith('grows-')).length === names) return;
        await next;
      }
    };
    await until(0);
    const owner = await startHost(signaling.url, {
      config: { mcpServers: { grows: ownServer('grows', await emptyFolder()) } },
      policy: { everyone: 'run' },
    });
    await until(1);
    const shared = await connectClient(caller, `${owner.ready.nodeId}:grows`, 'modern');
    await shared.callTool(work);
    await until(2);
    await owner.stop();
    await until(0);
    await Promise.all([goodbye(client), goodbye(shared)]);
    await caller.stop();
  }, 60_000);
});

describe('several clients at once', () => {
  it('each get the answers to their own calls', async () => {
    const config = { mcpServers: { everything: referenceServer('everything', ['stdio']) } };
    const host = await startHost(signaling.url, { config });
    const clients = await Promise.all(
      ['legacy', 'modern', 'legacy', 'modern', 'modern'].map((era) => connectClient(host, undefined, era as 'legacy', { capabilities: {} })),
    );
    await Promise.all(
      clients.flatMap((client, index) =>
        Array.from({ length: 20 }, async (_, round) => {
          const message = `client ${index} round ${round}`;
          expect(JSON.stringify(await client.callTool({ name: 'everything__echo', arguments: { message } }))).toContain(message);
        }),
      ),
    );
    await Promise.all(clients.map((client) => goodbye(client)));
    await host.stop();
  });
});
