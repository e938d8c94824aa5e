import { LIMITS } from '../base/limits.ts';
import { TokenBucket } from '../base/token-bucket.ts';

/**
 * A data channel knows that a packet is lost when three later ones were acknowledged (RFC 9260 §7.2.4), and has it there again a round trip after them. Behind
 * the last packet of a message there are none: it waits for the retransmission timeout, 400 ms and more. So a frame that somebody waits for is followed by
 * three small ones, unless others follow anyway.
 */
export class Followers {
  readonly #bucket: TokenBucket;
  #missing = 0;
  #dueAt: number | undefined;

  constructor(now: number) {
    this.#bucket = new TokenBucket(LIMITS.followedFramesPerSecond, LIMITS.followedFramesBurst, now);
  }

  nextWakeAt(): number | undefined {
    return this.#dueAt;
  }

  /** A frame went to the link, and nothing else needs to go soon. */
  want(now: number): void {
    this.#missing = LIMITS.followingFrames;
    this.#dueAt = now + LIMITS.followAfterMs;
  }

  /** Another frame went to the link. */
  sent(): void {
    if (this.#missing > 0 && --this.#missing === 0) this.#dueAt = undefined;
  }

  /** How many small frames are to go now. A timer that comes late, as in a tab that nobody looks at, is of no use: the timeout comes before. */
  take(now: number): number {
    if (this.#dueAt === undefined || now < this.#dueAt) return 0;
    const isLate = now > this.#dueAt + LIMITS.followWithinMs;
    const count = isLate || !this.#bucket.take(now) ? 0 : this.#missing;
    this.#missing = 0;
    this.#dueAt = undefined;
    return count;
  }
}
