import { ParleyError } from '../../base/errors.ts';

/** Reads Automerge's binary formats: LEB128 numbers and counted bytes. Every read is bounded by the bytes that are there. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  byte(): number {
    const value = this.#bytes[this.#offset++];
    return value === undefined ? broken('it is cut off') : value;
  }

  take(length: number): Uint8Array {
    if (length > this.remaining) broken('it is cut off');
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  /** An unsigned LEB128 number in its shortest form, within the safe integers. */
  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) broken('a number is too large');
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) broken('a number is not in its shortest form');
        return value;
      }
      scale *= 128;
    }
  }

  /** A signed LEB128 number within the safe integers. */
  signed(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (scale > 2 ** 56) broken('a number is too large');
      if (byte < 0x80) {
        if (byte & 0x40) value -= scale;
        return Number.isSafeInteger(value) ? value : broken('a number is too large');
      }
    }
  }
}

export function broken(what: string): never {
  throw new ParleyError('malformed', `The bytes are not what Automerge writes here: ${what}.`);
}
