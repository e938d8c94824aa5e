import { ParleyError } from '../../base/errors.ts';
import { nodeIdOf, publicKeyOf, PUBLIC_KEY_BYTES, type NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { labelled, SIGNATURE_LABELS } from '../../crypto/labels.ts';
import type { SignatureCheck } from '../../ports/keys.ts';
import { decode, encode } from '../../wire/codec.ts';
import { readArray, readBytes, readBytesUpTo, readInteger } from '../../wire/readers.ts';

/** What a program publishes: says who wrote it and when, so that every node can judge it before passing it on. */
export type Envelope = {
  readonly author: NodeId;
  /** Grows with each publication of the author, over restarts too: begin at the time in milliseconds. */
  readonly seq: number;
  /** The author's clock, Unix milliseconds. */
  readonly sentAt: number;
  readonly payload: Uint8Array;
};

/** An envelope of one topic of one network is none in any other. */
export type EnvelopeScope = { readonly networkId: Uint8Array; readonly topic: string };

const SIGNATURE_BYTES = 64;

/** What the author's node key signs. @throws ParleyError `too-large` */
export function envelopeMessage(envelope: Envelope, scope: EnvelopeScope): Uint8Array {
  const { author, seq, sentAt, payload } = envelope;
  if (payload.length > LIMITS.maxGossipPayloadBytes) {
    throw new ParleyError('too-large', `At most ${LIMITS.maxGossipPayloadBytes} bytes can be published at once.`);
  }
  const content = encode([scope.networkId, scope.topic, publicKeyOf(author), seq, Math.floor(sentAt), payload]);
  return labelled(SIGNATURE_LABELS.gossipEnvelope, content);
}

/** The envelope with the signature over its {@link envelopeMessage}. */
export function encodeEnvelope(envelope: Envelope, signature: Uint8Array): Uint8Array {
  const { author, seq, sentAt, payload } = envelope;
  return encode([publicKeyOf(author), seq, Math.floor(sentAt), payload, signature]);
}

/**
 * Reads an envelope of any origin. The check must hold before anything of it is used; time and repetition are the {@link ReplayGuard}'s to judge.
 * @throws ParleyError `malformed` or `too-large`
 */
export function decodeEnvelope(bytes: Uint8Array, scope: EnvelopeScope): Envelope & { readonly check: SignatureCheck } {
  const [author, seq, sentAt, payload, signature] = readArray(decode(bytes, LIMITS.maxGossipItemBytes), 'An envelope', 5);
  const publicKey = readBytes(author, 'The author', PUBLIC_KEY_BYTES);
  const envelope: Envelope = {
    author: nodeIdOf(publicKey),
    seq: readInteger(seq, 'The number'),
    sentAt: readInteger(sentAt, 'The time'),
    payload: readBytesUpTo(payload, 'The payload', LIMITS.maxGossipPayloadBytes),
  };
  const check = { publicKey, message: envelopeMessage(envelope, scope), signature: readBytes(signature, 'The signature', SIGNATURE_BYTES) };
  return { ...envelope, check };
}
