import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { KeyPair } from '../key-exchange.ts';
import { sharedSecret } from '../key-exchange.ts';
import { hmacSha256, sha256 } from '../hash.ts';

/** The functions that a Noise protocol name stands for (Noise revision 34, §4 and §12). */
export type NoiseSuite = {
  /** The last three parts of the protocol's name. */
  readonly name: string;
  readonly dhBytes: number;
  readonly hashBytes: number;
  dh(pair: KeyPair, publicKey: Uint8Array): Uint8Array;
  hash(...parts: readonly Uint8Array[]): Uint8Array;
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array;
  encrypt(key: Uint8Array, nonce: bigint, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** Throws when the tag does not match. */
  decrypt(key: Uint8Array, nonce: bigint, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array;
};

/** 32 bits of zeros, then the counter in little endian (Noise §12.3). */
export function chachaNonce(counter: bigint): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(4, counter, true);
  return nonce;
}

export const NOISE_25519_CHACHAPOLY: NoiseSuite = {
  name: '25519_ChaChaPoly_SHA256',
  dhBytes: 32,
  hashBytes: 32,
  dh: (pair, publicKey) => sharedSecret(pair.privateKey, publicKey),
  hash: sha256,
  hmac: hmacSha256,
  encrypt: (key, nonce, associatedData, plaintext) => chacha20poly1305(key, chachaNonce(nonce), associatedData).encrypt(plaintext),
  decrypt: (key, nonce, associatedData, ciphertext) => chacha20poly1305(key, chachaNonce(nonce), associatedData).decrypt(ciphertext),
};
