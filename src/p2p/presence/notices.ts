import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Queue } from '../../base/queue.ts';
import type { SeededRandom } from '../../base/seeded-random.ts';
import { CARD_FLAGS, isGoodbye } from '../../crypto/peer-card.ts';
import type { GoneReason, Origin, PresenceOutput, Verdict } from './presence-io.ts';
import type { CardRecord, GoneNotice } from './presence-item.ts';
import type { PresenceNeighbours } from './presence-neighbours.ts';
import type { Entry, PresenceTable } from './presence-table.ts';
import type { Witnesses } from './witnesses.ts';

/** What waits for its time. */
export type NoticeDue =
  /** A session ended: if the neighbour does not come back, we witness that it is gone. */
  | { readonly type: 'ended'; readonly entry: Entry; readonly record: CardRecord; readonly why: 'observed' | 'goodbye' }
  /** Somebody is said to be gone: if it does not speak up, it is. */
  | { readonly type: 'suspect'; readonly entry: Entry; readonly record: CardRecord };

export type UnsignedNotice = Pick<GoneNotice, 'node' | 'issuedAt' | 'witness'>;

export type NoticeParts = {
  readonly me: NodeId;
  readonly table: PresenceTable;
  readonly neighbours: PresenceNeighbours;
  readonly witnesses: Witnesses;
  readonly outputs: Queue<PresenceOutput>;
  readonly random: SeededRandom;
  readonly later: (at: number, due: NoticeDue) => void;
  /** Answered by {@link Notices.signed}. */
  readonly sign: (notice: UnsignedNotice) => void;
};

/** Who is said to be gone, by us and by others. */
export class Notices {
  readonly #parts: NoticeParts;
  #blamelessUntil = -Infinity;

  constructor(parts: NoticeParts) {
    this.#parts = parts;
  }

  /** Our own tab slept: sessions that ended meanwhile say nothing about the others. */
  slept(now: number): void {
    this.#blamelessUntil = now + LIMITS.presenceBlamelessMs;
  }

  /** The session with a neighbour is over. */
  ended(node: NodeId, why: 'observed' | 'goodbye', now: number): void {
    const { table, neighbours, random, later } = this.#parts;
    const entry = table.get(node);
    if (!entry || entry.state === 'gone' || now < this.#blamelessUntil || neighbours.get(node)?.isFormerRun) return;
    const graceMs = why === 'observed' ? LIMITS.presenceGraceMs : 0;
    const spreadMs = why === 'observed' ? LIMITS.presenceWitnessSpreadMs : LIMITS.presenceGoodbyeSpreadMs;
    later(now + graceMs + random.float() * spreadMs, { type: 'ended', entry, record: entry.record, why });
  }

  /** The verdict for a notice that changes nothing here; `undefined` for news. With an origin, who sent it answers for it. */
  judge(notice: GoneNotice, origin: Origin | undefined, now: number): Verdict | undefined {
    const { table, neighbours, witnesses } = this.#parts;
    const { node, witness, issuedAt } = notice;
    if (witness === node) return 'reject';
    const entry = table.get(node);
    if (!entry || entry.record.card.issuedAt < issuedAt) return 'ignore';
    if (entry.record.card.issuedAt > issuedAt) {
      // It spoke up since: whoever passes the notice on seems not to know.
      if (origin && !isGoodbye(entry.record.card)) neighbours.tell(origin.from, entry.record.bytes, now);
      return 'ignore';
    }
    const isKnown = entry.notices.some((known) => known.witness === witness);
    if (isKnown) return now < entry.since + LIMITS.presenceNewsMs ? 'accept' : 'ignore';
    const isEnough = isGoodbye(entry.record.card) || entry.notices.length >= 2;
    if (isEnough || !table.get(witness) || !witnesses.isTrusted(witness, now)) return 'ignore';
    return undefined;
  }

  /** Takes a notice that is news and whose signature holds. */
  apply(notice: GoneNotice, origin: Origin, now: number): void {
    const { me, table, neighbours, witnesses, outputs } = this.#parts;
    // Of ourselves and our neighbours we know better.
    if (notice.node === me || neighbours.has(notice.node)) witnesses.refuted(notice.witness, now);
    else this.#suspect(table.get(notice.node) as Entry, notice, now);
    // By gossip it gets to the node itself, which may contradict.
    if (origin.gossipJob !== undefined) return;
    outputs.push({ type: 'publish', bytes: notice.bytes });
    neighbours.tell(notice.node, notice.bytes, now);
  }

  /** A session of ours with it is up, or a neighbour takes it for live and we have no proof that it is not. */
  revive(entry: Entry, now: number): void {
    const { table, outputs } = this.#parts;
    const wasGone = entry.state === 'gone';
    entry.notices = [];
    table.setState(entry, 'live', now);
    if (wasGone) outputs.push({ type: 'appeared', card: entry.record.card });
  }

  due(due: NoticeDue, now: number): void {
    if (due.type === 'ended') return this.#endedForGood(due, now);
    const { table, later } = this.#parts;
    if (due.entry.state !== 'suspect' || due.entry.record !== due.record || table.get(due.record.card.node) !== due.entry) return;
    // While we slept, it may have spoken up: what it said is still to be read.
    if (now < this.#blamelessUntil) later(this.#blamelessUntil, due);
    else this.#end(due.entry, 'witnessed', now);
  }

  /** Our own notice, with its signature. */
  signed(notice: GoneNotice): void {
    const { table, outputs } = this.#parts;
    const entry = table.get(notice.node);
    if (!entry || entry.record.card.issuedAt !== notice.issuedAt || entry.state !== 'gone') return;
    entry.notices = [notice, ...entry.notices];
    outputs.push({ type: 'publish', bytes: notice.bytes });
  }

  #suspect(entry: Entry, notice: GoneNotice, now: number): void {
    const { table, later } = this.#parts;
    entry.notices = [...entry.notices, notice];
    if (entry.state === 'gone') return;
    table.setState(entry, 'suspect', now);
    const needed = entry.record.card.flags & CARD_FLAGS.leaf ? 1 : 2;
    const waitMs = entry.notices.length >= needed ? LIMITS.presenceConfirmMs : LIMITS.presenceSuspectMs;
    later(now + waitMs, { type: 'suspect', entry, record: entry.record });
  }

  #end(entry: Entry, why: GoneReason, now: number): void {
    const { table, outputs } = this.#parts;
    table.setState(entry, 'gone', now);
    outputs.push({ type: 'gone', node: entry.record.card.node, why });
  }

  /** The grace is over, and the neighbour did not come back. */
  #endedForGood({ entry, record, why }: Extract<NoticeDue, { readonly type: 'ended' }>, now: number): void {
    const { me, table, neighbours, sign } = this.#parts;
    const { node, issuedAt } = record.card;
    const isBack = neighbours.has(node) || entry.record !== record || table.get(node) !== entry;
    // Who has no neighbour left is the one that is lost, unless the last one said goodbye.
    const isLost = neighbours.size === 0 && why !== 'goodbye';
    if (isBack || isLost || now < this.#blamelessUntil) return;
    if (entry.state !== 'gone') this.#end(entry, why, now);
    if (entry.notices.length >= 2 || isGoodbye(record.card)) return;
    sign({ node, issuedAt, witness: me });
  }
}
