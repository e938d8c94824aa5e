import { agentAddress, type AgentAddress, type DeviceId, type NodeId, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { DocumentView } from './document-view.ts';
import type { AgentRecord } from './records.ts';

/** What presence knows of a node. Never in a document: it would grow for ever. */
export type Liveness = {
  /** `up`: heard of, or connected. `suspect`: somebody misses it. `gone`: it left or died. `unknown`: never heard of in this run. */
  readonly state: 'up' | 'suspect' | 'gone' | 'unknown';
  /** Unix milliseconds. */
  readonly lastSeenAt: number | undefined;
  /** Whose node it says it is; a document that claims somebody else's node is not believed. */
  readonly person: PersonId | undefined;
};

/** `live`, then `stale` while it is doubtful, then `offline`, and `away` after a week or when it was never seen. */
export type EntryState = 'live' | 'stale' | 'offline' | 'away';

export type RegistryEntry = {
  readonly person: PersonId;
  readonly personName: string | undefined;
  readonly node: NodeId;
  readonly nodeTitle: string;
  readonly device: DeviceId | undefined;
  readonly state: EntryState;
  readonly lastSeenAt: number | undefined;
  readonly agents: readonly (AgentRecord & { readonly address: AgentAddress; readonly revision: number })[];
};

export function entriesOf(person: PersonId, view: DocumentView, liveness: (node: NodeId) => Liveness, now: number): readonly RegistryEntry[] {
  const entries: RegistryEntry[] = [];
  for (const { node, title, device, agents } of view.nodes.values()) {
    const life = liveness(node);
    if (life.person !== undefined && life.person !== person) continue;
    entries.push({
      person,
      personName: view.name,
      node,
      nodeTitle: title,
      device,
      state: stateOfEntry(life, now),
      lastSeenAt: life.lastSeenAt,
      agents: [...agents.values()].map((agent) => ({ ...agent, address: agentAddress(node, agent.id) })),
    });
  }
  return entries;
}

function stateOfEntry({ state, lastSeenAt }: Liveness, now: number): EntryState {
  if (state === 'up') return 'live';
  if (state === 'suspect') return 'stale';
  return lastSeenAt !== undefined && now - lastSeenAt < LIMITS.awayAfterMs ? 'offline' : 'away';
}
