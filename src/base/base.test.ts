import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { BoundedMap } from './bounded-map.ts';
import { fromBase64url, toBase64url } from './bytes.ts';
import { DeadlineQueue } from './deadline-queue.ts';
import { nodeIdOf, parseAgentAddress, parseNodeId, publicKeyOf } from './ids.ts';
import { ParleyError } from './errors.ts';
import { Queue } from './queue.ts';
import { SeededRandom } from './seeded-random.ts';
import { TokenBucket } from './token-bucket.ts';

describe('ids', () => {
  it('a node id is the multibase form of an Ed25519 did:key', () => {
    // The did:key specification's own Ed25519 example.
    const id = 'z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';
    expect(nodeIdOf(publicKeyOf(parseNodeId(id)))).toBe(id);
  });

  it('every key survives the way to an id and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(publicKeyOf(nodeIdOf(key))).toEqual(key);
      }),
    );
  });

  it('any other text is refused with a typed error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseNodeId(text)).toThrow(ParleyError);
        expect(() => parseAgentAddress(text)).toThrow(ParleyError);
      }),
    );
  });
});

describe('bounded containers', () => {
  it('a bounded map drops its oldest entry, and says which', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    expect(map.set('c', 4)).toEqual(['b', 2]);
    expect([...map]).toEqual([
      ['a', 3],
      ['c', 4],
    ]);
  });

  it('a deadline queue gives what is due, earliest first, and nothing before its time', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), fc.nat(50), (deadlines, now) => {
        const queue = new DeadlineQueue<readonly [number, number]>();
        for (const [index, at] of deadlines.entries()) queue.push(at, [at, index]);
        const taken: (readonly [number, number])[] = [];
        for (let item = queue.take(now); item; item = queue.take(now)) taken.push(item);
        const inOrder = deadlines.map((at, index) => [at, index] as const).toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect(taken).toEqual(inOrder.filter(([at]) => at <= now));
        expect(queue.next()).toBe(inOrder[taken.length]?.[0]);
      }),
    );
  });

  it('a queue gives back what was put in, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer(), { nil: undefined }), { maxLength: 3000 }), (steps) => {
        const queue = new Queue<number>();
        const model: number[] = [];
        for (const step of steps) {
          if (step === undefined) expect(queue.shift()).toBe(model.shift());
          else {
            queue.push(step);
            model.push(step);
          }
          expect(queue.length).toBe(model.length);
        }
      }),
    );
  });

  it('a token bucket never gives more than its burst and its rate', () => {
    const bucket = new TokenBucket(10, 5, 0);
    let taken = 0;
    for (let now = 0; now <= 1000; now += 10) while (bucket.take(now)) taken++;
    // Fractions of tokens round: one may still be short.
    expect(taken).toBeLessThanOrEqual(15);
    expect(taken).toBeGreaterThanOrEqual(14);
  });
});

describe('encodings', () => {
  it('base64url is canonical: what decodes encodes to the same text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        let bytes: Uint8Array;
        try {
          bytes = fromBase64url(text);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ParleyError);
          return;
        }
        expect(toBase64url(bytes)).toBe(text);
      }),
    );
  });
});

describe('the seeded generator', () => {
  it('gives the same sequence for the same seed, and floats in [0, 1)', () => {
    const a = new SeededRandom(7);
    const b = new SeededRandom(7);
    for (let i = 0; i < 1000; i++) {
      const value = a.float();
      expect(value).toBe(b.float());
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
    }
  });
});
