import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { CHILD_MARK } from '../../src/host/mounts/child-register.ts';
import { connectClient, goodbye, ownServer, run, startHost } from './host-process.ts';
import { startSignaling } from './signaling.ts';

let signaling: Awaited<ReturnType<typeof startSignaling>>;
let folder: string;

beforeAll(async () => {
  signaling = await startSignaling();
  folder = await mkdtemp(join(tmpdir(), 'parley-host-'));
}, 60_000);
afterAll(async () => {
  await signaling?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Processes that a host with this data folder started, however far they went from it. */
function childrenOf(data: string): readonly string[] {
  let mark: string;
  try {
    mark = (JSON.parse(readFileSync(join(data, 'children.json'), 'utf8')) as { mark: string }).mark;
  } catch {
    return [];
  }
  return processesWith(mark);
}

function processesWith(mark: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, 'utf8').includes(`${CHILD_MARK}=${mark}`);
    } catch {
      return false;
    }
  });
}

describe('the command line', () => {
  it.each([
    [['--signal', 'ftp://x'], '--signal must be'],
    [['--no-such'], 'There is no option --no-such'],
    [['--mcp-http', 'x'], '--mcp-http must be HOST:PORT'],
    [['--mcp-http', '0.0.0.0:0', '--no-token'], '--no-token is only for a loopback address'],
    [['--mcp-http', '0.0.0.0:0'], '--mcp-http is plain http'],
    [['--mount', 'far=http://192.0.2.1/mcp'], '“far” is reached over plain http'],
    [['--listen-url', 'wss://x.example/'], '--listen-url belongs to --listen'],
    [['--listen', '127.0.0.1:0', '--listen-url', 'https://x.example/'], '--listen-url must be a WebSocket URL'],
    [['--mcp-http', '127.0.0.1:0', '--token', 'short'], '--token must have'],
    [['--network', 'http://localhost/#/join/abc'], 'invite link is damaged'],
    [['--mount', 'nothing'], '--mount must be NAME=COMMAND'],
    [['--json', '--mcp-stdio'], 'exclude each other'],
    [['--mdns-interface', '127.0.0.1'], '--mdns-interface belongs to --mdns'],
    [['--mdns', '--mdns-interface', 'eth0'], '--mdns-interface must be an IPv4 address'],
    [['--upnp'], 'lets connections in to --listen'],
    [['--upnp-port', '443'], '--upnp-port belongs to --upnp'],
    [['--upnp', '--listen', '127.0.0.1:0', '--upnp-port', '70000'], 'from 1 to 65535'],
    [['--upnp', '--listen', '127.0.0.1:0'], 'an address that the router reaches'],
    [['--config', '/no/such/file'], '/no/such/file cannot be read'],
  ])('%j is refused with words, exit code 2', async (args, words) => {
    const result = await run(...(args.includes('--signal') ? [] : ['--signal', signaling.url]), '--data', folder, ...args);
    expect(result.code).toBe(2);
    expect(result.err).toContain(words);
    expect(result.err).not.toContain('    at ');
  });

  it('names the line of what is wrong in a file', async () => {
    const file = join(folder, 'broken.json');
    await writeFile(file, '{\n  "mcpServers": {\n    "a": { "command": "x" },\n    "b": { "args": [] }\n  }\n}\n');
    const result = await run('--signal', signaling.url, '--data', folder, '--config', file);
    expect([result.code, result.err.trim()]).toEqual([2, `${file}, line 4: “b” has neither a command nor a url.`]);
  });

  it('explains every option', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    for (const name of [
      'signal',
      'network',
      'data',
      'config',
      'mount',
      'policy',
      'mcp-http',
      'mcp-stdio',
      'token',
      'json',
      'listen',
      'listen-url',
      'allow-plaintext',
      'mdns',
      'mdns-interface',
      'upnp',
    ])
      expect(out).toContain(`--${name}`);
  });
});

