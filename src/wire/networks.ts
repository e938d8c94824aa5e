import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8 } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import type { Entropy } from '../ports/entropy.ts';

export const NETWORK_ID_BYTES = 32;
export const NETWORK_SECRET_BYTES = 32;
/** Names are shown in one line of a list. UTF-16 units. */
export const MAX_NETWORK_NAME_LENGTH = 64;

const OPEN_LABEL = utf8('parley/network/open/v1\0');
const PRIVATE_LABEL = utf8('parley/network/private/v1\0');
const ROOM_LABEL = utf8('parley/room/v1\0');
const PSK_INFO = utf8('parley/network/psk/v1');

export type PrivateNetwork = { readonly name: string; readonly networkId: Uint8Array; readonly secret: Uint8Array };

/** The id of the open network of that name: whoever knows the name can join it. */
export function openNetworkId(name: string): Uint8Array {
  assertNetworkName(name);
  return sha256(concatBytes(OPEN_LABEL, utf8(name)));
}

/** A fresh secret and an id that only who has the secret can compute, but that does not give it away. */
export function newPrivateNetwork(entropy: Entropy, name: string): PrivateNetwork {
  assertNetworkName(name);
  const secret = entropy.bytes(NETWORK_SECRET_BYTES);
  return { name, networkId: privateNetworkId(secret), secret };
}

export function privateNetworkId(secret: Uint8Array): Uint8Array {
  return sha256(concatBytes(PRIVATE_LABEL, secret));
}

/** The signaling server's room of a network (signaling-server/PROTOCOL.md): it tells the server neither name nor secret. */
export function roomOf(networkId: Uint8Array): Uint8Array {
  return sha256(concatBytes(ROOM_LABEL, networkId));
}

/** The pre-shared key that a private network mixes into its handshakes (Noise §9). */
export function pskOf(secret: Uint8Array): Uint8Array {
  return hkdf(sha256, secret, undefined, PSK_INFO, 32);
}

/** @throws ParleyError `bad-argument` */
export function assertNetworkName(name: string): void {
  if (name.length === 0 || name.length > MAX_NETWORK_NAME_LENGTH) {
    throw new ParleyError('bad-argument', `A network’s name has 1 to ${MAX_NETWORK_NAME_LENGTH} characters.`);
  }
}
