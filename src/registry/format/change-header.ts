import { EMPTY_BYTES, toHex } from '../../base/bytes.ts';
import { ParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { sha256 } from '../../crypto/hash.ts';
import { broken, ByteReader } from './byte-reader.ts';
import { countBooleans, countNumbers, countTexts } from './column-lengths.ts';

/**
 * What an Automerge change says of itself, read without Automerge (automerge.org/automerge-binary-format-spec, "Change chunk"), so that a
 * stranger's bytes are known to be small and flat before the engine sees them.
 *
 * Stricter than the format: compressed changes are refused (we never write them, and nothing can inflate), and so is everything that the
 * registry does not use: objects below the root, list insertions, operations other than setting and deleting a key, trailing data.
 */
export type ChangeHeader = {
  /** Lower-case hexadecimal SHA-256, the change's name. */
  readonly hash: string;
  readonly actor: Uint8Array;
  readonly seq: number;
  readonly deps: readonly string[];
  /** As the writer claims, Unix seconds. */
  readonly time: number;
  readonly ops: number;
};

const MAGIC = [0x85, 0x6f, 0x4a, 0x83];
const CHECKSUM_BYTES = 4;
const CHANGE_CHUNK = 1;
const HASH_BYTES = 32;
export const ACTOR_BYTES = 32;

/** Column specifications: id × 16 + type. */
const KEY = 0x15;
const INSERT = 0x34;
const ACTION = 0x42;
const VALUE_METADATA = 0x56;
const VALUE = 0x57;
const PREDECESSOR_COUNT = 0x70;
const PREDECESSOR_ACTOR = 0x71;
const PREDECESSOR_COUNTER = 0x73;

const KNOWN_COLUMNS: ReadonlySet<number> = new Set([
  KEY,
  INSERT,
  ACTION,
  VALUE_METADATA,
  VALUE,
  PREDECESSOR_COUNT,
  PREDECESSOR_ACTOR,
  PREDECESSOR_COUNTER,
]);

const SET = 1;
const DELETE = 3;

/** @throws ParleyError `malformed` or `too-large` */
export function readChangeHeader(change: Uint8Array): ChangeHeader {
  if (change.length > LIMITS.maxRegistryChangeBytes) throw new ParleyError('too-large', 'The change is too large.');
  const reader = new ByteReader(change);
  if (MAGIC.some((byte) => reader.byte() !== byte)) broken('it does not begin as a chunk');
  const checksum = reader.take(CHECKSUM_BYTES);
  if (reader.byte() !== CHANGE_CHUNK) broken('it is no uncompressed change');
  if (reader.unsigned() !== reader.remaining) broken('the length is wrong');
  const hash = sha256(change.subarray(MAGIC.length + CHECKSUM_BYTES));
  if (checksum.some((byte, index) => byte !== hash[index])) broken('the checksum is wrong');

  const deps = readDeps(reader);
  const actor = reader.take(reader.unsigned()).slice();
  if (actor.length !== ACTOR_BYTES) broken('the actor has another length than ours');
  const seq = reader.unsigned();
  if (seq === 0) broken('sequence numbers begin with 1');
  reader.unsigned(); // The number of its first operation.
  const time = reader.signed();
  if (reader.unsigned() !== 0) broken('it has a message');
  const otherActors = reader.unsigned();
  if (otherActors > LIMITS.maxRegistryChangeOps) broken('it names too many actors');
  for (let left = otherActors; left > 0; left--) reader.take(reader.unsigned());
  return { hash: toHex(hash), actor, seq, deps, time, ops: countOperations(readColumns(reader)) };
}

function readDeps(reader: ByteReader): readonly string[] {
  const count = reader.unsigned();
  if (count > LIMITS.maxRegistryChangeDeps) throw new ParleyError('too-large', 'The change has too many predecessors.');
  return Array.from({ length: count }, () => toHex(reader.take(HASH_BYTES)));
}

function readColumns(reader: ByteReader): ReadonlyMap<number, Uint8Array> {
  const count = reader.unsigned();
  if (count > KNOWN_COLUMNS.size) broken('it has columns that are not used here');
  const lengths: (readonly [number, number])[] = [];
  for (let left = count; left > 0; left--) {
    const specification = reader.unsigned();
    if (!KNOWN_COLUMNS.has(specification) || specification <= (lengths.at(-1)?.[0] ?? 0)) broken('it has columns that are not used here');
    lengths.push([specification, reader.unsigned()]);
  }
  const columns = new Map(lengths.map(([specification, length]) => [specification, reader.take(length)]));
  if (reader.remaining > 0) broken('something follows its end');
  return columns;
}

/** The number of operations, once every column is known to have no more than one value for each (predecessors: as many as they say). */
function countOperations(columns: ReadonlyMap<number, Uint8Array>): number {
  const column = (specification: number): Uint8Array => columns.get(specification) ?? EMPTY_BYTES;
  let predecessors = 0;
  const ops = countNumbers(column(ACTION), 'unsigned', (action) => {
    if (action !== SET && action !== DELETE) broken('it does something else than setting and deleting keys');
  });
  const inserts = countBooleans(column(INSERT));
  const counted = countNumbers(column(PREDECESSOR_COUNT), 'unsigned', (value, count) => {
    predecessors += value * count;
  });
  const lengths = [countTexts(column(KEY)), inserts.count, counted, countNumbers(column(VALUE_METADATA), 'unsigned')];
  if (lengths.some((length) => length !== ops) || inserts.hasTrue) broken('its columns do not fit together');
  const actors = countNumbers(column(PREDECESSOR_ACTOR), 'unsigned');
  const counters = countNumbers(column(PREDECESSOR_COUNTER), 'signed');
  if (actors !== predecessors || counters !== predecessors) broken('its predecessors do not fit together');
  return ops;
}
