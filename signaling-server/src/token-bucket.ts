/** `ratePerSecond` tokens a second, at most `burst` at once; a new bucket is full. `now` in milliseconds. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  constructor(burst: number, now: number) {
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes one token if there is one. Rate and burst are the caller's, so that thousands of buckets do not each hold them. */
  take(ratePerSecond: number, burst: number, now: number): boolean {
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(0, now - this.#at) * ratePerSecond) / 1000);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whether the bucket has filled up again by `now`: it may be forgotten. */
  isFull(ratePerSecond: number, burst: number, now: number): boolean {
    return this.#tokens + ((now - this.#at) * ratePerSecond) / 1000 >= burst;
  }
}
