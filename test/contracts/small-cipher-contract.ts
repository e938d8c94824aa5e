import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { SEALED_HEADER_BYTES, SEALED_OVERHEAD_BYTES } from '../../src/crypto/channel-frames.ts';
import type * as implementation from '../../src/crypto/small-cipher.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const sealing = fc.record({
  key: bytes(32),
  nonce: bytes(12),
  header: bytes(SEALED_HEADER_BYTES),
  text: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.nat(LIMITS.bulkFrameBytes).chain(bytes)),
});
type Sealing = typeof sealing extends fc.Arbitrary<infer Value> ? Value : never;

type SmallCipher = Pick<typeof implementation, 'openFrame' | 'sealFrame'>;

function sealedBy({ sealFrame }: SmallCipher, { key, nonce, header, text }: Sealing): Uint8Array {
  const frame = new Uint8Array(text.length + SEALED_OVERHEAD_BYTES);
  frame.set(header);
  frame.set(text, SEALED_HEADER_BYTES);
  sealFrame(key, nonce, frame);
  return frame;
}

/** What every implementation of the cipher of small frames does. */
export function smallCipherContract(cipher: SmallCipher): void {
  const { openFrame } = cipher;
  const sealed = (given: Sealing): Uint8Array => sealedBy(cipher, given);

  it('is ChaCha20-Poly1305 with the header as associated data', () => {
    fc.assert(
      fc.property(sealing, (given) => {
        const { key, nonce, header, text } = given;
        const frame = sealed(given);
        expect(frame.subarray(0, SEALED_HEADER_BYTES)).toEqual(header);
        expect(frame.subarray(SEALED_HEADER_BYTES)).toEqual(chacha20poly1305(key, nonce, header).encrypt(text));
        expect(openFrame(key, nonce, frame)).toEqual(text);
      }),
    );
  });

  it('opens nothing of which a bit was changed, the header included, and leaves the frame as it was', () => {
    fc.assert(
      fc.property(sealing, fc.nat(), fc.nat(7), (given, at, bit) => {
        const frame = sealed(given);
        const index = at % frame.length;
        frame[index] = (frame[index] as number) ^ (1 << bit);
        const before = frame.slice();
        expect(openFrame(given.key, given.nonce, frame)).toBeUndefined();
        expect(frame).toEqual(before);
      }),
    );
  });

  it('opens nothing that is shorter or longer than its frames', () => {
    const key = new Uint8Array(32);
    const nonce = new Uint8Array(12);
    for (const length of [0, 1, SEALED_OVERHEAD_BYTES - 1, LIMITS.bulkFrameBytes + SEALED_OVERHEAD_BYTES + 1, LIMITS.maxFrameBytes])
      expect(openFrame(key, nonce, new Uint8Array(length))).toBeUndefined();
  });
}
