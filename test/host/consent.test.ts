import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoggedCall } from '../../src/host/call-log.ts';
import type { WaitingCall } from '../../src/host/control/control-socket.ts';
import { connectClient, goodbye, ownServer, referenceServer, run, startHost, type RunningHost } from './host-process.ts';
import { startSignaling } from './signaling.ts';

/** What the owner of a host allows, and how MCP clients prove that they act for theirs. */

let signaling: Awaited<ReturnType<typeof startSignaling>>;
let caller: RunningHost;

beforeAll(async () => {
  signaling = await startSignaling();
  caller = await startHost(signaling.url, {});
}, 60_000);
afterAll(async () => {
  await caller?.stop();
  await signaling?.stop();
});

const config = { mcpServers: { fine: ownServer('fine'), everything: referenceServer('everything', ['stdio']) } };
const work = { name: 'work', arguments: { text: 'secret plan' } };

async function withOwner(policy: object | undefined, use: (owner: RunningHost) => Promise<void>): Promise<void> {
  const owner = await startHost(signaling.url, { config, ...(policy ? { policy } : {}) });
  try {
    await use(owner);
  } finally {
    await owner.stop();
  }
}

async function waiting(owner: RunningHost): Promise<readonly WaitingCall[]> {
  const { out } = await run('approve', '--data', owner.data, '--json');
  return JSON.parse(out) as readonly WaitingCall[];
}

