import { signal, type Signal } from '@preact/signals-core';
import type { AgentAddress, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { AgentCalls } from '../mcp/agent-calls.ts';
import type { AgentSession } from '../mcp/agent-clients.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records } from '../ports/records.ts';
import { callError, problemOf } from './call-problems.ts';
import { CallHistory } from './call-history.ts';
import type { People } from './people.ts';
import { visibleText } from './shown-text.ts';
import type { AgentView, CallDraftView, CallState, CallView, ToolEffect, ToolView } from './types.ts';

export type CallsModelOptions = {
  readonly records: Records;
  readonly network: string;
  /** This tab's node: no other tab of the browser has the same. */
  readonly tab: string;
  readonly people: Pick<People, 'view' | 'pathView'>;
  readonly clock: Clock;
  session(address: string): Promise<AgentSession>;
  /** Loaded with the first call. */
  agentCalls(): Promise<AgentCalls>;
  /** An agent that is here. */
  agent(address: string): AgentView | undefined;
  /** A tool of it that is known. */
  tool(address: string, name: string): ToolView | undefined;
  onChanged(): void;
  /** Storage failed; nobody waits for it. */
  report(thrown: unknown): void;
};

/** My calls: those that run, and those that have ended, also in earlier visits. */
export class CallsModel {
  /** Oldest first. */
  readonly calls: Signal<readonly CallView[]> = signal([]);
  readonly drafts: Signal<readonly CallDraftView[]> = signal([]);
  readonly #options: CallsModelOptions;
  readonly #history: CallHistory;
  readonly #running = new Map<string, AbortController>();
  #nextCall = 1;

  constructor(options: CallsModelOptions) {
    this.#options = options;
    this.#history = new CallHistory({ ...options, view: (kept) => this.#agentOf(kept) });
    options.records.onForeignChange((table, key) => {
      if (table === 'call-history') this.#watch(key === undefined ? this.load() : this.#changedElsewhere(key));
    });
  }

  /** Brings back what was kept, beside what was called since. */
  async load(): Promise<void> {
    const kept = await this.#history.load();
    const mine = this.calls.value.filter(({ id }) => this.#running.has(id) || kept.every((call) => call.id !== id));
    const others = kept.filter(({ id }) => mine.every((call) => call.id !== id));
    this.#set([...others, ...mine].sort((a, b) => a.startedAt - b.startedAt));
  }

  /** Calls that belong to a conversation: made in it, or elsewhere into the other person's agents. */
  in(conversation: string, person: PersonId): readonly CallView[] {
    return this.calls.value.filter((call) =>
      call.conversation === undefined ? call.agent.owner.id === person && !call.agent.mine : call.conversation === conversation,
    );
  }

  call(address: string, tool: string, args: Readonly<Record<string, unknown>>, conversation?: string, idleMs?: number): string {
    const { clock, tab } = this.#options;
    const id = `${clock.now().toString(36)}-${tab.slice(-8)}-${this.#nextCall++}`;
    const call = {
      id,
      agent: this.agentAt(address),
      tool,
      arguments: args,
      ...(conversation === undefined ? {} : { conversation }),
      ...(idleMs === undefined ? {} : { idleMs }),
    };
    const effect = this.#effectOf(address, tool);
    if (effect) this.drafts.value = [...this.drafts.value, { ...call, effect }];
    else this.#begin(call);
    return id;
  }

  /** Sends a call that waited for the person to look at it; without arguments it is dropped. */
  sendDraft(id: string, args: Readonly<Record<string, unknown>> | undefined): void {
    const draft = this.drafts.value.find((known) => known.id === id);
    this.drafts.value = this.drafts.value.filter((known) => known !== draft);
    if (draft && args) this.#begin({ ...draft, arguments: args });
  }

  /** What the tool says of itself now; while that is not known, what it said when it was called before. */
  #effectOf(address: string, name: string): ToolEffect | undefined {
    const tool = this.#options.tool(address, name);
    if (!tool) return this.calls.value.findLast((call) => call.agent.address === address && call.tool === name)?.effect;
    if (tool.readOnlyHint === true) return undefined;
    return tool.destructiveHint ? 'destructive' : tool.openWorldHint ? 'open-world' : undefined;
  }

  #begin(call: Omit<CallView, 'kind' | 'startedAt' | 'state'>): void {
    const { id } = call;
    const view: CallView = { ...call, kind: 'call', startedAt: this.#options.clock.now(), state: { kind: 'running' } };
    this.#set([...this.calls.value, view]);
    this.#watch(this.#history.put(view));
    const controller = new AbortController();
    this.#running.set(id, controller);
    void this.#run(view, controller.signal).finally(() => this.#running.delete(id));
  }

  /** The agent at an address, also one that is not there. */
  agentAt(address: string): AgentView {
    return this.#agentOf({ address, title: address, kind: 'built-in', owner: '' as PersonId, mine: false });
  }

  cancel(id: string): void {
    this.#running.get(id)?.abort();
  }

  /** Calls of this tab that an agent has not answered yet. */
  runningOf(address: string): readonly string[] {
    return this.calls.value.flatMap(({ id, agent }) => (agent.address === address && this.#running.has(id) ? [id] : []));
  }

  async forget(): Promise<void> {
    const ended = this.calls.value.filter(({ id }) => !this.#running.has(id)).map(({ id }) => id);
    await this.#history.forget(ended);
    this.#set(this.calls.value.filter(({ id }) => !ended.includes(id)));
  }

  async #run({ id, agent, tool, arguments: args, startedAt, conversation, idleMs }: CallView, signal: AbortSignal): Promise<void> {
    try {
      const [calls, { path }] = await Promise.all([this.#options.agentCalls(), this.#options.session(agent.address)]);
      if (path) this.#update(id, { path: this.#options.people.pathView(path, undefined) });
      const result = await calls.callTool(agent.address as AgentAddress, tool, args, {
        signal,
        ...(conversation === undefined ? {} : { conversation }),
        ...(idleMs === undefined ? {} : { idleMs }),
        onConsent: (consent) => this.#update(id, { consent }),
        onProgress: ({ progress, total, message }) =>
          this.#update(id, {
            state: { kind: 'running', progress, ...(total === undefined ? {} : { total }), ...(message ? { message: visibleText(message) } : {}) },
          }),
      });
      const { blocksOf, rawJson } = await import('./result-blocks.ts');
      const blocks = blocksOf(result.content, result.structuredContent);
      this.#finish(id, startedAt, { kind: 'done', isError: result.isError === true, blocks, raw: rawJson(result) });
    } catch (thrown) {
      this.#finish(id, startedAt, { kind: 'failed', problem: signal.aborted ? { code: 'cancelled' } : problemOf(callError(thrown)) });
    }
  }

  #finish(id: string, startedAt: number, state: CallState): void {
    const end = { state, tookMs: this.#options.clock.now() - startedAt };
    const call = this.calls.value.find((known) => known.id === id);
    if (call) this.#watch(this.#history.put({ ...call, ...end }));
    this.#update(id, end);
  }

  async #changedElsewhere(id: string): Promise<void> {
    if (this.#running.has(id)) return;
    const kept = await this.#history.get(id);
    const others = this.calls.value.filter((call) => call.id !== id);
    this.#set((kept ? [...others, kept] : others).sort((a, b) => a.startedAt - b.startedAt));
  }

  #update(id: string, change: Partial<CallView>): void {
    this.#set(this.calls.value.map((call) => (call.id === id ? { ...call, ...change } : call)));
  }

  /** All that run, and the last others; storage drops the rest at the next start. */
  #set(calls: readonly CallView[]): void {
    const tooMany = new Set(calls.filter(({ state }) => state.kind !== 'running').slice(0, Math.max(0, calls.length - LIMITS.maxKeptCalls)));
    this.calls.value = calls.filter((call) => !tooMany.has(call));
    this.#options.onChanged();
  }

  #agentOf({ address, title, kind, owner, mine }: Parameters<ConstructorParameters<typeof CallHistory>[0]['view']>[0]): AgentView {
    const [node = '', agentId = ''] = address.split(':');
    return (
      this.#options.agent(address) ?? {
        address,
        agentId,
        node,
        kind,
        title,
        description: '',
        owner: this.#options.people.view(owner),
        mine,
        sigil: { key: address, kind: 'agent', verified: false },
        enabled: false,
      }
    );
  }

  #watch(work: Promise<unknown>): void {
    work.catch((thrown: unknown) => this.#options.report(thrown));
  }
}
