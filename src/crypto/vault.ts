import { asParleyError, ParleyError } from '../base/errors.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { Signer } from '../ports/keys.ts';
import type { Records, Table } from '../ports/records.ts';
import type { SecretWrapper, Vault, WrappedSecret } from '../ports/vault.ts';
import { PERSON_SEED_BYTES } from './person.ts';
import { hasNativeEd25519, scriptSignerOf, webCryptoSignerOf } from './signing.ts';
import { arrayBufferBytes } from './webcrypto.ts';

const NONCE_BYTES = 12;
const KEY_BYTES = 32;
const WRAPPING_KEY = 'wrapping';
const PERSON_SEED = 'person';
const NODE_KEY = 'signing node-';

type WrappedBytes = WrappedSecret & { readonly kind: 'wrapped' };
type NativeKey = { readonly kind: 'native'; readonly privateKey: CryptoKey; readonly publicKey: Uint8Array };
type WrappingKey = { readonly kind: 'wrapping'; readonly key: CryptoKey };
type StoredKey = WrappedBytes | NativeKey | WrappingKey;

/**
 * Keys in the `keys` table. Where the browser has Ed25519, signing keys are CryptoKeys that nobody can export, us included; else they are
 * wrapped by an AES-GCM key of that kind, as the person's seed and other secrets always are. Two tabs that make a key at once end with the same one.
 */
export class RecordsVault implements Vault, SecretWrapper {
  readonly #keys: Table<StoredKey>;
  readonly #entropy: Entropy;
  #wrapping: Promise<CryptoKey> | undefined;

  constructor(records: Records, entropy: Entropy) {
    this.#keys = records.table<StoredKey>('keys');
    this.#entropy = entropy;
  }

  async signer(name: string): Promise<Signer> {
    const id = `signing ${name}`;
    const stored =
      (await this.#keys.get(id)) ??
      (await this.#keep(id, (await hasNativeEd25519()) ? await newNativeKey() : await this.#wrap(id, this.#entropy.bytes(KEY_BYTES))));
    if (stored.kind === 'native') return webCryptoSignerOf(stored.privateKey, stored.publicKey);
    if (stored.kind === 'wrapped') return scriptSignerOf(await this.#unwrap(id, stored));
    throw broken();
  }

  async personSeed(): Promise<Uint8Array> {
    const stored =
      (await this.#keys.get(PERSON_SEED)) ?? (await this.#keep(PERSON_SEED, await this.#wrap(PERSON_SEED, this.#entropy.bytes(PERSON_SEED_BYTES))));
    if (stored.kind !== 'wrapped') throw broken();
    return this.#unwrap(PERSON_SEED, stored);
  }

  async setPersonSeed(seed: Uint8Array): Promise<void> {
    if (seed.length !== PERSON_SEED_BYTES) throw new ParleyError('bad-argument', `A seed has ${PERSON_SEED_BYTES} bytes.`);
    await this.#keys.put(PERSON_SEED, await this.#wrap(PERSON_SEED, seed.slice()));
  }

  async wrap(name: string, secret: Uint8Array): Promise<WrappedSecret> {
    const { nonce, bytes } = await this.#wrap(secretId(name), secret);
    return { nonce, bytes };
  }

  unwrap(name: string, wrapped: WrappedSecret): Promise<Uint8Array> {
    return this.#unwrap(secretId(name), wrapped);
  }

  async #keep(id: string, fresh: StoredKey): Promise<StoredKey> {
    try {
      return (await this.#keys.update(id, (before) => before ?? fresh)) ?? fresh;
    } catch (thrown) {
      // A node may have another address after the next start; a person or a device must not become another one.
      if (id.startsWith(NODE_KEY) && asParleyError(thrown).code === 'storage-full') return fresh;
      throw thrown;
    }
  }

  async #wrap(id: string, secret: Uint8Array): Promise<WrappedBytes> {
    const nonce = this.#entropy.bytes(NONCE_BYTES);
    const bytes = await crypto.subtle.encrypt(algorithm(id, nonce), await this.#wrappingKey(), arrayBufferBytes(secret));
    secret.fill(0);
    return { kind: 'wrapped', nonce, bytes: new Uint8Array(bytes) };
  }

  async #unwrap(id: string, { nonce, bytes }: WrappedSecret): Promise<Uint8Array> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt(algorithm(id, nonce), await this.#wrappingKey(), arrayBufferBytes(bytes)));
    } catch (cause) {
      throw broken(cause);
    }
  }

  #wrappingKey(): Promise<CryptoKey> {
    return (this.#wrapping ??= this.#loadWrappingKey());
  }

  async #loadWrappingKey(): Promise<CryptoKey> {
    let stored = await this.#keys.get(WRAPPING_KEY);
    if (!stored) {
      const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
      stored = await this.#keep(WRAPPING_KEY, { kind: 'wrapping', key });
    }
    if (stored.kind !== 'wrapping') throw broken();
    return stored.key;
  }
}

/** No key has such a name. */
function secretId(name: string): string {
  return `secret ${name}`;
}

async function newNativeKey(): Promise<NativeKey> {
  const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  return { kind: 'native', privateKey: pair.privateKey, publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) };
}

/** The name is bound in: one stored secret cannot stand for another. */
function algorithm(id: string, nonce: Uint8Array): AesGcmParams {
  return { name: 'AES-GCM', iv: arrayBufferBytes(nonce), additionalData: new TextEncoder().encode(`parley/vault/v1\0${id}`) };
}

function broken(cause?: unknown): ParleyError {
  return new ParleyError('storage-broken', 'The keys of this device cannot be read.', { cause });
}
