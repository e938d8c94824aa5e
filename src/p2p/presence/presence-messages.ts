import { ParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { decode, encode, type DecodedCbor } from '../../wire/codec.ts';
import { readArray, readBoolean, readBytes, readBytesUpTo, readInteger, readList, readOneOf } from '../../wire/readers.ts';
import { TAG_BYTES, tagOf } from './presence-item.ts';

/** One live card as a listing names it. */
export type ListedCard = { readonly tag: string; readonly issuedAt: number; /** Two bytes of the card's digest. */ readonly check: number };

/** How two neighbours make their tables equal: summary → digest → listing → items and want → items. */
export type PresenceMessage =
  /** How many live cards I have, and the exclusive or of their digests. */
  | { readonly type: 'summary'; readonly count: number; readonly root: Uint8Array }
  /** The same for each of 2^bits ranges of keys, four bytes each. */
  | { readonly type: 'digest'; readonly count: number; readonly bits: number; readonly buckets: Uint8Array }
  /** The live cards in those ranges where we differ. */
  | { readonly type: 'listing'; readonly bits: number; readonly differing: Uint8Array; readonly cards: readonly ListedCard[] }
  | { readonly type: 'items'; readonly isLast: boolean; readonly items: readonly Uint8Array[] }
  | { readonly type: 'want'; readonly tags: readonly string[] };

const SUMMARY = 1;
const DIGEST = 2;
const LISTING = 3;
const ITEMS = 4;
const WANT = 5;

export const ROOT_BYTES = 8;
export const BUCKET_BYTES = 4;
const TIME_BYTES = 6;
const CHECK_BYTES = 2;
export const LISTED_BYTES = TAG_BYTES + TIME_BYTES + CHECK_BYTES;
const MAX_MESSAGE_BYTES = LIMITS.maxPresenceNodes * LISTED_BYTES + 1024;

export function encodePresenceMessage(message: PresenceMessage): Uint8Array {
  switch (message.type) {
    case 'summary':
      return encode([SUMMARY, message.count, message.root]);
    case 'digest':
      return encode([DIGEST, message.count, message.bits, message.buckets]);
    case 'listing':
      return encode([LISTING, message.bits, message.differing, packListed(message.cards)]);
    case 'items':
      return encode([ITEMS, message.isLast, message.items]);
    case 'want':
      return encode([WANT, packTags(message.tags)]);
  }
}

/** @throws ParleyError `malformed` or `too-large` */
export function decodePresenceMessage(bytes: Uint8Array): PresenceMessage {
  const items = readArray(decode(bytes, MAX_MESSAGE_BYTES), 'A presence message', 2, 4);
  switch (readOneOf(items[0], 'The type', [SUMMARY, DIGEST, LISTING, ITEMS, WANT])) {
    case SUMMARY: {
      const [, count, root] = readArray(items, 'A summary', 3);
      return { type: 'summary', count: readCount(count), root: readBytes(root, 'The root', ROOT_BYTES) };
    }
    case DIGEST: {
      const [, count, bitsItem, buckets] = readArray(items, 'A digest', 4);
      const bits = readBits(bitsItem);
      return { type: 'digest', count: readCount(count), bits, buckets: readBytes(buckets, 'The buckets', BUCKET_BYTES * 2 ** bits) };
    }
    case LISTING: {
      const [, bitsItem, differing, cards] = readArray(items, 'A listing', 4);
      const bits = readBits(bitsItem);
      return { type: 'listing', bits, differing: readBytes(differing, 'The ranges', Math.ceil(2 ** bits / 8)), cards: readListed(cards) };
    }
    case ITEMS: {
      const [, isLast, list] = readArray(items, 'Presence items', 3);
      return {
        type: 'items',
        isLast: readBoolean(isLast, 'Whether these are the last'),
        items: readList(list, 'The items', LIMITS.maxPresenceItemsPerMessage, (item, what) => readBytesUpTo(item, what, LIMITS.maxPeerCardBytes)),
      };
    }
    case WANT: {
      const [, tags] = readArray(items, 'A request', 2);
      return { type: 'want', tags: readPacked(tags, TAG_BYTES, (packed, offset) => tagOf(packed, offset)) };
    }
  }
}

function readCount(value: DecodedCbor | undefined): number {
  return readInteger(value, 'The number of nodes', 0, LIMITS.maxPresenceNodes);
}

function readBits(value: DecodedCbor | undefined): number {
  return readInteger(value, 'The number of bits', 0, LIMITS.presenceBucketBits);
}

function packTags(tags: readonly string[]): Uint8Array {
  const packed = new Uint8Array(tags.length * TAG_BYTES);
  for (const [index, tag] of tags.entries()) writeTag(packed, index * TAG_BYTES, tag);
  return packed;
}

function packListed(cards: readonly ListedCard[]): Uint8Array {
  const packed = new Uint8Array(cards.length * LISTED_BYTES);
  const view = new DataView(packed.buffer);
  for (const [index, { tag, issuedAt, check }] of cards.entries()) {
    const offset = index * LISTED_BYTES;
    writeTag(packed, offset, tag);
    view.setUint16(offset + TAG_BYTES, Math.floor(issuedAt / 2 ** 32));
    view.setUint32(offset + TAG_BYTES + 2, issuedAt >>> 0);
    view.setUint16(offset + TAG_BYTES + TIME_BYTES, check);
  }
  return packed;
}

function readListed(value: DecodedCbor | undefined): readonly ListedCard[] {
  return readPacked(value, LISTED_BYTES, (packed, offset) => {
    const view = new DataView(packed.buffer, packed.byteOffset + offset);
    return {
      tag: tagOf(packed, offset),
      issuedAt: view.getUint16(TAG_BYTES) * 2 ** 32 + view.getUint32(TAG_BYTES + 2),
      check: view.getUint16(TAG_BYTES + TIME_BYTES),
    };
  });
}

function readPacked<T>(value: DecodedCbor | undefined, width: number, read: (packed: Uint8Array, offset: number) => T): readonly T[] {
  const packed = readBytesUpTo(value, 'The list', LIMITS.maxPresenceNodes * width);
  if (packed.length % width !== 0) throw new ParleyError('malformed', 'The list is cut off.');
  return Array.from({ length: packed.length / width }, (_, index) => read(packed, index * width));
}

function writeTag(target: Uint8Array, offset: number, tag: string): void {
  for (let i = 0; i < TAG_BYTES; i++) target[offset + i] = tag.charCodeAt(i);
}
