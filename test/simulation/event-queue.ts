/** What happens when its time has come. A promise holds virtual time until it is settled. */
export type EventAction = () => void | Promise<void>;

type Event = { readonly at: number; readonly sequence: number; readonly action: EventAction };

/** Virtual time in whole milliseconds since the start, and everything that is still to happen: a binary heap by time, then by order of request. */
export class EventQueue {
  readonly #heap: Event[] = [];
  #now = 0;
  #nextSequence = 0;

  get now(): number {
    return this.#now;
  }

  /** How many events have been asked for. */
  get requested(): number {
    return this.#nextSequence;
  }

  /** Runs the action at `at`, rounded up; never in the past. */
  at(at: number, action: EventAction): void {
    this.#push({ at: Math.max(this.#now, Math.ceil(at)), sequence: this.#nextSequence++, action });
  }

  after(delayMs: number, action: EventAction): void {
    this.at(this.#now + delayMs, action);
  }

  /** Runs what is due up to and including `end`, and leaves the clock there. */
  async runUntil(end: number): Promise<void> {
    for (let next = this.#heap[0]; next && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      this.#now = next.at;
      const pending = next.action();
      if (pending) await pending;
    }
    this.#now = end;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above] as Event;
      if (!isEarlier(event, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    const length = heap.length;
    if (length === 0) return;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= length) break;
      if (child + 1 < length && isEarlier(heap[child + 1] as Event, heap[child] as Event)) child++;
      const smaller = heap[child] as Event;
      if (!isEarlier(smaller, last)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
  }
}

function isEarlier(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}
