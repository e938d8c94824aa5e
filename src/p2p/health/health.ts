import { equalBytes, uint64be } from '../../base/bytes.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Machine, Wake } from '../../base/machine.ts';

export type HealthInput =
  /** Something authentic came from the peer. */
  | { readonly type: 'heard' }
  | { readonly type: 'pong'; readonly nonce: Uint8Array }
  /** The platform woke up or changed networks: ask at once. */
  | { readonly type: 'check' };

export type HealthOutput =
  | { readonly type: 'ping'; readonly nonce: Uint8Array }
  | { readonly type: 'round-trip'; readonly smoothedMs: number }
  /** Nothing was heard for too long: the peer is gone. */
  | { readonly type: 'silent' };

/** The smoothing of RFC 6298 §2.3: an eighth of each new sample. */
const SMOOTHING = 1 / 8;

type Ping = { readonly nonce: Uint8Array; readonly sentAt: number; readonly deadline: number };

/**
 * Whether the peer of one session is still there. It is asked only when it is silent, or when our own platform says that something happened;
 * and when our own timers come far too late, we slept, so the peer gets its time anew.
 */
export class Health implements Machine<HealthInput, HealthOutput> {
  readonly #outputs: HealthOutput[] = [];
  #lastHeardAt: number;
  #ping: Ping | undefined;
  #unanswered = 0;
  #pings = 0n;
  #smoothedMs: number | undefined;
  #expectedWakeAt: number | undefined;
  #isSilent = false;

  constructor(now: number) {
    this.#lastHeardAt = now;
    this.#send(now, LIMITS.pingTimeoutMs);
  }

  handle(input: HealthInput | Wake, now: number): void {
    if (this.#isSilent) return;
    switch (input.type) {
      case 'heard':
        this.#lastHeardAt = now;
        this.#unanswered = 0;
        return;
      case 'pong':
        return this.#pong(input.nonce, now);
      case 'check':
        this.#unanswered = LIMITS.maxUnansweredPings - 2;
        return this.#send(now, LIMITS.urgentPingTimeoutMs);
      case 'wake':
        return this.#wake(now);
    }
  }

  poll(): HealthOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    if (this.#isSilent) return undefined;
    this.#expectedWakeAt = this.#ping ? this.#ping.deadline : this.#lastHeardAt + LIMITS.pingAfterSilenceMs;
    return this.#expectedWakeAt;
  }

  #wake(now: number): void {
    const hasStalled = this.#expectedWakeAt !== undefined && now > this.#expectedWakeAt + LIMITS.stallMs;
    if (hasStalled) {
      this.#unanswered = 0;
      return this.#send(now, LIMITS.urgentPingTimeoutMs);
    }
    if (this.#ping && now >= this.#ping.deadline) return this.#missed(now);
    if (!this.#ping && now >= this.#lastHeardAt + LIMITS.pingAfterSilenceMs) this.#send(now, LIMITS.pingTimeoutMs);
  }

  #missed(now: number): void {
    // Other traffic proves as well as a pong that the peer is there.
    if (this.#ping && this.#lastHeardAt >= this.#ping.sentAt) {
      this.#ping = undefined;
      return;
    }
    this.#unanswered++;
    if (this.#unanswered < LIMITS.maxUnansweredPings) return this.#send(now, LIMITS.pingTimeoutMs);
    this.#isSilent = true;
    this.#outputs.push({ type: 'silent' });
  }

  #send(now: number, timeoutMs: number): void {
    const nonce = uint64be(this.#pings++);
    this.#ping = { nonce, sentAt: now, deadline: now + timeoutMs };
    this.#outputs.push({ type: 'ping', nonce });
  }

  #pong(nonce: Uint8Array, now: number): void {
    if (!this.#ping || !equalBytes(this.#ping.nonce, nonce)) return;
    const sampleMs = Math.max(0, now - this.#ping.sentAt);
    this.#smoothedMs = this.#smoothedMs === undefined ? sampleMs : this.#smoothedMs + (sampleMs - this.#smoothedMs) * SMOOTHING;
    this.#ping = undefined;
    this.#unanswered = 0;
    this.#lastHeardAt = now;
    this.#outputs.push({ type: 'round-trip', smoothedMs: this.#smoothedMs });
  }
}
