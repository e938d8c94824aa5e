import { BoundedMap } from '../../base/bounded-map.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Envelope } from './envelope.ts';

/** `stale`: sent too long ago, or in the future. */
export type Freshness = 'fresh' | 'repeated' | 'stale';

type Author = {
  /** Nothing up to here is taken any more. */
  floor: number;
  readonly recent: Set<number>;
};

/**
 * Which envelopes were seen, by author and number: the same number is taken once, also with other content. Where an author falls out of the
 * bounded table, the clock and gossip's own memory of what it saw still hold.
 */
export class ReplayGuard {
  readonly #authors = new BoundedMap<NodeId, Author>(LIMITS.maxGossipAuthors);

  /** To ask before the signature is checked. */
  judge(envelope: Envelope, now: number): Freshness {
    if (Math.abs(envelope.sentAt - now) > LIMITS.maxClockSkewMs) return 'stale';
    const author = this.#authors.get(envelope.author);
    const isRepeated = author !== undefined && (envelope.seq <= author.floor || author.recent.has(envelope.seq));
    return isRepeated ? 'repeated' : 'fresh';
  }

  /** To tell once the signature holds; answers whether the number was still free then. */
  record(envelope: Envelope): boolean {
    const author = this.#authors.get(envelope.author) ?? { floor: -1, recent: new Set<number>() };
    if (envelope.seq <= author.floor || author.recent.has(envelope.seq)) return false;
    author.recent.add(envelope.seq);
    if (author.recent.size > LIMITS.gossipReplayWindow) {
      const lowest = Math.min(...author.recent);
      author.recent.delete(lowest);
      author.floor = lowest;
    }
    this.#authors.set(envelope.author, author);
    return true;
  }
}
