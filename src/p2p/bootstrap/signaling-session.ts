import { LIMITS } from '../../base/limits.ts';
import { retryDelayMs } from '../../base/retry-delay.ts';
import type { Machine, Wake } from '../../base/machine.ts';
import type { Entropy } from '../../ports/entropy.ts';

export type SignalingSessionState = 'off' | 'connecting' | 'connected' | 'unreachable' | 'refused';

export type SignalingSessionInput =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'challenged'; readonly challenge: Uint8Array }
  | { readonly type: 'welcomed' }
  | { readonly type: 'closed'; readonly code: 'closed-here' | 'signaling-unreachable' | 'signaling-refused'; readonly detail: string }
  /** The platform says that the network may be back: try now. */
  | { readonly type: 'retry-now' };

export type SignalingSessionOutput =
  | { readonly type: 'connect' }
  | { readonly type: 'join'; readonly challenge: Uint8Array }
  | { readonly type: 'disconnect' }
  | { readonly type: 'state'; readonly state: SignalingSessionState; readonly detail?: string };

/** Keeps one connection to the signaling server: joins when challenged, and comes back after every loss, ever more slowly. */
export class SignalingSession implements Machine<SignalingSessionInput, SignalingSessionOutput> {
  readonly #outputs: SignalingSessionOutput[] = [];
  readonly #entropy: Entropy;
  #state: SignalingSessionState = 'off';
  #failures = 0;
  #retryAt: number | undefined;

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  get state(): SignalingSessionState {
    return this.#state;
  }

  handle(input: SignalingSessionInput | Wake, now: number): void {
    switch (input.type) {
      case 'start':
        if (this.#state === 'off') this.#connect();
        return;
      case 'stop':
        if (this.#state === 'off') return;
        this.#retryAt = undefined;
        this.#outputs.push({ type: 'disconnect' });
        return this.#become('off');
      case 'challenged':
        if (this.#state === 'connecting') this.#outputs.push({ type: 'join', challenge: input.challenge });
        return;
      case 'welcomed':
        this.#failures = 0;
        if (this.#state === 'connecting') this.#become('connected');
        return;
      case 'closed':
        return this.#closed(input.code, input.detail, now);
      case 'retry-now':
        if (this.#retryAt !== undefined) this.#connect();
        return;
      case 'wake':
        if (this.#retryAt !== undefined && now >= this.#retryAt) this.#connect();
        return;
    }
  }

  poll(): SignalingSessionOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return this.#retryAt;
  }

  #connect(): void {
    this.#retryAt = undefined;
    this.#outputs.push({ type: 'connect' });
    this.#become('connecting');
  }

  #closed(code: 'closed-here' | 'signaling-unreachable' | 'signaling-refused', detail: string, now: number): void {
    if (this.#state === 'off') return;
    const range = { firstMs: LIMITS.signalingRetryFirstMs, maxMs: LIMITS.signalingRetryMaxMs };
    this.#retryAt = now + retryDelayMs(this.#failures++, range, this.#entropy);
    this.#become(code === 'signaling-refused' ? 'refused' : 'unreachable', detail);
  }

  #become(state: SignalingSessionState, detail?: string): void {
    this.#state = state;
    this.#outputs.push({ type: 'state', state, ...(detail ? { detail } : {}) });
  }
}
