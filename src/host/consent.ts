import type { AgentId, PersonId } from '../base/ids.ts';
import type { CallPolicy, Concerned } from '../mcp/agent-host.ts';
import { LISTEN, type IncomingCall, type Permit, type Verdict } from '../mcp/incoming-call.ts';
import type { Approvals } from '../mcp/approvals.ts';
import { CallerLimits } from '../mcp/caller-limits.ts';
import type { AgentAccess } from '../mcp/permissions.ts';
import type { Policy } from './policy.ts';

/** What a host's owner allows: their policy file decides, and where it says `ask`, they themselves (`parley host approve`). */
export class HostConsent implements CallPolicy {
  readonly #me: PersonId;
  #policy: Policy;
  readonly #approvals: Approvals;
  #limits: CallerLimits;
  readonly #listeners: ((concerned: Concerned) => void)[] = [];

  constructor(me: PersonId, policy: Policy, approvals: Approvals) {
    this.#me = me;
    this.#policy = policy;
    this.#approvals = approvals;
    this.#limits = new CallerLimits(policy.strangerCallsPerMinute);
  }

  /** From now on the calls that come are judged by this policy. */
  setPolicy(policy: Policy): void {
    // What callers used up stays used up, unless there is another measure for it.
    if (policy.strangerCallsPerMinute !== this.#policy.strangerCallsPerMinute) this.#limits = new CallerLimits(policy.strangerCallsPerMinute);
    this.#policy = policy;
    for (const listener of this.#listeners) listener(() => true);
  }

  isMine(person: PersonId): boolean {
    return person === this.#me;
  }

  /** Whether the agent is there for the person at all. */
  mayMeet(person: PersonId, agent: AgentId): boolean {
    return this.isMine(person) || this.#policy.mayMeet(person, agent);
  }

  /** Whether the network is told of the agent. */
  isOffered(agent: AgentId): boolean {
    return this.#policy.isOffered(agent);
  }

  // eslint-disable-next-line typescript/require-await -- the policy's interface is asynchronous
  async accessOf(person: PersonId, agent: AgentId): Promise<AgentAccess> {
    return this.isMine(person) ? { rest: 'run', tools: new Map() } : this.#policy.accessOf(person, agent);
  }

  onAccessChanged(listener: (concerned: Concerned) => void): void {
    this.#listeners.push(listener);
  }

  // eslint-disable-next-line typescript/require-await -- what is thrown here must be a rejection, which is a refusal
  async decide(call: IncomingCall, signal: AbortSignal, asked?: () => void): Promise<Verdict | Permit> {
    const { caller, agent, kind, method, tool } = call;
    if (this.isMine(caller.person)) return 'run';
    // The two revisions have two names for watching a resource.
    const ruled = kind === 'tool' ? tool : method === LISTEN ? 'resources/subscribe' : method;
    const rule = this.#policy.ruleFor(caller.person, agent.id, ruled);
    const judgement = {
      rule,
      relation: this.#policy.names(caller.person) ? 'contacts' : 'everyone',
      rates: this.#policy.ratesOf(agent.id, rule),
      limits: this.#limits,
    } as const;
    return this.#approvals.decideBy(judgement, call, signal, asked);
  }
}
