import { ParleyError } from '../base/errors.ts';
import type { AgentId, DeviceId, NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { RawEntries } from './engine/document-engine.ts';
import { decodeEntry, KEYS, type AgentRecord, type Entry } from './records.ts';

export type NodeView = {
  readonly node: NodeId;
  /** Absent where the node was removed while one of its agents was added: the agent stays. */
  readonly device: DeviceId | undefined;
  readonly title: string;
  readonly addedAt: number;
  readonly agents: ReadonlyMap<AgentId, AgentRecord & { readonly revision: number }>;
};

/** What a document says. */
export type DocumentView = {
  readonly name: string | undefined;
  readonly nodes: ReadonlyMap<NodeId, NodeView>;
  /** Heads of the generation before that this one takes over. */
  readonly covers: ReadonlySet<string>;
  /** All entries by their keys. */
  readonly entries: ReadonlyMap<string, Entry>;
};

/** Views are made once for each set of entries, and shared by all who hold it. */
const views = new WeakMap<RawEntries, DocumentView>();

export function viewOf(entries: RawEntries): DocumentView {
  let view = views.get(entries);
  if (!view) views.set(entries, (view = makeView(entries)));
  return view;
}

function makeView(raw: RawEntries): DocumentView {
  const entries = new Map<string, Entry>();
  const covers = new Set<string>();
  // Ascending keys: where there are more than may be, every node shows the same ones.
  for (const key of [...raw.keys()].toSorted()) {
    const entry = tryDecode(key, raw.get(key) as Uint8Array);
    if (!entry) continue;
    entries.set(key, entry);
    if (entry.kind === 'generation') for (const head of entry.covers) covers.add(head);
  }
  const name = entries.get(KEYS.name);
  return { name: name?.kind === 'name' ? name.name : undefined, nodes: nodesOf([...entries.values()]), covers, entries };
}

function nodesOf(entries: readonly Entry[]): ReadonlyMap<NodeId, NodeView> {
  const nodes = new Map<NodeId, NodeView & { readonly agents: Map<AgentId, AgentRecord & { readonly revision: number }> }>();
  for (const entry of entries) {
    if (entry.kind !== 'node' || nodes.size >= LIMITS.maxNodesPerPerson) continue;
    nodes.set(entry.record.node, { ...entry.record, agents: new Map() });
  }
  for (const entry of entries) {
    if (entry.kind !== 'agent') continue;
    if (!nodes.has(entry.node) && nodes.size < LIMITS.maxNodesPerPerson) {
      nodes.set(entry.node, { node: entry.node, device: undefined, title: '', addedAt: 0, agents: new Map() });
    }
    const agents = nodes.get(entry.node)?.agents;
    if (agents && agents.size < LIMITS.maxAgentsPerNode) agents.set(entry.record.id, { ...entry.record, revision: entry.revision });
  }
  return nodes;
}

/** What a person's own device wrote wrongly is as if it were not there. */
function tryDecode(key: string, value: Uint8Array): Entry | undefined {
  try {
    return decodeEntry(key, value);
  } catch (thrown) {
    if (thrown instanceof ParleyError) return undefined;
    throw thrown;
  }
}
