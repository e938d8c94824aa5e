/**
 * STUN messages as far as a server that only answers Binding requests needs them (RFC 8489). Nothing here allocates for a
 * request before it is known to be well-formed, and nothing throws for what came in.
 */
import { Buffer } from 'node:buffer';
import { isIPv4 } from 'node:net';
import { crc32 } from './crc32.ts';
import { parseIpv6 } from './address.ts';
import { LIMITS } from './limits.ts';

export const MAGIC_COOKIE = 0x2112a442;
export const HEADER_BYTES = 20;

export const BINDING_REQUEST = 0x0001;
export const BINDING_SUCCESS = 0x0101;
export const BINDING_ERROR = 0x0111;

export const ERROR_CODE = 0x0009;
export const UNKNOWN_ATTRIBUTES = 0x000a;
export const XOR_MAPPED_ADDRESS = 0x0020;
export const FINGERPRINT = 0x8028;

const MAGIC_COOKIE_AT = 4;
const TRANSACTION_AT = 8;
const FINGERPRINT_BYTES = 8;
/** RFC 8489 §14.7: what the CRC is XORed with, so that it differs from a CRC of the carried protocol's own. */
const FINGERPRINT_XOR = 0x5354554e;
const IPV4_FAMILY = 1;
const IPV6_FAMILY = 2;

/**
 * Comprehension-required attributes (below 0x8000) that a Binding request may carry and that this server understands well enough
 * to go by them or to leave them: USERNAME, MESSAGE-INTEGRITY, REALM, NONCE, MESSAGE-INTEGRITY-SHA256, PASSWORD-ALGORITHM, USERHASH
 * (no authentication is asked here, §9), PRIORITY and USE-CANDIDATE (RFC 8445 §16.1).
 */
const UNDERSTOOD = new Set([0x0006, 0x0008, 0x0014, 0x0015, 0x001c, 0x001d, 0x001e, 0x0024, 0x0025]);

export type BindingRequest = {
  /** 12 bytes, echoed. */
  readonly transactionId: Buffer;
  /** Comprehension-required attributes that are not understood, in order, at most `maxUnknownAttributes`. */
  readonly unknownAttributes: readonly number[];
};

/** A Binding request, or `undefined` for all else: garbage, indications, responses, other methods, a wrong cookie or fingerprint. */
export function decodeBindingRequest(bytes: Buffer): BindingRequest | undefined {
  if (bytes.length < HEADER_BYTES || bytes.length > LIMITS.maxStunRequestBytes) return undefined;
  if (bytes.readUInt16BE(0) !== BINDING_REQUEST) return undefined;
  if (bytes.readUInt16BE(2) !== bytes.length - HEADER_BYTES || bytes.length % 4 !== 0) return undefined;
  if (bytes.readUInt32BE(MAGIC_COOKIE_AT) !== MAGIC_COOKIE) return undefined;

  const unknownAttributes: number[] = [];
  let hasFingerprint = false;
  let offset = HEADER_BYTES;
  while (offset < bytes.length) {
    // Nothing may follow the fingerprint, §14.7.
    if (hasFingerprint || offset + 4 > bytes.length) return undefined;
    const type = bytes.readUInt16BE(offset);
    const length = bytes.readUInt16BE(offset + 2);
    const end = offset + 4 + length + padding(length);
    if (end > bytes.length) return undefined;
    if (type === FINGERPRINT) {
      if (length !== 4 || bytes.readUInt32BE(offset + 4) !== fingerprintOf(bytes.subarray(0, offset))) return undefined;
      hasFingerprint = true;
    } else if (
      type < 0x8000 &&
      !UNDERSTOOD.has(type) &&
      unknownAttributes.length < LIMITS.maxUnknownAttributes &&
      !unknownAttributes.includes(type)
    ) {
      unknownAttributes.push(type);
    }
    offset = end;
  }
  return { transactionId: Buffer.from(bytes.subarray(TRANSACTION_AT, HEADER_BYTES)), unknownAttributes };
}

/** The success response with the address the request came from, §14.2. `undefined` when `address` is no IP address. */
export function encodeBindingSuccess(request: BindingRequest, address: string, port: number): Buffer | undefined {
  const value = xorMappedAddress(address, port, request.transactionId);
  return value && encodeMessage(BINDING_SUCCESS, request, [[XOR_MAPPED_ADDRESS, value]]);
}

/** 420 (Unknown Attribute) with the list of them, §6.3.1. */
export function encodeUnknownAttributes(request: BindingRequest): Buffer {
  const errorCode = Buffer.concat([Uint8Array.of(0, 0, 4, 20), Buffer.from('Unknown')]);
  const list = Buffer.alloc(request.unknownAttributes.length * 2);
  request.unknownAttributes.forEach((type, i) => list.writeUInt16BE(type, i * 2));
  return encodeMessage(BINDING_ERROR, request, [
    [ERROR_CODE, errorCode],
    [UNKNOWN_ATTRIBUTES, list],
  ]);
}

/** The CRC-32 over everything before the attribute, with the message's length already counting it, §14.7. */
export function fingerprintOf(before: Uint8Array): number {
  return (crc32(before) ^ FINGERPRINT_XOR) >>> 0;
}

function encodeMessage(type: number, request: BindingRequest, attributes: readonly (readonly [number, Buffer])[]): Buffer {
  const parts: Buffer[] = [Buffer.alloc(HEADER_BYTES)];
  for (const [attribute, value] of attributes) {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(attribute, 0);
    head.writeUInt16BE(value.length, 2);
    parts.push(head, value, Buffer.alloc(padding(value.length)));
  }
  const message = Buffer.concat(parts);
  message.writeUInt16BE(type, 0);
  message.writeUInt16BE(message.length - HEADER_BYTES + FINGERPRINT_BYTES, 2);
  message.writeUInt32BE(MAGIC_COOKIE, MAGIC_COOKIE_AT);
  request.transactionId.copy(message, TRANSACTION_AT);
  const fingerprint = Buffer.alloc(FINGERPRINT_BYTES);
  fingerprint.writeUInt16BE(FINGERPRINT, 0);
  fingerprint.writeUInt16BE(4, 2);
  fingerprint.writeUInt32BE(fingerprintOf(message), 4);
  return Buffer.concat([message, fingerprint]);
}

function xorMappedAddress(address: string, port: number, transactionId: Buffer): Buffer | undefined {
  const plain = address.startsWith('::ffff:') && isIPv4(address.slice(7)) ? address.slice(7) : address;
  const isV4 = isIPv4(plain);
  const bytes = isV4 ? Buffer.from(plain.split('.').map(Number)) : ipv6Bytes(plain);
  if (!bytes) return undefined;
  const mask = Buffer.concat([Buffer.from('2112a442', 'hex'), transactionId]);
  const value = Buffer.alloc(4 + bytes.length);
  value[1] = isV4 ? IPV4_FAMILY : IPV6_FAMILY;
  value.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 2);
  bytes.forEach((byte, i) => (value[4 + i] = byte ^ (mask[i] as number)));
  return value;
}

function ipv6Bytes(address: string): Buffer | undefined {
  const groups = parseIpv6(address);
  return groups && Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Attributes are padded to four bytes, §14. */
function padding(length: number): number {
  return (4 - (length % 4)) % 4;
}
