/** One slot a second; a deadline further away than the wheel is long goes round again. */
const SLOTS = 64;
const SLOT_MS = 1000;

export interface Scheduled {
  /** When it is due, in milliseconds of the wheel's clock; written by the wheel only. */
  dueAt: number;
}

/**
 * Deadlines of many items behind one timer: a timer per socket would cost more memory than the socket's own state. Coarse: an
 * item comes up within a second after it is due.
 */
export class DeadlineWheel<Item extends Scheduled> {
  readonly #slots: Set<Item>[] = Array.from({ length: SLOTS }, () => new Set());
  #nextSlotAt: number;

  constructor(now: number) {
    this.#nextSlotAt = Math.floor(now / SLOT_MS);
  }

  schedule(item: Item, dueAt: number): void {
    this.cancel(item);
    // A slot that the wheel has passed comes round only a turn later: what is due already goes into the next one.
    item.dueAt = Math.max(dueAt, this.#nextSlotAt * SLOT_MS);
    this.#slotOf(item.dueAt).add(item);
  }

  cancel(item: Item): void {
    this.#slotOf(item.dueAt).delete(item);
  }

  /** Hands every item that is due by `now` to `due`, off the wheel; `due` may schedule it again. */
  advance(now: number, due: (item: Item) => void): void {
    const last = Math.floor(now / SLOT_MS) - 1;
    // After a long sleep of the machine one turn sees every slot.
    this.#nextSlotAt = Math.max(this.#nextSlotAt, last - SLOTS + 1);
    for (; this.#nextSlotAt <= last; this.#nextSlotAt++) {
      const slot = this.#slots[this.#nextSlotAt % SLOTS] as Set<Item>;
      for (const item of [...slot]) {
        if (item.dueAt > now) continue;
        slot.delete(item);
        due(item);
      }
    }
  }

  #slotOf(dueAt: number): Set<Item> {
    return this.#slots[Math.floor(dueAt / SLOT_MS) % SLOTS] as Set<Item>;
  }
}
