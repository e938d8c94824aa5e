import { equalBytes } from '../../base/bytes.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import { differenceFrom, digestBits, itemsFor, listingFor, partsOf } from './comparison.ts';
import { LISTED_BYTES, type PresenceMessage } from './presence-messages.ts';
import type { PresenceNeighbour } from './presence-neighbours.ts';
import type { Entry, PresenceTable } from './presence-table.ts';

type Listing = Extract<PresenceMessage, { readonly type: 'listing' }>;

export type AntiEntropyOutput = {
  readonly send: (to: NodeId, message: PresenceMessage) => void;
  readonly flood: (node: NodeId, detail: string) => void;
  readonly revive: (entry: Entry, now: number) => void;
  /** The neighbour's table is the same as ours. */
  readonly equal: (node: NodeId) => void;
  /** What the neighbour has where the tables differ. */
  readonly listed: (node: NodeId, listing: Listing, now: number) => void;
  /** Asks for {@link AntiEntropy.next} at that time. */
  readonly later: (at: number) => void;
};

/**
 * Makes the tables of neighbours equal. Who is sent a summary that differs from its own begins: digest, listing, items and requests, items. A node leads
 * one comparison at a time, so that it fetches nothing twice; the other neighbours wait.
 */
export class AntiEntropy {
  readonly #table: PresenceTable;
  readonly #output: AntiEntropyOutput;
  /** With the root that each of them told. */
  readonly #waiting = new Map<PresenceNeighbour, Uint8Array>();
  readonly #served: TokenBucket;
  #leading: PresenceNeighbour | undefined;
  /** Tags of the cards that the neighbour was asked for. */
  #asked: ReadonlySet<string> = new Set();
  #leadingUntil = -Infinity;
  /** When another one has its turn. */
  #nextAt = -Infinity;

  constructor(table: PresenceTable, output: AntiEntropyOutput, now: number) {
    this.#table = table;
    this.#output = output;
    this.#served = new TokenBucket(LIMITS.presenceServedBytesPerSecond, LIMITS.presenceServedBytesBurst, now);
  }

  /** Whether somebody waits for its turn. */
  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Whether we asked the neighbour for the card with this tag, in a comparison that is under way. */
  isAsked(neighbour: PresenceNeighbour, tag: string): boolean {
    return this.#leading === neighbour && this.#asked.has(tag);
  }

  summarise(neighbour: PresenceNeighbour): void {
    this.#output.send(neighbour.node, { type: 'summary', count: this.#table.liveCount, root: this.#table.root() });
  }

  left(neighbour: PresenceNeighbour, now: number): void {
    this.#waiting.delete(neighbour);
    if (this.#leading !== neighbour) return;
    this.#leading = undefined;
    this.next(now);
  }

  /** Begins with the next that waits, if no comparison is under way. */
  next(now: number): void {
    if (this.#leading && now < this.#nextAt) return;
    const root = this.#table.root();
    for (const [neighbour, theirs] of this.#waiting) {
      this.#waiting.delete(neighbour);
      if (!equalBytes(root, theirs)) return this.#lead(neighbour, now);
    }
  }

  message(neighbour: PresenceNeighbour, message: Exclude<PresenceMessage, { readonly type: 'items' }>, now: number): void {
    if (message.type !== 'listing' && message.type !== 'want' && !neighbour.compares.take(now)) {
      return this.#output.flood(neighbour.node, 'It compares its table too often.');
    }
    switch (message.type) {
      case 'summary': {
        if (equalBytes(message.root, this.#table.root())) return this.#output.equal(neighbour.node);
        if (this.#leading === neighbour) return;
        // Who has much less leads, and so fetches from one neighbour at a time.
        if (2 * message.count < this.#table.liveCount) return this.summarise(neighbour);
        this.#waiting.set(neighbour, message.root);
        if (this.#leading && now < this.#nextAt) return this.#output.later(this.#nextAt);
        return this.next(now);
      }
      case 'digest': {
        const listing = listingFor(this.#table, message);
        neighbour.comparesUntil = now + LIMITS.presenceRoundMs;
        const isAffordable = listing && this.#served.take(now, listing.cards.length * LISTED_BYTES);
        this.#output.send(neighbour.node, isAffordable ? listing : { type: 'items', isLast: true, items: [] });
        return;
      }
      case 'listing':
        return this.#listed(neighbour, message, now);
      case 'want':
        if (now > neighbour.comparesUntil) return this.#output.flood(neighbour.node, 'It asks for cards outside a comparison.');
        return this.#serve(neighbour, itemsFor(this.#table, message.tags), true, now);
    }
  }

  /** The last items of a comparison that we lead have come. */
  finished(neighbour: PresenceNeighbour): void {
    if (this.#leading === neighbour) this.#leading = undefined;
  }

  #lead(neighbour: PresenceNeighbour, now: number): void {
    this.#leading = neighbour;
    this.#asked = new Set();
    this.#leadingUntil = now + LIMITS.presenceRoundMs;
    this.#nextAt = now + LIMITS.presenceAnswerMs;
    neighbour.comparesUntil = this.#leadingUntil;
    // Should it never answer, the others have their turn all the same, and soon: a newcomer knows nobody until somebody does.
    if (this.hasWaiting) this.#output.later(this.#nextAt);
    const count = this.#table.liveCount;
    const bits = digestBits(count);
    this.#output.send(neighbour.node, { type: 'digest', count, bits, buckets: this.#table.digest(bits) });
  }

  #listed(neighbour: PresenceNeighbour, listing: Listing, now: number): void {
    if (this.#leading !== neighbour) {
      // It answered after another one had its turn.
      if (now > neighbour.comparesUntil) this.#output.flood(neighbour.node, 'It lists its table unasked.');
      return;
    }
    this.#nextAt = this.#leadingUntil;
    if (this.hasWaiting) this.#output.later(this.#nextAt);
    this.#output.listed(neighbour.node, listing, now);
    const { send, want, revive } = differenceFrom(this.#table, listing);
    for (const entry of revive) this.#output.revive(entry, now);
    if (send.length > 0) this.#serve(neighbour, send, false, now);
    this.#asked = new Set(want);
    if (want.length > 0) return this.#output.send(neighbour.node, { type: 'want', tags: want });
    this.#leading = undefined;
    this.next(now);
  }

  /** As much as fits one comparison and our budget; the rest is found by the next one. */
  #serve(neighbour: PresenceNeighbour, items: readonly Uint8Array[], isAnswer: boolean, now: number): void {
    const fitting: Uint8Array[] = [];
    let bytes = 0;
    for (const item of items) {
      bytes += item.length;
      if (bytes > LIMITS.presenceRoundBytes || !this.#served.take(now, item.length)) break;
      fitting.push(item);
    }
    const parts = partsOf(fitting);
    for (const [index, part] of parts.entries()) {
      this.#output.send(neighbour.node, { type: 'items', isLast: isAnswer && index === parts.length - 1, items: part });
    }
  }
}
