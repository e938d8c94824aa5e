import { sha512 } from '@noble/hashes/sha2.js';
import { compareBytes, concatBytes, utf8 } from '../base/bytes.ts';
import { publicKeyOf, type PersonId } from '../base/ids.ts';

const LABEL = utf8('parley/safety-number/v1\0');
/** Makes finding a key with a similar number more expensive by this factor; Signal's count. */
const ITERATIONS = 5_200;
const GROUPS_PER_PERSON = 6;
const DIGITS_PER_GROUP = 5;

/**
 * 60 digits in groups of five that two people compare to know that they talk to each other: the same on both sides, different for every pair.
 * Each half is 30 digits (about 2^100) from the iterated hash of one person's key.
 */
export function safetyNumber(a: PersonId, b: PersonId): readonly string[] {
  const [first, second] = [publicKeyOf(a), publicKeyOf(b)].sort(compareBytes) as [Uint8Array, Uint8Array];
  return [...digitsOf(first), ...digitsOf(second)];
}

function digitsOf(key: Uint8Array): readonly string[] {
  let hash = concatBytes(LABEL, key);
  for (let i = 0; i < ITERATIONS; i++) hash = sha512(concatBytes(hash, key)) as Uint8Array<ArrayBuffer>;
  return Array.from({ length: GROUPS_PER_PERSON }, (_, group) => {
    let value = 0;
    for (const byte of hash.subarray(group * 5, group * 5 + 5)) value = value * 256 + byte;
    return String(value % 10 ** DIGITS_PER_GROUP).padStart(DIGITS_PER_GROUP, '0');
  });
}
