import { ParleyError } from '../base/errors.ts';
import type { Entropy } from '../ports/entropy.ts';
import { decode, encode } from './codec.ts';
import { readArray, readBoolean, readBytesUpTo, readInteger, readList, readOneOf } from './readers.ts';

/**
 * What a node says before anything else: which protocol versions and cipher suites it has, best first. The hashes of both hellos
 * are in the handshake's prologue, so whoever edits one in transit breaks the handshake.
 */
export type Hello = {
  readonly versions: readonly number[];
  readonly suites: readonly number[];
  readonly extensions: readonly HelloExtension[];
};

/** `critical`: who does not know it must not go on. */
export type HelloExtension = { readonly id: number; readonly critical: boolean; readonly value: Uint8Array };

export type HelloChoice = { readonly version: number; readonly suite: number };

const MAGIC = 'parley';
export const PROTOCOL_VERSION = 1;
/** Noise 25519, ChaChaPoly, SHA-256; bulk frames by AES-256-GCM. */
export const SUITE_25519_CHACHAPOLY_SHA256 = 1;

/** A hello travels in introductions: it must leave room for the session description. */
export const MAX_HELLO_BYTES = 512;
const MAX_OFFERED = 16;
const MAX_EXTENSIONS = 16;
const MAX_EXTENSION_BYTES = 128;
const MAX_ID = 0xffff;

/** The extensions that this version understands; there are none yet. */
const KNOWN_EXTENSIONS: readonly number[] = [];

/**
 * Our hello. One version, one suite and one extension of it mean nothing and change from run to run (GREASE, RFC 8701), so that a peer
 * that fails on unknown values is found today and not when the first real one appears.
 */
export function createLocalHello(entropy: Entropy): Uint8Array {
  const random = entropy.bytes(3);
  return encodeHello({
    versions: [PROTOCOL_VERSION, grease(random[0] as number)],
    suites: [SUITE_25519_CHACHAPOLY_SHA256, grease(random[1] as number)],
    extensions: [{ id: grease(random[2] as number), critical: false, value: random }],
  });
}

/** One of the 16 values 0x0a0a, 0x1a1a … 0xfafa, which never get a meaning. */
function grease(random: number): number {
  return ((random & 0x0f) * 0x10 + 0x0a) * 0x0101;
}

export function encodeHello(hello: Hello): Uint8Array {
  return encode([MAGIC, hello.versions, hello.suites, hello.extensions.map(({ id, critical, value }) => [id, critical, value])]);
}

/** @throws ParleyError `malformed`, `too-large`, or `version-unsupported` for an unknown critical extension. */
export function decodeHello(bytes: Uint8Array): Hello {
  // Later versions may append items; what stands here keeps its meaning.
  const [magic, versions, suites, extensions] = readArray(decode(bytes, MAX_HELLO_BYTES), 'A hello', 4, 8);
  readOneOf(magic, 'The first item of a hello', [MAGIC]);
  const hello = {
    versions: readList(versions, 'The versions', MAX_OFFERED, (item, what) => readInteger(item, what, 0, MAX_ID)),
    suites: readList(suites, 'The suites', MAX_OFFERED, (item, what) => readInteger(item, what, 0, MAX_ID)),
    extensions: readList(extensions, 'The extensions', MAX_EXTENSIONS, (item, what) => {
      const [id, critical, value] = readArray(item, what, 3);
      return {
        id: readInteger(id, 'An extension’s id', 0, MAX_ID),
        critical: readBoolean(critical, 'An extension’s criticality'),
        value: readBytesUpTo(value, 'An extension’s value', MAX_EXTENSION_BYTES),
      };
    }),
  };
  const unknown = hello.extensions.find((extension) => extension.critical && !KNOWN_EXTENSIONS.includes(extension.id));
  if (unknown) throw new ParleyError('version-unsupported', `The peer requires extension ${unknown.id}, which this version does not have.`);
  return hello;
}

/**
 * The version and suite that both sides use: the first of the initiator's that the responder has too. Both compute it from the same two
 * hellos, so nobody needs to be told, and nobody can be talked down without the handshake noticing.
 *
 * @throws ParleyError `version-unsupported`
 */
export function chooseFromHellos(initiator: Hello, responder: Hello): HelloChoice {
  const version = initiator.versions.find((offered) => offered === PROTOCOL_VERSION && responder.versions.includes(offered));
  const suite = initiator.suites.find((offered) => offered === SUITE_25519_CHACHAPOLY_SHA256 && responder.suites.includes(offered));
  if (version === undefined)
    throw new ParleyError('version-unsupported', 'The two nodes have no protocol version in common. One of them needs an update.');
  if (suite === undefined) throw new ParleyError('version-unsupported', 'The two nodes have no cipher suite in common. One of them needs an update.');
  return { version, suite };
}
