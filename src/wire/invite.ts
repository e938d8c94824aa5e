import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes, fromBase64url, toBase64url, utf8 } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { decode, encode, type DecodedCbor } from './codec.ts';
import { isHostUrl } from './host-url.ts';
import { assertNetworkName, MAX_NETWORK_NAME_LENGTH, NETWORK_ID_BYTES, NETWORK_SECRET_BYTES, privateNetworkId } from './networks.ts';
import { readArray, readBytes, readOneOf, readOptional, readText } from './readers.ts';

/** What an invite link carries in its fragment, which browsers never send to a server. */
export type Invite = {
  readonly name: string;
  readonly networkId: Uint8Array;
  /** Present for a private network: who has the link can join. */
  readonly secret?: Uint8Array;
  /** The address of a host, by which also those come in whose browser or network opens no direct links. */
  readonly host?: string;
};

const VERSION = 1;
const PREFIX = '#/join/';
const CHECKSUM_LABEL = utf8('parley/invite/v1\0');
/** A wrong character goes unnoticed once in 2^32; this is against slips, not against attackers. */
const CHECKSUM_BYTES = 4;
/** Far above the largest invite (a name of 64 four-byte characters): what is longer is no invite. */
const MAX_FRAGMENT_LENGTH = 1024;

/** The fragment of an invite link: `#/join/<base64url>`. */
export function encodeInvite(invite: Invite): string {
  assertNetworkName(invite.name);
  const host = invite.host === undefined ? [] : [invite.host];
  const body = encode([VERSION, invite.name, invite.networkId, invite.secret ?? null, ...host]);
  return PREFIX + toBase64url(concatBytes(body, checksum(body)));
}

/** Whether a URL's fragment means to be an invite, whole or broken. */
export function isInviteFragment(fragment: string): boolean {
  return fragment.startsWith(PREFIX);
}

/**
 * @throws ParleyError `invite-broken` for anything but the whole fragment of an invite; `wrong-network-secret` for a whole one whose secret is not
 * that of the network that it names, with which no handshake could ever succeed.
 */
export function decodeInvite(fragment: string): Invite {
  const invite = readWhole(fragment);
  if (invite.secret && !equalBytes(privateNetworkId(invite.secret), invite.networkId))
    throw new ParleyError('wrong-network-secret', 'The secret in this invite link is not the secret of its network. Ask for a new link.');
  return invite;
}

function readWhole(fragment: string): Invite {
  try {
    return readInvite(fragment);
  } catch (cause) {
    throw new ParleyError('invite-broken', 'This invite link is damaged or incomplete. Ask for it again, and copy all of it.', { cause });
  }
}

function readInvite(fragment: string): Invite {
  if (!isInviteFragment(fragment)) throw new ParleyError('malformed', 'The fragment is not an invite.');
  if (fragment.length > MAX_FRAGMENT_LENGTH) throw new ParleyError('too-large', 'The fragment is longer than any invite.');
  const bytes = fromBase64url(fragment.slice(PREFIX.length));
  const body = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
  if (!equalBytes(checksum(body), bytes.subarray(body.length))) throw new ParleyError('malformed', 'The checksum does not match.');
  const [version, name, networkId, secret, host] = readArray(decode(body), 'An invite', 4, 5);
  readOneOf(version, 'The version', [VERSION]);
  const readName = readText(name, 'The name', MAX_NETWORK_NAME_LENGTH);
  assertNetworkName(readName);
  const invite = {
    name: readName,
    networkId: readBytes(networkId, 'The network id', NETWORK_ID_BYTES),
    ...(host === undefined ? {} : { host: readHost(host) }),
  };
  const readSecret = readOptional(secret, 'The secret', (value, what) => readBytes(value, what, NETWORK_SECRET_BYTES));
  return readSecret ? { ...invite, secret: readSecret } : invite;
}

function readHost(value: DecodedCbor): string {
  const url = readText(value, 'The host', LIMITS.maxHostUrlLength);
  if (!isHostUrl(url)) throw new ParleyError('malformed', 'The host is no WebSocket URL.');
  return url;
}

function checksum(body: Uint8Array): Uint8Array {
  return sha256(concatBytes(CHECKSUM_LABEL, body)).slice(0, CHECKSUM_BYTES);
}
