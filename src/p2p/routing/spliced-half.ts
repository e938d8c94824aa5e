import { Queue } from '../../base/queue.ts';

/** One direction of a circuit through this node: what came from one leg and did not leave on the other yet. */
export class SplicedHalf {
  /** Came, and waits for the circuit's rate. */
  readonly #held = new Queue<Uint8Array>();
  /** Sizes of what was given to the next stream and is not on its way yet. */
  readonly #leaving = new Queue<number>();
  #bytes = 0;
  /** The sender said that nothing follows. */
  hasEnded = false;
  hasForwardedEnd = false;

  /** What this node holds for the direction. */
  get bytes(): number {
    return this.#bytes;
  }

  push(message: Uint8Array): void {
    this.#held.push(message);
    this.#bytes += message.length;
  }

  peek(): Uint8Array | undefined {
    return this.#held.peek();
  }

  /** The next message goes to the next stream. */
  forward(): void {
    const message = this.#held.shift();
    if (message) this.#leaving.push(message.length);
  }

  /** The oldest of those is on its way; answers its size. */
  left(): number | undefined {
    const bytes = this.#leaving.shift();
    this.#bytes -= bytes ?? 0;
    return bytes;
  }

  /** Sizes of everything that will not go on any more. */
  drain(): readonly number[] {
    const sizes: number[] = [];
    for (let bytes = this.#leaving.shift(); bytes !== undefined; bytes = this.#leaving.shift()) sizes.push(bytes);
    for (let message = this.#held.shift(); message; message = this.#held.shift()) sizes.push(message.length);
    this.#bytes = 0;
    return sizes;
  }

  get isEndDue(): boolean {
    return this.hasEnded && !this.hasForwardedEnd && this.#held.length === 0;
  }
}
