import { concatBytes } from '../../base/bytes.ts';
import { nodeIdOf, publicKeyOf, PUBLIC_KEY_BYTES, type NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { sha256 } from '../../crypto/hash.ts';
import { labelled, SIGNATURE_LABELS } from '../../crypto/labels.ts';
import { decodeCard, type PeerCard } from '../../crypto/peer-card.ts';
import type { SignatureCheck } from '../../ports/keys.ts';
import { decode, encode } from '../../wire/codec.ts';
import { readArray, readBytes, readInteger } from '../../wire/readers.ts';

/** A card with what the table needs to compare it. Immutable. */
export type CardRecord = {
  readonly type: 'card';
  readonly card: PeerCard;
  readonly bytes: Uint8Array;
  /** The first 8 bytes of the node's key, one character each. */
  readonly tag: string;
  /** The first 8 bytes of SHA-256(bytes). */
  readonly digestHigh: number;
  readonly digestLow: number;
  /** The first `presenceBucketBits` bits of the node's key. */
  readonly bucket: number;
};

/** A witness says that the node of one card is gone. A later card of that node ends it. */
export type GoneNotice = {
  readonly type: 'notice';
  readonly node: NodeId;
  /** Of the card that it is about. */
  readonly issuedAt: number;
  readonly witness: NodeId;
  readonly bytes: Uint8Array;
  readonly check: SignatureCheck;
};

export type PresenceItem = CardRecord | GoneNotice;

/** Reads an item of any origin; simulations with many nodes in one process give one that answers the same object for the same bytes. */
export type PresenceItemReader = (bytes: Uint8Array, networkId: Uint8Array) => PresenceItem;

export const TAG_BYTES = 8;

const SIGNATURE_BYTES = 64;
const CARD_ITEMS = 2;
const NOTICE_ITEMS = 4;

/** @throws ParleyError `malformed`, `too-large` or `bad-certificate` */
export const readPresenceItem: PresenceItemReader = (bytes, networkId) => {
  const items = readArray(decode(bytes, LIMITS.maxPeerCardBytes), 'A presence item', CARD_ITEMS, NOTICE_ITEMS);
  if (items.length === CARD_ITEMS) return recordOf(decodeCard(bytes, networkId), bytes);
  const [nodeKey, issuedAt, witnessKey, signature] = readArray(items, 'A gone notice', NOTICE_ITEMS);
  const publicKey = readBytes(witnessKey, 'The witness', PUBLIC_KEY_BYTES);
  const notice = {
    node: nodeIdOf(readBytes(nodeKey, 'The node', PUBLIC_KEY_BYTES)),
    issuedAt: readInteger(issuedAt, 'The time of the card'),
    witness: nodeIdOf(publicKey),
  };
  const check = { publicKey, message: noticeMessage(notice, networkId), signature: readBytes(signature, 'The signature', SIGNATURE_BYTES) };
  return { type: 'notice', ...notice, bytes, check };
};

export function recordOf(card: PeerCard, bytes: Uint8Array): CardRecord {
  const key = card.check.publicKey;
  const digest = new DataView(sha256(bytes).buffer);
  return {
    type: 'card',
    card,
    bytes,
    tag: tagOf(key, 0),
    digestHigh: digest.getUint32(0),
    digestLow: digest.getUint32(4),
    bucket: (((key[0] as number) << 8) | (key[1] as number)) >> (16 - LIMITS.presenceBucketBits),
  };
}

/** What a witness signs with its node key. */
export function noticeMessage(notice: Pick<GoneNotice, 'node' | 'issuedAt' | 'witness'>, networkId: Uint8Array): Uint8Array {
  const content = encode([publicKeyOf(notice.node), notice.issuedAt, publicKeyOf(notice.witness)]);
  return labelled(SIGNATURE_LABELS.goneNotice, concatBytes(networkId, content));
}

export function encodeNotice(notice: Pick<GoneNotice, 'node' | 'issuedAt' | 'witness'>, signature: Uint8Array): Uint8Array {
  return encode([publicKeyOf(notice.node), notice.issuedAt, publicKeyOf(notice.witness), signature]);
}

export function tagOf(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + TAG_BYTES));
}
