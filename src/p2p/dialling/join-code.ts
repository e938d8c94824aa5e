import { equalBytes, fromBase64url, toBase64url } from '../../base/bytes.ts';
import { ParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { labelled, SIGNATURE_LABELS } from '../../crypto/labels.ts';
import { readCard, type PeerCard } from '../../crypto/peer-card.ts';
import type { SignatureCheck } from '../../ports/keys.ts';
import { decode, encode, type DecodedCbor } from '../../wire/codec.ts';
import { MAX_HELLO_BYTES } from '../../wire/hello.ts';
import { roomOf } from '../../wire/networks.ts';
import { readArray, readBytes, readBytesUpTo, readInteger, readList, readOneOf, readText } from '../../wire/readers.ts';
import {
  CANDIDATE_TYPES,
  FINGERPRINT_BYTES,
  isAddress,
  isIceText,
  MDNS_BYTES,
  MAX_ICE_TEXT_LENGTH,
  type IceCandidate,
  type SessionFacts,
} from './session-facts.ts';

export type JoinCodeKind = 'offer' | 'answer';

/** What a join code says before its sender's node signs it. */
export type JoinCodeContent = {
  readonly kind: JoinCodeKind;
  /** 16 bytes, drawn by the one who offers: the answer repeats them. */
  readonly exchangeId: Uint8Array;
  /** Unix milliseconds of the sender's clock; an answer's is its offer's. */
  readonly expiresAt: number;
  readonly session: SessionFacts;
  /** The sender's hello and card. */
  readonly hello: Uint8Array;
  readonly card: Uint8Array;
};

export type OpenedJoinCode = Omit<JoinCodeContent, 'card'> & {
  readonly card: PeerCard;
  /** Must hold before anything here is used. */
  readonly checks: readonly SignatureCheck[];
};

export const EXCHANGE_ID_BYTES = 16;

const VERSION = 1;
const KINDS: readonly JoinCodeKind[] = ['offer', 'answer'];
const SIGNATURE_BYTES = 64;
/** Enough to say that a code is of another network; too little to look for the network by it. */
const NETWORK_TAG_BYTES = 8;
const MAX_ADDRESS_LENGTH = 45;
const MAX_PRIORITY = 2 ** 32 - 1;
const MAX_PORT = 0xffff;

/** The encoded content, and what the sender's node key signs: {@link joinCodeText} takes the body with that signature. */
export function joinCodeToSign(content: JoinCodeContent, networkId: Uint8Array): { readonly body: Uint8Array; readonly message: Uint8Array } {
  const { kind, exchangeId, expiresAt, session, hello, card } = content;
  const { ufrag, password, fingerprint, candidates } = session;
  const body = encode([
    VERSION,
    KINDS.indexOf(kind),
    networkTagOf(networkId),
    exchangeId,
    Math.floor(expiresAt),
    [ufrag, password, fingerprint, candidates.map(({ type, address, port, priority }) => [CANDIDATE_TYPES.indexOf(type), address, port, priority])],
    hello,
    card,
  ]);
  return { body, message: signedMessage(body, networkId) };
}

/** The code as people pass it on: base64url, one line. @throws ParleyError `too-large` */
export function joinCodeText(body: Uint8Array, signature: Uint8Array): string {
  const text = toBase64url(encode([body, signature]));
  if (text.length > LIMITS.maxJoinCodeLength) throw new ParleyError('too-large', 'The code is longer than any may be.');
  return text;
}

/**
 * Reads a code that somebody pasted; line breaks and spaces that a mail program put in are passed over.
 * @throws ParleyError `code-broken` for anything but a whole code, `code-foreign` for one of another network, `code-expired`
 */
export function readJoinCode(text: string, networkId: Uint8Array, now: number): OpenedJoinCode {
  const { body, signature } = whole(text);
  const [version, kind, tag, exchangeId, expires, session, hello, card] = broken(() => readArray(decode(body), 'A code', 8));
  const expiresAt = broken(() => {
    readOneOf(version, 'The version', [VERSION]);
    return readInteger(expires, 'The expiry');
  });
  if (
    !equalBytes(
      broken(() => readBytes(tag, 'The network', NETWORK_TAG_BYTES)),
      networkTagOf(networkId),
    )
  ) {
    throw new ParleyError('code-foreign', 'The code is of another network.');
  }
  if (expiresAt <= now) throw new ParleyError('code-expired', 'The code has expired.');
  return broken(() => {
    const opened = readCard(readBytesUpTo(card, 'The card', LIMITS.maxPeerCardBytes), networkId, now);
    return {
      kind: KINDS[readInteger(kind, 'The kind', 0, KINDS.length - 1)] as JoinCodeKind,
      exchangeId: readBytes(exchangeId, 'The exchange', EXCHANGE_ID_BYTES),
      expiresAt: Math.min(expiresAt, now + LIMITS.joinCodeLifetimeMs),
      session: readSession(session),
      hello: readBytesUpTo(hello, 'The hello', MAX_HELLO_BYTES),
      card: opened,
      checks: [opened.check, { publicKey: opened.check.publicKey, message: signedMessage(body, networkId), signature }],
    };
  });
}

function whole(text: string): { readonly body: Uint8Array; readonly signature: Uint8Array } {
  return broken(() => {
    if (text.length > 2 * LIMITS.maxJoinCodeLength) throw new ParleyError('too-large', 'The text is longer than any code.');
    const bytes = fromBase64url(text.replaceAll(/\s+/g, ''));
    const [body, signature] = readArray(decode(bytes, LIMITS.maxJoinCodeLength), 'A signed code', 2);
    return {
      body: readBytesUpTo(body, 'A code', LIMITS.maxJoinCodeLength),
      signature: readBytes(signature, 'A signature', SIGNATURE_BYTES),
    };
  });
}

function readSession(value: DecodedCbor | undefined): SessionFacts {
  const [ufrag, password, fingerprint, candidates] = readArray(value, 'A session', 4);
  return {
    ufrag: readIceText(ufrag, 'The user fragment'),
    password: readIceText(password, 'The password'),
    fingerprint: readBytes(fingerprint, 'The fingerprint', FINGERPRINT_BYTES),
    candidates: readList(candidates, 'The candidates', LIMITS.maxJoinCandidates, readCandidate),
  };
}

function readCandidate(value: DecodedCbor): IceCandidate {
  const [type, address, port, priority] = readArray(value, 'A candidate', 4);
  return {
    type: CANDIDATE_TYPES[readInteger(type, 'A candidate’s type', 0, CANDIDATE_TYPES.length - 1)] as IceCandidate['type'],
    address: address instanceof Uint8Array ? readBytes(address, 'A name', MDNS_BYTES) : readAddress(address),
    port: readInteger(port, 'A port', 1, MAX_PORT),
    priority: readInteger(priority, 'A priority', 0, MAX_PRIORITY),
  };
}

function readAddress(value: DecodedCbor | undefined): string {
  const text = readText(value, 'An address', MAX_ADDRESS_LENGTH);
  if (!isAddress(text)) throw new ParleyError('malformed', 'An address is not one.');
  return text;
}

/** What goes into a session description must not be able to add lines to it. */
function readIceText(value: DecodedCbor | undefined, what: string): string {
  const text = readText(value, what, MAX_ICE_TEXT_LENGTH);
  if (!isIceText(text)) throw new ParleyError('malformed', `${what} has other characters than ICE allows.`);
  return text;
}

function broken<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ParleyError('code-broken', 'The code is damaged or incomplete.', { cause });
  }
}

function networkTagOf(networkId: Uint8Array): Uint8Array {
  return roomOf(networkId).slice(0, NETWORK_TAG_BYTES);
}

function signedMessage(body: Uint8Array, networkId: Uint8Array): Uint8Array {
  return labelled(SIGNATURE_LABELS.joinCode, encode([networkId, body]));
}