describe('a host', () => {
  it('keeps its address, lets nobody else read its keys, and stops in order', async () => {
    const data = join(folder, 'kept');
    const first = await startHost(signaling.url, { data: await made(data) });
    const keys = join(data, 'keys');
    for (const name of await readdir(keys)) expect((await stat(join(keys, name))).mode & 0o777).toBe(0o600);
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    expect(first.log()).not.toContain(first.token);
    expect((await run('--signal', signaling.url, '--data', data)).err).toContain('Another host');
    expect(await first.stop()).toBe(0);
    const second = await startHost(signaling.url, { data });
    expect([second.ready.nodeId, second.token]).toEqual([first.ready.nodeId, first.token]);
    expect(await second.stop('SIGINT')).toBe(0);
  }, 30_000);

  it('starts fifty servers side by side, and leaves none behind', async () => {
    const mcpServers = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`server ${index}`, ownServer('slow-start', '500')]));
    const data = await made(join(folder, 'fifty'));
    const started = performance.now();
    const host = await startHost(signaling.url, { config: { mcpServers }, data });
    // One after the other they would wait 25 s, besides fifty starts of Node.js.
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(host.ready.agents.length).toBe(50);
    expect(childrenOf(data).length).toBe(50);
    const { mark } = JSON.parse(readFileSync(join(data, 'children.json'), 'utf8')) as { mark: string };
    expect(await host.stop()).toBe(0);
    expect(processesWith(mark)).toEqual([]);
  }, 60_000);

  it('that was killed has all of fifty servers that stay ended at the next start, also what ran away from its group', async () => {
    const stays = Object.fromEntries(Array.from({ length: 49 }, (_, index) => [`stays ${index}`, ownServer('hang')]));
    const config = { mcpServers: { ...stays, child: ownServer('child') } };
    const data = await made(join(folder, 'killed'));
    const host = await startHost(signaling.url, { config, data });
    const { mark } = JSON.parse(readFileSync(join(data, 'children.json'), 'utf8')) as { mark: string };
    await host.stop('SIGKILL');
    expect(processesWith(mark).length).toBe(51);
    const next = await startHost(signaling.url, { data });
    expect(processesWith(mark)).toEqual([]);
    expect(next.log()).toContain('51 processes of a host that was killed');
    await next.stop();
  }, 60_000);

  it('passes nothing of its environment on but what every program needs', async () => {
    process.env['PARLEY_TEST_SECRET'] = 'do not tell';
    const print = ['-e', 'console.error(Object.keys(process.env).join()); process.exit(1)'];
    const host = await startHost(signaling.url, { config: { mcpServers: { env: { command: process.execPath, args: print, env: { OWN: '1' } } } } });
    delete process.env['PARLEY_TEST_SECRET'];
    expect(host.log()).toMatch(/env: .*OWN/);
    expect(host.log()).not.toContain('PARLEY_TEST_SECRET');
    await host.stop();
  });

  it('tells its MCP client at once why a server does not start, and starts it again', async () => {
    const fails = { command: process.execPath, args: ['-e', 'console.error("no such database"); process.exit(3)'] };
    const host = await startHost(signaling.url, { config: { mcpServers: { fails } } });
    const before = performance.now();
    await expect(connectClient(host, `${host.ready.nodeId}:fails`, 'legacy')).rejects.toThrow(/exit code 3.*no such database/s);
    expect(performance.now() - before).toBeLessThan(5_000);
    await host.logged('started again in');
    await host.stop();
  });
});

