import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, ProtocolError, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { referenceServer } from './host-process.ts';

/** Every tool, resource, template, prompt and completion of the reference servers once, whichever way to them is taken, and what their answers are. */

export const SERVERS = ['everything', 'files', 'memory'] as const;
export type ServerName = (typeof SERVERS)[number];

export type ToolCall = { readonly server: ServerName; readonly tool: string; readonly arguments: Record<string, unknown> };

/** How the three are mounted on a folder of the test's own. */
export function referenceServers(folder: string) {
  return {
    everything: referenceServer('everything', ['stdio']),
    files: referenceServer('filesystem', [filesIn(folder)]),
    memory: referenceServer('memory', [], { MEMORY_FILE_PATH: join(folder, 'memory.json') }),
  };
}

function filesIn(folder: string): string {
  return join(folder, 'files');
}

/** The folder as every run of the calls begins. */
export async function resetFolder(folder: string): Promise<void> {
  await Promise.all([rm(filesIn(folder), { recursive: true, force: true }), rm(join(folder, 'memory.json'), { force: true })]);
  await mkdir(filesIn(folder));
  await writeFile(join(filesIn(folder), 'hello.txt'), 'one\ntwo\nthree\n');
  await writeFile(join(filesIn(folder), 'dot.png'), Buffer.from('iVBORw0KGgo=', 'base64'));
}

/** In an order in which each finds what the ones before it left. */
export function toolCalls(folder: string): readonly ToolCall[] {
  const path = (name: string): string => join(filesIn(folder), name);
  const ada = { name: 'Ada', entityType: 'person', observations: ['writes'] };
  const knows = { from: 'Ada', to: 'Ben', relationType: 'knows' };
  const calls: Readonly<Record<ServerName, readonly (readonly [string, Record<string, unknown>])[]>> = {
    everything: [
      ['echo', { message: 'hällo 👋' }],
      ['get-annotated-message', { messageType: 'error', includeImage: true }],
      ['get-env', {}],
      ['get-resource-links', { count: 4 }],
      ['get-resource-reference', { resourceType: 'Blob', resourceId: 2 }],
      ['get-structured-content', { location: 'Chicago' }],
      ['get-sum', { a: 2, b: 40 }],
      ['get-tiny-image', {}],
      ['gzip-file-as-resource', { name: 'x.gz', data: 'data:text/plain,hello', outputType: 'resource' }],
      ['toggle-simulated-logging', {}],
      ['toggle-subscriber-updates', {}],
      ['trigger-long-running-operation', { duration: 0.2, steps: 2 }],
      ['get-roots-list', {}],
      ['trigger-elicitation-request', {}],
      ['trigger-sampling-request', { prompt: 'say', maxTokens: 10 }],
      // It exists as a task alone: the same refusal, whichever way it is called.
      ['simulate-research-query', { topic: 'bees' }],
      ['get-sum', { a: 'two', b: 40 }],
    ],
    files: [
      ['read_file', { path: path('hello.txt'), head: 1 }],
      ['read_text_file', { path: path('hello.txt'), tail: 2 }],
      ['read_media_file', { path: path('dot.png') }],
      ['read_multiple_files', { paths: [path('hello.txt'), path('none.txt')] }],
      ['write_file', { path: path('new.txt'), content: 'written' }],
      ['edit_file', { path: path('hello.txt'), edits: [{ oldText: 'two', newText: 'zwei' }] }],
      ['create_directory', { path: path('sub/deeper') }],
      ['move_file', { source: path('new.txt'), destination: path('sub/moved.txt') }],
      ['list_directory', { path: filesIn(folder) }],
      ['list_directory_with_sizes', { path: filesIn(folder), sortBy: 'size' }],
      ['directory_tree', { path: filesIn(folder) }],
      ['search_files', { path: filesIn(folder), pattern: '**/*.txt' }],
      ['get_file_info', { path: path('hello.txt') }],
      ['list_allowed_directories', {}],
      ['read_text_file', { path: '/etc/passwd' }],
    ],
    memory: [
      ['create_entities', { entities: [ada, { name: 'Ben', entityType: 'person', observations: [] }] }],
      ['create_relations', { relations: [knows] }],
      ['add_observations', { observations: [{ entityName: 'Ada', contents: ['computes', 'flies'] }] }],
      ['search_nodes', { query: 'computes' }],
      ['open_nodes', { names: ['Ben'] }],
      ['delete_observations', { deletions: [{ entityName: 'Ada', observations: ['flies'] }] }],
      ['read_graph', {}],
      ['delete_relations', { relations: [knows] }],
      ['delete_entities', { entityNames: ['Ben'] }],
      ['read_graph', {}],
      ['add_observations', { observations: [{ entityName: 'Nobody', contents: ['x'] }] }],
    ],
  };
  return SERVERS.flatMap((server) => calls[server].map(([tool, args]) => ({ server, tool, arguments: args })));
}

