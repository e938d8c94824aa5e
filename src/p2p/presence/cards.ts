import { equalBytes } from '../../base/bytes.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Queue } from '../../base/queue.ts';
import { isGoodbye, sameHostUrls, type PeerCard } from '../../crypto/peer-card.ts';
import type { Newcomers } from './newcomers.ts';
import type { GoneReason, Origin, PresenceOutput, Verdict } from './presence-io.ts';
import type { CardRecord } from './presence-item.ts';
import type { PresenceNeighbour, PresenceNeighbours } from './presence-neighbours.ts';
import { replaces, type Entry, type PresenceTable } from './presence-table.ts';
import type { Witnesses } from './witnesses.ts';

export type CardParts = {
  readonly me: NodeId;
  readonly table: PresenceTable;
  readonly neighbours: PresenceNeighbours;
  readonly newcomers: Newcomers;
  readonly witnesses: Witnesses;
  readonly outputs: Queue<PresenceOutput>;
  /** Whether a card with this tag was asked of the neighbour. */
  readonly isAsked: (neighbour: PresenceNeighbour, tag: string) => boolean;
};

/** What a card of another node means for the table. */
export class Cards {
  readonly #parts: CardParts;

  constructor(parts: CardParts) {
    this.#parts = parts;
  }

  /** The verdict for a card that changes nothing here; `undefined` for news. With an origin, who sent it answers for it. */
  judge(record: CardRecord, origin: Origin | undefined, now: number): Verdict | undefined {
    const { table, neighbours, me } = this.#parts;
    const { card } = record;
    const aheadMs = card.issuedAt - now - LIMITS.maxClockSkewMs;
    if (aheadMs > 0) {
      // Who passed it on has a clock within the skew of ours, or should have refused it.
      if (aheadMs > LIMITS.maxClockSkewMs) return 'reject';
      if (origin) neighbours.blame(origin.from, 'stale', 'It passed on a card of the future.');
      return 'ignore';
    }
    if (!isGoodbye(card) && card.expiresAt <= now) return 'ignore';
    const entry = table.get(card.node);
    if (!entry) return this.#judgeNewcomer(record, origin, now);
    if (entry.record.card.issuedAt === card.issuedAt && entry.record.digestLow === record.digestLow) return this.#judgeKnown(entry, origin, now);
    if (!replaces(record, entry.record)) {
      const isOld = card.issuedAt + LIMITS.presenceStaleMs < entry.record.card.issuedAt;
      if (origin && isOld) neighbours.blame(origin.from, 'stale', 'It passed on an old card.');
      return 'ignore';
    }
    const isTooOften = !isGoodbye(card) && entry.nextCardAt > now + (LIMITS.presenceCardsAtOnce - 1) * LIMITS.presenceCardEveryMs;
    return isTooOften && card.node !== me ? 'ignore' : undefined;
  }

  /** The verdict for a card that is news and whose signature holds. */
  apply(record: CardRecord, origin: Origin, now: number): Verdict {
    const { table, newcomers, outputs } = this.#parts;
    const { card } = record;
    const known = table.get(card.node);
    if (known) {
      this.#replace(known, record, now);
      newcomers.confirmed(known, origin.from);
      return 'accept';
    }
    if (!this.#makeRoom(card.node, origin, now)) return 'ignore';
    newcomers.added(table.add(record, origin.from, now), origin.from, now);
    if (!isGoodbye(card)) outputs.push({ type: 'appeared', card });
    return 'accept';
  }

  forget(entry: Entry, why: GoneReason, now: number): void {
    const { table, newcomers, outputs } = this.#parts;
    const wasLive = entry.state !== 'gone';
    if (wasLive) table.setState(entry, 'gone', now);
    table.remove(entry);
    newcomers.removed(entry);
    if (wasLive) outputs.push({ type: 'gone', node: entry.record.card.node, why });
  }

  #judgeKnown(entry: Entry, origin: Origin | undefined, now: number): Verdict {
    const { neighbours, newcomers } = this.#parts;
    const { card } = entry.record;
    if (origin) newcomers.confirmed(entry, origin.from);
    if (entry.state === 'gone' && origin && origin.gossipJob === undefined && !isGoodbye(card)) neighbours.tellProof(entry, origin.from, now);
    const isNews = entry.state !== 'gone' || isGoodbye(card);
    return isNews && now < card.issuedAt + LIMITS.presenceNewsMs ? 'accept' : 'ignore';
  }

  #judgeNewcomer(record: CardRecord, origin: Origin | undefined, now: number): Verdict | undefined {
    const { neighbours, newcomers, me, isAsked } = this.#parts;
    const { card } = record;
    if (isGoodbye(card) && card.issuedAt + LIMITS.presenceGoodbyeMs <= now) return 'ignore';
    // What is older comes from somebody's store and may have ended since: comparisons tell that, too.
    if (origin?.gossipJob !== undefined && card.issuedAt + LIMITS.presenceFreshMs < now) return 'ignore';
    const teller = origin && neighbours.get(origin.from);
    if (!teller || card.node === me || neighbours.has(card.node)) return undefined;
    const isOurWish = origin.gossipJob === undefined && isAsked(teller, record.tag);
    const judgement = newcomers.judge(card.node, teller, isOurWish, now);
    if (judgement === 'now') return undefined;
    // A table that we asked for may be larger than that; the rest comes with the next comparison.
    if (judgement === 'flood' && !isOurWish) neighbours.blame(teller.node, 'flood', 'It introduces new nodes too fast.');
    return 'defer';
  }

  #replace(entry: Entry, record: CardRecord, now: number): void {
    const { table, neighbours, witnesses, outputs, me } = this.#parts;
    const before = entry.record.card;
    const isSameRun = equalBytes(entry.record.card.sealingKey, record.card.sealingKey);
    const wasGone = entry.state === 'gone';
    const { card } = record;
    if (!isGoodbye(card)) for (const { witness } of entry.notices) if (witness !== me) witnesses.refuted(witness, now);
    if (!isSameRun) neighbours.get(card.node)?.restarted(now);
    table.replace(entry, record, now);
    entry.nextCardAt = Math.max(entry.nextCardAt, now) + LIMITS.presenceCardEveryMs;
    if (isGoodbye(card)) {
      if (!wasGone) outputs.push({ type: 'gone', node: card.node, why: 'goodbye' });
    } else if (wasGone) {
      outputs.push({ type: 'appeared', card });
    } else if (isSaidAnew(card, before) || !isSameRun) {
      outputs.push({ type: 'changed', card });
    }
  }

  /** Whether the table has room for the newcomer; somebody may have to go for it: for a neighbour, who is there, sooner than for hearsay. */
  #makeRoom(newcomer: NodeId, origin: Origin, now: number): boolean {
    const { table, neighbours, newcomers, me } = this.#parts;
    if (table.size < LIMITS.maxPresenceNodes) return true;
    const isMet = neighbours.has(newcomer);
    const leaver = table.leaverFor({
      introducer: isMet ? newcomer : origin.from,
      isExpendable: (entry) => newcomers.isUnconfirmed(entry),
      isProtected: ({ record: { card } }) => !isMet || card.node === me || neighbours.has(card.node),
    });
    if (!leaver) return false;
    this.forget(leaver, 'forgotten', now);
    return true;
  }
}

function isSaidAnew(card: PeerCard, before: PeerCard): boolean {
  return card.flags !== before.flags || card.person !== before.person || !sameHostUrls(card.hostUrls, before.hostUrls);
}
