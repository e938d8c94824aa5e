import { LIMITS } from '../../base/limits.ts';
import { broken, ByteReader } from './byte-reader.ts';

/**
 * A look at an Automerge sync message before Automerge gets it (rust/automerge/src/sync.rs and sync/bloom.rs): its lists are short, its Bloom
 * filters ask for no more work than honest ones (7 probes), and it carries no changes: those travel beside it, each with its signature.
 */

const MESSAGE_V1 = 0x42;
const MESSAGE_V2 = 0x43;
const HASH_BYTES = 32;
const MAX_HASHES = 512;
const MAX_HAVE = 4;
const MAX_PROBES = 16;
const MAX_BITS_PER_ENTRY = 32;
const MAX_CAPABILITY_BYTES = 64;
/** The filter of a full document is 640 bytes long. */
export const MAX_SYNC_MESSAGE_BYTES = 64 * 1024;

/** @throws ParleyError `malformed` */
export function assertSyncMessage(message: Uint8Array): void {
  if (message.length > MAX_SYNC_MESSAGE_BYTES) broken('the message is too long');
  const reader = new ByteReader(message);
  const version = reader.byte();
  if (version !== MESSAGE_V1 && version !== MESSAGE_V2) broken('it is no sync message');
  skipHashes(reader);
  skipHashes(reader);
  const have = reader.unsigned();
  if (have > MAX_HAVE) broken('it has too many filters');
  for (let left = have; left > 0; left--) {
    skipHashes(reader);
    assertBloomFilter(reader.take(reader.unsigned()));
  }
  if (reader.unsigned() !== 0) broken('it carries changes without signatures');
  if (reader.remaining > MAX_CAPABILITY_BYTES) broken('something follows its end');
}

function skipHashes(reader: ByteReader): void {
  const count = reader.unsigned();
  if (count > MAX_HASHES) broken('it names too many changes');
  reader.take(count * HASH_BYTES);
}

function assertBloomFilter(filter: Uint8Array): void {
  if (filter.length === 0) return;
  const reader = new ByteReader(filter);
  const entries = reader.unsigned();
  const bitsPerEntry = reader.unsigned();
  const probes = reader.unsigned();
  if (entries > LIMITS.maxRegistryDocumentChanges || bitsPerEntry > MAX_BITS_PER_ENTRY || probes > MAX_PROBES) broken('a filter is too large');
  if (reader.remaining !== Math.ceil((entries * bitsPerEntry) / 8)) broken('a filter has the wrong length');
}
