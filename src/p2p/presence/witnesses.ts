import { BoundedMap } from '../../base/bounded-map.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';

type Record = { occasions: number; lastAt: number; distrustedUntil: number };

/**
 * Whose notices turned out to be false. A link that breaks, or a split that heals, refutes honest witnesses too, many of their notices at once: so
 * occasions are counted, not notices.
 */
export class Witnesses {
  readonly #records = new BoundedMap<NodeId, Record>(LIMITS.maxPresenceWitnesses);

  isTrusted(witness: NodeId, now: number): boolean {
    return (this.#records.get(witness)?.distrustedUntil ?? 0) <= now;
  }

  refuted(witness: NodeId, now: number): void {
    const record = this.#records.get(witness) ?? { occasions: 0, lastAt: -Infinity, distrustedUntil: 0 };
    if (now < record.lastAt + LIMITS.presenceRefutedGapMs) return;
    if (now > record.lastAt + LIMITS.presenceDistrustMs) record.occasions = 0;
    record.occasions++;
    record.lastAt = now;
    if (record.occasions >= LIMITS.presenceRefutedNotices) record.distrustedUntil = now + LIMITS.presenceDistrustMs;
    this.#records.set(witness, record);
  }
}
