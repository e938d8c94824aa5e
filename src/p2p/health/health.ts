import { equalBytes, uint64be } from '../../base/bytes.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Machine, Wake } from '../../base/machine.ts';

export type HealthInput =
  /** Something authentic came from the peer. */
  | { readonly type: 'heard' }
  /** Something went to the peer that it will probably answer. */
  | { readonly type: 'sent' }
  | { readonly type: 'pong'; readonly nonce: Uint8Array }
  /** The platform woke up or changed networks: ask at once. */
  | { readonly type: 'check' };

export type HealthOutput =
  | { readonly type: 'ping'; readonly nonce: Uint8Array }
  | { readonly type: 'round-trip'; readonly smoothedMs: number }
  /** Over relays: what was sent is not answered, nor is the question about it. Again with each question that is not. */
  | { readonly type: 'doubtful' }
  /** Nothing was heard for too long: the peer is gone. */
  | { readonly type: 'silent' };

/** The smoothing of RFC 6298 §2.3: an eighth of each new sample. */
const SMOOTHING = 1 / 8;

/** Quickly: because the platform said that something happened, or because an answer does not come. */
type Urgency = 'after an event' | 'about an answer';
type Ping = { readonly nonce: Uint8Array; readonly sentAt: number; readonly deadline: number; readonly how: Urgency | undefined };

/**
 * Whether the peer of one session is still there. It is asked only when it is silent, or when our own platform says that something happened;
 * and when our own timers come far too late, we slept, so the peer gets its time anew. Over relays, any of which may fall silent, it is asked as well when
 * something was sent and nothing came back.
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
  readonly #isOverRelays: boolean;
  /** When the oldest was sent after which nothing was heard. */
  #unansweredSince: number | undefined;
  #isDoubtful = false;

  constructor(now: number, isOverRelays = false) {
    this.#isOverRelays = isOverRelays;
    this.#lastHeardAt = now;
    this.#ask(now);
  }

  /** The round trip, smoothed; `undefined` before the first. */
  get smoothedMs(): number | undefined {
    return this.#smoothedMs;
  }

  get isDoubtful(): boolean {
    return this.#isDoubtful;
  }

  handle(input: HealthInput | Wake, now: number): void {
    if (this.#isSilent) return;
    switch (input.type) {
      case 'heard':
        return this.#heard(now);
      case 'sent':
        if (this.#isOverRelays) this.#unansweredSince ??= now;
        return;
      case 'pong':
        return this.#pong(input.nonce, now);
      case 'check':
        this.#unanswered = LIMITS.maxUnansweredPings - 2;
        return this.#ask(now, 'after an event');
      case 'wake':
        return this.#wake(now);
    }
  }

  poll(): HealthOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    if (this.#isSilent) return undefined;
    this.#expectedWakeAt = this.#ping
      ? Math.min(this.#ping.deadline, this.#askAt ?? Infinity)
      : (this.#askAt ?? this.#lastHeardAt + LIMITS.pingAfterSilenceMs);
    return this.#expectedWakeAt;
  }

  /** When the peer is asked why it does not answer; not while it is asked that already. */
  get #askAt(): number | undefined {
    if (this.#unansweredSince === undefined || this.#isDoubtful || this.#ping?.how) return undefined;
    const waitMs = Math.min(Math.max(3 * (this.#smoothedMs ?? 0), LIMITS.minAnswerWaitMs), LIMITS.maxAnswerWaitMs);
    return this.#unansweredSince + waitMs;
  }

  #heard(now: number): void {
    this.#lastHeardAt = now;
    this.#unanswered = 0;
    this.#unansweredSince = undefined;
    this.#isDoubtful = false;
  }

  #wake(now: number): void {
    const hasStalled = this.#expectedWakeAt !== undefined && now > this.#expectedWakeAt + LIMITS.stallMs;
    if (hasStalled) {
      this.#unanswered = 0;
      if (this.#unansweredSince !== undefined) this.#unansweredSince = now;
      return this.#ask(now, 'after an event');
    }
    if (this.#ping && now >= this.#ping.deadline) return this.#missed(now);
    if (this.#askAt !== undefined && now >= this.#askAt) return this.#ask(now, 'about an answer');
    if (!this.#ping && now >= this.#lastHeardAt + LIMITS.pingAfterSilenceMs) this.#ask(now);
  }

  #missed(now: number): void {
    // Other traffic proves as well as a pong that the peer is there.
    if (this.#ping && this.#lastHeardAt >= this.#ping.sentAt) {
      this.#ping = undefined;
      return;
    }
    // A path that is in doubt is no sign yet that the peer is gone: it is asked as often as ever.
    if (this.#ping?.how !== 'about an answer') this.#unanswered++;
    if (this.#unanswered >= LIMITS.maxUnansweredPings) {
      this.#isSilent = true;
      return void this.#outputs.push({ type: 'silent' });
    }
    if (this.#isOverRelays) {
      this.#isDoubtful = true;
      this.#outputs.push({ type: 'doubtful' });
    }
    this.#ask(now);
  }

  #ask(now: number, how?: Urgency): void {
    const nonce = uint64be(this.#pings++);
    this.#ping = { nonce, sentAt: now, deadline: now + (how ? LIMITS.urgentPingTimeoutMs : LIMITS.pingTimeoutMs), how };
    this.#outputs.push({ type: 'ping', nonce });
  }

  #pong(nonce: Uint8Array, now: number): void {
    if (!this.#ping || !equalBytes(this.#ping.nonce, nonce)) return;
    const sampleMs = Math.max(0, now - this.#ping.sentAt);
    this.#smoothedMs = this.#smoothedMs === undefined ? sampleMs : this.#smoothedMs + (sampleMs - this.#smoothedMs) * SMOOTHING;
    this.#ping = undefined;
    this.#heard(now);
    this.#outputs.push({ type: 'round-trip', smoothedMs: this.#smoothedMs });
  }
}