describe('consent', () => {
  it('without a policy a stranger gets nothing, not even the list, and no process is started for them', () =>
    withOwner(undefined, async (owner) => {
      await expect(connectClient(caller, `${owner.ready.nodeId}:fine`, 'legacy')).rejects.toThrow(/does not let you/);
      const own = await connectClient(owner, `${owner.ready.nodeId}:fine`, 'legacy');
      expect(JSON.stringify(await own.callTool(work))).toContain('secret plan #1');
      await goodbye(own);
    }));

  it('warns of a policy that lets everybody run', () =>
    withOwner({ everyone: 'run' }, async (owner) => {
      expect(owner.log()).toContain('lets everybody in the network run tools');
    }));

  it('`ask` waits for `parley host approve`, which shows all of the call', () =>
    withOwner({ everyone: 'ask' }, async (owner) => {
      const client = await connectClient(caller, `${owner.ready.nodeId}:fine`, 'legacy');
      const calling = client.callTool(work);
      await owner.logged('waits for you');
      const [call] = await waiting(owner);
      expect(call).toMatchObject({
        agent: 'fine',
        tool: 'work',
        arguments: { text: 'secret plan' },
        person: caller.ready.person,
        node: caller.ready.nodeId,
      });
      expect((await run('approve', '--data', owner.data)).out).toContain('secret plan');
      expect((await run('approve', call?.id ?? '', '--data', owner.data)).code).toBe(0);
      expect(JSON.stringify(await calling)).toContain('secret plan #1');
      expect((await run('approve', call?.id ?? '', '--data', owner.data)).err).toContain('waits (any more)');
      const calls = JSON.parse((await run('calls', '--data', owner.data, '--json')).out) as readonly LoggedCall[];
      expect(calls).toMatchObject([{ person: caller.ready.person, agent: 'fine', kind: 'tool', tool: 'work', outcome: 'ran' }]);
      expect(calls[0]?.arguments).toContain('secret plan');
      await goodbye(client);
    }));

  it('`--refuse` refuses, `--always` asks no more', () =>
    withOwner({ everyone: 'ask' }, async (owner) => {
      const client = await connectClient(caller, `${owner.ready.nodeId}:fine`, 'legacy');
      for (const [answer, expected] of [
        ['--refuse', /refused the call/],
        ['--always', /secret plan #1/],
      ] as const) {
        const seen = (await waiting(owner)).length;
        const calling = client.callTool(work).then((result) => JSON.stringify(result), String);
        let call: WaitingCall | undefined;
        while (!call) [call] = (await waiting(owner)).slice(seen);
        await run('approve', call.id, answer, '--data', owner.data);
        expect(await calling).toMatch(expected);
      }
      expect(JSON.stringify(await client.callTool(work))).toContain('secret plan #2');
      await goodbye(client);
    }));

  it('holds for what is read as for what is called', () =>
    withOwner({ everyone: { '*': 'never', echo: 'run', 'resources/read': 'never', 'prompts/get': 'run' } }, async (owner) => {
      const client = await connectClient(caller, `${owner.ready.nodeId}:everything`, 'modern');
      expect((await client.listResources()).resources.length).toBe(7);
      await expect(client.readResource({ uri: 'demo://resource/dynamic/text/1' })).rejects.toThrow(/has not opened this to you/);
      await expect(client.callTool({ name: 'get-sum', arguments: { a: 1, b: 2 } })).rejects.toThrow(/has not opened this to you/);
      expect(JSON.stringify(await client.callTool({ name: 'echo', arguments: { message: 'hi' } }))).toContain('hi');
      expect((await client.getPrompt({ name: 'simple-prompt' })).messages.length).toBe(1);
      await goodbye(client);
    }));

  it('follows the policy file: what was allowed is refused from then on, in sessions that are open too', () =>
    withOwner({ everyone: 'run' }, async (owner) => {
      const client = await connectClient(caller, `${owner.ready.nodeId}:fine`, 'legacy');
      expect(JSON.stringify(await client.callTool(work))).toContain('secret plan #1');
      const file = join(owner.data, 'test-policy.json');
      await writeFile(file, '{ "everyone": "nev');
      await owner.logged('the policy before it goes on');
      expect(JSON.stringify(await client.callTool(work))).toContain('secret plan #2');
      await writeFile(file, '{ "everyone": "never" }');
      await owner.logged('The policy file changed, and holds');
      await expect(client.callTool(work)).rejects.toThrow(/has not opened this to you/);
      await goodbye(client);
    }));

  it('`approve` and `status` say when no host runs', async () => {
    for (const command of ['approve', 'status']) {
      const { code, err } = await run(command, '--data', '/tmp/no-such-folder');
      expect([code, err.trim()]).toEqual([1, 'No host runs with this data folder.']);
    }
  });
});

describe('the HTTP endpoint', () => {
  const post = (headers: Readonly<Record<string, string>>, path = '/mcp', body = '{"jsonrpc":"2.0","id":1,"method":"ping"}') =>
    fetch(new URL(path, caller.ready.mcpHttp), {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      body,
    });
  const authorization = (): Readonly<Record<string, string>> => ({ authorization: `Bearer ${caller.token}` });

  it('asks for its token, also on loopback', async () => {
    const none = await post({});
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="parley"']);
    const wrong = await post({ authorization: `Bearer ${caller.token}x` });
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="parley", error="invalid_token"']);
    expect((await post(authorization())).status).toBe(400);
  });

  it('lets no page of another origin, and no other host name, near', async () => {
    expect((await post({ ...authorization(), origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({ ...authorization(), origin: 'null' })).status).toBe(403);
    expect((await post({ ...authorization(), origin: 'http://localhost:5173' })).headers.get('access-control-allow-origin')).toBe(
      'http://localhost:5173',
    );
    // fetch sets its own Host: a raw request does not.
    expect(await rawStatus('GET /mcp HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')).toContain(' 403 ');
  });

  it('answers a page’s question before its request, without a token', async () => {
    const response = await fetch(caller.ready.mcpHttp, { method: 'OPTIONS', headers: { origin: 'http://localhost:6274' } });
    expect([response.status, response.headers.get('access-control-allow-headers')]).toEqual([204, expect.stringContaining('Mcp-Method')]);
  });

  it.each([
    ['/elsewhere', '{}', 404],
    ['/mcp/not-a-node/x', '{}', 404],
    ['/mcp', '{', 400],
    ['/mcp', `"${'x'.repeat(5 * 2 ** 20)}"`, 413],
  ])('%s with a body of that kind: %#', async (path, body, status) => {
    expect((await post(authorization(), path, body)).status).toBe(status);
  });

  it('says that a session is unknown, so that its client begins anew', async () => {
    expect((await post({ ...authorization(), 'mcp-session-id': 'gone' })).status).toBe(404);
  });

  it('says why an agent cannot be reached, in either revision', async () => {
    const away = 'z6MkekAdNsaEtic557KFy3othCmiynQRaqkM2kjSYEkEYqqX:notes';
    const refusals = (['legacy', 'modern'] as const).map((era) => expect(connectClient(caller, away, era)).rejects.toThrow(/502|answer in time/));
    await Promise.all(refusals);
  }, 30_000);
});

async function rawStatus(request: string): Promise<string> {
  const { connect } = await import('node:net');
  const { hostname, port } = new URL(caller.ready.mcpHttp);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(request));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().split('\r\n')[0] ?? '');
    });
    socket.once('error', reject);
  });
}

describe('a network with many tools', () => {
  it.each(['legacy', 'modern'] as const)('is searched instead of listed, %s', async (era) => {
    const host = await startHost(signaling.url, { config }, '--max-listed-tools', '5');
    const client = await connectClient(host, undefined, era);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['search_tools', 'call_tool']);
    const found = await client.callTool({ name: 'search_tools', arguments: { query: 'sum numbers' } });
    const [tool] = (found.structuredContent as { tools: { name: string }[] }).tools;
    expect(tool?.name).toBe('everything__get-sum');
    expect(JSON.stringify(await client.callTool({ name: 'call_tool', arguments: { name: tool?.name, arguments: { a: 19, b: 23 } } }))).toContain(
      '42',
    );
    await expect(client.callTool({ name: 'call_tool', arguments: { name: 'nothing' } })).rejects.toMatchObject({ code: -32_602 });
    await goodbye(client);
    await host.stop();
  });
});
