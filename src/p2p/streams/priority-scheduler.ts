/** 0 control, 1 interactive, 2 bulk. */
export type PriorityClass = 0 | 1 | 2;

const CLASSES: readonly PriorityClass[] = [0, 1, 2];

/** Which stream sends next: the most urgent class first, its streams in turn. */
export class PriorityScheduler {
  /** Ids of streams that have something to send, in the order of their turns. */
  readonly #ready = [new Set<number>(), new Set<number>(), new Set<number>()] as const;

  add(id: number, priority: PriorityClass): void {
    this.#ready[priority].add(id);
  }

  delete(id: number, priority: PriorityClass): void {
    this.#ready[priority].delete(id);
  }

  /**
   * Asks the streams in turn. `take` answers what to send from, `idle` for a stream that has nothing to send now (it leaves until it is added again),
   * or `blocked` for one that must be the next of its class to begin: nobody of the class begins before it, or a large message would wait for ever.
   * Those that have begun go on behind it (`mayBegin` is false for them): what they took has to come back for it.
   */
  pick<T extends object>(
    lowest: PriorityClass,
    take: (id: number, priority: PriorityClass, mayBegin: boolean) => T | 'idle' | 'blocked',
  ): T | undefined {
    for (const priority of CLASSES) {
      if (priority > lowest) return undefined;
      const ready = this.#ready[priority];
      let mayBegin = true;
      for (const id of ready) {
        const taken = take(id, priority, mayBegin);
        if (taken === 'blocked') {
          mayBegin = false;
          continue;
        }
        ready.delete(id);
        if (taken === 'idle') continue;
        ready.add(id);
        return taken;
      }
    }
    return undefined;
  }
}
