import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8 } from '../base/bytes.ts';

/** SHA-256 (FIPS 180-4) of the parts as one message. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return nobleSha256(parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts));
}

/** A hash of what comes in pieces; `digest` ends it. */
export type HashInPieces = { update(bytes: Uint8Array): void; digest(): Uint8Array };

/** SHA-256 of what comes in pieces. */
export function sha256InPieces(): HashInPieces {
  const state = nobleSha256.create();
  return { update: (bytes) => void state.update(bytes), digest: () => state.digest() };
}

/** HMAC-SHA-256, RFC 2104. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(nobleSha256, key, message);
}

/** HKDF-SHA-256, RFC 5869: `length` bytes (at most 8160), bound to `info`. */
export function hkdfSha256(inputKey: Uint8Array, salt: Uint8Array | undefined, info: Uint8Array | string, length: number): Uint8Array {
  return hkdf(nobleSha256, inputKey, salt, typeof info === 'string' ? utf8(info) : info, length);
}
