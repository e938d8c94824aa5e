import { utf8, toBase64url } from '../base/bytes.ts';
import { Emitter } from '../base/emitter.ts';
import { LIMITS } from '../base/limits.ts';
import { sha256 } from '../crypto/hash.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records, Table } from '../ports/records.ts';
import type { PersonId } from '../base/ids.ts';
import type { CallPolicy, IncomingCall } from './agent-host.ts';
import type { Verdict } from './guarded-transport.ts';

export type WaitingApproval = { readonly id: string; readonly call: IncomingCall; readonly expiresAt: number };
export type ApprovalAnswer = 'once' | 'always' | 'refuse';

type Grant = { readonly person: PersonId; readonly agent: string; readonly tool: string; readonly grantedAt: number };

/**
 * The owner's consent. My own devices run what they like; for anybody else a call waits until the owner said "once" or "always" (kept as a
 * grant for this person, agent and tool), and is refused when they say no or nothing.
 */
export class Approvals implements CallPolicy {
  readonly #me: PersonId;
  readonly #grants: Table<Grant>;
  readonly #clock: Clock;
  readonly #events = new Emitter<{ changed: readonly WaitingApproval[] }>();
  readonly #waiting = new Map<string, WaitingApproval & { settle(verdict: Verdict): void }>();
  #nextId = 1;

  constructor(me: PersonId, records: Records, clock: Clock) {
    this.#me = me;
    this.#grants = records.table<Grant>('grants');
    this.#clock = clock;
  }

  onChanged(listener: (waiting: readonly WaitingApproval[]) => void): () => void {
    return this.#events.on('changed', listener);
  }

  async decide(call: IncomingCall, signal: AbortSignal): Promise<Verdict> {
    if (call.caller.person === this.#me) return 'run';
    if (await this.#grants.get(grantKey(call))) return 'run';
    if (signal.aborted || this.#waiting.size >= LIMITS.maxWaitingApprovals) return 'refused';
    return this.#ask(call, signal);
  }

  async answer(id: string, answer: ApprovalAnswer): Promise<void> {
    const approval = this.#waiting.get(id);
    if (!approval) return;
    if (answer === 'always') {
      const { call } = approval;
      await this.#grants.put(grantKey(call), { person: call.caller.person, agent: call.agent.id, tool: call.tool, grantedAt: this.#clock.now() });
    }
    approval.settle(answer === 'refuse' ? 'refused' : 'run');
  }

  #ask(call: IncomingCall, signal: AbortSignal): Promise<Verdict> {
    const id = String(this.#nextId++);
    const expiresAt = this.#clock.now() + LIMITS.approvalTimeoutMs;
    return new Promise((resolve) => {
      const settle = (verdict: Verdict) => {
        if (!this.#waiting.delete(id)) return;
        cancelTimer();
        signal.removeEventListener('abort', onAbort);
        resolve(verdict);
        this.#changed();
      };
      const onAbort = () => settle('refused');
      const cancelTimer = this.#clock.wakeAt(expiresAt, () => settle('expired'));
      signal.addEventListener('abort', onAbort);
      this.#waiting.set(id, { id, call, expiresAt, settle });
      this.#changed();
    });
  }

  #changed(): void {
    this.#events.emit('changed', [...this.#waiting.values()]);
  }
}

/** Tool names are a peer's text of any length: hashed. */
function grantKey(call: IncomingCall): string {
  return toBase64url(sha256(utf8(JSON.stringify([call.caller.person, call.agent.id, call.tool]))));
}
