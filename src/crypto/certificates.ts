import { deviceIdOf, nodeIdOf, personIdOf, publicKeyOf, PUBLIC_KEY_BYTES, type DeviceId, type NodeId, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { equalBytes } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import { decode, encode, type DecodedCbor } from '../wire/codec.ts';
import { readArray, readBytes, readBytesUpTo, readInteger, readList, readOneOf, readOptional } from '../wire/readers.ts';
import { sha256 } from './hash.ts';
import { DERIVATION_LABELS, labelled, SIGNATURE_LABELS } from './labels.ts';

/**
 * The identity chain: the person signs the list of their devices and certifies each device; the device certifies its nodes. Every part is
 * deterministic CBOR under a label of its own, and names both the key that signs and the key that is certified.
 */

const VERSION = 1;
const HASH_BYTES = 32;
const SIGNATURE_BYTES = 64;
const DAY_MS = 86_400_000;
export const DEVICE_CERTIFICATE_LIFETIME_MS = 90 * DAY_MS;
export const NODE_CERTIFICATE_LIFETIME_MS = 30 * DAY_MS;

export type SignedPart = { readonly body: Uint8Array; readonly signature: Uint8Array };
type ToSign = { readonly body: Uint8Array; readonly message: Uint8Array };

/**
 * All devices of a person, as a whole: a device that is not in the newest list is no device any more. `seq` counts from 1 without gaps, and
 * each list names the hash of the one before. Holds no time, so the same devices give the same bytes on every run.
 */
export type DeviceList = {
  readonly person: PersonId;
  readonly seq: number;
  /** Hash of list `seq − 1`; absent for the first. */
  readonly previousHash: Uint8Array | undefined;
  readonly devices: readonly DeviceId[];
};

export type IdentityChainParts = { readonly list: SignedPart; readonly deviceCertificate: SignedPart; readonly nodeCertificate: SignedPart };

/** What a chain says, before its signatures are checked: nothing here may be used until all of `checks` hold. */
export type IdentityChain = {
  readonly node: NodeId;
  readonly device: DeviceId;
  readonly person: PersonId;
  readonly deviceList: { readonly seq: number; readonly hash: Uint8Array };
  readonly checks: readonly SignatureCheck[];
};

export function deviceListToSign(list: DeviceList): ToSign {
  const devices = list.devices.map(publicKeyOf);
  const body = encode([VERSION, publicKeyOf(list.person), list.seq, list.previousHash ?? null, devices]);
  return { body, message: labelled(SIGNATURE_LABELS.deviceList, body) };
}

/** What the next list names as its predecessor, and what peers pin. */
export function deviceListHash(body: Uint8Array): Uint8Array {
  return sha256(labelled(DERIVATION_LABELS.deviceListHash, body));
}

export function deviceCertificateToSign(options: { readonly person: PersonId; readonly device: DeviceId; readonly issuedAt: number }): ToSign {
  const { person, device, issuedAt } = options;
  return certificateToSign(SIGNATURE_LABELS.deviceCertificate, publicKeyOf(person), publicKeyOf(device), issuedAt, DEVICE_CERTIFICATE_LIFETIME_MS);
}

export function nodeCertificateToSign(options: { readonly device: DeviceId; readonly node: NodeId; readonly issuedAt: number }): ToSign {
  const { device, node, issuedAt } = options;
  return certificateToSign(SIGNATURE_LABELS.nodeCertificate, publicKeyOf(device), publicKeyOf(node), issuedAt, NODE_CERTIFICATE_LIFETIME_MS);
}

function certificateToSign(label: string, issuer: Uint8Array, subject: Uint8Array, issuedAt: number, lifetimeMs: number): ToSign {
  const body = encode([VERSION, issuer, subject, Math.floor(issuedAt), Math.floor(issuedAt) + lifetimeMs]);
  return { body, message: labelled(label, body) };
}

export function encodeIdentityChain(parts: IdentityChainParts): Uint8Array {
  return encode([parts.list, parts.deviceCertificate, parts.nodeCertificate].map(({ body, signature }) => [body, signature]));
}

/**
 * Reads a chain and checks all that needs no signature: shapes, who certifies whom, the device is in the list, times.
 * @throws ParleyError `malformed`, `too-large`, `bad-certificate`, or `clock-skew` when the peer's certificates are from the future.
 */
export function readIdentityChain(bytes: Uint8Array, now: number): IdentityChain {
  const [listPart, devicePart, nodePart] = readArray(decode(bytes, LIMITS.maxIdentityPayloadBytes), 'An identity chain', 3).map((part) =>
    readSignedPart(part),
  );
  if (!listPart || !devicePart || !nodePart) throw new ParleyError('malformed', 'An identity chain has three parts.');
  const list = readDeviceList(listPart.body);
  const deviceCertificate = readCertificate(devicePart.body, 'A device certificate', DEVICE_CERTIFICATE_LIFETIME_MS, now);
  const nodeCertificate = readCertificate(nodePart.body, 'A node certificate', NODE_CERTIFICATE_LIFETIME_MS, now);

  const personKey = publicKeyOf(list.person);
  const deviceKey = deviceCertificate.subject;
  const device = deviceIdOf(deviceKey);
  if (!equalBytes(deviceCertificate.issuer, personKey)) bad('The device certificate is by another person than the device list.');
  if (!equalBytes(nodeCertificate.issuer, deviceKey)) bad('The node certificate is by another device.');
  if (!list.devices.includes(device)) bad('The device is not in its person’s device list.');

  return {
    person: list.person,
    device,
    node: nodeIdOf(nodeCertificate.subject),
    deviceList: { seq: list.seq, hash: deviceListHash(listPart.body) },
    checks: [
      { publicKey: personKey, message: labelled(SIGNATURE_LABELS.deviceList, listPart.body), signature: listPart.signature },
      { publicKey: personKey, message: labelled(SIGNATURE_LABELS.deviceCertificate, devicePart.body), signature: devicePart.signature },
      { publicKey: deviceKey, message: labelled(SIGNATURE_LABELS.nodeCertificate, nodePart.body), signature: nodePart.signature },
    ],
  };
}

/** The parts of our own chain, to be shown elsewhere than in a handshake. @throws ParleyError `malformed` or `too-large` */
export function identityPartsOf(chain: Uint8Array): IdentityChainParts {
  const [list, deviceCertificate, nodeCertificate] = readArray(decode(chain, LIMITS.maxIdentityPayloadBytes), 'An identity chain', 3);
  return { list: readSignedPart(list), deviceCertificate: readSignedPart(deviceCertificate), nodeCertificate: readSignedPart(nodeCertificate) };
}

export function deviceListCheck(part: SignedPart, person: PersonId): SignatureCheck {
  return { publicKey: publicKeyOf(person), message: labelled(SIGNATURE_LABELS.deviceList, part.body), signature: part.signature };
}

export function deviceCertificateCheck(part: SignedPart, person: PersonId): SignatureCheck {
  return { publicKey: publicKeyOf(person), message: labelled(SIGNATURE_LABELS.deviceCertificate, part.body), signature: part.signature };
}

/** What a device certificate says, expired or not: whether time matters is the caller's question. */
export type DeviceCertificate = { readonly person: PersonId; readonly device: DeviceId; readonly issuedAt: number; readonly expiresAt: number };

/** @throws ParleyError `malformed`, `too-large`, `bad-certificate` or `clock-skew` */
export function readDeviceCertificate(body: Uint8Array, now: number): DeviceCertificate {
  const certificate = readCertificateTimes(body, 'A device certificate', DEVICE_CERTIFICATE_LIFETIME_MS, now);
  const { issuer, subject, issuedAt, expiresAt } = certificate;
  return { person: personIdOf(issuer), device: deviceIdOf(subject), issuedAt, expiresAt };
}

/** @throws ParleyError `malformed` or `too-large` */
export function readDeviceList(body: Uint8Array): DeviceList {
  const [version, person, seq, previousHash, devices] = readArray(decode(body), 'A device list', 5);
  readOneOf(version, 'The device list’s version', [VERSION]);
  const readSeq = readInteger(seq, 'The device list’s number', 1);
  const previous = readOptional(previousHash, 'The previous list’s hash', (value, what) => readBytes(value, what, HASH_BYTES));
  if ((readSeq === 1) !== (previous === undefined)) throw new ParleyError('malformed', 'Only the first device list has no predecessor.');
  return {
    person: personIdOf(readBytes(person, 'The person’s key', PUBLIC_KEY_BYTES)),
    seq: readSeq,
    previousHash: previous,
    devices: readList(devices, 'The devices', LIMITS.maxDevicesPerPerson, (item, what) => deviceIdOf(readBytes(item, what, PUBLIC_KEY_BYTES))),
  };
}

type Certificate = { readonly issuer: Uint8Array; readonly subject: Uint8Array; readonly issuedAt: number; readonly expiresAt: number };

function readCertificate(body: Uint8Array, what: string, maxLifetimeMs: number, now: number): Certificate {
  const certificate = readCertificateTimes(body, what, maxLifetimeMs, now);
  if (certificate.expiresAt <= now) bad(`${what} has expired.`);
  return certificate;
}

function readCertificateTimes(body: Uint8Array, what: string, maxLifetimeMs: number, now: number): Certificate {
  const [version, issuer, subject, issuedAt, expiresAt] = readArray(decode(body), what, 5);
  readOneOf(version, `${what}’s version`, [VERSION]);
  const issued = readInteger(issuedAt, `${what}’s time of issue`);
  const expires = readInteger(expiresAt, `${what}’s expiry`);
  if (expires <= issued || expires - issued > maxLifetimeMs) bad(`${what} has a lifetime that is not allowed.`);
  if (issued > now + LIMITS.maxClockSkewMs) {
    throw new ParleyError('clock-skew', `${what} is from the future: one of the two clocks is wrong.`);
  }
  return {
    issuer: readBytes(issuer, `${what}’s issuer`, PUBLIC_KEY_BYTES),
    subject: readBytes(subject, `${what}’s subject`, PUBLIC_KEY_BYTES),
    issuedAt: issued,
    expiresAt: expires,
  };
}

/** A pair of body and signature. @throws ParleyError `malformed` or `too-large` */
export function readSignedPart(value: DecodedCbor | undefined): SignedPart {
  const [body, signature] = readArray(value, 'A signed part', 2);
  return {
    body: readBytesUpTo(body, 'A signed body', LIMITS.maxIdentityPayloadBytes),
    signature: readBytes(signature, 'A signature', SIGNATURE_BYTES),
  };
}

function bad(message: string): never {
  throw new ParleyError('bad-certificate', message);
}
