import { LIMITS } from '../../base/limits.ts';
import { earlier, WAKE, type Machine, type Wake } from '../../base/machine.ts';
import { Queue } from '../../base/queue.ts';
import type { Entropy } from '../../ports/entropy.ts';
import { SignalingSession, type SignalingSessionInput, type SignalingSessionOutput, type SignalingSessionState } from './signaling-session.ts';

export type SignalingServersInput =
  /** Something about one server. `start` makes its session. */
  | { readonly type: 'server'; readonly server: number; readonly input: SignalingSessionInput }
  /** Every server that was started. */
  | { readonly type: 'start-all' | 'stop-all' | 'retry-now' };

export type SignalingServersOutput = { readonly server: number; readonly output: Exclude<SignalingSessionOutput, { readonly type: 'state' }> };

/** In the order of what they are worth: the state of all is the best of any. */
const STATES: readonly SignalingSessionState[] = ['connected', 'connecting', 'refused', 'unreachable', 'off'];

/** The sessions with all signaling servers: the app's own, and those that it told of. One that answers is enough. */
export class SignalingServers implements Machine<SignalingServersInput, SignalingServersOutput> {
  readonly #entropy: Entropy;
  readonly #sessions = new Map<number, SignalingSession>();
  readonly #outputs = new Queue<SignalingServersOutput>();

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  get state(): SignalingSessionState {
    const states = [...this.#sessions.values()].map((session) => session.state);
    return STATES.find((state) => states.includes(state)) ?? 'off';
  }

  stateOf(server: number): SignalingSessionState {
    return this.#sessions.get(server)?.state ?? 'off';
  }

  handle(input: SignalingServersInput | Wake, now: number): void {
    if (input.type === 'server') this.#toOne(input.server, input.input, now);
    else for (const [server, session] of this.#sessions) this.#give(server, session, SHARED[input.type], now);
  }

  poll(): SignalingServersOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    let next: number | undefined;
    for (const session of this.#sessions.values()) next = earlier(next, session.nextWakeAt());
    return next;
  }

  #toOne(server: number, input: SignalingSessionInput, now: number): void {
    let session = this.#sessions.get(server);
    if (!session) {
      if (input.type !== 'start' || this.#sessions.size >= LIMITS.maxSignalingServers) return;
      this.#sessions.set(server, (session = new SignalingSession(this.#entropy)));
    }
    this.#give(server, session, input, now);
  }

  #give(server: number, session: SignalingSession, input: SignalingSessionInput | Wake, now: number): void {
    session.handle(input, now);
    for (let output = session.poll(); output; output = session.poll()) if (output.type !== 'state') this.#outputs.push({ server, output });
  }
}

const SHARED = { 'start-all': { type: 'start' }, 'stop-all': { type: 'stop' }, 'retry-now': { type: 'retry-now' }, wake: WAKE } as const;
