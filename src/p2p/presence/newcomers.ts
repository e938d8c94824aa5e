import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { isInRanges } from './comparison.ts';
import type { PresenceMessage } from './presence-messages.ts';
import type { PresenceNeighbour, PresenceNeighbours } from './presence-neighbours.ts';
import type { Entry } from './presence-table.ts';

/**
 * Whose word is taken for a node that we have not met. Keys cost nothing, so a neighbour can make up nodes without end; but a node that is there has links, and
 * soon two of our neighbours know of it. On the word of one of them only few are taken, and those that others do not know after a while are forgotten.
 */
export class Newcomers {
  readonly #neighbours: PresenceNeighbours;
  /** What one neighbour only told us of, with those that did not know it when they were asked. */
  readonly #unconfirmed = new Map<Entry, Set<NodeId>>();
  #settlingUntil = -Infinity;

  constructor(neighbours: PresenceNeighbours) {
    this.#neighbours = neighbours;
  }

  /** We are new here, were alone, or slept: what a comparison brings is taken at first, and confirmed by the others later. */
  settle(now: number): void {
    this.#settlingUntil = now + LIMITS.presenceSettleMs;
  }

  /**
   * Whether a node that we do not know enters the table when `teller` tells of it, asked or not: `later` when somebody else does, too; `flood` when it tells
   * of more such nodes than there can be.
   */
  judge(node: NodeId, teller: PresenceNeighbour, isAsked: boolean, now: number): 'now' | 'later' | 'flood' {
    if (!this.#isConfirmedBesides(node, teller, now) && !this.#isTakenAlone(teller, isAsked, now)) {
      const isNew = !teller.heard.has(node);
      if (isNew) teller.heard.set(node, now);
      return !isNew || teller.doubts.take(now) ? 'later' : 'flood';
    }
    return teller.newcomers.take(now) ? 'now' : 'flood';
  }

  /** The node was added to the table. */
  added(entry: Entry, teller: NodeId, now: number): void {
    const { node } = entry.record.card;
    let voices = this.#neighbours.has(node) ? 2 : 1;
    for (const neighbour of this.#neighbours.all()) {
      if (!neighbour.heard.delete(node) || neighbour.node === teller) continue;
      neighbour.doubts.giveBack(now);
      voices++;
    }
    if (voices < 2) this.#unconfirmed.set(entry, new Set());
  }

  /** We have a session with the node. */
  met(entry: Entry): void {
    this.#unconfirmed.delete(entry);
  }

  removed(entry: Entry): void {
    this.#unconfirmed.delete(entry);
  }

  /** The neighbour knows the node. */
  confirmed(entry: Entry, by: NodeId): void {
    if (by !== entry.introducer) this.#unconfirmed.delete(entry);
  }

  /** The neighbour's table is equal to ours. */
  confirmedAll(by: NodeId): void {
    for (const entry of this.#unconfirmed.keys()) this.confirmed(entry, by);
  }

  /** The neighbour told what it has where our tables differ. Answers what is to be forgotten. */
  compared(by: NodeId, listing: Extract<PresenceMessage, { readonly type: 'listing' }>, now: number): readonly Entry[] {
    if (this.#unconfirmed.size === 0) return [];
    const listed = new Set(listing.cards.map(({ tag }) => tag));
    const denied: Entry[] = [];
    for (const [entry, deniers] of this.#unconfirmed) {
      const { record } = entry;
      if (!isInRanges(listing.differing, record, listing.bits) || listed.has(record.tag)) this.confirmed(entry, by);
      else if (by !== entry.introducer && entry.state !== 'gone' && now >= entry.addedAt + LIMITS.presenceUnconfirmedMs) deniers.add(by);
      if (deniers.size >= LIMITS.presenceDenials) denied.push(entry);
    }
    return denied;
  }

  isUnconfirmed(entry: Entry): boolean {
    return this.#unconfirmed.has(entry);
  }

  #isConfirmedBesides(node: NodeId, teller: PresenceNeighbour, now: number): boolean {
    for (const neighbour of this.#neighbours.all()) {
      const heardAt = neighbour === teller ? undefined : neighbour.heard.get(node);
      if (heardAt !== undefined && now < heardAt + LIMITS.presenceHeardMs) return true;
    }
    return false;
  }

  /** Its word is enough: it is a tab of this browser, we asked for its table and know little or have nobody else to ask, or it tells of few. */
  #isTakenAlone(teller: PresenceNeighbour, isAsked: boolean, now: number): boolean {
    const isOnlyOne = this.#neighbours.size < 2;
    if (teller.isTab || (isAsked && (isOnlyOne || now < this.#settlingUntil))) return true;
    return isOnlyOne ? teller.onlyVoice.take(now) : teller.soleVoice.take(now);
  }
}
