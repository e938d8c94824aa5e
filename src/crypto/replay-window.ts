/** Bits in one word of the bitmap. */
const WORD_BITS = 32;

/**
 * Which counters of one direction were seen, as in RFC 6479: a sliding bitmap behind the highest counter. What is older than the window counts as seen.
 * `windowFrames` is a multiple of 32.
 */
export class ReplayWindow {
  readonly #windowFrames: number;
  readonly #words: Uint32Array;
  #highest = -1;

  constructor(windowFrames: number) {
    this.#windowFrames = windowFrames;
    // One word more than the window: the one that is being cleared while the highest counter enters it.
    this.#words = new Uint32Array(windowFrames / WORD_BITS + 1);
  }

  /** Whether `accept` would take it: to be asked before the costly decryption. */
  isFresh(counter: number): boolean {
    if (counter > this.#highest) return true;
    if (counter <= this.#highest - this.#windowFrames) return false;
    return ((this.#word(counter) >>> (counter % WORD_BITS)) & 1) === 0;
  }

  /** Marks an authentic counter as seen; false when it was, or may have been. */
  accept(counter: number): boolean {
    if (!this.isFresh(counter)) return false;
    const size = this.#words.length;
    const index = Math.floor(counter / WORD_BITS);
    const highestIndex = Math.floor(this.#highest / WORD_BITS);
    for (let i = highestIndex + 1; i <= index && i <= highestIndex + size; i++) this.#words[i % size] = 0;
    if (index > highestIndex + size) this.#words.fill(0);
    this.#highest = Math.max(this.#highest, counter);
    const slot = index % size;
    this.#words[slot] = (this.#words[slot] as number) | (1 << (counter % WORD_BITS));
    return true;
  }

  #word(counter: number): number {
    return this.#words[Math.floor(counter / WORD_BITS) % this.#words.length] as number;
  }
}
