import { concatBytes, fromHex, toHex, uint64be } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import { deviceIdOf, publicKeyOf, PUBLIC_KEY_BYTES, type DeviceId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { labelled, SIGNATURE_LABELS } from '../crypto/labels.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import { decode, encode } from '../wire/codec.ts';
import { readArray, readBytes, readBytesUpTo } from '../wire/readers.ts';
import { isActorOf, type DocumentId } from './document-id.ts';
import { readChangeHeader, type ChangeHeader } from './format/change-header.ts';

/**
 * An Automerge change and what proves it: the sidecar `{hash, device, signature}`, the shape that Automerge's own signatures are about to
 * take (rust/automerge/tests/signatures.rs).
 */
export type SignedChange = {
  readonly header: ChangeHeader;
  readonly bytes: Uint8Array;
  readonly device: DeviceId;
  readonly signature: Uint8Array;
};

/** Where a change belongs: its signature holds for nothing else. */
export type ChangePlace = { readonly networkId: Uint8Array; readonly document: DocumentId; readonly generation: number };

const HASH_BYTES = 32;
const SIGNATURE_BYTES = 64;
const OVERHEAD_BYTES = 256;

/** What the device signs. */
export function changeMessage(place: ChangePlace, hash: string): Uint8Array {
  const where = concatBytes(place.networkId, fromHex(place.document), uint64be(BigInt(place.generation)));
  return labelled(SIGNATURE_LABELS.registryChange, concatBytes(where, fromHex(hash)));
}

export function changeCheck(place: ChangePlace, change: SignedChange): SignatureCheck {
  return { publicKey: publicKeyOf(change.device), message: changeMessage(place, change.header.hash), signature: change.signature };
}

export function encodeSignedChange(change: SignedChange): Uint8Array {
  return encode([fromHex(change.header.hash), publicKeyOf(change.device), change.signature, change.bytes]);
}

/** A change that is not looked into yet: enough to know whether we have it. */
export type SealedChange = { readonly hash: string; readonly device: DeviceId; readonly signature: Uint8Array; readonly bytes: Uint8Array };

/** @throws ParleyError `malformed` or `too-large` */
export function decodeSealedChange(encoded: Uint8Array): SealedChange {
  const [hash, device, signature, bytes] = readArray(decode(encoded, LIMITS.maxRegistryChangeBytes + OVERHEAD_BYTES), 'A signed change', 4);
  return {
    hash: toHex(readBytes(hash, 'A change’s hash', HASH_BYTES)),
    device: deviceIdOf(readBytes(device, 'A device’s key', PUBLIC_KEY_BYTES)),
    signature: readBytes(signature, 'A signature', SIGNATURE_BYTES),
    bytes: readBytesUpTo(bytes, 'A change', LIMITS.maxRegistryChangeBytes),
  };
}

/** Reads the change itself. Its signature is still to be checked. @throws ParleyError `malformed` or `too-large` */
export function openSealedChange(sealed: SealedChange): SignedChange {
  const header = readChangeHeader(sealed.bytes);
  if (header.hash !== sealed.hash) throw new ParleyError('malformed', 'The change has another hash than it is said to have.');
  if (!isActorOf(header.actor, sealed.device)) throw new ParleyError('malformed', 'The change is by an actor of another device.');
  return { header, bytes: sealed.bytes, device: sealed.device, signature: sealed.signature };
}
