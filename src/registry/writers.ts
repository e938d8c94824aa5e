import { compareBytes, equalBytes, toHex } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import type { DeviceId, PersonId } from '../base/ids.ts';
import {
  deviceCertificateCheck,
  deviceListCheck,
  deviceListHash,
  readDeviceCertificate,
  readDeviceList,
  type DeviceList,
  type SignedPart,
} from '../crypto/certificates.ts';
import type { SignatureCheck } from '../ports/keys.ts';

type Certificate = { readonly part: SignedPart; readonly issuedAt: number; readonly expiresAt: number };

/** Who may write a document: its person's device list and the certificates of the devices that did. */
export type Writers = {
  readonly person: PersonId;
  readonly list: DeviceList & { readonly part: SignedPart; readonly hash: string };
  readonly certificates: ReadonlyMap<DeviceId, Certificate>;
};

/** Reads the parts; the checks of {@link writersChecks} must hold before anything is believed. @throws ParleyError with the typed reason */
export function readWriters(listPart: SignedPart, certificateParts: readonly SignedPart[], now: number): Writers {
  const list = readDeviceList(listPart.body);
  const certificates = new Map<DeviceId, Certificate>();
  for (const part of certificateParts) {
    const { person, device, issuedAt, expiresAt } = readDeviceCertificate(part.body, now);
    if (person !== list.person) throw new ParleyError('bad-certificate', 'A device certificate is by another person than the device list.');
    if (certificates.has(device)) throw new ParleyError('malformed', 'A device has two certificates.');
    if (list.devices.includes(device)) certificates.set(device, { part, issuedAt, expiresAt });
  }
  return { person: list.person, list: { ...list, part: listPart, hash: toHex(deviceListHash(listPart.body)) }, certificates };
}

/** The signatures in `offered` that `known` does not already prove. */
export function writersChecks(offered: Writers, known: Writers | undefined): readonly SignatureCheck[] {
  const checks: SignatureCheck[] = [];
  if (!known || !samePart(known.list.part, offered.list.part)) checks.push(deviceListCheck(offered.list.part, offered.person));
  for (const [device, { part }] of offered.certificates) {
    const before = known?.certificates.get(device)?.part;
    if (!before || !samePart(before, part)) checks.push(deviceCertificateCheck(part, offered.person));
  }
  return checks;
}

/**
 * What both say together, whatever the order in which they come: the list with the higher number, of each device on it the newest certificate.
 * `conflict` when two lists claim the same place in the chain: then the one that was known stays.
 */
export function mergeWriters(known: Writers | undefined, offered: Writers): { readonly writers: Writers; readonly isConflict: boolean } {
  if (!known) return { writers: offered, isConflict: false };
  const isConflict = conflicts(known.list, offered.list);
  const list = !isConflict && offered.list.seq > known.list.seq ? offered.list : known.list;
  const certificates = new Map<DeviceId, Certificate>();
  for (const device of list.devices) {
    const newest = newer(known.certificates.get(device), isConflict ? undefined : offered.certificates.get(device));
    if (newest) certificates.set(device, newest);
  }
  return { writers: { person: known.person, list, certificates }, isConflict };
}

function conflicts(known: Writers['list'], offered: Writers['list']): boolean {
  if (offered.seq === known.seq) return offered.hash !== known.hash;
  const [earlierList, laterList] = offered.seq < known.seq ? [offered, known] : [known, offered];
  if (laterList.seq !== earlierList.seq + 1) return false;
  return laterList.previousHash === undefined || toHex(laterList.previousHash) !== earlierList.hash;
}

/** The later one; of two that were issued at the same time any rule will do that is the same everywhere. */
function newer(a: Certificate | undefined, b: Certificate | undefined): Certificate | undefined {
  if (!a || !b) return a ?? b;
  if (a.issuedAt !== b.issuedAt) return a.issuedAt > b.issuedAt ? a : b;
  return compareBytes(a.part.signature, b.part.signature) <= 0 ? a : b;
}

/** Whether the device may write: it is in the list, and its certificate is there. */
export function mayWrite(writers: Writers, device: DeviceId): boolean {
  return writers.certificates.has(device);
}

/** When the last certificate runs out: from then on nobody vouches for the document. */
export function writersExpireAt(writers: Writers): number {
  let latest = 0;
  for (const { expiresAt } of writers.certificates.values()) latest = Math.max(latest, expiresAt);
  return latest;
}

export function samePart(a: SignedPart, b: SignedPart): boolean {
  return a === b || (equalBytes(a.body, b.body) && equalBytes(a.signature, b.signature));
}
