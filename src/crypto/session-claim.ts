import { concatBytes, EMPTY_BYTES, equalBytes, utf8 } from '../base/bytes.ts';
import { CHANNEL_FRAME } from './channel-frames.ts';
import { hmacSha256, sha256 } from './hash.ts';
import { DERIVATION_LABELS } from './labels.ts';

/**
 * How an open session comes to a new link. Whoever dialled the link claims the session, and the other side answers; each shows that it is an end of the
 * session, on this link and now:
 *
 *     -> claim:  6, 1, session id, nonce,  HMAC(claim key, label ‖ 1 ‖ role ‖ fingerprints ‖ nonce)
 *     <- answer: 6, 2, nonce′,             HMAC(claim key, label ‖ 2 ‖ role ‖ fingerprints ‖ nonce ‖ nonce′)
 *     <- or:     6, 3                      the other side has no such session: a new one begins on the link
 *
 * Roles are the senders' in the session's handshake, so that nobody's own message passes for the other side's; fingerprints are the link's, the dialler's
 * first. The last frame on the old link, sealed in the session, then names the {@link claimTranscript}: that is what proves to the answering side that the claim was fresh.
 */
export const CLAIM_NONCE_BYTES = 16;
export const SESSION_ID_BYTES = 16;
const MAC_BYTES = 32;

const STEP = { claim: 1, answer: 2, unknown: 3 } as const;

/** One end of a session, as far as claims need it. */
export type ClaimableSession = { readonly id: Uint8Array; readonly claimKey: Uint8Array; readonly isInitiator: boolean };

/** The link's ends; both empty where there is no DTLS. */
export type ClaimedLink = { readonly dialler: Uint8Array; readonly dialled: Uint8Array };

export type ClaimFrame =
  | { readonly step: 'claim'; readonly sessionId: Uint8Array; readonly nonce: Uint8Array; readonly mac: Uint8Array }
  | { readonly step: 'answer'; readonly nonce: Uint8Array; readonly mac: Uint8Array }
  | { readonly step: 'unknown' };

export function sessionIdOf(channelBinding: Uint8Array): Uint8Array {
  return sha256(utf8(DERIVATION_LABELS.sessionId), channelBinding).slice(0, SESSION_ID_BYTES);
}

export function claimFrame(session: ClaimableSession, link: ClaimedLink, nonce: Uint8Array): Uint8Array {
  return frame(STEP.claim, session.id, nonce, mac(session, session.isInitiator, STEP.claim, link, nonce, EMPTY_BYTES));
}

export function answerFrame(session: ClaimableSession, link: ClaimedLink, nonce: Uint8Array, answerNonce: Uint8Array): Uint8Array {
  return frame(STEP.answer, answerNonce, mac(session, session.isInitiator, STEP.answer, link, nonce, answerNonce));
}

export function unknownSessionFrame(): Uint8Array {
  return frame(STEP.unknown);
}

/** Whether the peer's claim is one of the session's other end, on this link. */
export function isClaimOf(session: ClaimableSession, link: ClaimedLink, claim: Extract<ClaimFrame, { readonly step: 'claim' }>): boolean {
  return equalBytes(claim.mac, mac(session, !session.isInitiator, STEP.claim, link, claim.nonce, EMPTY_BYTES));
}

export function isAnswerOf(
  session: ClaimableSession,
  link: ClaimedLink,
  nonce: Uint8Array,
  answer: Extract<ClaimFrame, { readonly step: 'answer' }>,
): boolean {
  return equalBytes(answer.mac, mac(session, !session.isInitiator, STEP.answer, link, nonce, answer.nonce));
}

/** Names the claim and its answer. */
export function claimTranscript(nonce: Uint8Array, answerNonce: Uint8Array): Uint8Array {
  return concatBytes(nonce, answerNonce);
}

/** `undefined` for anything but one of the frames. Total. */
export function readClaimFrame(bytes: Uint8Array): ClaimFrame | undefined {
  if (bytes[0] !== CHANNEL_FRAME.claim) return undefined;
  const body = bytes.subarray(2);
  switch (bytes[1]) {
    case STEP.claim:
      if (body.length !== SESSION_ID_BYTES + CLAIM_NONCE_BYTES + MAC_BYTES) return undefined;
      return {
        step: 'claim',
        sessionId: body.slice(0, SESSION_ID_BYTES),
        nonce: body.slice(SESSION_ID_BYTES, SESSION_ID_BYTES + CLAIM_NONCE_BYTES),
        mac: body.slice(SESSION_ID_BYTES + CLAIM_NONCE_BYTES),
      };
    case STEP.answer:
      if (body.length !== CLAIM_NONCE_BYTES + MAC_BYTES) return undefined;
      return { step: 'answer', nonce: body.slice(0, CLAIM_NONCE_BYTES), mac: body.slice(CLAIM_NONCE_BYTES) };
    case STEP.unknown:
      return body.length === 0 ? { step: 'unknown' } : undefined;
    default:
      return undefined;
  }
}

function frame(step: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(Uint8Array.of(CHANNEL_FRAME.claim, step), ...parts);
}

function mac(
  { claimKey }: ClaimableSession,
  isByInitiator: boolean,
  step: number,
  link: ClaimedLink,
  nonce: Uint8Array,
  answerNonce: Uint8Array,
): Uint8Array {
  const head = Uint8Array.of(step, isByInitiator ? 1 : 0, link.dialler.length, link.dialled.length);
  return hmacSha256(claimKey, concatBytes(utf8(DERIVATION_LABELS.sessionClaim), head, link.dialler, link.dialled, nonce, answerNonce));
}