describe('a hostile server', () => {
  const moods = {
    crash: ownServer('crash-on-call'),
    hang: ownServer('hang'),
    twice: ownServer('answer-twice'),
    garbage: ownServer('garbage'),
    huge: ownServer('huge-answer', String(LIMITS.maxMcpResultBytes)),
    wordy: ownServer('huge-description', String(LIMITS.maxMcpResultBytes)),
    fine: ownServer('fine'),
  };
  let owner: Awaited<ReturnType<typeof startHost>>;
  let caller: Awaited<ReturnType<typeof startHost>>;
  const agent = (id: string): string => `${owner.ready.nodeId}:${id}`;
  const work = { name: 'work', arguments: { text: 'hi' } };

  beforeAll(async () => {
    [owner, caller] = await Promise.all([
      startHost(signaling.url, { config: { mcpServers: moods }, policy: { everyone: 'run' } }),
      startHost(signaling.url, {}),
    ]);
  }, 60_000);
  afterAll(() => Promise.allSettled([owner?.stop(), caller?.stop()]));

  it('that crashes in a call: the caller hears why, the next session has a new one', async () => {
    const client = await connectClient(caller, agent('crash'), 'legacy');
    await expect(client.callTool(work)).rejects.toThrow(/exit code 7.*out of luck/s);
    await client.close();
    const again = await connectClient(caller, agent('crash'), 'legacy');
    expect((await again.listTools()).tools.length).toBe(1);
    await goodbye(again);
  });

  it('that hangs: the call can be given up, and the host goes on', async () => {
    const client = await connectClient(caller, agent('hang'), 'legacy');
    await expect(client.callTool(work, { timeout: 300 })).rejects.toThrow(/timed out/i);
    expect((await client.listTools()).tools.length).toBe(1);
    await goodbye(client);
  });

  it.each(['legacy', 'modern'] as const)('that answers twice: only the first answer counts, %s', async (era) => {
    const client = await connectClient(caller, agent('twice'), era);
    for (const round of [1, 2, 3]) expect(JSON.stringify(await client.callTool(work))).toContain(`hi #${round}`);
    await goodbye(client);
  });

  it('that writes what is no message: the others are read', async () => {
    const client = await connectClient(caller, agent('garbage'), 'legacy');
    expect(JSON.stringify(await client.callTool(work))).toContain('hi #1');
    await goodbye(client);
  });

  it('whose answer is larger than anybody holds: it passes where it can, and the caller hears so at once where it cannot', async () => {
    const client = await connectClient(caller, agent('huge'), 'legacy');
    expect(JSON.stringify(await client.callTool(work)).length).toBeGreaterThan(LIMITS.maxMcpResultBytes);
    await goodbye(client);
    const all = await connectClient(caller, undefined, 'legacy');
    const name = (await all.listTools()).tools.find((tool) => tool.name.startsWith('huge-'))?.name as string;
    await expect(all.callTool({ ...work, name })).rejects.toThrow(/at most|MiB/i);
    await goodbye(all);
  });

  it('with megabytes of description: it cannot be listed, all others can', async () => {
    const client = await connectClient(caller, agent('wordy'), 'legacy');
    await expect(client.listTools()).rejects.toThrow(/at most|too large|larger|MiB/i);
    await goodbye(client);
    const all = await connectClient(caller, undefined, 'modern');
    expect((await all.listTools()).tools.some(({ name }) => name.startsWith('fine-'))).toBe(true);
    await goodbye(all);
  });

  it.each(['legacy', 'modern'] as const)('is passed through with what nobody here knows, %s', async (era) => {
    const client = await connectClient(caller, agent('fine'), era);
    const [tool] = (await client.listTools()).tools;
    expect(tool).toMatchObject({ icons: [{ src: 'data:image/png;base64,AA==' }], _meta: { 'example.org/kept': { deep: [1, null, 'ä'] } } });
    expect((await client.callTool(work))._meta).toMatchObject({ 'example.org/also': true });
    await goodbye(client);
  });

  it('has a process of its own for each session', async () => {
    const [one, two] = await Promise.all([connectClient(caller, agent('fine'), 'legacy'), connectClient(caller, agent('fine'), 'legacy')]);
    expect(JSON.stringify(await one.callTool(work))).toContain('hi #1');
    expect(JSON.stringify(await two.callTool(work))).toContain('hi #1');
    await Promise.all([goodbye(one), goodbye(two)]);
  });
});

async function made(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  return path;
}
