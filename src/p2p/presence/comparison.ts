import { LIMITS } from '../../base/limits.ts';
import type { CardRecord } from './presence-item.ts';
import type { ListedCard, PresenceMessage } from './presence-messages.ts';
import { BUCKET_BYTES } from './presence-messages.ts';
import type { Entry, PresenceTable } from './presence-table.ts';

type Listing = Extract<PresenceMessage, { readonly type: 'listing' }>;
type Digest = Extract<PresenceMessage, { readonly type: 'digest' }>;

/** About this many nodes share a bucket of a digest. */
const NODES_PER_BUCKET = 4;

/** Bits of a digest over so many nodes. */
export function digestBits(nodes: number): number {
  return Math.min(Math.max(Math.ceil(Math.log2(Math.max(nodes, 1) / NODES_PER_BUCKET)), 0), LIMITS.presenceBucketBits);
}

/** What we have in the ranges where a neighbour's digest differs from ours; `undefined` when none does. */
export function listingFor(table: PresenceTable, theirs: Digest): Listing | undefined {
  const { bits } = theirs;
  const ours = table.digest(bits);
  const differing = new Uint8Array(Math.ceil(2 ** bits / 8));
  let isEqual = true;
  for (let range = 0; range < 2 ** bits; range++) {
    const at = BUCKET_BYTES * range;
    for (let i = at; i < at + BUCKET_BYTES; i++) {
      if (ours[i] === theirs.buckets[i]) continue;
      differing[range >> 3] = (differing[range >> 3] as number) | (1 << (range & 7));
      isEqual = false;
      break;
    }
  }
  if (isEqual) return undefined;
  const cards: ListedCard[] = [];
  for (const entry of table.entries()) {
    const { record } = entry;
    if (entry.state === 'gone' || !isInRanges(differing, record, bits)) continue;
    cards.push({ tag: record.tag, issuedAt: record.card.issuedAt, check: record.digestLow & 0xffff });
  }
  return { type: 'listing', bits, differing, cards };
}

export type Difference = {
  /** Cards, goodbyes and notices that the neighbour lacks. */
  readonly send: readonly Uint8Array[];
  /** Tags of cards that it has and we lack. */
  readonly want: readonly string[];
  /** Taken for gone here without a proof, while the neighbour takes them for live. */
  readonly revive: readonly Entry[];
};

/** What a neighbour's listing means for both. */
export function differenceFrom(table: PresenceTable, theirs: Listing): Difference {
  const listed = new Map(theirs.cards.map((card) => [card.tag, card]));
  const send: Uint8Array[] = [];
  const want: string[] = [];
  const revive: Entry[] = [];
  for (const entry of table.entries()) {
    const { record } = entry;
    if (!isInRanges(theirs.differing, record, theirs.bits)) continue;
    const their = listed.get(record.tag);
    listed.delete(record.tag);
    if (!their) {
      if (entry.state !== 'gone') send.push(record.bytes);
    } else if (their.issuedAt > record.card.issuedAt) {
      want.push(record.tag);
    } else if (entry.state === 'gone') {
      const proof = proofOf(entry);
      if (proof) send.push(proof);
      else revive.push(entry);
    } else if (their.issuedAt < record.card.issuedAt) {
      send.push(record.bytes);
    } else if (their.check !== (record.digestLow & 0xffff)) {
      // Two cards of one moment: both sides need both to choose the same.
      send.push(record.bytes);
      want.push(record.tag);
    }
  }
  want.push(...listed.keys());
  return { send, want, revive };
}

/** What was asked for by tag: the card, or why there is none. */
export function itemsFor(table: PresenceTable, tags: readonly string[]): readonly Uint8Array[] {
  const wanted = new Set(tags);
  const items: Uint8Array[] = [];
  for (const entry of table.entries()) {
    if (!wanted.has(entry.record.tag)) continue;
    const item = entry.state === 'gone' ? proofOf(entry) : entry.record.bytes;
    if (item) items.push(item);
  }
  return items;
}

/** What convinces others that the node is gone: its goodbye, or a witness. */
export function proofOf(entry: Entry): Uint8Array | undefined {
  if (entry.record.card.expiresAt === entry.record.card.issuedAt) return entry.record.bytes;
  return entry.notices[0]?.bytes;
}

/** Parts that fit into one message each; one empty part at least. */
export function partsOf(items: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const parts: Uint8Array[][] = [[]];
  let bytes = 0;
  for (const item of items) {
    const part = parts.at(-1) as Uint8Array[];
    if (part.length > 0 && (bytes + item.length > LIMITS.presenceItemsMessageBytes || part.length >= LIMITS.maxPresenceItemsPerMessage)) {
      parts.push([item]);
      bytes = item.length;
    } else {
      part.push(item);
      bytes += item.length;
    }
  }
  return parts;
}

/** Whether the node is in one of the ranges. */
export function isInRanges(differing: Uint8Array, record: CardRecord, bits: number): boolean {
  const range = record.bucket >> (LIMITS.presenceBucketBits - bits);
  return ((differing[range >> 3] as number) & (1 << (range & 7))) !== 0;
}
