import { poly1305 } from '@noble/ciphers/_poly1305.js';
import { chacha20 } from '@noble/ciphers/chacha.js';
import { equalBytes } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { SEALED_HEADER_BYTES, SEALED_OVERHEAD_BYTES } from './channel-frames.ts';

const BLOCK_BYTES = 64;
const TAG_BYTES = 16;
/** Where the associated data begins: it and its padding end where the text begins. */
const HEADER_AT = BLOCK_BYTES - 16;
const LENGTHS_BYTES = 16;

/**
 * One block for the key of the tag, then the text; and for the tag the header with its padding before the text, padding and lengths behind it. One frame
 * at a time.
 */
const work = new Uint8Array(BLOCK_BYTES + LIMITS.bulkFrameBytes + TAG_BYTES + LENGTHS_BYTES);
const lengths = new DataView(work.buffer);

/**
 * ChaCha20-Poly1305 (RFC 8439 §2.8) of a whole frame in its own memory: `frame` has its header, which is the associated data, and room for the tag at its
 * end. The first block of the key stream, which keys the tag, and the rest come from one call of the cipher, and all that is authenticated lies in one
 * piece: half of what a short frame costs is calls.
 */
export function sealFrame(key: Uint8Array, nonce: Uint8Array, frame: Uint8Array): void {
  const text = frame.subarray(SEALED_HEADER_BYTES, frame.length - TAG_BYTES);
  const oneTimeKey = applyKeyStream(key, nonce, text);
  text.set(work.subarray(BLOCK_BYTES, BLOCK_BYTES + text.length));
  frame.set(tagOf(oneTimeKey, frame, text.length), frame.length - TAG_BYTES);
}

/** The plaintext of a frame, in memory of its own; `undefined` when it is not authentic or larger than frames of this kind are. */
export function openFrame(key: Uint8Array, nonce: Uint8Array, frame: Uint8Array): Uint8Array | undefined {
  const textBytes = frame.length - SEALED_OVERHEAD_BYTES;
  if (textBytes < 0 || textBytes > LIMITS.bulkFrameBytes) return undefined;
  const text = frame.subarray(SEALED_HEADER_BYTES, frame.length - TAG_BYTES);
  const oneTimeKey = applyKeyStream(key, nonce, text);
  const plaintext = work.slice(BLOCK_BYTES, BLOCK_BYTES + textBytes);
  work.set(text, BLOCK_BYTES);
  return equalBytes(tagOf(oneTimeKey, frame, textBytes), frame.subarray(frame.length - TAG_BYTES)) ? plaintext : undefined;
}

/** Leaves the other text behind the first block of `work`, and answers the key for the tag. */
function applyKeyStream(key: Uint8Array, nonce: Uint8Array, text: Uint8Array): Uint8Array {
  work.fill(0, 0, BLOCK_BYTES);
  work.set(text, BLOCK_BYTES);
  const region = work.subarray(0, BLOCK_BYTES + text.length);
  chacha20(key, nonce, region, region);
  return work.slice(0, 32);
}

/** Of the header and the sealed text, which is in its place in `work`. */
function tagOf(oneTimeKey: Uint8Array, frame: Uint8Array, textBytes: number): Uint8Array {
  const end = BLOCK_BYTES + textBytes;
  const paddedEnd = (end + 15) & ~15;
  work.fill(0, HEADER_AT, BLOCK_BYTES);
  work.set(frame.subarray(0, SEALED_HEADER_BYTES), HEADER_AT);
  work.fill(0, end, paddedEnd + LENGTHS_BYTES);
  lengths.setUint32(paddedEnd, SEALED_HEADER_BYTES, true);
  lengths.setUint32(paddedEnd + 8, textBytes, true);
  const tag = poly1305(work.subarray(HEADER_AT, paddedEnd + LENGTHS_BYTES), oneTimeKey);
  oneTimeKey.fill(0);
  return tag;
}
