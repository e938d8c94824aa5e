import { concatBytes } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import { nodeIdOf, personIdOf, publicKeyOf, PUBLIC_KEY_BYTES, type NodeId, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import { decode, encode, type DecodedCbor } from '../wire/codec.ts';
import { isHostUrl } from '../wire/host-url.ts';
import { readArray, readBytes, readBytesUpTo, readInteger, readList, readOneOf, readText } from '../wire/readers.ts';
import type { LocalIdentity } from './identity.ts';
import { X25519_KEY_BYTES } from './key-exchange.ts';
import { labelled, SIGNATURE_LABELS } from './labels.ts';

/** What a node is to others; added up in {@link CardContent.flags}. Readers let unknown flags pass. */
export const CARD_FLAGS = {
  /** Reachable through another tab of the same browser only. */
  leaf: 1,
  /** Carries circuits of others. */
  relay: 2,
  /** A headless host. */
  host: 4,
  /** Takes no direct links: it is in the centralised mode, and reached over the hosts that it is linked with. */
  behindHosts: 8,
  /** A host whose MCP clients may reach it unencrypted: what it calls for them, others may read. */
  plaintextClients: 16,
  /** Most others cannot open a link with it. */
  confined: 32,
  /** Confined nodes can open a link with it. */
  open: 64,
} as const;

/** What a node says of itself: introductions are sealed with it, and it is the node's entry in the table of who is there. */
export type CardContent = {
  readonly node: NodeId;
  /** A claim, until a handshake or the registry proves it. */
  readonly person: PersonId;
  readonly sealingKey: Uint8Array;
  /** Unix milliseconds. Of two cards of one node the later one holds. */
  readonly issuedAt: number;
  /** Unix milliseconds; equal to `issuedAt` in a goodbye. */
  readonly expiresAt: number;
  readonly flags: number;
  /** Of a host: the addresses of its sockets, best first. Untrusted, but WebSocket URLs. */
  readonly hostUrls?: readonly string[];
};

export type PeerCard = CardContent & {
  /** Must hold before anything here is used. */
  readonly check: SignatureCheck;
};

/** Cards have none and an empty list alike. */
export function sameHostUrls(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((url, index) => url === b[index]);
}

const VERSION = 2;
const SIGNATURE_BYTES = 64;
const MAX_FLAGS = 0xff;

/** The encoded content, and what the node's key signs: {@link joinCard} takes the body with that signature. Bound to the network by the signature alone. */
export function cardToSign(content: CardContent, networkId: Uint8Array): { readonly body: Uint8Array; readonly message: Uint8Array } {
  const body = encode([
    VERSION,
    publicKeyOf(content.node),
    publicKeyOf(content.person),
    content.sealingKey,
    Math.floor(content.issuedAt),
    Math.floor(content.expiresAt),
    content.flags,
    ...(content.hostUrls && content.hostUrls.length > 0 ? [content.hostUrls] : []),
  ]);
  return { body, message: signedMessage(body, networkId) };
}

export function joinCard(body: Uint8Array, signature: Uint8Array): Uint8Array {
  return encode([body, signature]);
}

/** Our card, about 200 bytes; its sealing key lives as long as this run of the node. */
export async function makeCard(
  identity: LocalIdentity,
  networkId: Uint8Array,
  now: number,
  { flags = 0, hostUrls }: Partial<Pick<CardContent, 'flags' | 'hostUrls'>> = {},
): Promise<Uint8Array> {
  const content: CardContent = {
    node: identity.node,
    person: identity.person,
    sealingKey: identity.sealing.publicKey,
    issuedAt: now,
    expiresAt: now + LIMITS.peerCardLifetimeMs,
    flags,
    ...(hostUrls ? { hostUrls } : {}),
  };
  const { body, message } = cardToSign(content, networkId);
  return joinCard(body, await identity.nodeSigner.sign(message));
}

/** Reads a card of any age. @throws ParleyError `malformed`, `too-large`, or `bad-certificate` when it lives longer than cards may. */
export function decodeCard(card: Uint8Array, networkId: Uint8Array): PeerCard {
  const [bodyItem, signatureItem] = readArray(decode(card, LIMITS.maxPeerCardBytes), 'A peer card', 2);
  const body = readBytesUpTo(bodyItem, 'A peer card', LIMITS.maxPeerCardBytes);
  const signature = readBytes(signatureItem, 'A signature', SIGNATURE_BYTES);
  const [version, nodeKey, personKey, sealingKey, issued, expires, flags, hostUrls] = readArray(decode(body), 'A peer card', 7, 8);
  readOneOf(version, 'The card’s version', [VERSION]);
  const publicKey = readBytes(nodeKey, 'The node’s key', PUBLIC_KEY_BYTES);
  const issuedAt = readInteger(issued, 'The card’s time of issue');
  const expiresAt = readInteger(expires, 'The card’s expiry', issuedAt);
  if (expiresAt - issuedAt > LIMITS.peerCardLifetimeMs) {
    throw new ParleyError('bad-certificate', 'The peer’s card is valid for longer than cards may be.');
  }
  return {
    node: nodeIdOf(publicKey),
    person: personIdOf(readBytes(personKey, 'The person’s key', PUBLIC_KEY_BYTES)),
    sealingKey: readBytes(sealingKey, 'The sealing key', X25519_KEY_BYTES),
    issuedAt,
    expiresAt,
    flags: readInteger(flags, 'The flags', 0, MAX_FLAGS),
    ...(hostUrls === undefined ? {} : { hostUrls: readList(hostUrls, 'An address of a host', LIMITS.maxHostUrlsPerCard, readHostUrl) }),
    check: { publicKey, message: signedMessage(body, networkId), signature },
  };
}

function readHostUrl(value: DecodedCbor | undefined, what: string): string {
  const url = readText(value, what, LIMITS.maxHostUrlLength);
  if (!isHostUrl(url)) throw new ParleyError('malformed', `${what} should be a WebSocket URL.`);
  return url;
}

/**
 * Reads the card of a node that is there now.
 * @throws ParleyError `malformed`, `too-large`, `clock-skew`, or `bad-certificate` when it has expired, is a goodbye, or lives too long.
 */
export function readCard(bytes: Uint8Array, networkId: Uint8Array, now: number): PeerCard {
  const card = decodeCard(bytes, networkId);
  if (isGoodbye(card)) throw new ParleyError('bad-certificate', 'The peer has left.');
  if (card.expiresAt + LIMITS.maxClockSkewMs <= now) throw new ParleyError('bad-certificate', 'The peer’s card has expired.');
  if (card.issuedAt > now + LIMITS.maxClockSkewMs) throw new ParleyError('clock-skew', 'The peer’s card was issued in the future.');
  return card;
}

/** Whether the card says that its node has left. */
export function isGoodbye(card: CardContent): boolean {
  return card.expiresAt === card.issuedAt;
}

function signedMessage(body: Uint8Array, networkId: Uint8Array): Uint8Array {
  return labelled(SIGNATURE_LABELS.peerCard, concatBytes(networkId, body));
}
