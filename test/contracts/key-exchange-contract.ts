import { x25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromHex } from '../../src/base/bytes.ts';
import type * as implementation from '../../src/crypto/key-exchange.ts';
import { loadVectors } from '../support/vectors.ts';

type KeyExchange = Pick<typeof implementation, 'generateKeyPair' | 'keyPairOf' | 'sharedSecret'>;
type Vector = { readonly public: string; readonly private: string; readonly shared: string };

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** What every implementation of X25519 does. */
export function keyExchangeContract({ generateKeyPair, keyPairOf, sharedSecret }: KeyExchange): void {
  it('gives the keys and secrets of RFC 7748', () => {
    fc.assert(
      fc.property(key, key, (mine, theirs) => {
        const { publicKey, privateKey } = generateKeyPair({ bytes: () => mine });
        expect(privateKey).toBe(mine);
        expect(publicKey).toEqual(x25519.getPublicKey(mine));
        expect(sharedSecret(theirs, publicKey)).toEqual(sharedSecret(mine, keyPairOf(theirs).publicKey));
      }),
    );
  });

  it('refuses keys that give no secret, and what is no key', () => {
    const { privateKey } = generateKeyPair({ bytes: (length) => new Uint8Array(length).fill(7) });
    for (const bad of [new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31)), new Uint8Array(31), new Uint8Array(33), new Uint8Array()])
      expect(() => sharedSecret(privateKey, bad)).toThrow('not usable');
  });

  it('agrees with Wycheproof', () => {
    const file = loadVectors<{ readonly testGroups: readonly { readonly tests: readonly Vector[] }[] }>('wycheproof/x25519_test.json');
    for (const test of file?.testGroups.flatMap(({ tests }) => tests) ?? []) {
      const secret = () => sharedSecret(fromHex(test.private), fromHex(test.public));
      if (/^0+$/.test(test.shared)) expect(secret).toThrow('not usable');
      else expect(secret()).toEqual(fromHex(test.shared));
    }
  });
}
