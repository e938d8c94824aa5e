import type { ErrorCode } from '../base/errors.ts';
import { isErrorCode, ParleyError } from '../base/errors.ts';
import { equalBytes } from '../base/bytes.ts';
import { nodeIdOf, publicKeyOf, PUBLIC_KEY_BYTES, type NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import type { RtcSignal } from '../ports/rtc.ts';
import { decode, encode, type CborValue, type DecodedCbor } from '../wire/codec.ts';
import { MAX_HELLO_BYTES } from '../wire/hello.ts';
import { NETWORK_ID_BYTES } from '../wire/networks.ts';
import { readArray, readBytes, readBytesUpTo, readInteger, readList, readOneOf, readOptional, readText } from '../wire/readers.ts';
import type { KeyPair } from './key-exchange.ts';
import { labelled, SIGNATURE_LABELS } from './labels.ts';
import { openSealedBox, sealToKey } from './sealed-box.ts';

/**
 * Introductions: what two nodes tell each other through somebody else before they have a link. Signed by the sender's node key, then
 * sealed to the target's sealing key, so whoever carries them can neither read nor change them, only drop, delay or repeat.
 */
export const INTRODUCTION_KINDS = ['offer', 'answer', 'candidates', 'refuse'] as const;
export type IntroductionKind = (typeof INTRODUCTION_KINDS)[number];

export const DIAL_ID_BYTES = 16;

export type Introduction = {
  readonly kind: IntroductionKind;
  /** 16 bytes, drawn by the dialler: all introductions of one dial have it. */
  readonly dialId: Uint8Array;
  /** Counts from 0 per sender and dial: with the dial id it tells a repetition. */
  readonly seq: number;
  /** The sender's clock, Unix milliseconds. */
  readonly sentAt: number;
  /** The sender's hello; in offers and answers. */
  readonly hello?: Uint8Array;
  /** The sender's own card, so that the target can answer; in offers. */
  readonly card?: Uint8Array;
  readonly signals: readonly RtcSignal[];
  /** Why; in refusals. */
  readonly reason?: ErrorCode;
};

export type IntroductionRoute = { readonly from: NodeId; readonly to: NodeId; readonly networkId: Uint8Array };

export type OpenedIntroduction = {
  readonly introduction: Introduction;
  readonly from: NodeId;
  /** Must hold before anything here is used. */
  readonly check: SignatureCheck;
};

const VERSION = 1;
const SIGNATURE_BYTES = 64;
const MAX_REASON_LENGTH = 40;
const MAX_MID_LENGTH = 32;

/** The encoded introduction and what the sender's node key signs: `sealIntroduction` takes the body with that signature. */
export function introductionToSign(
  introduction: Introduction,
  route: IntroductionRoute,
): { readonly body: Uint8Array; readonly message: Uint8Array } {
  const body = encode([
    VERSION,
    introduction.kind,
    publicKeyOf(route.from),
    publicKeyOf(route.to),
    route.networkId,
    introduction.dialId,
    introduction.seq,
    Math.floor(introduction.sentAt),
    introduction.hello ?? null,
    introduction.card ?? null,
    introduction.signals.map(signalToCbor),
    introduction.reason ?? null,
  ]);
  return { body, message: labelled(SIGNATURE_LABELS.introduction, body) };
}

/** Seals a signed introduction to the target. @throws ParleyError `too-large`, or `handshake-failed` for an unusable sealing key. */
export function sealIntroduction(body: Uint8Array, signature: Uint8Array, targetSealingKey: Uint8Array, entropy: Entropy): Uint8Array {
  const sealed = sealToKey(targetSealingKey, SIGNATURE_LABELS.introduction, encode([body, signature]), entropy);
  if (sealed.length > LIMITS.maxIntroductionBytes) {
    throw new ParleyError('too-large', `The introduction has ${sealed.length} bytes; at most ${LIMITS.maxIntroductionBytes} can be carried.`);
  }
  return sealed;
}

/**
 * Opens an introduction that was sealed to us and reads it. Time, repetition and the signature are the caller's to check.
 * @throws ParleyError `decrypt-failed`, `malformed`, `too-large`, `wrong-node` (for another target) or `handshake-failed` (another network).
 */
export function openIntroduction(sealed: Uint8Array, mySealing: KeyPair, myNode: NodeId, networkId: Uint8Array): OpenedIntroduction {
  if (sealed.length > LIMITS.maxIntroductionBytes) throw new ParleyError('too-large', 'The introduction is larger than any may be.');
  const [bodyItem, signatureItem] = readArray(decode(openSealedBox(mySealing, SIGNATURE_LABELS.introduction, sealed)), 'A signed introduction', 2);
  const body = readBytesUpTo(bodyItem, 'An introduction', LIMITS.maxIntroductionBytes);
  const signature = readBytes(signatureItem, 'A signature', SIGNATURE_BYTES);

  const items = readArray(decode(body), 'An introduction', 12);
  const [version, kind, from, to, network, dialId, seq, sentAt, hello, card, signals, reason] = items;
  readOneOf(version, 'The introduction’s version', [VERSION]);
  if (!equalBytes(readBytes(network, 'The network id', NETWORK_ID_BYTES), networkId)) {
    throw new ParleyError('handshake-failed', 'The introduction is for another network.');
  }
  if (!equalBytes(readBytes(to, 'The target', PUBLIC_KEY_BYTES), publicKeyOf(myNode))) {
    throw new ParleyError('wrong-node', 'The introduction is for another node.');
  }
  const fromKey = readBytes(from, 'The sender', PUBLIC_KEY_BYTES);
  const readHello = readOptional(hello, 'The hello', (value, what) => readBytesUpTo(value, what, MAX_HELLO_BYTES));
  const readCardBytes = readOptional(card, 'The card', (value, what) => readBytesUpTo(value, what, LIMITS.maxPeerCardBytes));
  const readReason = readOptional(reason, 'The reason', readErrorCode);
  const introduction: Introduction = {
    kind: readOneOf(kind, 'The kind', INTRODUCTION_KINDS),
    dialId: readBytes(dialId, 'The dial id', DIAL_ID_BYTES),
    seq: readInteger(seq, 'The number', 0, 0xffff),
    sentAt: readInteger(sentAt, 'The time'),
    ...(readHello ? { hello: readHello } : {}),
    ...(readCardBytes ? { card: readCardBytes } : {}),
    signals: readList(signals, 'The signals', LIMITS.maxSignalsPerIntroduction, signalFromCbor),
    ...(readReason ? { reason: readReason } : {}),
  };
  assertComplete(introduction);
  const check = { publicKey: fromKey, message: labelled(SIGNATURE_LABELS.introduction, body), signature };
  return { introduction, from: nodeIdOf(fromKey), check };
}

function assertComplete(introduction: Introduction): void {
  const { kind } = introduction;
  if ((kind === 'offer' || kind === 'answer') && !introduction.hello) throw new ParleyError('malformed', 'Offers and answers hold a hello.');
  if (kind === 'offer' && !introduction.card) throw new ParleyError('malformed', 'An offer holds its sender’s card.');
  if (kind === 'refuse' && !introduction.reason) throw new ParleyError('malformed', 'A refusal holds its reason.');
}

function signalToCbor(signal: RtcSignal): CborValue {
  return signal.type === 'candidate' ? [signal.type, signal.candidate, signal.sdpMid, signal.sdpMLineIndex] : [signal.type, signal.sdp];
}

function signalFromCbor(value: DecodedCbor): RtcSignal {
  const items = readArray(value, 'A signal', 2, 4);
  const type = readOneOf(items[0], 'A signal’s type', ['offer', 'answer', 'candidate'] as const);
  if (type !== 'candidate') {
    const [, sdp] = readArray(value, 'A session description', 2);
    return { type, sdp: readText(sdp, 'A session description', LIMITS.maxIntroductionBytes) };
  }
  const [, candidate, sdpMid, sdpMLineIndex] = readArray(value, 'A candidate', 4);
  return {
    type,
    candidate: readText(candidate, 'A candidate', LIMITS.maxIntroductionBytes),
    sdpMid: readText(sdpMid, 'A media id', MAX_MID_LENGTH),
    sdpMLineIndex: readInteger(sdpMLineIndex, 'A media index', 0, 0xff),
  };
}

function readErrorCode(value: DecodedCbor, what: string): ErrorCode {
  const code = readText(value, what, MAX_REASON_LENGTH);
  // A newer peer may have reasons that we have no word for.
  return isErrorCode(code) ? code : 'refused';
}
