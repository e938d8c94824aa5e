import { Emitter } from '../base/emitter.ts';
import type { AgentId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records } from '../ports/records.ts';
import type { CallPolicy } from './agent-host.ts';
import { CallerLimits } from './caller-limits.ts';
import { grantId, Grants } from './grants.ts';
import { COMPLETION, LISTEN, type IncomingCall, type Permit, type StopReason, type Verdict } from './incoming-call.ts';
import { isOpenTo, Permissions, ruleFor, type CallRates, type Relation, type Rule } from './permissions.ts';

export type WaitingApproval = { readonly id: string; readonly call: IncomingCall; readonly relation: Relation; readonly expiresAt: number };
/** `hour` and `always` (a month) are kept as grants for this person, tool and definition. */
export type ApprovalAnswer = 'once' | 'hour' | 'always' | 'refuse';

export type ApprovalsOptions = {
  readonly me: PersonId;
  readonly records: Records;
  readonly clock: Clock;
  /** Somebody whom the owner has chosen to talk with. Nobody is, where this is not given. */
  isContact?(person: PersonId): Promise<boolean>;
};

/** What holds for a call, and what it counts in. */
export type Judgement = { readonly rule: Rule; readonly relation: Relation; readonly rates: CallRates; readonly limits: CallerLimits };

/** Why a call runs: taken back with it. */
type Basis = { readonly kind: 'rule' } | { readonly kind: 'grant'; readonly id: string } | { readonly kind: 'asked' };
type Waiting = WaitingApproval & { settle(verdict: Verdict): void };
type Running = { readonly call: IncomingCall; readonly relation: Relation; readonly basis: Basis; stop(reason: StopReason): void };

const LIFETIMES_MS = { hour: 3_600_000, always: LIMITS.grantLifetimeMs } as const;

/**
 * The owner's consent. The agent's permissions say what runs, what is asked and what never happens; a question waits until the owner answers, and
 * no answer is a refusal. What is taken back, a permission or a grant, ends calls that wait or run by it at once.
 */
export class Approvals implements CallPolicy {
  readonly permissions: Permissions;
  readonly grants: Grants;
  readonly #options: ApprovalsOptions;
  readonly #limits = new CallerLimits();
  readonly #events = new Emitter<{ changed: readonly WaitingApproval[] }>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #running = new Set<Running>();
  /** What tells the present definition of a tool or prompt from every other one; grants hold for that one only. Of what has none nothing is granted. */
  definitionOf: (agent: AgentId, call: IncomingCall) => Promise<string | undefined> = () => Promise.resolve('');
  #nextId = 1;

