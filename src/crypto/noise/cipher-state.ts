import { EMPTY_BYTES } from '../../base/bytes.ts';
import { ParleyError } from '../../base/errors.ts';
import type { NoiseSuite } from './suite.ts';

/** 2^64 − 1 is reserved (§5.1). */
const MAX_NONCE = 2n ** 64n - 1n;

/** CipherState, Noise revision 34, §5.1: a key `k`, if there is one yet, and a counter `n`. */
export class CipherState {
  readonly #suite: NoiseSuite;
  #k: Uint8Array | undefined;
  #n = 0n;

  constructor(suite: NoiseSuite) {
    this.#suite = suite;
  }

  initializeKey(key: Uint8Array): void {
    this.#k = key;
    this.#n = 0n;
  }

  hasKey(): boolean {
    return this.#k !== undefined;
  }

  encryptWithAd(associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    if (!this.#k) return plaintext;
    return this.#suite.encrypt(this.#k, this.#takeNonce(), associatedData, plaintext);
  }

  /** @throws when the tag does not match; the counter stays then, as §5.1 wants it. */
  decryptWithAd(associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    if (!this.#k) return ciphertext;
    const plaintext = this.#suite.decrypt(this.#k, this.#n, associatedData, ciphertext);
    this.#takeNonce();
    return plaintext;
  }

  wipe(): void {
    this.#k?.fill(0);
    this.#k = EMPTY_BYTES;
  }

  #takeNonce(): bigint {
    if (this.#n >= MAX_NONCE) throw new ParleyError('handshake-failed', 'The counter of a handshake key is used up.');
    return this.#n++;
  }
}
