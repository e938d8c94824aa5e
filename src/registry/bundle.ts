import { fromHex, toHex } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import type { DeviceId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { readSignedPart, type SignedPart } from '../crypto/certificates.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import { decode, encode } from '../wire/codec.ts';
import { readArray, readBytes, readBytesUpTo, readInteger, readList, readOneOf } from '../wire/readers.ts';
import { DOCUMENT_ID_BYTES, type DocumentId } from './document-id.ts';
import { changeCheck, decodeSealedChange, openSealedChange, type ChangePlace, type SealedChange, type SignedChange } from './signed-change.ts';
import type { Writers } from './writers.ts';

/**
 * Everything about a document that travels or is stored, in one shape: who may write it, which devices proved to be false, and changes: all of
 * them (from a neighbour, from storage), one (by gossip), or none (a renewed certificate). Self-certifying.
 */
export type Bundle = {
  readonly document: DocumentId;
  readonly generation: number;
  readonly list: SignedPart;
  readonly certificates: readonly SignedPart[];
  readonly proofs: readonly Uint8Array[];
  readonly changes: readonly SealedChange[];
};

const VERSION = 1;
/** What stands around the changes of a full document: a device list, 16 certificates, keys and signatures for 512 changes. */
const MAX_BUNDLE_BYTES = LIMITS.maxRegistryMessageBytes;

export type BundleContent = {
  readonly document: DocumentId;
  readonly generation: number;
  readonly writers: Writers;
  readonly proofs: Iterable<Uint8Array>;
  readonly changes: readonly Uint8Array[];
};

/** @param content.changes encoded signed changes */
export function encodeBundle(content: BundleContent): Uint8Array {
  const { document, generation, writers, proofs, changes } = content;
  const part = ({ body, signature }: SignedPart): Uint8Array[] => [body, signature];
  const certificates = [...writers.certificates.values()].map((certificate) => part(certificate.part));
  return encode([VERSION, fromHex(document), generation, part(writers.list.part), certificates, [...proofs], changes]);
}

/** @throws ParleyError `malformed` or `too-large` */
export function decodeBundle(bytes: Uint8Array, maxBytes: number = MAX_BUNDLE_BYTES): Bundle {
  const [version, document, generation, list, certificates, proofs, changes] = readArray(decode(bytes, maxBytes), 'A bundle', 7);
  readOneOf(version, 'The bundle’s version', [VERSION]);
  return {
    document: toHex(readBytes(document, 'The document’s id', DOCUMENT_ID_BYTES)) as DocumentId,
    generation: readInteger(generation, 'The generation', 1, LIMITS.maxGeneration),
    list: readSignedPart(list),
    certificates: readList(certificates, 'The certificates', LIMITS.maxDevicesPerPerson, readSignedPart),
    proofs: readList(proofs, 'The proofs', LIMITS.maxDevicesPerPerson, (item, what) => readBytesUpTo(item, what, MAX_BUNDLE_BYTES)),
    changes: readList(changes, 'The changes', LIMITS.maxRegistryDocumentChanges, (item, what) =>
      decodeSealedChange(readBytesUpTo(item, what, MAX_BUNDLE_BYTES)),
    ),
  };
}

/** Two different changes that a device signed under the same actor and number: nothing that an honest program does. */
export type EquivocationProof = { readonly device: DeviceId; readonly checks: readonly SignatureCheck[] };

/** @param a encoded signed change */
export function encodeProof(generation: number, a: Uint8Array, b: Uint8Array): Uint8Array {
  return encode([generation, a, b]);
}

/** @throws ParleyError `malformed`, `too-large`, or `bad-signature` when the two prove nothing */
export function readProof(bytes: Uint8Array, networkId: Uint8Array, document: DocumentId): EquivocationProof {
  const [generation, first, second] = readArray(decode(bytes, MAX_BUNDLE_BYTES), 'A proof', 3);
  const place: ChangePlace = { networkId, document, generation: readInteger(generation, 'The generation', 1, LIMITS.maxGeneration) };
  const [a, b] = [first, second].map((item) => openSealedChange(decodeSealedChange(readBytesUpTo(item, 'A change', MAX_BUNDLE_BYTES))));
  if (!a || !b || !equivocates(a, b)) throw new ParleyError('bad-signature', 'The two changes do not contradict each other.');
  return { device: a.device, checks: [changeCheck(place, a), changeCheck(place, b)] };
}

export function equivocates(a: SignedChange, b: SignedChange): boolean {
  return a.device === b.device && positionOf(a) === positionOf(b) && a.header.hash !== b.header.hash;
}

/** Actor and number: where the change stands in what its writer wrote. */
export function positionOf({ header }: SignedChange): string {
  return `${toHex(header.actor)}.${header.seq}`;
}
