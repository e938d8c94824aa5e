import type { BulkCipher, BulkJob } from '../ports/keys.ts';
import { arrayBufferBytes } from './webcrypto.ts';

/** AES-256-GCM (NIST SP 800-38D) by WebCrypto. */
export class WebCryptoBulkCipher implements BulkCipher {
  readonly #imported = new WeakMap<Uint8Array, Promise<CryptoKey>>();

  async seal(job: BulkJob): Promise<Uint8Array> {
    const key = await this.#import(job.key);
    return new Uint8Array(await crypto.subtle.encrypt(parameters(job), key, arrayBufferBytes(job.data)));
  }

  async open(job: BulkJob): Promise<Uint8Array | undefined> {
    const key = await this.#import(job.key);
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters(job), key, arrayBufferBytes(job.data)));
    } catch {
      return undefined;
    }
  }

  /** Imported once: the bytes are read at the call, so wiping the array later does no harm. */
  #import(key: Uint8Array): Promise<CryptoKey> {
    let imported = this.#imported.get(key);
    if (!imported) {
      imported = crypto.subtle.importKey('raw', arrayBufferBytes(key), 'AES-GCM', false, ['encrypt', 'decrypt']);
      this.#imported.set(key, imported);
    }
    return imported;
  }
}

function parameters(job: BulkJob): AesGcmParams {
  return { name: 'AES-GCM', iv: arrayBufferBytes(job.nonce), additionalData: arrayBufferBytes(job.associatedData) };
}
