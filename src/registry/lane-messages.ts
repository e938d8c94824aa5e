import { concatBytes, fromHex, toHex } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { decode, encode } from '../wire/codec.ts';
import { readArray, readBoolean, readBytes, readBytesUpTo, readInteger, readList, readOneOf } from '../wire/readers.ts';
import { DOCUMENT_ID_BYTES, TAG_BYTES, type DocumentId } from './document-id.ts';
import type { Listed } from './document-table.ts';
import { MAX_SYNC_MESSAGE_BYTES } from './format/sync-message.ts';

/** What neighbours say to each other about their registries. */
export type LaneMessage =
  /** "I hold so many documents, in these versions." `listed` are all (`isComplete`) or those that changed lately. */
  | {
      readonly type: 'summary';
      readonly count: number;
      /** Hexadecimal. */
      readonly digest: string;
      readonly isComplete: boolean;
      readonly listed: readonly Listed[];
    }
  /** "Ours differ: these are the digests of my buckets." */
  | { readonly type: 'buckets'; readonly digests: readonly string[] }
  /**
   * Documents of the sender. `buckets`: these are all that it has in them, and it wants to hear what is missing; without, they are an answer.
   */
  | { readonly type: 'list'; readonly buckets: ReadonlySet<number> | undefined; readonly listed: readonly Listed[] }
  | { readonly type: 'want'; readonly tags: readonly string[] }
  | { readonly type: 'documents'; readonly bundles: readonly Uint8Array[] }
  /** One step of the Automerge sync protocol. `bundle` has the changes that go with it, and who may write. */
  | {
      readonly type: 'sync';
      readonly document: DocumentId;
      readonly generation: number;
      readonly message: Uint8Array | undefined;
      readonly bundle: Uint8Array;
    };

const SUMMARY = 1;
const BUCKETS = 2;
const LIST = 3;
const WANT = 4;
const DOCUMENTS = 5;
const SYNC = 6;

const DIGEST_BYTES = 16;
const BUCKET_DIGEST_BYTES = 8;
const MAX_BUNDLES = 512;
const LISTED_BYTES = 2 * TAG_BYTES;

export function encodeLaneMessage(message: LaneMessage): Uint8Array {
  switch (message.type) {
    case 'summary':
      return encode([SUMMARY, message.count, fromHex(message.digest), message.isComplete, packListed(message.listed)]);
    case 'buckets':
      return encode([BUCKETS, concatBytes(...message.digests.map(fromHex))]);
    case 'list':
      return encode([LIST, message.buckets ? Uint8Array.from(message.buckets) : null, packListed(message.listed)]);
    case 'want':
      return encode([WANT, concatBytes(...message.tags.map(fromHex))]);
    case 'documents':
      return encode([DOCUMENTS, message.bundles]);
    case 'sync':
      return encode([SYNC, fromHex(message.document), message.generation, message.message ?? null, message.bundle]);
  }
}

/** @throws ParleyError `malformed` or `too-large` */
export function decodeLaneMessage(bytes: Uint8Array): LaneMessage {
  const items = readArray(decode(bytes, LIMITS.maxRegistryMessageBytes), 'A registry message', 2, 6);
  const [type, first, second, third, fourth] = items;
  switch (readOneOf(type, 'The message’s type', [SUMMARY, BUCKETS, LIST, WANT, DOCUMENTS, SYNC])) {
    case SUMMARY:
      return {
        type: 'summary',
        count: readInteger(first, 'The number of documents', 0, LIMITS.maxResidentDocuments),
        digest: toHex(readBytes(second, 'The digest', DIGEST_BYTES)),
        isComplete: readBoolean(third, 'Whether all are listed'),
        listed: unpackListed(readBytesUpTo(fourth, 'The list', LISTED_BYTES * LIMITS.maxResidentDocuments)),
      };
    case BUCKETS:
      return { type: 'buckets', digests: unpack(readBytes(first, 'The digests', BUCKET_DIGEST_BYTES * LIMITS.registryBuckets), BUCKET_DIGEST_BYTES) };
    case LIST: {
      const buckets = first === null ? undefined : new Set(readBytesUpTo(first, 'The buckets', LIMITS.registryBuckets));
      return { type: 'list', buckets, listed: unpackListed(readBytesUpTo(second, 'The list', LISTED_BYTES * LIMITS.maxResidentDocuments)) };
    }
    case WANT:
      return { type: 'want', tags: unpack(readBytesUpTo(first, 'The wanted documents', TAG_BYTES * LIMITS.maxResidentDocuments), TAG_BYTES) };
    case DOCUMENTS:
      return { type: 'documents', bundles: readList(first, 'The documents', MAX_BUNDLES, readBundle) };
    case SYNC:
      return {
        type: 'sync',
        document: toHex(readBytes(first, 'The document’s id', DOCUMENT_ID_BYTES)) as DocumentId,
        generation: readInteger(second, 'The generation', 1, LIMITS.maxGeneration),
        message: third === null ? undefined : readBytesUpTo(third, 'The sync message', MAX_SYNC_MESSAGE_BYTES),
        bundle: readBundle(fourth, 'The changes'),
      };
  }
}

function readBundle(item: Parameters<typeof readBytesUpTo>[0], what: string): Uint8Array {
  return readBytesUpTo(item, what, LIMITS.maxRegistryMessageBytes);
}

function packListed(listed: readonly Listed[]): Uint8Array {
  return fromHex(listed.map(({ tag, version }) => tag + version).join(''));
}

function unpackListed(bytes: Uint8Array): readonly Listed[] {
  return unpack(bytes, LISTED_BYTES).map((both) => ({ tag: both.slice(0, 2 * TAG_BYTES), version: both.slice(2 * TAG_BYTES) }));
}

/** Pieces of equal size, hexadecimal. */
function unpack(bytes: Uint8Array, size: number): readonly string[] {
  if (bytes.length % size !== 0) throw new ParleyError('malformed', `A list should be of ${size} bytes each.`);
  return Array.from({ length: bytes.length / size }, (_, index) => toHex(bytes.subarray(index * size, (index + 1) * size)));
}
