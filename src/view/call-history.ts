import type { PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records, Table } from '../ports/records.ts';
import type { AgentKindView, CallState, CallView, PathView, ResultBlockView } from './types.ts';

/** A call as it is kept: who the owner is called, and whether the agent is here, is looked up when it is shown. */
type KeptCall = Omit<CallView, 'kind' | 'agent'> & {
  readonly network: string;
  /** The tab that made it: while its call runs, nobody else knows how it ends. */
  readonly tab: string;
  readonly agent: {
    readonly address: string;
    readonly title: string;
    readonly kind: AgentKindView;
    readonly owner: PersonId;
    readonly mine: boolean;
  };
};

export type CallHistoryOptions = {
  readonly records: Records;
  readonly network: string;
  readonly tab: string;
  readonly clock: Clock;
  view(agent: KeptCall['agent']): CallView['agent'];
};

/** My calls of earlier visits and of this browser's other tabs, kept in storage: the last {@link LIMITS.maxKeptCalls} of a network. */
export class CallHistory {
  readonly #options: CallHistoryOptions;
  readonly #table: Table<KeptCall>;

  constructor(options: CallHistoryOptions) {
    this.#options = options;
    this.#table = options.records.table<KeptCall>('call-history');
  }

  /** Oldest first. What is beyond the bound is deleted. */
  async load(): Promise<readonly CallView[]> {
    const { network, tab, clock } = this.#options;
    const all = [...(await this.#table.all()).values()].filter((kept) => kept.network === network);
    all.sort((a, b) => a.startedAt - b.startedAt);
    const tooMany = all.splice(0, Math.max(0, all.length - LIMITS.maxKeptCalls));
    await Promise.all(tooMany.map(({ id }) => this.#table.delete(id)));
    // This tab has just begun: a call of its own that still ran was cut off when it was closed. Another tab may have crashed.
    const isCutOff = (kept: KeptCall): boolean => kept.tab === tab || clock.now() - kept.startedAt > LIMITS.longestCallMs;
    return all.map((kept) => this.#shown(kept.state.kind === 'running' && isCutOff(kept) ? { ...kept, state: CUT_OFF } : kept));
  }

  async get(id: string): Promise<CallView | undefined> {
    const kept = await this.#table.get(id);
    return kept?.network === this.#options.network ? this.#shown(kept) : undefined;
  }

  async put(call: CallView): Promise<void> {
    const { kind: _kind, isElsewhere: _isElsewhere, agent, ...rest } = call;
    const { address, title, kind, owner, mine } = agent;
    const { network, tab } = this.#options;
    const kept: KeptCall = { ...rest, network, tab, agent: { address, title, kind, owner: owner.id as PersonId, mine } };
    await this.#table.put(call.id, bounded(kept));
  }

  async forget(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#table.delete(id)));
  }

  #shown({ network: _network, tab, agent, ...rest }: KeptCall): CallView {
    const isElsewhere = rest.state.kind === 'running' && tab !== this.#options.tab;
    return { kind: 'call', ...rest, agent: this.#options.view(agent), ...(isElsewhere ? { isElsewhere } : {}) };
  }
}

const CUT_OFF: CallState = { kind: 'failed', problem: { code: 'closed-here' } };

/** Large arguments and results are not kept; that the call was made, and how it ended, always is. */
function bounded(kept: KeptCall): KeptCall {
  const isLarge = JSON.stringify(kept.arguments).length > LIMITS.maxKeptCallBytes / 2;
  return {
    ...kept,
    ...(isLarge ? { arguments: {}, areArgumentsLost: true as const } : {}),
    ...(kept.path ? { path: plainPath(kept.path) } : {}),
    state: boundedState(kept.state),
  };
}

function boundedState(state: CallState): CallState {
  if (state.kind === 'running') return { kind: 'running' };
  if (state.kind === 'failed') return state;
  const { kind, isError, blocks } = state;
  return { kind, isError, blocks: sizeOf(blocks) > LIMITS.maxKeptCallBytes ? [{ kind: 'not-kept' }] : blocks };
}

function plainPath({ kind, via, viaNames }: PathView): PathView {
  return { kind, via: [...via], ...(viaNames ? { viaNames: [...viaNames] } : {}) };
}

/** About as many bytes as it takes in storage. */
function sizeOf(blocks: readonly ResultBlockView[]): number {
  return blocks.reduce((sum, block) => {
    if ('data' in block) return sum + block.data.length;
    if (block.kind === 'kept') return Infinity;
    return sum + JSON.stringify(block).length;
  }, 0);
}
