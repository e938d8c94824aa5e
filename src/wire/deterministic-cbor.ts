import { compareBytes, fromUtf8 } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { ParleyError } from '../base/errors.ts';

/** Major types, RFC 8949 §3.1. */
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;
const SIMPLE = 7;

const FALSE = 20;
const NULL = 22;

/** An array or map whose items are still being read. */
type Container = {
  remaining: number;
  readonly isMap: boolean;
  /** Where the encoding of the map's previous key is, to see that keys ascend. */
  previousKey: Uint8Array | undefined;
};

function malformed(what: string): never {
  throw new ParleyError('malformed', `The bytes are not deterministic CBOR: ${what}.`);
}

/**
 * Walks the bytes once, without recursion, and checks everything that makes an encoding the only one of its value
 * (RFC 8949 §4.2.1: shortest lengths, definite lengths, map keys that ascend bytewise) and the bounds of depth and count, before
 * any decoder allocates for it.
 *
 * @throws ParleyError `malformed` or `too-large`
 */
export function assertDeterministicCbor(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const open: Container[] = [];
  let offset = 0;
  let items = 0;

  /** The argument of a head (RFC 8949 §3), in its shortest form. */
  const readArgument = (info: number): number => {
    if (info < 24) return info;
    const width = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : 0;
    if (width === 0) return malformed('an indefinite or reserved length');
    if (offset + width > bytes.length) return malformed('it is cut off');
    let value: number;
    if (width === 1) value = view.getUint8(offset);
    else if (width === 2) value = view.getUint16(offset);
    else if (width === 4) value = view.getUint32(offset);
    else value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
    offset += width;
    const smallest = width === 1 ? 24 : width === 2 ? 2 ** 8 : width === 4 ? 2 ** 16 : 2 ** 32;
    if (value < smallest) return malformed('a length or number is not in its shortest form');
    if (!Number.isSafeInteger(value)) return malformed('a number is outside the safe integers');
    return value;
  };

  do {
    if (++items > LIMITS.maxCborItems) throw new ParleyError('too-large', `The value has more than ${LIMITS.maxCborItems} items.`);
    const parent = open.at(-1);
    const isKey = parent !== undefined && parent.isMap && parent.remaining % 2 === 0;
    const start = offset;
    const head = bytes[offset++];
    if (head === undefined) return malformed('it is cut off');
    const major = head >> 5;
    const info = head & 0x1f;
    if (isKey && major > TEXT) malformed('a map key is neither text nor a number');
    if (isKey && major === BYTES) malformed('a map key is neither text nor a number');

    let opened: Container | undefined;
    if (major === SIMPLE) {
      if (info < FALSE || info > NULL) malformed('a float, `undefined` or an unknown simple value');
    } else if (major === TAG) {
      malformed('a tag');
    } else {
      const argument = readArgument(info);
      if (major === NEGATIVE && !Number.isSafeInteger(-1 - argument)) malformed('a number is outside the safe integers');
      if (major === BYTES || major === TEXT) {
        if (argument > bytes.length - offset) malformed('it is cut off');
        if (major === TEXT) assertUtf8(bytes, offset, offset + argument);
        offset += argument;
      } else if (major === ARRAY || major === MAP) {
        const remaining = major === MAP ? argument * 2 : argument;
        // Every item takes a byte at least, so a giant count is known to be false before anything is read.
        if (remaining > bytes.length - offset) malformed('it is cut off');
        if (open.length + 1 > LIMITS.maxCborDepth) {
          throw new ParleyError('too-large', `The value nests deeper than ${LIMITS.maxCborDepth}.`);
        }
        opened = { remaining, isMap: major === MAP, previousKey: undefined };
      }
    }

    if (isKey) {
      const key = bytes.subarray(start, offset);
      if (parent.previousKey && compareBytes(parent.previousKey, key) >= 0) malformed('map keys are doubled or not in order');
      parent.previousKey = key;
    }
    if (parent) parent.remaining--;
    if (opened) open.push(opened);
    while (open.length > 0 && (open.at(-1) as Container).remaining === 0) open.pop();
  } while (open.length > 0);

  if (offset !== bytes.length) malformed('bytes follow its end');
}

function assertUtf8(bytes: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    if ((bytes[i] as number) >= 0x80) {
      fromUtf8(bytes.subarray(i, end));
      return;
    }
  }
}
