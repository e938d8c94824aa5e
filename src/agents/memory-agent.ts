import type { McpServer, ProtocolEra } from '@modelcontextprotocol/server';
import { LIMITS } from '../base/limits.ts';
import { serveSubscriptions } from '../mcp/resource-subscriptions.ts';
import { McpServer as Server, ResourceTemplate, z } from '../mcp/runtime.ts';
import type { MemoryStore } from './memory-store.ts';

const GRAPH_URI = 'memory:///graph';
const uriOf = (name: string): string => `memory:///entity/${encodeURIComponent(name)}`;

/** The memory agent's server: the tools of the MCP reference server of this name over a graph in the browser, with things to read and to subscribe to. */
export function memoryServer(store: MemoryStore, era: ProtocolEra): McpServer {
  const server = new Server({ name: 'memory', title: 'Memory', version: '1.0.0' });
  const updated = serveSubscriptions(server, era);
  const off = store.onChanged((name) => {
    updated(GRAPH_URI);
    if (name !== '') updated(uriOf(name));
    server.sendResourceListChanged();
  });
  server.server.onclose = off;
  addWritingTools(server, store);
  addReadingTools(server, store);
  addResources(server, store);
  return server;
}

const text = z.string().min(1).max(LIMITS.maxMemoryTextLength);
const entity = z.object({ name: text, entityType: text, observations: z.array(text).max(LIMITS.maxMemoryItemsPerEntity) });
const relation = z.object({ from: text, to: text, relationType: text.describe('How the first belongs to the second, in the active voice') });
const graph = z.object({ entities: z.array(entity), relations: z.array(relation), total: z.number() });
const MANY = 100;

function said(words: string) {
  return { content: [{ type: 'text' as const, text: words }] };
}

function structured<Value extends Record<string, unknown>>(value: Value) {
  return { ...said(JSON.stringify(value)), structuredContent: value };
}

function addWritingTools(server: McpServer, store: MemoryStore): void {
  server.registerTool(
    'create_entities',
    {
      title: 'Remember things',
      description: 'Adds things to the memory, each with what is known of it. Things that are known already stay as they are.',
      inputSchema: z.object({ entities: z.array(entity).min(1).max(MANY) }),
      outputSchema: z.object({ entities: z.array(entity) }),
    },
    async ({ entities }) => structured({ entities: [...(await store.create(entities))] }),
  );
  server.registerTool(
    'create_relations',
    {
      title: 'Relate things',
      description: 'Says how known things belong together.',
      inputSchema: z.object({ relations: z.array(relation).min(1).max(MANY) }),
      outputSchema: z.object({ relations: z.array(relation) }),
    },
    async ({ relations }) => {
      const created = [];
      for (const each of relations) if (await store.relate(each)) created.push(each);
      return structured({ relations: created });
    },
  );
  server.registerTool(
    'add_observations',
    {
      title: 'Remember facts',
      description: 'Adds facts to things that are known.',
      inputSchema: z.object({
        observations: z
          .array(z.object({ entityName: text, contents: z.array(text).max(LIMITS.maxMemoryItemsPerEntity) }))
          .min(1)
          .max(MANY),
      }),
      outputSchema: z.object({ results: z.array(z.object({ entityName: z.string(), addedObservations: z.array(z.string()) })) }),
    },
    async ({ observations }) => {
      const results = [];
      for (const { entityName, contents } of observations)
        results.push({ entityName, addedObservations: [...(await store.observe(entityName, contents))] });
      return structured({ results });
    },
  );
  server.registerTool(
    'delete_entities',
    {
      title: 'Forget things',
      description: 'Removes things and what leads to them.',
      inputSchema: z.object({ entityNames: z.array(text).min(1).max(MANY) }),
      annotations: { destructiveHint: true, idempotentHint: true },
    },
    async ({ entityNames }) => {
      for (const name of entityNames) await store.remove(name);
      return said('Forgotten.');
    },
  );
  server.registerTool(
    'delete_observations',
    {
      title: 'Forget facts',
      description: 'Removes facts from things.',
      inputSchema: z.object({
        deletions: z
          .array(z.object({ entityName: text, observations: z.array(text) }))
          .min(1)
          .max(MANY),
      }),
      annotations: { destructiveHint: true, idempotentHint: true },
    },
    async ({ deletions }) => {
      for (const { entityName, observations } of deletions) await store.forget(entityName, observations);
      return said('Forgotten.');
    },
  );
  server.registerTool(
    'delete_relations',
    {
      title: 'Forget relations',
      description: 'Says that things do not belong together.',
      inputSchema: z.object({ relations: z.array(relation).min(1).max(MANY) }),
      annotations: { destructiveHint: true, idempotentHint: true },
    },
    async ({ relations }) => {
      for (const each of relations) await store.unrelate(each);
      return said('Forgotten.');
    },
  );
}

function addReadingTools(server: McpServer, store: MemoryStore): void {
  const readOnly = { readOnlyHint: true };
  const all = async (found: ReturnType<MemoryStore['open']>) => {
    const { entities, relations, total } = await found;
    return structured({ entities: entities.map((each) => ({ ...each, observations: [...each.observations] })), relations: [...relations], total });
  };
  server.registerTool(
    'read_graph',
    {
      title: 'Everything',
      description: `All that is known; of very much the first ${LIMITS.maxMemoryAnswer} things, and how many there are.`,
      inputSchema: z.object({}),
      outputSchema: graph,
      annotations: readOnly,
    },
    () => all(store.search('')),
  );
  server.registerTool(
    'search_nodes',
    {
      title: 'Search',
      description: 'Things that contain all of the words, in their name, kind or facts.',
      inputSchema: z.object({ query: text }),
      outputSchema: graph,
      annotations: readOnly,
    },
    ({ query }) => all(store.search(query)),
  );
  server.registerTool(
    'open_nodes',
    {
      title: 'Look things up',
      description: 'Things by their names.',
      inputSchema: z.object({ names: z.array(text).min(1).max(MANY) }),
      outputSchema: graph,
      annotations: readOnly,
    },
    ({ names }) => all(store.open(names)),
  );
}

function addResources(server: McpServer, store: MemoryStore): void {
  const json = (uri: URL, value: unknown) => ({
    contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify(value, undefined, 2) }],
  });
  server.registerResource('graph', GRAPH_URI, { title: 'Everything that is known', mimeType: 'application/json' }, async (uri) =>
    json(uri, await store.search('')),
  );
  server.registerResource(
    'entity',
    new ResourceTemplate('memory:///entity/{name}', {
      list: async () => ({
        resources: (await store.names()).slice(0, LIMITS.maxMemoryAnswer).map((name) => ({ uri: uriOf(name), name, mimeType: 'application/json' })),
      }),
      complete: { name: async (start) => (await store.names()).filter((name) => name.toLowerCase().startsWith(start.toLowerCase())).slice(0, MANY) },
    }),
    { title: 'One thing', mimeType: 'application/json' },
    async (uri, { name }) => json(uri, (await store.entity(decodeURIComponent(String(name)))) ?? {}),
  );
}
