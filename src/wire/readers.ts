import { ParleyError } from '../base/errors.ts';
import type { DecodedCbor } from './codec.ts';

/**
 * Readers that take a decoded value apart. Each answers the value in its type or throws ParleyError `malformed`
 * (`too-large` for a length above its bound) with a sentence that names the field.
 */

function wrongShape(what: string, expected: string): never {
  throw new ParleyError('malformed', `${what} should be ${expected}.`);
}

/** An array with at least `minItems` and at most `maxItems` items; the same number when only one is given. */
export function readArray(value: DecodedCbor | undefined, what: string, minItems: number, maxItems: number = minItems): readonly DecodedCbor[] {
  if (!Array.isArray(value)) return wrongShape(what, 'an array');
  const items = value as readonly DecodedCbor[];
  if (items.length > maxItems && maxItems > minItems) throw new ParleyError('too-large', `${what} has more than ${maxItems} items.`);
  if (items.length < minItems || items.length > maxItems) return wrongShape(what, `an array of ${minItems} items`);
  return items;
}

/** Reads every item with `read`; at most `maxItems`. */
export function readList<T>(
  value: DecodedCbor | undefined,
  what: string,
  maxItems: number,
  read: (item: DecodedCbor, what: string) => T,
): readonly T[] {
  if (!Array.isArray(value)) return wrongShape(what, 'an array');
  const items = value as readonly DecodedCbor[];
  if (items.length > maxItems) throw new ParleyError('too-large', `${what} has more than ${maxItems} items.`);
  return items.map((item) => read(item, what));
}

/** A safe integer within [`min`, `max`]. */
export function readInteger(value: DecodedCbor | undefined, what: string, min = 0, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || value < min || value > max) return wrongShape(what, `a whole number from ${min} to ${max}`);
  return value;
}

/** Text of at most `maxLength` UTF-16 units. */
export function readText(value: DecodedCbor | undefined, what: string, maxLength: number): string {
  if (typeof value !== 'string') return wrongShape(what, 'text');
  if (value.length > maxLength) throw new ParleyError('too-large', `${what} is longer than ${maxLength} characters.`);
  return value;
}

/** Exactly `length` bytes. */
export function readBytes(value: DecodedCbor | undefined, what: string, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) return wrongShape(what, `${length} bytes`);
  return value;
}

/** At most `maxLength` bytes. */
export function readBytesUpTo(value: DecodedCbor | undefined, what: string, maxLength: number): Uint8Array {
  if (!(value instanceof Uint8Array)) return wrongShape(what, 'bytes');
  if (value.length > maxLength) throw new ParleyError('too-large', `${what} is longer than ${maxLength} bytes.`);
  return value;
}

export function readBoolean(value: DecodedCbor | undefined, what: string): boolean {
  return typeof value === 'boolean' ? value : wrongShape(what, 'true or false');
}

/** `null` as `undefined`; anything else through `read`. */
export function readOptional<T>(value: DecodedCbor | undefined, what: string, read: (value: DecodedCbor, what: string) => T): T | undefined {
  if (value === undefined) return wrongShape(what, 'present');
  return value === null ? undefined : read(value, what);
}

/** One of the given literals. */
export function readOneOf<T extends string | number>(value: DecodedCbor | undefined, what: string, literals: readonly T[]): T {
  return (literals as readonly unknown[]).includes(value) ? (value as T) : wrongShape(what, `one of ${literals.join(', ')}`);
}
