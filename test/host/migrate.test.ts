import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ownServer, referenceServer, root, run, startHost, toolsOnce, type RunningHost } from './host-process.ts';
import { startSignaling } from './signaling.ts';

/** From the files of desktop clients to a host and back, with the program itself. */

let signaling: Awaited<ReturnType<typeof startSignaling>>;
beforeAll(async () => {
  signaling = await startSignaling();
}, 60_000);
afterAll(() => signaling?.stop());

const SECRET = 'sk-do-not-show-me';
let folder: string;
let data: string;
let desktop: string;
let editor: string;
let desktopText: string;
let editorText: string;
let host: RunningHost | undefined;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'parley-migrate-')));
  data = join(folder, 'data');
  desktop = join(folder, 'claude_desktop_config.json');
  editor = join(folder, '.vscode/mcp.json');
  await mkdir(join(folder, '.vscode'));
  await mkdir(join(folder, 'shared'));
  const files = referenceServer('filesystem', [join(folder, 'shared')]);
  const fine = { ...ownServer('fine'), env: { API_KEY: SECRET } };
  desktopText = `{\n  // what I use\n  "mcpServers": {\n    "My Files": ${JSON.stringify(files)},\n    "fine": ${JSON.stringify(fine)}, // mine\n    "old": { "type": "sse", "url": "https://x.example/sse" },\n  },\n  "theme": "dark"\n}\n`;
  editorText = JSON.stringify({
    inputs: [{ id: 'gh-token', type: 'promptString', password: true }],
    servers: { fine, github: { type: 'http', url: 'https://x.example/mcp', headers: { Authorization: 'Bearer ${input:gh-token}' } } },
  });
  await Promise.all([writeFile(desktop, desktopText), writeFile(editor, editorText)]);
  await chmod(desktop, 0o640);
});
afterEach(async () => {
  await host?.stop();
  host = undefined;
  await rm(folder, { recursive: true, force: true });
});

