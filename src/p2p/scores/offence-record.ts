import { LIMITS } from '../../base/limits.ts';
import type { Offence } from '../neighbours.ts';

/**
 * What one offence weighs, and whether repetition weighs more than its sum (GossipSub 1.1: P4, invalid messages, and P7, behaviour, are squared). What
 * an unlucky honest node may do weighs little and is not squared.
 */
const WEIGHTS: Readonly<Record<Offence, { readonly weight: number; readonly isSquared: boolean }>> = {
  malformed: { weight: 10, isSquared: true },
  invalid: { weight: 10, isSquared: true },
  flood: { weight: 5, isSquared: true },
  'broken-promise': { weight: 5, isSquared: true },
  stale: { weight: 1, isSquared: false },
};

/** Counts lose one in a hundred each second: half after 69 s. */
const DECAY_PER_SECOND = 0.99;
const OFFENCES = Object.keys(WEIGHTS) as readonly Offence[];

/** The offences of one node or person, each count decaying, and how often it was refused. */
export class OffenceRecord {
  readonly #counts = new Map<Offence, number>();
  #at: number;
  refusedUntil = -Infinity;
  #refusals = 0;

  constructor(now: number) {
    this.#at = now;
  }

  add(offence: Offence, now: number): void {
    this.#decay(now);
    this.#counts.set(offence, (this.#counts.get(offence) ?? 0) + 1);
  }

  /** Zero or below. */
  score(now: number): number {
    this.#decay(now);
    let score = 0;
    for (const offence of OFFENCES) {
      const count = this.#counts.get(offence) ?? 0;
      const { weight, isSquared } = WEIGHTS[offence];
      score -= weight * (isSquared ? count ** 2 : count);
    }
    return score;
  }

  /** Refuses from now on, longer each time; answers until when. */
  refuse(now: number): number {
    if (now > this.refusedUntil + LIMITS.scoreForgetsMs) this.#refusals = 0;
    this.refusedUntil = now + Math.min(LIMITS.scoreRefuseMs * 2 ** this.#refusals, LIMITS.scoreRefuseMaxMs);
    this.#refusals++;
    return this.refusedUntil;
  }

  #decay(now: number): void {
    const seconds = Math.max(0, now - this.#at) / 1_000;
    if (seconds === 0) return;
    const factor = DECAY_PER_SECOND ** seconds;
    for (const [offence, count] of this.#counts) this.#counts.set(offence, count * factor);
    this.#at = now;
  }
}