  constructor(options: ApprovalsOptions) {
    this.#options = options;
    this.permissions = new Permissions(options.records);
    this.grants = new Grants(options.records, options.clock);
    this.permissions.onChanged((agent) => this.#permissionsChanged(agent));
    this.grants.on('revoked', (id) => this.#revoked(id));
  }

  onChanged(listener: (waiting: readonly WaitingApproval[]) => void): () => void {
    return this.#events.on('changed', listener);
  }

  /** Whether the caller gets anything from the agent at all; others need no session with it. */
  async admits(person: PersonId, agent: AgentId): Promise<boolean> {
    await this.permissions.ready;
    return isOpenTo(this.permissions.of(agent), await this.#relationTo(person));
  }

  async decide(call: IncomingCall, signal: AbortSignal): Promise<Verdict | Permit> {
    await this.permissions.ready;
    const relation = await this.#relationTo(call.caller.person);
    const permissions = this.permissions.of(call.agent.id);
    return this.decideBy({ rule: ruleFor(permissions, relation, call), relation, rates: permissions, limits: this.#limits }, call, signal);
  }

  /** Decides by a rule that stands elsewhere than in `permissions`. */
  async decideBy({ rule, relation, rates, limits }: Judgement, call: IncomingCall, signal: AbortSignal): Promise<Verdict | Permit> {
    if (rule === 'never') return 'refused';
    const giveBack = limits.take(call, relation, rates, this.#options.clock.now());
    if (typeof giveBack === 'string') return giveBack;
    try {
      const basis: Basis | Verdict = rule === 'run' || call.method === COMPLETION ? { kind: 'rule' } : await this.#consent(call, relation, signal);
      if (call.method === LISTEN || typeof basis !== 'object') giveBack();
      return typeof basis === 'object' ? this.#permit(call, relation, basis, giveBack) : basis;
    } catch (thrown) {
      giveBack();
      throw thrown;
    }
  }

  async answer(id: string, answer: ApprovalAnswer): Promise<void> {
    const approval = this.#waiting.get(id);
    if (!approval) return;
    if (answer === 'refuse' || answer === 'once') return approval.settle(answer === 'once' ? 'run' : 'refused');
    try {
      const definition = await this.#definition(approval.call);
      if (definition !== undefined) await this.grants.add(approval.call, definition, LIFETIMES_MS[answer]);
    } finally {
      // It was allowed, even if that could not be kept.
      approval.settle('run');
    }
  }

  async #relationTo(person: PersonId): Promise<Relation> {
    const { me, isContact } = this.#options;
    if (person === me) return 'devices';
    return (await isContact?.(person).catch(() => false)) ? 'contacts' : 'everyone';
  }

  async #consent(call: IncomingCall, relation: Relation, signal: AbortSignal): Promise<Basis | Verdict> {
    const definition = await this.#definition(call);
    const grant = definition === undefined ? undefined : await this.grants.find(call, definition);
    if (grant) return { kind: 'grant', id: grant.id };
    if (signal.aborted) return 'refused';
    const ofCaller = [...this.#waiting.values()].filter(({ call: other }) => other.caller.person === call.caller.person).length;
    if (this.#waiting.size >= LIMITS.maxWaitingApprovals || ofCaller >= LIMITS.maxWaitingApprovalsPerCaller) return 'overloaded';
    const verdict = await this.#ask(call, relation, signal);
    // What was taken back while the owner thought about it holds.
    if (verdict === 'run' && ruleFor(this.permissions.of(call.agent.id), relation, call) === 'never') return 'refused';
    return verdict === 'run' ? { kind: 'asked' } : verdict;
  }

  /** Resources and methods have no definition that could change. */
  async #definition(call: IncomingCall): Promise<string | undefined> {
    return call.kind === 'tool' || call.kind === 'prompt' ? this.definitionOf(call.agent.id, call) : '';
  }

  #permit(call: IncomingCall, relation: Relation, basis: Basis, giveBack: () => void): Permit {
    const controller = new AbortController();
    const { clock } = this.#options;
    const running: Running = { call, relation, basis, stop: (reason) => controller.abort(reason) };
    const isEndless = call.method === LISTEN;
    const cancelTimer = isEndless ? () => undefined : clock.wakeAt(clock.now() + LIMITS.maxServedCallMs, () => running.stop('timed-out'));
    this.#running.add(running);
    return {
      verdict: 'run',
      stop: controller.signal,
      ended: () => {
        cancelTimer();
        this.#running.delete(running);
        giveBack();
      },
    };
  }

  #ask(call: IncomingCall, relation: Relation, signal: AbortSignal): Promise<Verdict> {
    const id = String(this.#nextId++);
    const { clock } = this.#options;
    const expiresAt = clock.now() + LIMITS.approvalTimeoutMs;
    return new Promise((resolve) => {
      const settle = (verdict: Verdict) => {
        if (!this.#waiting.delete(id)) return;
        cancelTimer();
        signal.removeEventListener('abort', onAbort);
        resolve(verdict);
        this.#changed();
      };
      const onAbort = () => settle('refused');
      const cancelTimer = clock.wakeAt(expiresAt, () => settle('expired'));
      signal.addEventListener('abort', onAbort);
      this.#waiting.set(id, { id, call, relation, expiresAt, settle });
      this.#changed();
    });
  }

  #permissionsChanged(agent: AgentId): void {
    const permissions = this.permissions.of(agent);
    for (const { call, relation, settle } of [...this.#waiting.values()]) {
      if (call.agent.id === agent && ruleFor(permissions, relation, call) === 'never') settle('refused');
    }
    for (const { call, relation, basis, stop } of [...this.#running]) {
      if (call.agent.id !== agent) continue;
      const rule = ruleFor(permissions, relation, call);
      if (rule === 'never' || (basis.kind === 'rule' && rule !== 'run' && call.method !== COMPLETION)) stop('revoked');
    }
  }

  #revoked(grant: string): void {
    for (const { basis, stop } of [...this.#running]) if (basis.kind === 'grant' && basis.id === grant) stop('revoked');
    for (const { call, settle } of [...this.#waiting.values()]) if (grantId(call) === grant) settle('refused');
  }

  #changed(): void {
    this.#events.emit('changed', [...this.#waiting.values()]);
  }
}
