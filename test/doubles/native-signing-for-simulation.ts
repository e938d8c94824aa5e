import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { BoundedMap } from '../../src/base/bounded-map.ts';
import { fromBase64url, toBase64url, toHex } from '../../src/base/bytes.ts';
import type { ScriptSigner } from '../../src/crypto/signing.ts';
import type { SignatureCheck } from '../../src/ports/keys.ts';

const MAX_KEYS = 10_000;

const publicKeys = new BoundedMap<string, KeyObject>(MAX_KEYS);

/**
 * In the place of src/crypto/signing.ts in simulations of up to 100 nodes: Ed25519 by OpenSSL, which gives the same signatures twenty times as fast. Keys of
 * small order are not looked for.
 */
export function scriptSignerOf(seed: Uint8Array): ScriptSigner {
  const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d: toBase64url(seed), x: '' }, format: 'jwk' });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const publicKey = fromBase64url(x as string);
  const signNow = (message: Uint8Array): Uint8Array => Uint8Array.from(sign(null, message, privateKey));
  return { publicKey, signNow, sign: (message) => Promise.resolve(signNow(message)) };
}

export function verifyNow({ publicKey, message, signature }: SignatureCheck): boolean {
  try {
    return verify(null, message, keyOf(publicKey), signature);
  } catch {
    return false;
  }
}

function keyOf(publicKey: Uint8Array): KeyObject {
  const name = toHex(publicKey);
  const known = publicKeys.get(name);
  if (known) return known;
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64url(publicKey) }, format: 'jwk' });
  publicKeys.set(name, key);
  return key;
}
