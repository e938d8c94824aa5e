import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { RtcSignal } from '../../ports/rtc.ts';

/** One attempt to open a link with a node, from the first introduction to the open link. */
export class Dial {
  readonly key: number;
  readonly node: NodeId;
  /** Drawn by the dialler; all introductions of the attempt carry it. */
  readonly dialId: Uint8Array;
  readonly isOutgoing: boolean;
  readonly sealingKey: Uint8Array;
  readonly startedAt: number;
  readonly deadline: number;
  /** Said to be slow already. */
  isSlow = false;
  /** By when the link has to be open, if the other side answered, so that the attempt is not slow. */
  #slowAt: number;
  remoteHello: Uint8Array | undefined;
  hasDescription = false;
  /** The description, while it waits for the first candidates. */
  unsentDescription: 'offer' | 'answer' | undefined;
  flushAt: number | undefined;
  #nextSeq = 0;
  #pending: RtcSignal[] = [];

  constructor(options: {
    readonly key: number;
    readonly node: NodeId;
    readonly dialId: Uint8Array;
    readonly isOutgoing: boolean;
    readonly sealingKey: Uint8Array;
    readonly now: number;
    readonly remoteHello?: Uint8Array;
  }) {
    this.key = options.key;
    this.node = options.node;
    this.dialId = options.dialId;
    this.isOutgoing = options.isOutgoing;
    this.sealingKey = options.sealingKey;
    this.startedAt = options.now;
    this.#slowAt = options.now + LIMITS.slowDialMs;
    this.deadline = options.now + LIMITS.dialTimeoutMs;
    this.remoteHello = options.remoteHello;
  }

  /** When it is known to be slow: the other side answered and there is no link. */
  get slowAt(): number | undefined {
    return this.isSlow || !this.remoteHello ? undefined : this.#slowAt;
  }

  /** Nothing can be said of it yet. */
  allowLonger(now: number): void {
    this.#slowAt = now + LIMITS.slowDialMs;
  }

  takeSeq(): number {
    return this.#nextSeq++;
  }

  addSignal(signal: RtcSignal): void {
    if (this.#pending.length < LIMITS.maxSignalsPerIntroduction) this.#pending.push(signal);
  }

  takeSignals(): readonly RtcSignal[] {
    const signals = this.#pending;
    this.#pending = [];
    this.flushAt = undefined;
    return signals;
  }
}
