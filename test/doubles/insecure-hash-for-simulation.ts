import { createHash } from 'node:crypto';
import { utf8 } from '../../src/base/bytes.ts';
import type { HashInPieces } from '../../src/crypto/hash.ts';

/**
 * In the place of src/crypto/hash.ts in simulations of more than 100 nodes. SHA-256 is the real one, by the platform; the keyed functions only mix, and are no
 * secret to anybody.
 */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

export function sha256InPieces(): HashInPieces {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), digest: () => Uint8Array.from(hash.digest()) };
}

export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return mix(32, key, message);
}

export function hkdfSha256(inputKey: Uint8Array, salt: Uint8Array | undefined, info: Uint8Array | string, length: number): Uint8Array {
  const label = typeof info === 'string' ? utf8(info) : info;
  return salt ? mix(length, inputKey, salt, label) : mix(length, inputKey, label);
}

/** `length` bytes that depend on all bytes of all parts and on their order; FNV-1a, then splitmix32. */
export function mix(length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (const part of parts) {
    a = Math.imul(a ^ part.length, 0x01000193);
    for (const byte of part) {
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b ^ byte, 0x85ebca6b) ^ (b >>> 13);
    }
  }
  const mixed = new Uint8Array(length);
  for (let at = 0; at < length; at += 4) {
    a = (a + 0x9e3779b9) >>> 0;
    let z = a ^ b;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    b = (z ^ (z >>> 15)) >>> 0;
    for (let byte = 0; byte < 4 && at + byte < length; byte++) mixed[at + byte] = b >>> (8 * byte);
  }
  return mixed;
}
