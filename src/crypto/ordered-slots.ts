import { Queue } from '../base/queue.ts';

type Slot<T> = { value: T | undefined; isDone: boolean };

/** Results in the order in which they were begun, whatever the order in which they are finished. */
export class OrderedSlots<T> {
  readonly #slots = new Queue<Slot<T>>();
  readonly #jobs = new Map<number, Slot<T>>();
  readonly #emit: (value: T) => void;

  constructor(emit: (value: T) => void) {
    this.#emit = emit;
  }

  /** What was begun and has not come out. */
  get length(): number {
    return this.#slots.length;
  }

  /** Something that needs no work; it still waits for what was begun before it. */
  push(value: T): void {
    if (this.#slots.length === 0) this.#emit(value);
    else this.#slots.push({ value, isDone: true });
  }

  begin(job: number): void {
    const slot: Slot<T> = { value: undefined, isDone: false };
    this.#slots.push(slot);
    this.#jobs.set(job, slot);
  }

  /** `undefined`: nothing comes out for the job. */
  finish(job: number, value: T | undefined): void {
    const slot = this.#jobs.get(job);
    if (!slot) return;
    this.#jobs.delete(job);
    slot.value = value;
    slot.isDone = true;
    for (let head = this.#slots.peek(); head?.isDone; head = this.#slots.peek()) {
      this.#slots.shift();
      if (head.value !== undefined) this.#emit(head.value);
    }
  }

  clear(): void {
    this.#slots.clear();
    this.#jobs.clear();
  }
}
