import { ed25519 } from '@noble/curves/ed25519.js';
import type { SignatureCheck, Signer, Verifier } from '../ports/keys.ts';
import { arrayBufferBytes } from './webcrypto.ts';

/**
 * Ed25519 (RFC 8032 §5.1) by two back ends that accept exactly the same signatures: canonical encodings of R and A, S below the group
 * order, no ZIP 215 leniency. Two nodes that disagreed about one signature would split gossip and registries for ever.
 */

const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Signs in script with a 32-byte Ed25519 seed. The array is kept: wiping it ends the signer. */
export function scriptSignerOf(seed: Uint8Array): Signer {
  return {
    publicKey: ed25519.getPublicKey(seed),
    // eslint-disable-next-line typescript/require-await -- the port is asynchronous for the other back end
    sign: async (message) => ed25519.sign(message, seed),
  };
}

/** Signs with a WebCrypto key that may not be extractable. */
export function webCryptoSignerOf(privateKey: CryptoKey, publicKey: Uint8Array): Signer {
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, arrayBufferBytes(message))),
  };
}

export const scriptVerifier: Verifier = {
  // eslint-disable-next-line typescript/require-await -- the port is asynchronous for the other back end
  verify: async (check) => {
    if (!hasRightLengths(check)) return false;
    try {
      return ed25519.verify(check.signature, check.message, check.publicKey, { zip215: false });
    } catch {
      return false;
    }
  },
};

export const webCryptoVerifier: Verifier = {
  verify: async (check) => {
    if (!hasRightLengths(check)) return false;
    try {
      const key = await crypto.subtle.importKey('raw', arrayBufferBytes(check.publicKey), 'Ed25519', false, ['verify']);
      return await crypto.subtle.verify('Ed25519', key, arrayBufferBytes(check.signature), arrayBufferBytes(check.message));
    } catch {
      return false;
    }
  },
};

let nativeEd25519: Promise<boolean> | undefined;

/** Whether this platform's WebCrypto has Ed25519; tried once. */
export function hasNativeEd25519(): Promise<boolean> {
  return (nativeEd25519 ??= tryNativeEd25519());
}

async function tryNativeEd25519(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    return true;
  } catch {
    return false;
  }
}

/** The faster verifier that this platform has. */
export async function createVerifier(): Promise<Verifier> {
  return (await hasNativeEd25519()) ? webCryptoVerifier : scriptVerifier;
}

function hasRightLengths(check: SignatureCheck): boolean {
  return check.publicKey.length === PUBLIC_KEY_BYTES && check.signature.length === SIGNATURE_BYTES;
}
