import type { Violation, ViolationSink } from './checker.ts';

/** One sentence for each kind is enough; a broken run could fill the memory with them. */
const MAX_PER_CHECKER = 10;

/** All violations of a run; of each checker the first few, and how many there were. */
export class Violations implements ViolationSink {
  readonly #now: () => number;
  readonly #found: Violation[] = [];
  readonly #counts = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  report(violation: Omit<Violation, 'atMs'>): void {
    const count = (this.#counts.get(violation.checker) ?? 0) + 1;
    this.#counts.set(violation.checker, count);
    if (count <= MAX_PER_CHECKER) this.#found.push({ ...violation, atMs: this.#now() });
  }

  all(): readonly Violation[] {
    const more = [...this.#counts].filter(([, count]) => count > MAX_PER_CHECKER);
    const notes = more.map(([checker, count]) => ({ checker, atMs: this.#now(), detail: `… ${count} in all` }));
    return [...this.#found, ...notes];
  }
}
