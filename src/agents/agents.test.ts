import variant from '@jitl/quickjs-wasmfile-release-sync';
import { describe, expect, it } from 'vitest';
import { fakeFolder } from '../../test/doubles/fake-folder.ts';
import { localNode } from '../../test/doubles/local-nodes.ts';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';
import { seededEntropy } from '../../test/support/seeded-identity.ts';
import { parseAgentId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { RecordsVault } from '../crypto/vault.ts';
import { AgentHost, type HostedAgent } from '../mcp/agent-host.ts';
import { Client, InMemoryTransport, McpServer, serveStdio } from '../mcp/runtime.ts';
import type { SecretWrapper } from '../ports/vault.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import type { AgentFactories } from './agent-kinds.ts';
import { deviceServer } from './device-agent.ts';
import { folderServer } from './folder-agent.ts';
import { FolderReader } from './folder-reader.ts';
import { ManagedAgents } from './managed-agents.ts';
import { memoryServer } from './memory-agent.ts';
import { MemoryStore } from './memory-store.ts';
import { moduleServer } from './module-agent.ts';
import { networkServer } from './network-agent.ts';
import { notesAgent } from './notes-agent.ts';
import { connectRemote } from './remote-agent.ts';
import { runModule } from './run-module.ts';
import type { RunnerReply, RunnerRequest } from './runner-protocol.ts';

/** A client of a server that is made here. */
async function clientOf(server: McpServer | Promise<McpServer>): Promise<Client> {
  const [here, there] = InMemoryTransport.createLinkedPair();
  await (await server).connect(there);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(here);
  return client;
}

const inProcessRunner = () => {
  let listener: (reply: RunnerReply) => void = () => undefined;
  return {
    post: (request: RunnerRequest) => void ('module' in request && runModule(variant, request).then((reply) => listener(reply))),
    onReply: (set: typeof listener) => void (listener = set),
    onError: () => undefined,
    terminate: () => undefined,
  };
};

describe('the notes agent', () => {
  it.each(['legacy', 'modern'] as const)('tells who watches a note that another session changed it (%s)', async (era) => {
    const agent = notesAgent(new MemoryRecords(), new VirtualClock(), seededEntropy(1));
    const writer = await clientOf(agent.createServer({ era: 'legacy' }) as Promise<McpServer>);
    const write = async (text: string, id?: string) => {
      const { structuredContent } = await writer.callTool({ name: 'write_note', arguments: { title: 'Tea', text, ...(id ? { id } : {}) } });
      return (structuredContent as { id: string }).id;
    };
    const id = await write('green');
    const [here, there] = InMemoryTransport.createLinkedPair();
    serveStdio((session) => agent.createServer(session), { transport: there });
    const reader = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: era === 'legacy' ? 'legacy' : 'auto' } });
    await reader.connect(here);
    const heard: string[] = [];
    let hear: () => void = () => undefined;
    reader.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      heard.push(params.uri);
      hear();
    });
    if (era === 'legacy') await reader.subscribeResource({ uri: `note:///${id}` });
    else await reader.listen({ resourceSubscriptions: [`note:///${id}`] });
    const updated = new Promise<void>((resolve) => (hear = resolve));
    await write('another');
    await write('black', id);
    await updated;
    expect(heard).toEqual([`note:///${id}`]);
  });
});

