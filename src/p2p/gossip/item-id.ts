import { concatBytes, utf8 } from '../../base/bytes.ts';
import { sha256 } from '../../crypto/hash.ts';

export const ITEM_ID_BYTES = 20;

const SEPARATOR = Uint8Array.of(0);

/** Twenty bytes as text of twenty characters: a key for maps that costs no hexadecimal. */
export type ItemId = string;

/** The first 20 bytes of SHA-256(topic ‖ 0 ‖ bytes). */
export function itemIdOf(topic: string, bytes: Uint8Array): ItemId {
  return textOf(sha256(concatBytes(utf8(topic), SEPARATOR, bytes)), 0);
}

/** The ids one after the other. */
export function packIds(ids: readonly ItemId[]): Uint8Array {
  const packed = new Uint8Array(ids.length * ITEM_ID_BYTES);
  for (const [index, id] of ids.entries()) {
    for (let i = 0; i < ITEM_ID_BYTES; i++) packed[index * ITEM_ID_BYTES + i] = id.charCodeAt(i);
  }
  return packed;
}

/** The inverse of {@link packIds}; bytes behind the last whole id are not read. */
export function unpackIds(packed: Uint8Array): readonly ItemId[] {
  const ids: ItemId[] = [];
  for (let offset = 0; offset + ITEM_ID_BYTES <= packed.length; offset += ITEM_ID_BYTES) ids.push(textOf(packed, offset));
  return ids;
}

/** In one call: a text that is put together character by character costs each map that hashes it. */
function textOf(bytes: Uint8Array, offset: number): ItemId {
  return String.fromCharCode(...bytes.subarray(offset, offset + ITEM_ID_BYTES));
}
