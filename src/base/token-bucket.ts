/** A token bucket: `ratePerSecond` tokens a second, at most `burst` at once. */
export class TokenBucket {
  readonly #ratePerMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(ratePerSecond: number, burst: number, now: number) {
    this.#ratePerMs = ratePerSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes `count` tokens if there are as many; answers whether it did. */
  take(now: number, count = 1): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#at) * this.#ratePerMs);
    this.#at = Math.max(this.#at, now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Puts back what was taken for something that turned out to be in order. */
  giveBack(now: number, count = 1): void {
    this.take(now, 0);
    this.#tokens = Math.min(this.#burst, this.#tokens + count);
  }
}
