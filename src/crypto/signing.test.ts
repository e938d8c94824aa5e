import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { loadVectors } from '../../test/support/vectors.ts';
import { concatBytes, fromHex, utf8 } from '../base/bytes.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import { WebCryptoBulkCipher } from './bulk-cipher.ts';
import { scriptVerifier, webCryptoVerifier } from './signing.ts';

const { Point } = ed25519;
const ORDER_8 = Point.fromBytes(fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'));

type Group<Test, More = object> = { readonly testGroups: readonly ({ readonly tests: readonly Test[] } & More)[] };
type Verdict = { readonly tcId: number; readonly result: 'valid' | 'invalid' | 'acceptable' };

async function bothSay(check: SignatureCheck, expected: boolean): Promise<void> {
  expect([await scriptVerifier.verify(check), await webCryptoVerifier.verify(check)]).toEqual([expected, expected]);
}

/** A signature whose equation holds but for a torsion part: `key` and `nonce` say where it is. */
function signed(message: Uint8Array, torsion: { readonly key?: boolean; readonly nonce?: boolean }): SignatureCheck {
  const a = 0x1234567890abcdefn;
  const r = 0xfedcba0987654321n;
  const A = torsion.key ? Point.BASE.multiply(a).add(ORDER_8) : Point.BASE.multiply(a);
  const R = torsion.nonce ? Point.BASE.multiply(r).add(ORDER_8) : Point.BASE.multiply(r);
  const k = Point.Fn.create(bytesToNumberLE(sha512(concatBytes(R.toBytes(), A.toBytes(), message))));
  return { message, publicKey: A.toBytes(), signature: concatBytes(R.toBytes(), numberToBytesLE(Point.Fn.create(r + k * a), 32)) };
}

describe('signatures by both back ends', () => {
  it('accept the first vector of RFC 8032 §7.1 and nothing altered', async () => {
    const publicKey = fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    const signature = fromHex(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
    await bothSay({ publicKey, signature, message: new Uint8Array() }, true);
    await bothSay({ publicKey, signature, message: Uint8Array.of(0) }, false);
    await bothSay({ publicKey, signature: signature.subarray(1), message: new Uint8Array() }, false);
  });

  it('agree about keys and nonces with a torsion part', async () => {
    await bothSay(signed(utf8('plain'), {}), true);
    for (let index = 0; index < 16; index++) {
      const check = signed(utf8(`message ${index}`), { key: true });
      expect(await scriptVerifier.verify(check)).toBe(await webCryptoVerifier.verify(check));
      await bothSay(signed(utf8(`message ${index}`), { nonce: true }), false);
    }
  });

  it('refuse keys of small order and keys that are not canonical', async () => {
    const zero = new Uint8Array(32);
    for (let multiple = 0; multiple < 8; multiple++) {
      const key = multiple === 0 ? Point.ZERO : ORDER_8.multiplyUnsafe(BigInt(multiple));
      for (let index = 0; index < 16; index++) {
        const signature = concatBytes(Point.ZERO.toBytes(), zero);
        await bothSay({ publicKey: key.toBytes(), signature, message: Uint8Array.of(index) }, false);
      }
    }
    const notCanonical = fromHex(`ee${'ff'.repeat(30)}7f`);
    await bothSay({ publicKey: notCanonical, signature: concatBytes(Point.ZERO.toBytes(), zero), message: zero }, false);
  });

  it('agree with Wycheproof', async () => {
    const file =
      loadVectors<Group<Verdict & { readonly msg: string; readonly sig: string }, { readonly publicKey: { readonly pk: string } }>>(
        'wycheproof/ed25519_test.json',
      );
    for (const { publicKey, tests } of file?.testGroups ?? []) {
      for (const { msg, sig, result } of tests) {
        await bothSay({ publicKey: fromHex(publicKey.pk), message: fromHex(msg), signature: fromHex(sig) }, result === 'valid');
      }
    }
  });
});

describe('the other wrappers, by Wycheproof', () => {
  it('seal and open large frames', async () => {
    type Test = Verdict & {
      readonly key: string;
      readonly iv: string;
      readonly aad: string;
      readonly msg: string;
      readonly ct: string;
      readonly tag: string;
    };
    const file = loadVectors<Group<Test, { readonly ivSize: number; readonly keySize: number }>>('wycheproof/aes_gcm_test.json');
    const cipher = new WebCryptoBulkCipher();
    for (const { tests } of file?.testGroups.filter(({ ivSize, keySize }) => ivSize === 96 && keySize === 256) ?? []) {
      for (const { key, iv, aad, msg, ct, tag, result } of tests) {
        const job = { key: fromHex(key), nonce: fromHex(iv), associatedData: fromHex(aad) };
        const opened = await cipher.open({ ...job, data: fromHex(ct + tag) });
        if (result === 'valid') expect(opened).toEqual(fromHex(msg));
        else expect(opened).toBeUndefined();
        if (result === 'valid') expect(await cipher.seal({ ...job, data: fromHex(msg) })).toEqual(fromHex(ct + tag));
      }
    }
  });
});
