import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromHex, utf8 } from '../../src/base/bytes.ts';
import type * as implementation from '../../src/crypto/hash.ts';
import { loadVectors } from '../support/vectors.ts';

type Hashes = Pick<typeof implementation, 'hkdfSha256' | 'hmacSha256' | 'sha256'>;
type Vector = {
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
};

/** What every implementation of SHA-256, HMAC and HKDF does. */
export function hashContract({ hkdfSha256, hmacSha256, sha256 }: Hashes): void {
  it('hashes the parts as one message, and authenticates', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), fc.uint8Array(), (parts, key) => {
        const whole = Buffer.concat(parts);
        expect(Buffer.from(sha256(...parts))).toEqual(createHash('sha256').update(whole).digest());
        expect(Buffer.from(hmacSha256(key, whole))).toEqual(createHmac('sha256', key).update(whole).digest());
      }),
    );
  });

  it('derives without a salt as with an empty one, and by text as by its bytes', () => {
    const key = fromHex('0b0b0b');
    expect(hkdfSha256(key, undefined, 'label', 42)).toEqual(hkdfSha256(key, new Uint8Array(), utf8('label'), 42));
  });

  it('agrees with Wycheproof', () => {
    const file = loadVectors<{ readonly testGroups: readonly { readonly tests: readonly Vector[] }[] }>('wycheproof/hkdf_sha256_test.json');
    for (const { ikm, salt, info, size, okm, result } of file?.testGroups.flatMap(({ tests }) => tests) ?? []) {
      const derive = () => hkdfSha256(fromHex(ikm), fromHex(salt), fromHex(info), size);
      if (result === 'valid') expect(derive()).toEqual(fromHex(okm));
      else expect(derive).toThrow();
    }
  });
}
