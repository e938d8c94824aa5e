import { compareBytes } from '../../base/bytes.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { isGoodbye } from '../../crypto/peer-card.ts';
import type { CardRecord, GoneNotice } from './presence-item.ts';
import { BUCKET_BYTES, ROOT_BYTES } from './presence-messages.ts';

/** `suspect`: somebody says that it is gone, and it has a moment to speak up; it still counts as live. */
export type EntryState = 'live' | 'suspect' | 'gone';

export type Entry = {
  record: CardRecord;
  state: EntryState;
  /** About this card; at most two. */
  notices: readonly GoneNotice[];
  /** The neighbour that first told us of the node. */
  readonly introducer: NodeId;
  readonly addedAt: number;
  /** When the state last changed. */
  since: number;
  /** When the entry may be dropped. */
  keepUntil: number;
  /** Cards of this node are counted against this (a bucket of `presenceCardsAtOnce`). */
  nextCardAt: number;
};

/** Who wants to enter a full table, and for whom. */
type Newcomer = {
  readonly introducer: NodeId;
  readonly isExpendable: (entry: Entry) => boolean;
  readonly isProtected: (entry: Entry) => boolean;
};

const NO_NOTICES: readonly GoneNotice[] = [];
const BUCKETS = 2 ** LIMITS.presenceBucketBits;

/** Whether `a` is to replace `b`: issued later, or of the same moment and greater, so that all choose the same one. */
export function replaces(a: CardRecord, b: CardRecord): boolean {
  if (a.card.issuedAt !== b.card.issuedAt) return a.card.issuedAt > b.card.issuedAt;
  return compareBytes(a.bytes, b.bytes) > 0;
}

/** Everybody we know of, alive or lately gone, with a digest of the live ones. */
export class PresenceTable {
  readonly #entries = new Map<NodeId, Entry>();
  /** Exclusive or of the digests of the live cards of each bucket, two words each. */
  readonly #digests = new Uint32Array(2 * BUCKETS);
  #rootHigh = 0;
  #rootLow = 0;
  #live = 0;

  get size(): number {
    return this.#entries.size;
  }

  get liveCount(): number {
    return this.#live;
  }

  get(node: NodeId): Entry | undefined {
    return this.#entries.get(node);
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  /** Adds a live node, or the memory of one that has left. There must be room. */
  add(record: CardRecord, introducer: NodeId, now: number): Entry {
    const { card } = record;
    const state = isGoodbye(card) ? 'gone' : 'live';
    const keepUntil = isGoodbye(card) ? now + LIMITS.presenceGoodbyeMs : card.expiresAt;
    const entry: Entry = { record, state, notices: NO_NOTICES, introducer, addedAt: now, since: now, keepUntil, nextCardAt: now };
    this.#entries.set(card.node, entry);
    if (state === 'live') this.#count(entry, 1);
    return entry;
  }

  /** A newer card of the node: it is there, or says goodbye. */
  replace(entry: Entry, record: CardRecord, now: number): void {
    if (entry.state !== 'gone') this.#count(entry, -1);
    entry.keepUntil = isGoodbye(record.card) ? Math.max(entry.keepUntil, now + LIMITS.presenceGoodbyeMs) : record.card.expiresAt;
    entry.record = record;
    entry.notices = NO_NOTICES;
    entry.since = now;
    entry.state = isGoodbye(record.card) ? 'gone' : 'live';
    if (entry.state !== 'gone') this.#count(entry, 1);
  }

  setState(entry: Entry, state: EntryState, now: number): void {
    const wasLive = entry.state !== 'gone';
    const isLive = state !== 'gone';
    entry.state = state;
    entry.since = now;
    if (wasLive !== isLive) this.#count(entry, isLive ? 1 : -1);
  }

  remove(entry: Entry): void {
    if (entry.state !== 'gone') this.#count(entry, -1);
    this.#entries.delete(entry.record.card.node);
  }

  /**
   * Which entry has to go for a newcomer when the table is full: one that is gone; else the latest that is expendable; else the latest one of the introducer that
   * brought the most, if that is not the newcomer's own. So whoever floods the table displaces their own.
   */
  leaverFor({ introducer, isExpendable, isProtected }: Newcomer): Entry | undefined {
    const brought = new Map<NodeId, number>();
    let expendable: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.state === 'gone') return entry;
      if (isExpendable(entry)) expendable = entry;
      brought.set(entry.introducer, (brought.get(entry.introducer) ?? 0) + 1);
    }
    if (expendable) return expendable;
    let most: NodeId | undefined;
    for (const [node, count] of brought) if (most === undefined || count > (brought.get(most) ?? 0)) most = node;
    if (most === introducer) return undefined;
    let leaver: Entry | undefined;
    for (const entry of this.#entries.values()) if (entry.introducer === most && !isProtected(entry)) leaver = entry;
    return leaver;
  }

  /** The exclusive or over all live cards, eight bytes. */
  root(): Uint8Array {
    const root = new Uint8Array(ROOT_BYTES);
    const view = new DataView(root.buffer);
    view.setUint32(0, this.#rootHigh >>> 0);
    view.setUint32(4, this.#rootLow >>> 0);
    return root;
  }

  /** The same for each of 2^bits ranges of keys, four bytes each. */
  digest(bits: number): Uint8Array {
    const digest = new Uint8Array(BUCKET_BYTES * 2 ** bits);
    const view = new DataView(digest.buffer);
    const shift = LIMITS.presenceBucketBits - bits;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const offset = BUCKET_BYTES * (bucket >> shift);
      view.setUint32(offset, (view.getUint32(offset) ^ (this.#digests[2 * bucket] as number)) >>> 0);
    }
    return digest;
  }

  #count(entry: Entry, step: 1 | -1): void {
    this.#live += step;
    const { bucket, digestHigh, digestLow } = entry.record;
    this.#rootHigh ^= digestHigh;
    this.#rootLow ^= digestLow;
    const at = 2 * bucket;
    this.#digests[at] = (this.#digests[at] as number) ^ digestHigh;
    this.#digests[at + 1] = (this.#digests[at + 1] as number) ^ digestLow;
  }
}
