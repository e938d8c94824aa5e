import { Emitter } from '../base/emitter.ts';
import type { AgentId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { ConversationId } from '../ports/chat-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records } from '../ports/records.ts';
import type { CallPolicy, Concerned } from './agent-host.ts';
import { CallerLimits } from './caller-limits.ts';
import { grantId, Grants } from './grants.ts';
import { COMPLETION, LISTEN, type Consent, type IncomingCall, type Permit, type StopReason, type Verdict } from './incoming-call.ts';
import {
  accessOf,
  isOpenTo,
  Permissions,
  ruleFor,
  type AgentAccess,
  type AgentPermissions,
  type CallRates,
  type Relation,
  type Rule,
} from './permissions.ts';

export type WaitingApproval = { readonly id: string; readonly call: IncomingCall; readonly relation: Relation; readonly expiresAt: number };
/** `hour` and `always` (a month) are kept as grants for this person, tool and definition. */
export type ApprovalAnswer = 'once' | 'hour' | 'always' | 'refuse';
/** Where the call comes from a conversation also that, for a day. */
export type AnswerInConversation = ApprovalAnswer | 'conversation';

export type ApprovalsOptions = {
  readonly me: PersonId;
  readonly records: Records;
  readonly clock: Clock;
  /** Somebody whom the owner has chosen to talk with. Nobody is, where this is not given. */
  isContact?(person: PersonId): Promise<boolean>;
  /** The conversation with a person: whoever says that a call comes from another one is not believed. */
  conversationWith?(person: PersonId): ConversationId;
  /** What holds for an agent until the owner says something else. */
  defaultsOf?(agent: AgentId): AgentPermissions;
};

/** What holds for a call, and what it counts in. */
export type Judgement = { readonly rule: Rule; readonly relation: Relation; readonly rates: CallRates; readonly limits: CallerLimits };

/** Why a call runs: taken back with it. */
type Basis = { readonly kind: 'rule' } | { readonly kind: 'grant'; readonly id: string } | { readonly kind: 'asked'; readonly answer: Leave };
type Leave = Exclude<AnswerInConversation, 'refuse'>;
type Answered = Leave | Exclude<Verdict, 'run'>;
type Waiting = WaitingApproval & { settle(answered: Answered): void };
type Running = { readonly call: IncomingCall; readonly relation: Relation; readonly basis: Basis; stop(reason: StopReason): void };

const LIFETIMES_MS = { conversation: LIMITS.conversationGrantMs, hour: 3_600_000, always: LIMITS.grantLifetimeMs } as const;

/**
 * The owner's consent. The agent's permissions say what runs, what is asked and what never happens; a question waits until the owner answers, and
 * no answer is a refusal. What is taken back, a permission or a grant, ends calls that wait or run by it at once.
 */
export class Approvals implements CallPolicy {
  readonly permissions: Permissions;
  readonly grants: Grants;
  readonly #options: ApprovalsOptions;
  readonly #limits = new CallerLimits();
  readonly #events = new Emitter<{ changed: readonly WaitingApproval[]; access: Concerned }>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #running = new Set<Running>();
  /** What tells the present definition of a tool or prompt from every other one; grants hold for that one only. Of what has none nothing is granted. */
  definitionOf: (agent: AgentId, call: IncomingCall) => Promise<string | undefined> = () => Promise.resolve('');
  #nextId = 1;

  constructor(options: ApprovalsOptions) {
    this.#options = options;
    this.permissions = new Permissions(options.records, options.defaultsOf?.bind(options));
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

  /** What a person may do with the agent now. */
  async accessOf(person: PersonId, agent: AgentId): Promise<AgentAccess> {
    await this.permissions.ready;
    return accessOf(this.permissions.of(agent), await this.#relationTo(person));
  }

  onAccessChanged(listener: (concerned: Concerned) => void): () => void {
    return this.#events.on('access', listener);
  }

  /** The owner wrote in a conversation: whom they have it with may be a contact from now on. */
  wroteIn(conversation: string): void {
    this.#events.emit('access', (person) => this.#options.conversationWith?.(person) === conversation);
  }

  async decide(given: IncomingCall, signal: AbortSignal, asked?: () => void): Promise<Verdict | Permit> {
    await this.permissions.ready;
    const call = this.#believed(given);
    const relation = await this.#relationTo(call.caller.person);
    const permissions = this.permissions.of(call.agent.id);
    return this.decideBy({ rule: ruleFor(permissions, relation, call), relation, rates: permissions, limits: this.#limits }, call, signal, asked);
  }

  /** Decides by a rule that stands elsewhere than in `permissions`. */
  async decideBy(
    { rule, relation, rates, limits }: Judgement,
    call: IncomingCall,
    signal: AbortSignal,
    asked?: () => void,
  ): Promise<Verdict | Permit> {
    if (rule === 'never') return 'not-for-you';
    const giveBack = limits.take(call, relation, rates, this.#options.clock.now());
    if (typeof giveBack === 'string') return giveBack;
    try {
      const basis: Basis | Verdict =
        rule === 'run' || call.method === COMPLETION ? { kind: 'rule' } : await this.#consent(call, relation, signal, asked);
      if (call.method === LISTEN || typeof basis !== 'object') giveBack();
      return typeof basis === 'object' ? this.#permit(call, relation, basis, giveBack) : basis;
    } catch (thrown) {
      giveBack();
      throw thrown;
    }
  }

  async answer(id: string, answer: AnswerInConversation): Promise<void> {
    const approval = this.#waiting.get(id);
    if (!approval) return;
    if (answer === 'refuse' || answer === 'once') return approval.settle(answer === 'once' ? 'once' : 'refused');
    const { conversation } = approval.call.origin ?? {};
    let kept: Answered = 'once';
    try {
      const definition = await this.#definition(approval.call);
      if (definition === undefined || (answer === 'conversation' && conversation === undefined)) return;
      await this.grants.add(approval.call, definition, LIFETIMES_MS[answer], answer === 'conversation' ? conversation : undefined);
      kept = answer;
    } finally {
      // It was allowed, even if that could not be kept.
      approval.settle(kept);
    }
  }

  #believed(call: IncomingCall): IncomingCall {
    const { conversation, ...origin } = call.origin ?? {};
    if (conversation === undefined || conversation === this.#options.conversationWith?.(call.caller.person)) return call;
    return { ...call, origin };
  }

  async #relationTo(person: PersonId): Promise<Relation> {
    const { me, isContact } = this.#options;
    if (person === me) return 'devices';
    return (await isContact?.(person).catch(() => false)) ? 'contacts' : 'everyone';
  }

  async #consent(call: IncomingCall, relation: Relation, signal: AbortSignal, asked?: () => void): Promise<Basis | Verdict> {
    const definition = await this.#definition(call);
    const grant = definition === undefined ? undefined : await this.grants.find(call, definition);
    if (grant) return { kind: 'grant', id: grant.id };
    if (signal.aborted) return 'refused';
    const ofCaller = [...this.#waiting.values()].filter(({ call: other }) => other.caller.person === call.caller.person).length;
    if (this.#waiting.size >= LIMITS.maxWaitingApprovals || ofCaller >= LIMITS.maxWaitingApprovalsPerCaller) return 'overloaded';
    asked?.();
    const answered = await this.#ask(call, relation, signal);
    if (!isLeave(answered)) return answered;
    // What was taken back while the owner thought about it holds.
    if (ruleFor(this.permissions.of(call.agent.id), relation, call) === 'never') return 'refused';
    return { kind: 'asked', answer: answered };
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
      consent: consentOf(basis),
      stop: controller.signal,
      ended: () => {
        cancelTimer();
        this.#running.delete(running);
        giveBack();
      },
    };
  }

  #ask(call: IncomingCall, relation: Relation, signal: AbortSignal): Promise<Answered> {
    const id = String(this.#nextId++);
    const { clock } = this.#options;
    const expiresAt = clock.now() + LIMITS.approvalTimeoutMs;
    return new Promise((resolve) => {
      const settle = (answered: Answered) => {
        if (!this.#waiting.delete(id)) return;
        cancelTimer();
        signal.removeEventListener('abort', onAbort);
        resolve(answered);
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
    this.#events.emit('access', (_, concerned) => concerned === agent);
  }

  #revoked(grant: string): void {
    for (const { basis, stop } of [...this.#running]) if (basis.kind === 'grant' && basis.id === grant) stop('revoked');
    for (const { call, settle } of [...this.#waiting.values()]) if (isCoveredBy(call, grant)) settle('refused');
  }

  #changed(): void {
    this.#events.emit('changed', [...this.#waiting.values()]);
  }
}

function isCoveredBy(call: IncomingCall, grant: string): boolean {
  const { conversation } = call.origin ?? {};
  return grantId(call) === grant || (conversation !== undefined && grantId(call, conversation) === grant);
}

function isLeave(answered: Answered): answered is Leave {
  return answered === 'once' || answered in LIFETIMES_MS;
}

function consentOf(basis: Basis): Consent {
  if (basis.kind === 'asked') return basis.answer;
  return basis.kind === 'grant' ? 'granted' : 'rule';
}
