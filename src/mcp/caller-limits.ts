import { BoundedMap } from '../base/bounded-map.ts';
import type { AgentId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { IncomingCall } from './incoming-call.ts';
import type { CallRates, Relation } from './permissions.ts';

type Limit = 'rate-limited' | 'overloaded';
type Caller = { readonly bucket: TokenBucket; readonly callsPerMinute: number };

/** How much one person may ask of one agent, and all people never talked with together of all. The owner's own devices are not counted. */
export class CallerLimits {
  readonly #callers = new BoundedMap<string, Caller>(LIMITS.maxRememberedCallers);
  readonly #parallel = new Map<string, number>();
  /** Persons cost nothing to make: a bound for each would be none. */
  #strangers: TokenBucket | undefined;
  readonly #strangerCallsPerMinute: number;

  constructor(strangerCallsPerMinute: number = LIMITS.strangerCallsPerMinute) {
    this.#strangerCallsPerMinute = strangerCallsPerMinute;
  }

  /** Takes a place for the call; answers how to give it back, or what stands in the way. */
  take(call: IncomingCall, relation: Relation, rates: CallRates, now: number): (() => void) | Limit {
    if (relation === 'devices') return () => undefined;
    const key = keyOf(call.caller.person, call.agent.id);
    const running = this.#parallel.get(key) ?? 0;
    if (running >= rates.parallelCalls) return 'overloaded';
    if (!this.#caller(key, rates, now).bucket.take(now)) return 'rate-limited';
    if (relation === 'everyone' && !this.#strangerBucket(now).take(now)) return 'rate-limited';
    this.#parallel.set(key, running + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#parallel.get(key) ?? 1) - 1;
      if (left > 0) this.#parallel.set(key, left);
      else this.#parallel.delete(key);
    };
  }

  #caller(key: string, { callsPerMinute }: CallRates, now: number): Caller {
    const known = this.#callers.get(key);
    if (known?.callsPerMinute === callsPerMinute) return known;
    const caller = { bucket: bucketOf(callsPerMinute, CALLER_BURST_SHARE, now), callsPerMinute };
    this.#callers.set(key, caller);
    return caller;
  }

  #strangerBucket(now: number): TokenBucket {
    return (this.#strangers ??= bucketOf(this.#strangerCallsPerMinute, STRANGER_BURST_SHARE, now));
  }
}

/** What may come at once, of a minute's calls. */
const [CALLER_BURST_SHARE, STRANGER_BURST_SHARE] = [1 / 3, 1 / 2];

function bucketOf(callsPerMinute: number, burstShare: number, now: number): TokenBucket {
  return new TokenBucket(callsPerMinute / 60, Math.max(1, Math.ceil(callsPerMinute * burstShare)), now);
}

function keyOf(person: PersonId, agent: AgentId): string {
  return `${person} ${agent}`;
}
