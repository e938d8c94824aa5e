import { LIMITS } from './limits.ts';

/**
 * Whether this node's own turns come late: the machine has too much to do, or the tab is out of sight. Then an answer that is not there
 * yet may lie unread here, and doing more at the same time makes everything slower still.
 */
export class LateTurns {
  #until = Number.NEGATIVE_INFINITY;

  /** A wake-up came at `now` that was due at `dueAt`, if there was one. */
  woke(dueAt: number | undefined, now: number): void {
    if (dueAt !== undefined && now - dueAt >= LIMITS.lateTurnMs) this.#until = now + LIMITS.lateTurnsMs;
  }

  /** Whether one came late a short while ago. */
  areComing(now: number): boolean {
    return now < this.#until;
  }
}