/** A client that has everything that the servers ask of one, except for the files': those would follow its roots. */
export function ableClient(server: ServerName, mode: NonNullable<ClientOptions['versionNegotiation']>['mode']): Client {
  const abilities = { elicitation: { form: {} }, sampling: {}, roots: {} };
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation: mode === undefined ? {} : { mode }, ...(server === 'everything' ? { capabilities: abilities } : {}) },
  );
  if (server !== 'everything') return client;
  const sampled = { role: 'assistant', model: 'none', content: { type: 'text', text: 'sampled words' } } as const;
  const filled = { action: 'accept', content: { name: 'Ada', check: true, email: 'a@example.org' } } as const;
  client.setRequestHandler('sampling/createMessage', async () => sampled);
  client.setRequestHandler('elicitation/create', async () => filled as never);
  client.setRequestHandler('roots/list', async () => ({ roots: [{ uri: 'file:///a-root', name: 'a root' }] }));
  return client;
}

/** The server itself, without anything in between: what all other ways are measured by. */
export async function directClient(server: ServerName, folder: string): Promise<Client> {
  const client = ableClient(server, 'legacy');
  await client.connect(new StdioClientTransport({ ...referenceServers(folder)[server], stderr: 'ignore' }));
  return client;
}

/** Answers, or errors by their code, of every tool and of whatever else the servers have, by what was asked. */
export async function askEverything(clients: Readonly<Record<ServerName, Client>>, folder: string): Promise<Readonly<Record<string, unknown>>> {
  await resetFolder(folder);
  const answers: Record<string, unknown> = {};
  for (const call of toolCalls(folder))
    answers[nameOf(call)] = await answerTo(() => clients[call.server].callTool({ name: call.tool, arguments: call.arguments }));
  for (const server of SERVERS) {
    const client = clients[server];
    const { tools } = await client.listTools();
    answers[`${server}: tools`] = tools.map(({ name }) => name).toSorted((a, b) => (a < b ? -1 : 1));
    if (!client.getServerCapabilities()?.resources) continue;
    const { resources } = await client.listResources();
    for (const { uri } of resources) answers[`${server}: ${uri}`] = await answerTo(() => client.readResource({ uri }));
  }
  const { everything } = clients;
  for (const uri of ['demo://resource/dynamic/text/7', 'demo://resource/dynamic/blob/7', 'demo://no/such'])
    answers[uri] = await answerTo(() => everything.readResource({ uri }));
  answers['templates'] = await answerTo(() => everything.listResourceTemplates());
  const prompts: Readonly<Record<string, Record<string, string> | undefined>> = {
    'simple-prompt': undefined,
    'args-prompt': { city: 'Paris', state: 'France' },
    'completable-prompt': { department: 'Engineering', name: 'Alice' },
    'resource-prompt': { resourceType: 'Text', resourceId: '3' },
    'no-such-prompt': {},
  };
  answers['prompts'] = (await everything.listPrompts()).prompts.map(({ name }) => name);
  for (const [name, args] of Object.entries(prompts))
    answers[name] = await answerTo(() => everything.getPrompt({ name, ...(args ? { arguments: args } : {}) }));
  const ref = { type: 'ref/prompt', name: 'completable-prompt' } as const;
  answers['completion'] = await answerTo(() => everything.complete({ ref, argument: { name: 'department', value: 'E' } }));
  const context = { arguments: { department: 'Engineering' } };
  answers['completion in context'] = await answerTo(() => everything.complete({ ref, argument: { name: 'name', value: 'A' }, context }));
  const template = { type: 'ref/resource', uri: 'demo://resource/dynamic/text/{resourceId}' } as const;
  answers['completion of a template'] = await answerTo(() => everything.complete({ ref: template, argument: { name: 'resourceId', value: '4' } }));
  return answers;
}

export function nameOf({ server, tool, arguments: args }: ToolCall): string {
  return `${server}: ${tool} ${JSON.stringify(args)}`;
}

/** An answer without what differs from time to time and from process to process. */
export async function answerTo(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return steady(await ask());
  } catch (thrown) {
    if (thrown instanceof ProtocolError) return { code: thrown.code };
    throw thrown;
  }
}

/** Of an answer of 2026-07-28: who said so and how long it may be kept. */
const NEWER_KEYS: ReadonlySet<string> = new Set(['io.modelcontextprotocol/serverInfo', 'ttlMs', 'cacheScope']);

/** Without the times of files and of resources that are made when they are read, the environment of the process, and what newer revisions add. */
export function steady(result: unknown): unknown {
  const text = JSON.stringify(result, (key, value: unknown) => {
    if (NEWER_KEYS.has(key)) return undefined;
    return key === 'blob' ? withoutTimes(Buffer.from(String(value), 'base64').toString('latin1')) : value;
  });
  const answer = JSON.parse(withoutTimes(text).replaceAll(/,"_meta":\{\}|"_meta":\{\},?/g, '')) as { content?: readonly { text?: string }[] };
  return answer.content?.[0]?.text?.includes('"PATH"') ? 'an environment' : answer;
}

function withoutTimes(text: string): string {
  return text.replaceAll(/(created|modified|accessed): [^\\"]*/g, '$1: …').replaceAll(/\d{1,2}:\d\d:\d\d [AP]M/g, '…');
}
