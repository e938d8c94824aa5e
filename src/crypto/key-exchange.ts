import { x25519 } from '@noble/curves/ed25519.js';
import { ParleyError } from '../base/errors.ts';
import type { Entropy } from '../ports/entropy.ts';

/** An X25519 key pair (RFC 7748), 32 bytes each. */
export type KeyPair = { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array };

export const X25519_KEY_BYTES = 32;

export function generateKeyPair(entropy: Entropy): KeyPair {
  return keyPairOf(entropy.bytes(X25519_KEY_BYTES));
}

/** The pair of a private key; the array is kept, not copied, so that wiping it wipes the pair. */
export function keyPairOf(privateKey: Uint8Array): KeyPair {
  return { publicKey: x25519.getPublicKey(privateKey), privateKey };
}

/**
 * The X25519 shared secret, 32 bytes. Not a key by itself: put it through HKDF with a label.
 * @throws ParleyError `handshake-failed` for a public key that gives the all-zero secret (RFC 7748 §6.1) or is no key at all.
 */
export function sharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  try {
    return x25519.getSharedSecret(privateKey, publicKey);
  } catch (cause) {
    throw new ParleyError('handshake-failed', 'The peer’s public key is not usable.', { cause });
  }
}
