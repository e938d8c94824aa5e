import { agentAddress, parseAgentAddress, parseAgentId, parseNodeId, type AgentAddress, type NodeId } from '../../base/ids.ts';
import { aggregateName } from '../../mcp/proxy/tool-names.ts';
import type { AgentLists, Definition, ListKind } from './catalog.ts';

/** Where a name of the aggregate leads. */
export type Target = { readonly address: AgentAddress; readonly name: string; readonly definition: Definition };

const URI_SCHEME = 'parley://';

/** Everything that all agents offer, under the names of the aggregate. */
export class AggregateIndex {
  readonly tools: ReadonlyMap<string, Target>;
  readonly prompts: ReadonlyMap<string, Target>;
  readonly resources: readonly Definition[];
  readonly resourceTemplates: readonly Definition[];

  constructor(here: NodeId, lists: readonly AgentLists[]) {
    this.tools = named(here, lists, 'tools');
    this.prompts = named(here, lists, 'prompts');
    this.resources = lists.flatMap(({ address, resources }) => resources.map((resource) => withUri(address, resource, 'uri')));
    this.resourceTemplates = lists.flatMap(({ address, resourceTemplates }) =>
      resourceTemplates.map((template) => withUri(address, template, 'uriTemplate')),
    );
  }
}

/** Definitions as clients of the aggregate see them: under their new name, and with whose they are. */
export function renamed(targets: ReadonlyMap<string, Target>): readonly Definition[] {
  return [...targets].map(([name, { address, name: original, definition }]) => {
    const meta = { ...(definition['_meta'] as object | undefined), 'parley/agent': address, 'parley/name': original };
    return { ...definition, name, _meta: meta };
  });
}

function named(here: NodeId, lists: readonly AgentLists[], kind: Extract<ListKind, 'tools' | 'prompts'>): ReadonlyMap<string, Target> {
  const targets = new Map<string, Target>();
  for (const { address, [kind]: definitions } of lists) {
    for (const definition of definitions) {
      const original = definition['name'];
      if (typeof original !== 'string') continue;
      const name = aggregateName(here, address, original);
      // Of an agent that names two things alike, the first counts, as it does for its own callers.
      if (!targets.has(name)) targets.set(name, { address, name: original, definition });
    }
  }
  return targets;
}

/** A resource of an agent under a URI that says whose it is; the agent's own URI, or template, follows as it is. */
export function aggregateUri(address: AgentAddress, uri: string): string {
  const { node, agent } = parseAgentAddress(address);
  return `${URI_SCHEME}${node}/${agent}/${uri}`;
}

/** The agent and its own URI; `undefined` for what is no URI of the aggregate. */
export function parseAggregateUri(text: string): { readonly address: AgentAddress; readonly uri: string } | undefined {
  const [, node = '', agent = '', uri = ''] = /^parley:\/\/([^/]+)\/([^/]+)\/(.+)$/s.exec(text) ?? [];
  try {
    return { address: agentAddress(parseNodeId(node), parseAgentId(agent)), uri };
  } catch {
    return undefined;
  }
}

function withUri(address: AgentAddress, definition: Definition, key: 'uri' | 'uriTemplate'): Definition {
  const uri = definition[key];
  return typeof uri === 'string' ? { ...definition, [key]: aggregateUri(address, uri) } : definition;
}

/** A result with the URIs in it as the aggregate has them: of contents that were read, and of resources that a tool or prompt refers to. */
export function withAggregateUris<Result extends object>(address: AgentAddress, result: Result): Result {
  const { contents, content, messages } = result as Readonly<Record<string, unknown>>;
  const changed: Record<string, unknown> = {};
  if (Array.isArray(contents)) changed['contents'] = contents.map((item) => withUri(address, item as Definition, 'uri'));
  if (Array.isArray(content)) changed['content'] = content.map((block) => blockWithUri(address, block as Definition));
  if (Array.isArray(messages))
    changed['messages'] = messages.map((message) => ({
      ...(message as object),
      content: blockWithUri(address, (message as { content: Definition }).content),
    }));
  return { ...result, ...changed };
}

function blockWithUri(address: AgentAddress, block: Definition): Definition {
  if (block?.['type'] === 'resource_link') return withUri(address, block, 'uri');
  const { resource } = block ?? {};
  if (block?.['type'] !== 'resource' || typeof resource !== 'object' || resource === null) return block;
  return { ...block, resource: withUri(address, resource as Definition, 'uri') };
}
