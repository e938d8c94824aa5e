import { concatBytes, EMPTY_BYTES, utf8 } from '../../base/bytes.ts';
import { CipherState } from './cipher-state.ts';
import type { NoiseSuite } from './suite.ts';

/** SymmetricState, Noise revision 34, §5.2: the chaining key `ck`, the transcript hash `h` and a CipherState. */
export class SymmetricState {
  readonly #suite: NoiseSuite;
  readonly #cipher: CipherState;
  #ck: Uint8Array;
  #h: Uint8Array;

  /** InitializeSymmetric */
  constructor(suite: NoiseSuite, protocolName: string) {
    const name = utf8(protocolName);
    this.#suite = suite;
    this.#cipher = new CipherState(suite);
    this.#h = name.length <= suite.hashBytes ? concatBytes(name, new Uint8Array(suite.hashBytes - name.length)) : suite.hash(name);
    this.#ck = this.#h.slice();
  }

  mixKey(inputKeyMaterial: Uint8Array): void {
    const [ck, key] = this.#hkdf(inputKeyMaterial, 2);
    this.#ck = ck as Uint8Array;
    this.#cipher.initializeKey(key as Uint8Array);
  }

  mixHash(data: Uint8Array): void {
    this.#h = this.#suite.hash(this.#h, data);
  }

  mixKeyAndHash(inputKeyMaterial: Uint8Array): void {
    const [ck, hash, key] = this.#hkdf(inputKeyMaterial, 3);
    this.#ck = ck as Uint8Array;
    this.mixHash(hash as Uint8Array);
    this.#cipher.initializeKey(key as Uint8Array);
  }

  hasKey(): boolean {
    return this.#cipher.hasKey();
  }

  handshakeHash(): Uint8Array {
    return this.#h;
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher.encryptWithAd(this.#h, plaintext);
    this.mixHash(ciphertext);
    return ciphertext;
  }

  decryptAndHash(ciphertext: Uint8Array): Uint8Array {
    const plaintext = this.#cipher.decryptWithAd(this.#h, ciphertext);
    this.mixHash(ciphertext);
    return plaintext;
  }

  /** The two transport keys: the initiator's sending key first. */
  split(): readonly [Uint8Array, Uint8Array] {
    const [first, second] = this.#hkdf(EMPTY_BYTES, 2);
    return [first as Uint8Array, second as Uint8Array];
  }

  /** What further keys of the session may be derived from; never sent. */
  exportChainingKey(): Uint8Array {
    return this.#ck.slice();
  }

  wipe(): void {
    this.#ck.fill(0);
    this.#cipher.wipe();
  }

  /** HKDF of §4.3. */
  #hkdf(inputKeyMaterial: Uint8Array, outputs: 2 | 3): readonly Uint8Array[] {
    const temporaryKey = this.#suite.hmac(this.#ck, inputKeyMaterial);
    const results: Uint8Array[] = [];
    let previous = EMPTY_BYTES;
    for (let i = 1; i <= outputs; i++) {
      previous = this.#suite.hmac(temporaryKey, concatBytes(previous, Uint8Array.of(i)));
      results.push(previous);
    }
    temporaryKey.fill(0);
    return results;
  }
}
