import { LIMITS } from '../base/limits.ts';
import type { BulkCipher, BulkJob } from '../ports/keys.ts';
import { arrayBufferBytes } from './webcrypto.ts';

/** AES-256-GCM (NIST SP 800-38D) by WebCrypto. */
export class WebCryptoBulkCipher implements BulkCipher {
  readonly fromBytes: number;
  readonly #imported = new WeakMap<Uint8Array, Promise<CryptoKey>>();

  constructor(fromBytes: number = LIMITS.bulkFrameBytes) {
    this.fromBytes = fromBytes;
  }

  /** One that knows what this platform's WebCrypto is good for. */
  static async create(): Promise<WebCryptoBulkCipher> {
    return new WebCryptoBulkCipher((await isDoneInPlace()) ? LIMITS.inPlaceBulkFrameBytes : LIMITS.bulkFrameBytes);
  }

  async seal(job: BulkJob): Promise<Uint8Array> {
    const key = await (this.#imported.get(job.key) ?? this.#import(job.key));
    return new Uint8Array(await crypto.subtle.encrypt(parameters(job), key, arrayBufferBytes(job.data)));
  }

  async open(job: BulkJob): Promise<Uint8Array | undefined> {
    const key = await (this.#imported.get(job.key) ?? this.#import(job.key));
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters(job), key, arrayBufferBytes(job.data)));
    } catch {
      return undefined;
    }
  }

  /** Imported once: the bytes are read at the call, so wiping the array later does no harm. */
  #import(key: Uint8Array): Promise<CryptoKey> {
    const imported = importAesKey(key);
    this.#imported.set(key, imported);
    return imported;
  }
}

function importAesKey(key: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', arrayBufferBytes(key), 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/**
 * Whether WebCrypto works while it is called, as Chromium's does, or in another thread, whose way there and back costs more than ChaCha20 in
 * script for a kilobyte. What is ready after a few microtasks saw no other thread.
 */
async function isDoneInPlace(): Promise<boolean> {
  const key = await importAesKey(new Uint8Array(32));
  let isDone = false;
  void crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, new Uint8Array(1024)).then(() => (isDone = true));
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  return isDone;
}

function parameters(job: BulkJob): AesGcmParams {
  return { name: 'AES-GCM', iv: arrayBufferBytes(job.nonce), additionalData: arrayBufferBytes(job.associatedData) };
}
