import { concatBytes, toHex, utf8 } from '../base/bytes.ts';
import { publicKeyOf, type DeviceId, type PersonId } from '../base/ids.ts';
import { sha256 } from '../crypto/hash.ts';
import { DERIVATION_LABELS, labelled } from '../crypto/labels.ts';

declare const brand: unique symbol;

/** A person's document in one network: lower-case hexadecimal SHA-256. */
export type DocumentId = string & { readonly [brand]: 'DocumentId' };

export const DOCUMENT_ID_BYTES = 32;
/** Documents and their versions are told apart by the first bytes of a hash where nothing but work is lost by a collision. */
export const TAG_BYTES = 8;

const DEVICE_TAG_BYTES = 16;
const RUN_TAG_BYTES = 16;

export function documentIdOf(networkId: Uint8Array, person: PersonId): DocumentId {
  return toHex(sha256(labelled(DERIVATION_LABELS.registryDocument, concatBytes(networkId, publicKeyOf(person))))) as DocumentId;
}

/** The first bytes of the document's id, hexadecimal. */
export function tagOf(document: DocumentId): string {
  return document.slice(0, 2 * TAG_BYTES);
}

/**
 * The Automerge actor of one run of a node: what all actors of the device begin with, then 16 random bytes. A node that lost its last change
 * in a crash, or was restored from a copy, therefore never writes a second change under the same actor and number.
 */
export function newActor(device: DeviceId, random: Uint8Array): Uint8Array {
  return concatBytes(deviceTag(device), random.subarray(0, RUN_TAG_BYTES));
}

/** Whether the actor is one of the device's: nobody writes under the actor of another. */
export function isActorOf(actor: Uint8Array, device: DeviceId): boolean {
  return deviceTag(device).every((byte, index) => actor[index] === byte);
}

function deviceTag(device: DeviceId): Uint8Array {
  return sha256(utf8(`${DERIVATION_LABELS.registryActor}\0`), publicKeyOf(device)).subarray(0, DEVICE_TAG_BYTES);
}
