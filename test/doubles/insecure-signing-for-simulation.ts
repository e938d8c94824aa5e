import { equalBytes, utf8 } from '../../src/base/bytes.ts';
import type { ScriptSigner } from '../../src/crypto/signing.ts';
import type { SignatureCheck } from '../../src/ports/keys.ts';
import { mix } from './insecure-hash-for-simulation.ts';

/** In the place of src/crypto/signing.ts in simulations of more than 100 nodes: a checksum over the message and the public key, which anybody can make. */
export function scriptSignerOf(seed: Uint8Array): ScriptSigner {
  const publicKey = mix(32, utf8('signing'), seed);
  // Keys keep the shape of curve points: canonical, and none of small order.
  publicKey[31] = (publicKey[31] as number) & 0x3f;
  const signNow = (message: Uint8Array): Uint8Array => signatureOf(publicKey, message);
  return { publicKey, signNow, sign: (message) => Promise.resolve(signNow(message)) };
}

export function verifyNow({ publicKey, message, signature }: SignatureCheck): boolean {
  return equalBytes(signature, signatureOf(publicKey, message));
}

function signatureOf(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return mix(64, publicKey, message);
}
