import type { Signer } from './keys.ts';

/**
 * Keys at rest. Device and node keys are non-extractable WebCrypto keys where the browser has Ed25519, and otherwise
 * noble keys wrapped by a non-extractable AES-GCM key. The person's seed is kept wrapped.
 */
export interface Vault {
  /** The named signing key; made and stored durably on first use. Names: `device`, `node-0`, `node-1`, … */
  signer(name: string): Promise<Signer>;
  /** The person's 32-byte seed; made and stored durably on first use. The caller wipes it after use. */
  personSeed(): Promise<Uint8Array>;
  /** Replaces the person's seed (restore from words). */
  setPersonSeed(seed: Uint8Array): Promise<void>;
}

/** A secret that only this browser can read again. */
export type WrappedSecret = { readonly nonce: Uint8Array; readonly bytes: Uint8Array };

/** Secrets that are kept beside the keys, each bound to a name: what was wrapped under one is not read under another. */
export interface SecretWrapper {
  /** Wipes `secret`. */
  wrap(name: string, secret: Uint8Array): Promise<WrappedSecret>;
  /** @throws ParleyError `storage-broken` */
  unwrap(name: string, wrapped: WrappedSecret): Promise<Uint8Array>;
}
