import { ParleyError } from '../base/errors.ts';
import { nodeIdOf, PUBLIC_KEY_BYTES, type NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import { decode, encode } from '../wire/codec.ts';
import { readArray, readBytes, readBytesUpTo, readInteger, readOneOf } from '../wire/readers.ts';
import type { LocalIdentity } from './identity.ts';
import { X25519_KEY_BYTES } from './key-exchange.ts';
import { labelled, SIGNATURE_LABELS } from './labels.ts';

/** What a newcomer is told of a node: its key, and the key to which introductions are sealed. Signed by the node. */
export type PeerCard = {
  readonly node: NodeId;
  readonly sealingKey: Uint8Array;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  /** Must hold before anything here is used. */
  readonly check: SignatureCheck;
};

const VERSION = 1;
const SIGNATURE_BYTES = 64;

/** Our card, at most 1 KiB; its sealing key lives as long as this run of the node. */
export async function makeCard(identity: LocalIdentity, now: number): Promise<Uint8Array> {
  const expiresAt = Math.floor(now) + LIMITS.peerCardLifetimeMs;
  const body = encode([VERSION, identity.nodeSigner.publicKey, identity.sealing.publicKey, expiresAt]);
  const signature = await identity.nodeSigner.sign(labelled(SIGNATURE_LABELS.peerCard, body));
  return encode([body, signature]);
}

/** @throws ParleyError `malformed`, `too-large`, or `bad-certificate` when it has expired or lives too long. */
export function readCard(card: Uint8Array, now: number): PeerCard {
  const [bodyItem, signatureItem] = readArray(decode(card, LIMITS.maxPeerCardBytes), 'A peer card', 2);
  const body = readBytesUpTo(bodyItem, 'A peer card', LIMITS.maxPeerCardBytes);
  const signature = readBytes(signatureItem, 'A signature', SIGNATURE_BYTES);
  const [version, nodeKey, sealingKey, expiresAt] = readArray(decode(body), 'A peer card', 4);
  readOneOf(version, 'The card’s version', [VERSION]);
  const publicKey = readBytes(nodeKey, 'The node’s key', PUBLIC_KEY_BYTES);
  const expires = readInteger(expiresAt, 'The card’s expiry');
  if (expires + LIMITS.maxClockSkewMs <= now) throw new ParleyError('bad-certificate', 'The peer’s card has expired.');
  if (expires > now + LIMITS.peerCardLifetimeMs + LIMITS.maxClockSkewMs) {
    throw new ParleyError('bad-certificate', 'The peer’s card is valid for longer than cards may be.');
  }
  return {
    node: nodeIdOf(publicKey),
    sealingKey: readBytes(sealingKey, 'The sealing key', X25519_KEY_BYTES),
    expiresAt: expires,
    check: { publicKey, message: labelled(SIGNATURE_LABELS.peerCard, body), signature },
  };
}
