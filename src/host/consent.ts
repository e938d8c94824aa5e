import type { AgentId, PersonId } from '../base/ids.ts';
import type { CallPolicy, Concerned } from '../mcp/agent-host.ts';
import type { IncomingCall, Permit, Verdict } from '../mcp/incoming-call.ts';
import type { Approvals } from '../mcp/approvals.ts';
import type { AgentAccess } from '../mcp/permissions.ts';
import type { Policy } from './policy.ts';

/** What a host's owner allows: their policy file decides, and where it says `ask`, they themselves (`parley host approve`). */
export class HostConsent implements CallPolicy {
  readonly #me: PersonId;
  #policy: Policy;
  readonly #approvals: Approvals;
  readonly #listeners: ((concerned: Concerned) => void)[] = [];

  constructor(me: PersonId, policy: Policy, approvals: Approvals) {
    this.#me = me;
    this.#policy = policy;
    this.#approvals = approvals;
  }

  /** From now on the calls that come are judged by this policy. */
  setPolicy(policy: Policy): void {
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
    switch (this.#policy.ruleFor(caller.person, agent.id, kind === 'tool' ? tool : method)) {
      case 'run':
        return 'run';
      case 'never':
        return 'not-for-you';
      case 'ask':
        return this.#approvals.decide(call, signal, asked);
    }
  }
}