describe('the memory agent', () => {
  it('remembers, relates, finds and forgets, and tells who subscribed', async () => {
    const store = new MemoryStore(new MemoryRecords());
    const client = await clientOf(memoryServer(store, 'legacy'));
    const call = async (name: string, args: object) => client.callTool({ name, arguments: { ...args } });
    const ada = { name: 'Ada', entityType: 'person', observations: ['writes programs'] };
    await call('create_entities', { entities: [ada, { name: 'Engine', entityType: 'machine', observations: [] }] });
    expect((await call('create_entities', { entities: [{ ...ada, observations: ['is somebody else'] }] })).structuredContent).toEqual({
      entities: [],
    });
    const updated = new Promise((resolve) => client.setNotificationHandler('notifications/resources/updated', ({ params }) => resolve(params.uri)));
    await client.subscribeResource({ uri: 'memory:///entity/Ada' });
    await call('add_observations', { observations: [{ entityName: 'Ada', contents: ['writes programs', 'likes tea'] }] });
    expect(await updated).toBe('memory:///entity/Ada');
    await call('create_relations', { relations: [{ from: 'Ada', to: 'Engine', relationType: 'programs' }] });
    expect((await call('search_nodes', { query: 'TEA' })).structuredContent).toEqual({
      entities: [{ ...ada, observations: ['writes programs', 'likes tea'] }],
      relations: [{ from: 'Ada', to: 'Engine', relationType: 'programs' }],
      total: 1,
    });
    expect(await call('add_observations', { observations: [{ entityName: 'Nobody', contents: ['x'] }] })).toMatchObject({ isError: true });
    await call('delete_entities', { entityNames: ['Engine'] });
    expect((await call('open_nodes', { names: ['Ada'] })).structuredContent).toMatchObject({ relations: [] });
    const [contents] = (await client.readResource({ uri: 'memory:///entity/Ada' })).contents;
    expect(contents && 'text' in contents && JSON.parse(contents.text)).toMatchObject({ observations: ['writes programs', 'likes tea'] });
    await client.close();
  });

  it('is bounded', async () => {
    const store = new MemoryStore(new MemoryRecords());
    await store.create([{ name: 'x', entityType: 'y', observations: [] }]);
    const many = Array.from({ length: LIMITS.maxMemoryItemsPerEntity + 1 }, (_, index) => `fact ${index}`);
    await expect(store.observe('x', many)).rejects.toMatchObject({ code: 'too-large' });
    const things = Array.from({ length: LIMITS.maxMemoryEntities }, (_, index) => ({ name: `t${index}`, entityType: 'y', observations: [] }));
    await expect(store.create(things)).rejects.toMatchObject({ code: 'overloaded' });
    expect(await store.names()).toEqual(['x']);
  });
});

