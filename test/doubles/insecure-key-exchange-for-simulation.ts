import { ParleyError } from '../../src/base/errors.ts';
import type { KeyPair } from '../../src/crypto/key-exchange.ts';
import type { Entropy } from '../../src/ports/entropy.ts';

export type { KeyPair };

export const X25519_KEY_BYTES = 32;

/** In the place of src/crypto/key-exchange.ts in simulations of more than 100 nodes: whoever sees both public keys knows the secret. */
export function generateKeyPair(entropy: Entropy): KeyPair {
  return keyPairOf(entropy.bytes(X25519_KEY_BYTES));
}

export function keyPairOf(privateKey: Uint8Array): KeyPair {
  return { publicKey: privateKey.slice(), privateKey };
}

export function sharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== X25519_KEY_BYTES) throw new ParleyError('handshake-failed', 'The peer’s public key is not usable.');
  return privateKey.map((byte, index) => byte ^ (publicKey[index] as number));
}
