import type { Entropy } from '../ports/entropy.ts';

/** `crypto.getRandomValues` answers at most this much at once (W3C WebCrypto §10.1.1). */
const MAX_BYTES_AT_ONCE = 65_536;

/** The platform's generator. */
export const systemEntropy: Entropy = {
  bytes(length) {
    const bytes = new Uint8Array(length);
    for (let offset = 0; offset < length; offset += MAX_BYTES_AT_ONCE) {
      crypto.getRandomValues(bytes.subarray(offset, Math.min(length, offset + MAX_BYTES_AT_ONCE)));
    }
    return bytes;
  },
};
