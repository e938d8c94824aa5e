import { LIMITS } from '../../base/limits.ts';
import { broken, ByteReader } from './byte-reader.ts';

/**
 * How many values an Automerge column holds, without expanding it: run lengths are counted, not unrolled, so that a few bytes that stand for
 * 2^50 values cost nothing (automerge.org/automerge-binary-format-spec, "Column value encodings").
 */

type Visit = (value: number, count: number) => void;

/** A run-length encoded column of numbers (`unsigned`) or of differences between them (`signed`). */
export function countNumbers(column: Uint8Array, kind: 'unsigned' | 'signed', visit?: Visit): number {
  return countRuns(column, (reader, count) => {
    const value = kind === 'unsigned' ? reader.unsigned() : reader.signed();
    visit?.(value, count);
  });
}

/** A run-length encoded column of text. */
export function countTexts(column: Uint8Array): number {
  return countRuns(column, (reader) => void reader.take(reader.unsigned()));
}

/** Booleans are lengths of alternating runs, beginning with `false`. Answers how many there are, and whether any is `true`. */
export function countBooleans(column: Uint8Array): { readonly count: number; readonly hasTrue: boolean } {
  const reader = new ByteReader(column);
  let count = 0;
  let hasTrue = false;
  for (let isTrue = false; reader.remaining > 0; isTrue = !isTrue) {
    const length = reader.unsigned();
    count = bounded(count + length);
    hasTrue ||= isTrue && length > 0;
  }
  return { count, hasTrue };
}

/** Runs: a positive length and one value, a negative length and as many values, or zero and a number of nulls. */
function countRuns(column: Uint8Array, read: (reader: ByteReader, count: number) => void): number {
  const reader = new ByteReader(column);
  let count = 0;
  while (reader.remaining > 0) {
    const length = reader.signed();
    if (length === 0) {
      count = bounded(count + reader.unsigned());
    } else if (length > 0) {
      count = bounded(count + length);
      read(reader, length);
    } else {
      count = bounded(count - length);
      for (let left = -length; left > 0; left--) read(reader, 1);
    }
  }
  return count;
}

function bounded(count: number): number {
  return count <= LIMITS.maxRegistryChangeOps ? count : broken('a column has too many values');
}
