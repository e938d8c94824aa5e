import { SEALED_HEADER_BYTES, SEALED_OVERHEAD_BYTES } from '../../src/crypto/channel-frames.ts';
import { chacha20poly1305 } from './insecure-cipher-for-simulation.ts';

/** In the place of the cipher of small frames in simulations of more than 100 nodes. */
export function sealFrame(key: Uint8Array, nonce: Uint8Array, frame: Uint8Array): void {
  const text = frame.subarray(SEALED_HEADER_BYTES, frame.length - (SEALED_OVERHEAD_BYTES - SEALED_HEADER_BYTES));
  chacha20poly1305(key, nonce, frame.subarray(0, SEALED_HEADER_BYTES)).encrypt(text, frame.subarray(SEALED_HEADER_BYTES));
}

export function openFrame(key: Uint8Array, nonce: Uint8Array, frame: Uint8Array): Uint8Array | undefined {
  if (frame.length < SEALED_OVERHEAD_BYTES) return undefined;
  try {
    return chacha20poly1305(key, nonce, frame.subarray(0, SEALED_HEADER_BYTES)).decrypt(frame.subarray(SEALED_HEADER_BYTES));
  } catch {
    return undefined;
  }
}