type Answer = {
  readonly agents: readonly Record<string, unknown>[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  readonly isDone: boolean;
  readonly next: readonly string[];
};

async function migrate(...args: readonly string[]): Promise<Answer> {
  const { code, out, err } = await run('migrate', ...args, '--data', data, '--json');
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Answer;
}

const configText = (): Promise<string> => readFile(join(data, 'mcp.json'), 'utf8');

describe('a dry run', () => {
  it('shows name, address, tools, secrets by name, permissions and what stays behind, and writes nothing', async () => {
    const { code, out } = await run('migrate', desktop, editor, '--data', data, '--dry-run', '--start', '--allow', 'fine/everyone=ask');
    expect(code).toBe(0);
    for (const words of [
      '<node>:my-files',
      '14 tools',
      '1 tool (work)',
      'API_KEY',
      'GH_TOKEN in the host’s environment',
      'everyone: ask',
      'everyone: never',
      'line 6: The transport “sse”',
    ])
      expect(out).toContain(words);
    expect(out).not.toContain(SECRET);
    expect(await readdir(folder)).not.toContain('data');
    expect(await readFile(desktop, 'utf8')).toBe(desktopText);
  });

  it('is what happens without a terminal and without --yes; nothing of the file is run then', async () => {
    const trap = join(folder, 'trap');
    await writeFile(desktop, JSON.stringify({ mcpServers: { trap: { command: 'touch', args: [trap] } } }));
    for (const options of [[], ['--dry-run'], ['--json']])
      expect((await run('migrate', desktop, '--data', data, ...options)).out).toContain(
        options.includes('--json') ? '"isDone":false' : 'Nothing was changed.',
      );
    expect((await readdir(folder)).filter((name) => name === 'data' || name === 'trap')).toEqual([]);
    expect((await run('migrate', desktop, '--data', data, '--start')).out).toContain('offers    not known');
    expect(await readdir(folder)).toContain('trap');
  });
});

describe('a migration', () => {
  it('makes agents that the client then uses through the host, also a second time, and back', async () => {
    const first = await migrate(desktop, '--yes', '--rewrite-clients', '--allow', 'everyone=run');
    expect(first.agents.map(({ name, state, visibility }) => [name, state, visibility])).toEqual([
      ['My Files', 'new', 'network'],
      ['fine', 'new', 'network'],
    ]);
    expect(JSON.stringify(first)).not.toContain(SECRET);
    const rewritten = await readFile(desktop, 'utf8');
    expect(rewritten).toContain('// what I use');
    expect(rewritten).not.toContain(SECRET);
    expect((await stat(desktop)).mode & 0o777).toBe(0o640);
    expect((await stat(join(data, 'mcp.json'))).mode & 0o777).toBe(0o600);

    host = await startHost(signaling.url, { data }, '--config', join(data, 'mcp.json'), '--policy', join(data, 'policy.json'));
    expect(host.ready.agents).toEqual(first.agents.map(({ address }) => address));
    const { mcpServers } = JSON.parse(rewritten.replaceAll(/^\s*\/\/.*$|,(?=\s*[}\]])|\/\/ mine$/gm, '')) as {
      mcpServers: Record<string, { command: string; args: string[] }>;
    };
    expect(Object.keys(mcpServers)).toEqual(['old', 'parley']);
    const { command, args } = mcpServers['parley'] ?? { command: '', args: [] };
    for (const mode of ['legacy', { pin: '2026-07-28' }] as const) {
      const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
      await client.connect(new StdioClientTransport({ command, args, cwd: '/', stderr: 'inherit' }));
      const names = (await client.listTools()).tools.map(({ name }) => name);
      expect(names).toContain('fine__work');
      expect(names).toContain('my-files__read_text_file');
      expect(JSON.stringify(await client.callTool({ name: 'fine__work', arguments: { text: 'as before' } }))).toContain('as before #1');
      await client.close();
    }

    const second = await migrate(desktop, '--yes', '--rewrite-clients');
    expect([second.agents, second.leftOut.map(({ name }) => name)]).toEqual([[], ['old']]);
    expect(await readFile(desktop, 'utf8')).toBe(rewritten);

    const undone = await run('migrate', '--undo', '--data', data);
    expect([undone.code, undone.out]).toEqual([0, expect.stringContaining(`${desktop}: as before`)]);
    expect(await readFile(desktop, 'utf8')).toBe(desktopText);
    expect(await readdir(data)).not.toContain('mcp.json');
    expect((await run('migrate', '--undo', '--data', data)).err).toContain('no migration');
  });

  it('says of servers that are reached unencrypted that the host wants --allow-plaintext for them, as it does', async () => {
    const config = join(data, 'mcp.json');
    const step = ({ next }: Answer) => next.filter((line) => line.includes('--allow-plaintext'));
    const local = await migrate('here=http://127.0.0.1:9/mcp', 'far=https://192.0.2.1/mcp', '--yes', '--no-start');
    expect(step(local)).toEqual([]);
    const open = await migrate('lan=http://192.0.2.1/mcp', '--yes', '--no-start');
    expect(step(open)).toEqual([expect.stringMatching(/^- “lan” is reached over plain http/)]);
    const { mcpServers } = JSON.parse(await configText()) as { mcpServers: object };
    const more = {
      also: { url: 'http://${TEAM_HOST:-192.0.2.2}/mcp' },
      later: { url: 'http://${NOT_SET}/mcp' },
      off: { url: 'http://192.0.2.3/', disabled: true },
    };
    await writeFile(config, JSON.stringify({ mcpServers: { ...mcpServers, ...more } }));
    expect(step(await migrate('more=https://192.0.2.4/mcp', '--yes', '--no-start'))).toEqual([expect.stringContaining('“lan”, “also” are reached')]);

    await writeFile(config, JSON.stringify({ mcpServers: { lan: { url: 'http://192.0.2.1/mcp' } } }));
    const started = await run('--data', data, '--signal', signaling.url, '--config', config);
    expect([started.code, started.err]).toEqual([2, expect.stringContaining('--allow-plaintext')]);
  });

  it('adds to what is there, and never over it', async () => {
    await mkdir(data);
    await writeFile(join(data, 'mcp.json'), '{ "mcpServers": {\n  // mine\n  "fine": { "command": "another" },\n} }');
    await writeFile(join(data, 'policy.json'), '{ "agents": { "my-files": { "everyone": "ask" } } }');
    const { agents, leftOut } = await migrate(desktop, editor, '--yes', '--no-start', '--rewrite-clients');
    expect(agents.map(({ name, needs }) => [name, needs])).toEqual([
      ['My Files', []],
      ['github', ['GH_TOKEN']],
    ]);
    expect(agents[0]?.['permissions']).toEqual({ everyone: 'ask', people: {} });
    expect(leftOut.map(({ name, reason }) => [name, reason.includes('--rename')])).toEqual([
      ['fine', true],
      ['old', false],
      ['fine', true],
    ]);
    expect(await configText()).toContain('// mine');
    expect(JSON.parse((await configText()).replaceAll(/\/\/ mine|,(?=\s*[}\]])/g, '')).mcpServers.fine).toEqual({ command: 'another' });
    expect(await readFile(desktop, 'utf8')).toContain(SECRET);
    const renamed = await migrate(desktop, '--yes', '--no-start', '--rename', 'fine=work');
    expect(renamed.agents.map(({ name, state }) => [name, state])).toEqual([['work', 'new']]);
    expect(await configText()).toContain('"Authorization": "Bearer ${GH_TOKEN}"');
  });

  it('takes one server of two clients once', async () => {
    const { agents } = await migrate(desktop, editor, '--yes', '--no-start');
    expect(agents.find(({ name }) => name === 'fine')?.['from']).toEqual([`${desktop}, line 5`, `${editor}, line 1`]);
    expect(agents.length).toBe(3);
  });

  it('undone after somebody changed the files takes back what nobody touched, and names the rest', async () => {
    await migrate(desktop, '--yes', '--no-start', '--rewrite-clients');
    await writeFile(desktop, (await readFile(desktop, 'utf8')).replace('"dark"', '"light"'));
    const config = JSON.parse(await configText()) as { mcpServers: Record<string, { command: string }> };
    (config.mcpServers['fine'] ?? { command: '' }).command = 'mine-now';
    await writeFile(join(data, 'mcp.json'), JSON.stringify(config));
    const { out } = await run('migrate', '--undo', '--data', data);
    expect(out).toContain('mcpServers.fine changed since');
    expect(Object.keys((JSON.parse(await configText()) as typeof config).mcpServers)).toEqual(['fine']);
    const now = await readFile(desktop, 'utf8');
    expect(now).toContain('"light"');
    expect(now).toContain(SECRET);
    expect(now).not.toContain('"parley"');
  });

  it('hands a client over later', async () => {
    await migrate(desktop, '--yes', '--no-start');
    expect(await readFile(desktop, 'utf8')).toBe(desktopText);
    const config = await configText();
    const second = await migrate(desktop, '--yes', '--rewrite-clients');
    expect(second.agents.map(({ name, state }) => [name, state])).toEqual([
      ['My Files', 'there'],
      ['fine', 'there'],
    ]);
    expect(await configText()).toBe(config);
    expect(await readFile(desktop, 'utf8')).toContain('"parley"');
    await run('migrate', '--undo', '--data', data);
    expect(await readFile(desktop, 'utf8')).toBe(desktopText);
    expect(await configText()).toBe(config);
  });

  it('follows a link to the real file', async () => {
    const link = join(folder, 'link.json');
    await symlink(desktop, link);
    await migrate(link, '--yes', '--no-start', '--rewrite-clients');
    expect(await realpath(link)).toBe(desktop);
    expect(await readFile(desktop, 'utf8')).toContain('"parley"');
  });
});

