import type { Clock } from '../../src/ports/clock.ts';

/** A clock in the test's hand. Between two moments everything that was promised is let happen. */
export class VirtualClock implements Clock {
  #now = 1_800_000_000_000;
  #next = 0;
  readonly #waiting = new Map<number, { readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  wakeAt(at: number, callback: () => void): () => void {
    const id = this.#next++;
    this.#waiting.set(id, { at, callback });
    return () => this.#waiting.delete(id);
  }

  /** Runs everything that is due within the next `ms` milliseconds, in order of time, then of request. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      let next: [number, { readonly at: number; readonly callback: () => void }] | undefined;
      for (const entry of this.#waiting) if (entry[1].at <= end && (!next || entry[1].at < next[1].at)) next = entry;
      if (!next) break;
      this.#waiting.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].callback();
    }
    this.#now = end;
  }
}

/** Lets promises run, those of signatures and stores included: some of them take more than one turn of the loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
