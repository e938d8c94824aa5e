import { createHmac, hash, hkdfSync } from 'node:crypto';
import { concatBytes } from '../../base/bytes.ts';

const EMPTY = new Uint8Array(0);

/** In the place of src/crypto/hash.ts: the same hashes by OpenSSL. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(hash('sha256', parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts), 'buffer'));
}

export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return Uint8Array.from(createHmac('sha256', key).update(message).digest());
}

export function hkdfSha256(inputKey: Uint8Array, salt: Uint8Array | undefined, info: Uint8Array | string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', inputKey, salt ?? EMPTY, info, length));
}
