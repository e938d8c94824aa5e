import { decode as decodeCbor, encode as encodeCbor, rfc8949EncodeOptions } from 'cborg';
import { LIMITS } from '../base/limits.ts';
import { ParleyError } from '../base/errors.ts';
import { assertDeterministicCbor } from './deterministic-cbor.ts';

/**
 * What travels: safe integers, text, byte strings, booleans, null, arrays and maps. No floats, no tags, no `undefined`:
 * each value has exactly one encoding (RFC 8949 §4.2.1), so that a hash or a signature over the bytes is one over the value.
 */
export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<string | number, CborValue>
  | { readonly [key: string]: CborValue };

/** What {@link decode} answers: maps are `Map`s, never objects, so no key of a peer's can name a prototype. */
export type DecodedCbor = number | string | boolean | null | Uint8Array | readonly DecodedCbor[] | ReadonlyMap<string | number, DecodedCbor>;

function refuse(what: string): () => never {
  return () => {
    throw new ParleyError('bad-argument', `${what} cannot be encoded.`);
  };
}

const encodeOptions = {
  ...rfc8949EncodeOptions,
  typeEncoders: {
    number: (value: number) => (Number.isSafeInteger(value) && !Object.is(value, -0) ? null : refuse('A number that is not a safe integer')()),
    bigint: refuse('A bigint'),
    undefined: refuse('`undefined`'),
  },
};

const decodeOptions = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  useMaps: true,
  rejectDuplicateMapKeys: true,
};

/** Deterministic CBOR. @throws ParleyError `bad-argument` for a value that has no encoding: a defect of the caller. */
export function encode(value: CborValue): Uint8Array {
  return encodeCbor(value, encodeOptions);
}

/**
 * Decodes bytes of any origin.
 * @throws ParleyError `malformed` for anything but one deterministic item, `too-large` above `maxBytes`, the depth or the item count.
 */
export function decode(bytes: Uint8Array, maxBytes: number = LIMITS.maxCborBytes): DecodedCbor {
  if (bytes.length > maxBytes) {
    throw new ParleyError('too-large', `The value has ${bytes.length} bytes; at most ${maxBytes} are allowed here.`);
  }
  assertDeterministicCbor(bytes);
  try {
    return decodeCbor(bytes, decodeOptions) as DecodedCbor;
  } catch (cause) {
    throw new ParleyError('malformed', 'The bytes are not the CBOR that is used here.', { cause });
  }
}
