import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes, toHex } from '../base/bytes.ts';
import type { SignatureCheck, Signer, Verifier } from '../ports/keys.ts';
import { arrayBufferBytes } from './webcrypto.ts';

/**
 * Ed25519 (RFC 8032 §5.1) by two back ends that accept exactly the same signatures: canonical encodings of R and A, no A of small order, S below
 * the group order, and the equation without the cofactor, as the platforms' libraries check it. Two nodes that disagreed about one signature would split gossip and registries for ever.
 */

const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** A {@link Signer} that can also answer at once. */
export type ScriptSigner = Signer & { signNow(message: Uint8Array): Uint8Array };

/** Signs in script with a 32-byte Ed25519 seed. The array is kept: wiping it ends the signer. */
export function scriptSignerOf(seed: Uint8Array): ScriptSigner {
  const signNow = (message: Uint8Array): Uint8Array => ed25519.sign(message, seed);
  return {
    publicKey: ed25519.getPublicKey(seed),
    signNow,
    // eslint-disable-next-line typescript/require-await -- the port is asynchronous for the other back end
    sign: async (message) => signNow(message),
  };
}

/** Signs with a WebCrypto key that may not be extractable. */
export function webCryptoSignerOf(privateKey: CryptoKey, publicKey: Uint8Array): Signer {
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, arrayBufferBytes(message))),
  };
}

/** Whether the signature holds, computed in script. */
export function verifyNow(check: SignatureCheck): boolean {
  if (!isAcceptable(check)) return false;
  try {
    return verifyWithoutCofactor(check);
  } catch {
    return false;
  }
}

export const scriptVerifier: Verifier = {
  // eslint-disable-next-line typescript/require-await -- the port is asynchronous for the other back end
  verify: async (check) => verifyNow(check),
};

export const webCryptoVerifier: Verifier = {
  verify: async (check) => {
    if (!isAcceptable(check)) return false;
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

/** The points of small order (RFC 7748 §7, "Taming the many EdDSAs" table 6a), sign bit cleared: with such a key one signature fits many messages. */
const SMALL_ORDER_KEYS: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** What platforms judge differently is refused before any of them is asked. */
function isAcceptable({ publicKey, signature }: SignatureCheck): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  const y = publicKey.slice();
  y[31] = (y[31] as number) & 0x7f;
  return isBelowFieldPrime(y) && !SMALL_ORDER_KEYS.has(toHex(y));
}

/** Little-endian y below 2^255 − 19. */
function isBelowFieldPrime(y: Uint8Array): boolean {
  if (y[31] !== 0x7f || (y[0] as number) < 0xed) return true;
  return y.subarray(1, 31).some((byte) => byte !== 0xff);
}

/** noble checks the equation times the cofactor, which lets signatures of keys with a torsion part pass that the platforms refuse. */
function verifyWithoutCofactor({ publicKey, message, signature }: SignatureCheck): boolean {
  const { Point } = ed25519;
  const encodedR = signature.subarray(0, 32);
  const s = bytesToNumberLE(signature.subarray(32));
  if (s >= Point.Fn.ORDER) return false;
  const k = Point.Fn.create(bytesToNumberLE(sha512(concatBytes(encodedR, publicKey, message))));
  const expected = Point.BASE.multiplyUnsafe(s).subtract(Point.fromBytes(publicKey).multiplyUnsafe(k));
  return equalBytes(expected.toBytes(), encodedR);
}