describe('a server that runs', () => {
  it('becomes an agent by its URL; a Parley host does not', async () => {
    host = await startHost(signaling.url, { config: { mcpServers: { fine: ownServer('fine') } } });
    const { nodeId, mcpHttp } = host.ready;
    process.env['MIGRATE_TEST_TOKEN'] = host.token;
    const header = ['--header', 'Authorization: Bearer ${MIGRATE_TEST_TOKEN}'];
    const raw = await migrate(`far=${mcpHttp}/${nodeId}/fine`, ...header, '--yes');
    expect(raw.agents).toMatchObject([{ name: 'far', offers: { tools: ['work'] }, secrets: ['Authorization'], needs: [] }]);
    expect(await configText()).toContain('Bearer ${MIGRATE_TEST_TOKEN}');
    const all = await migrate(mcpHttp, ...header, '--yes');
    delete process.env['MIGRATE_TEST_TOKEN'];
    expect(all.leftOut[0]?.reason).toContain('agents of a Parley network already');
  });
});

describe('bad input', () => {
  it.each([
    [['/no/such'], 'cannot be read'],
    [[], 'Name what is to be migrated'],
    [['--undo', 'x'], '--undo takes no files'],
    [['x', '--allow', 'everyone=maybe'], 'run, ask, never'],
    [['x', '--allow', 'ada=run'], '--allow ada=run'],
  ])('%j is refused with words, exit code 2', async (args, words) => {
    const { code, err } = await run('migrate', ...args);
    expect([code, err]).toEqual([2, expect.stringContaining(words)]);
  });

  it('names the line of what is wrong in a file', async () => {
    await writeFile(desktop, '{\n "mcpServers": {\n  "a": { "command": "x" }\n  "b": 1\n}}');
    const { code, err } = await run('migrate', desktop, '--data', data);
    expect([code, err.trim()]).toEqual([2, `${desktop}, line 4: This is not JSON: comma expected.`]);
  });
});

describe('`connect`', () => {
  it('says when no host runs', async () => {
    const { code, err } = await run('connect', '--data', join(root, 'no-such-folder'));
    expect([code, err.trim()]).toEqual([1, 'No host runs with this data folder.']);
  });

  it('waits for a host that is being started', async () => {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
    await mkdir(data);
    const connecting = client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [join(root, 'src/host/launch.mjs'), 'connect', '--data', data],
        stderr: 'inherit',
      }),
    );
    host = await startHost(signaling.url, { data, config: { mcpServers: { slow: ownServer('slow-start', '1000') } } });
    await connecting;
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['slow__work']);
    await client.close();
  });
});

it('an agent that nobody may call is told to nobody, until the policy changes', async () => {
  const [owner, caller] = await Promise.all([
    startHost(signaling.url, {
      config: { mcpServers: { fine: ownServer('fine'), shown: ownServer('fine') } },
      policy: { agents: { shown: { everyone: 'ask' } } },
    }),
    startHost(signaling.url, {}),
  ]);
  host = owner;
  const agents = (names: readonly string[]): readonly string[] => names.map((name) => name.split('-')[0] ?? '').toSorted((a, b) => (a < b ? -1 : 1));
  expect(agents(await toolsOnce(caller, ({ length }) => length > 0))).toEqual(['shown']);
  await writeFile(join(owner.data, 'test-policy.json'), '{ "everyone": "ask" }');
  expect(agents(await toolsOnce(caller, ({ length }) => length > 1))).toEqual(['fine', 'shown']);
  await caller.stop();
});