describe('the folder agent', () => {
  const FILES = {
    'readme.txt': 'Hello\nfolder',
    'src/a.txt': 'one\nTWO words\n',
    'src/deep/b.png': Uint8Array.of(1, 2, 3),
    'src/binary.bin': 'two\0',
    big: 'x'.repeat(100),
  };
  const open = () => clientOf(folderServer(new FolderReader(fakeFolder(FILES)), 'folder'));

  it('lists, reads in pieces, and searches by name and words', async () => {
    const client = await open();
    const call = async (name: string, args: object) => (await client.callTool({ name, arguments: { ...args } })).structuredContent;
    expect(await call('list_directory', {})).toEqual({
      entries: [
        { path: 'src', isFolder: true },
        { path: 'big', isFolder: false },
        { path: 'readme.txt', isFolder: false },
      ],
      isWhole: true,
    });
    expect(await call('read_text_file', { path: 'big', offset: 95, length: 3 })).toEqual({ text: 'xxx', offset: 95, bytes: 3, total: 100 });
    expect(await call('read_text_file', { path: 'big', offset: 500 })).toMatchObject({ text: '', bytes: 0 });
    expect(await call('search_files', { text: 'two' })).toEqual({ matches: [{ path: 'src/a.txt', line: 2, text: 'TWO words' }], isWhole: true });
    expect(await call('search_files', { name: '*.p*g' })).toMatchObject({ matches: [{ path: 'src/deep/b.png' }] });
    expect(await call('search_files', { name: 'DEEP' })).toMatchObject({ matches: [{ path: 'src/deep' }] });
    const picture = await client.callTool({ name: 'read_media_file', arguments: { path: 'src/deep/b.png' } });
    expect(picture.content).toEqual([{ type: 'image', data: 'AQID', mimeType: 'image/png' }]);
    expect((await client.readResource({ uri: 'folder:///src/a.txt' })).contents).toMatchObject([{ text: FILES['src/a.txt'] }]);
  });

  it.each(['../secret', 'src/../../x', '..', 'a\\..\\b', 'nothing', 'src', 'readme.txt/x', ''])('reads nothing at %j, and says so', async (path) => {
    const client = await open();
    expect(await client.callTool({ name: 'read_text_file', arguments: { path } })).toMatchObject({ isError: true, content: [{ type: 'text' }] });
  });

  it('stops a search that is cancelled', async () => {
    const reader = new FolderReader(fakeFolder(FILES));
    await expect(reader.search({ text: 'two', signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });

  it('says when the browser wants the folder to be opened again', async () => {
    const closed = Object.assign(fakeFolder({}), { getFileHandle: () => Promise.reject(new DOMException('no', 'NotAllowedError')) });
    await expect(new FolderReader(closed).read('x')).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('an agent of own code', () => {
  const CODE = `
    let calls = 0;
    export const tools = [
      { name: 'add', description: 'Adds', inputSchema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] }, run: async ({ a, b }) => ({ sum: a + b, calls: ++calls }) },
      { name: 'fail', run: () => { throw new Error('broken'); } },
      { name: 'wait', run: () => new Promise(() => {}) },
      { name: 'reach', run: () => typeof fetch + typeof document + typeof setTimeout },
    ];`;

  it('has its tools called in a sandbox, each time anew', async () => {
    const client = await clientOf(moduleServer('Mine', CODE, inProcessRunner));
    const call = (name: string, args: Record<string, unknown> = {}) => client.callTool({ name, arguments: args });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['add', 'fail', 'wait', 'reach']);
    for (let count = 0; count < 2; count++) expect((await call('add', { a: 1, b: 2 })).structuredContent).toEqual({ sum: 3, calls: 1 });
    expect(await call('add', { a: 'x' })).toMatchObject({ isError: true });
    expect(await call('fail')).toMatchObject({ isError: true, content: [{ text: 'Error: Error: broken' }] });
    expect(await call('wait')).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('never comes') }] });
    expect(await call('reach')).toMatchObject({ content: [{ text: 'undefinedundefinedundefined' }] });
  });

  it.each([
    ['export const tools = 1', 'array'],
    ['export const tools = [{}]', 'name and a function'],
    ['syntax error here', 'SyntaxError'],
    ["export const tools = ['a', 'a'].map((name) => ({ name, run() {} }))", 'same name'],
    ['await new Promise(() => {}); export const tools = []', 'never comes'],
  ])('is told what is wrong with %j', async (code, words) => {
    await expect(moduleServer('Mine', code, inProcessRunner)).rejects.toThrow(words);
  });
});

describe('the device and the network agent', () => {
  it('tell what they are asked', async () => {
    const facts = { time: '', timeZone: 'UTC', languages: ['en'], platform: 'x', screen: { width: 1, height: 2, pixelRatio: 1 }, online: true };
    const device = await clientOf(deviceServer({ facts: async () => facts, place: async () => ({ latitude: 1, longitude: 2, accuracyMetres: 3 }) }));
    expect((await device.callTool({ name: 'device_facts', arguments: {} })).structuredContent).toEqual(facts);
    expect((await device.callTool({ name: 'get_location', arguments: {} })).structuredContent).toMatchObject({ latitude: 1 });
    const agents = [
      { address: 'n:notes', title: 'Notes', description: 'Keeps them', owner: 'Ada' },
      { address: 'n:calc', title: 'Calculator', description: 'Computes', owner: 'Bo' },
    ];
    const network = await clientOf(
      networkServer({
        agents: () => agents,
        people: () => [{ name: 'Ada', isHere: true }],
        tools: async () => [{ name: 'w\u200brite', description: 'x'.repeat(10_000) }],
      }),
    );
    expect((await network.callTool({ name: 'find_agents', arguments: { query: 'ada keeps' } })).structuredContent).toEqual({
      agents: [agents[0]],
      total: 1,
    });
    const { tools } = (await network.callTool({ name: 'describe_agent', arguments: { address: 'n:notes' } })).structuredContent as {
      tools: { name: string; description: string }[];
    };
    expect(tools[0]).toEqual({ name: 'write', description: 'x'.repeat(LIMITS.maxAgentDescriptionLength) });
    expect(await network.callTool({ name: 'describe_agent', arguments: { address: 'n:other' } })).toMatchObject({ isError: true });
  });
});

describe('a remote agent', () => {
  const failing = (isThere: boolean) => async (_: unknown, init?: RequestInit) => {
    if (init?.mode === 'no-cors' && isThere) return new Response();
    throw new TypeError('Failed to fetch');
  };

  it.each([
    [true, 'refused', 'CORS'],
    [false, 'unreachable', 'does not answer'],
  ])('tells a server that may not be read (%j) from one that is not there', async (isThere, code, words) => {
    const transport = connectRemote({ url: 'https://example.org/mcp' }, failing(isThere) as typeof fetch);
    await transport.start();
    const sent = transport.send({ jsonrpc: '2.0', id: 1, method: 'ping' });
    await expect(sent).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it('sends the token to its server only, and follows no redirect', async () => {
    let sent: RequestInit | undefined;
    const transport = connectRemote({ url: 'https://example.org/mcp', token: 't' }, (async (_, init) => {
      sent = init;
      return new Response(null, { status: 202 });
    }) as typeof fetch);
    await transport.start();
    await transport.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    expect(new Headers(sent?.headers).get('authorization')).toBe('Bearer t');
    expect(sent).toMatchObject({ redirect: 'error', credentials: 'omit' });
  });
});

describe('the agents of a browser', () => {
  const make = (): Pick<Extract<HostedAgent, { createServer: unknown }>, 'createServer'> => ({
    createServer: async () => new McpServer({ name: 'x', version: '1' }),
  });
  const factories: AgentFactories = {
    notes: { title: 'Notes', description: 'd', make },
    memory: { title: 'Memory', description: 'd', make },
    remote: { title: 'Remote', description: 'd', make },
    module: { title: 'Code', description: 'd', make },
  };

  async function scene(records = new MemoryRecords(), secrets: SecretWrapper = new RecordsVault(records, seededEntropy(1))) {
    const node = await localNode(1);
    const host = new AgentHost(node, { decide: async () => 'refused' });
    const managed = new ManagedAgents({ host, records, secrets, clock: new VirtualClock(), factories, builtIn: ['notes'] });
    await managed.start();
    const titles = () => host.agents().map(({ id, title }) => `${id} ${title}`);
    return { host, managed, records, titles };
  }

  it('are added, renamed, set up and removed while it runs, and are there again later', async () => {
    const { host, managed, records, titles } = await scene();
    await managed.add({ kind: 'remote', title: 'Weather — Zürich!', url: 'https://example.org/mcp', token: 't' });
    await managed.add({ kind: 'memory' });
    await managed.change(parseAgentId('notes'), { title: 'My\u202e notes' });
    await managed.change(parseAgentId('memory'), { description: 'mine' });
    // Only what others are told: no token, no kind of ours.
    for (const agent of host.agents()) expect(Object.keys(agent).sort()).toEqual(['createServer', 'description', 'id', 'kind', 'title']);
    expect(titles()).toEqual(['notes My notes', 'weather-zu-rich Weather — Zürich!', 'memory Memory']);
    expect((await scene(records)).titles()).toEqual(expect.arrayContaining(['notes My notes', 'weather-zu-rich Weather — Zürich!', 'memory Memory']));
    await managed.remove(parseAgentId('notes'));
    expect((await scene(records)).titles()).toHaveLength(2);
    expect(managed.kinds()).toEqual(['notes', 'remote', 'module']);
    await managed.add({ kind: 'notes' });
    expect((await scene(records)).titles()).toContain('notes Notes');
  });

  it('have ids of their own', async () => {
    const { managed, titles } = await scene();
    for (let count = 0; count < 3; count++) await managed.add({ kind: 'module', title: 'notes', code: 'x' });
    expect(titles()).toEqual(['notes Notes', 'notes-2 notes', 'notes-3 notes', 'notes-4 notes']);
  });

  it('give a token to no other server than it was given for', async () => {
    const { managed } = await scene();
    const id = await managed.add({ kind: 'remote', url: 'https://example.org/mcp', token: 'secret' });
    const config = () => managed.list().find((each) => each.id === id);
    await managed.change(id, { url: 'https://example.org/other' });
    expect(config()?.token).toBe('secret');
    await managed.change(id, { url: 'https://evil.example/mcp' });
    expect(config()?.token).toBeUndefined();
  });

  it('keep tokens wrapped, for this agent and that server only', async () => {
    const { managed, records } = await scene();
    const add = (title: string) => managed.add({ kind: 'remote', title, url: 'https://example.org/mcp', token: 'secret' });
    const [one, two] = [await add('one'), await add('two')];
    const table = records.table<Record<string, unknown>>('agents');
    expect(JSON.stringify([...(await table.all()).values()])).not.toContain('secret');
    const tokens = async () =>
      (await scene(records)).managed.list().flatMap(({ id, token, isTokenLost }) => (id === 'notes' ? [] : [token, isTokenLost]));
    expect(await tokens()).toEqual(['secret', undefined, 'secret', undefined]);
    const first = (await table.get(one)) as Record<string, unknown>;
    await table.put(two, { ...first, id: two });
    await table.put(one, { ...first, url: 'https://evil.example/mcp' });
    expect(await tokens()).toEqual([undefined, true, undefined, true]);
  });

  it('keep a token that cannot be read for whoever can, until another one is given', async () => {
    const { managed, records } = await scene();
    const id = await managed.add({ kind: 'remote', url: 'https://example.org/mcp', token: 'secret' });
    const broken: SecretWrapper = { wrap: () => Promise.reject(new Error('no key')), unwrap: () => Promise.reject(new Error('no key')) };
    const later = await scene(records, broken);
    await later.managed.change(id, { title: 'Renamed' });
    expect(later.managed.list().find((each) => each.id === id)).toMatchObject({ title: 'Renamed', isTokenLost: true });
    const again = await scene(records);
    expect(again.managed.list().find((each) => each.id === id)).toMatchObject({ title: 'Renamed', token: 'secret' });
    await expect(later.managed.change(id, { token: 'other' })).rejects.toThrow('no key');
    await again.managed.change(id, { token: 'other' });
    expect((await scene(records)).managed.list().find((each) => each.id === id)?.token).toBe('other');
  });

  it('wrap at the next start what an earlier version kept in clear, and lose nothing where that fails', async () => {
    const records = new MemoryRecords();
    const table = records.table<unknown>('agents');
    const old = { id: 'web', kind: 'remote', title: 'Web', description: 'd', addedAt: 1, url: 'https://example.org/mcp', token: 'secret' };
    await table.put('web', old);
    const broken: SecretWrapper = { wrap: () => Promise.reject(new Error('no key')), unwrap: () => Promise.reject(new Error('no key')) };
    const token = ({ managed }: Awaited<ReturnType<typeof scene>>) => managed.list().find(({ id }) => id === 'web')?.token;
    expect(token(await scene(records, broken))).toBe('secret');
    expect(await table.get('web')).toEqual(old);
    expect(token(await scene(records))).toBe('secret');
    expect(await table.get('web')).toEqual({ ...old, token: { nonce: expect.any(Uint8Array), bytes: expect.any(Uint8Array) } });
    expect(token(await scene(records))).toBe('secret');
  });

  it.each([
    [{ kind: 'remote', url: 'nonsense' }, 'bad-argument'],
    [{ kind: 'remote', url: 'http://example.org/' }, 'bad-argument'],
    [{ kind: 'remote', url: 'https://user:pass@example.org/' }, 'bad-argument'],
    [{ kind: 'remote', url: 'javascript:alert(1)' }, 'bad-argument'],
    [{ kind: 'module', code: ' ' }, 'bad-argument'],
    [{ kind: 'module', code: 'x'.repeat(LIMITS.maxModuleCodeLength + 1) }, 'too-large'],
    [{ kind: 'notes' }, 'bad-argument'],
    [{ kind: 'folder' }, 'platform-missing'],
  ] as const)('refuse %j', async (draft, code) => {
    const { managed, titles } = await scene();
    await expect(managed.add(draft)).rejects.toMatchObject({ code });
    expect(titles()).toEqual(['notes Notes']);
  });
});
