import { concatBytes, EMPTY_BYTES, equalBytes, utf8 } from '../base/bytes.ts';
import { CHANNEL_FRAME, frameCountBody, readFrameCount } from './channel-frames.ts';
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
 *
 * Where the old link is lost, or is a circuit and the new one too, the session is resumed: both sides say how many of each other's frames they have, and
 * the rest is sent again. There is no frame on an old link to prove freshness, so a third message does:
 *
 *     -> resume:  6, 4, session id, nonce,                 HMAC(claim key, label ‖ 4 ‖ role ‖ fingerprints ‖ nonce)
 *     <- answer:  6, 5, nonce′, received, confirms,         HMAC(claim key, label ‖ 5 ‖ role ‖ fingerprints ‖ nonce ‖ nonce′ ‖ received ‖ confirms)
 *     -> confirm: 6, 6, received, confirms, begins,         HMAC(claim key, label ‖ 6 ‖ role ‖ fingerprints ‖ nonce ‖ nonce′ ‖ received ‖ confirms ‖ begins)
 *
 * `confirms` is how many confirmations of this session the sender has sent, on any link: an answer tells which of them it came after. `begins` is the
 * number of the first frame that the confirming side sends on the new link: acknowledged since the answer, it may be a later one than asked for.
 */
export const CLAIM_NONCE_BYTES = 16;
export const SESSION_ID_BYTES = 16;
const MAC_BYTES = 32;

const STEP = { claim: 1, answer: 2, unknown: 3, resume: 4, resumeAnswer: 5, resumeConfirm: 6 } as const;
const COUNT_BYTES = 8;

/** One end of a session, as far as claims need it. */
export type ClaimableSession = { readonly id: Uint8Array; readonly claimKey: Uint8Array; readonly isInitiator: boolean };

/** The link's ends; both empty where there is no DTLS. */
export type ClaimedLink = { readonly dialler: Uint8Array; readonly dialled: Uint8Array };

export type ClaimFrame =
  | { readonly step: 'claim'; readonly sessionId: Uint8Array; readonly nonce: Uint8Array; readonly mac: Uint8Array }
  | { readonly step: 'answer'; readonly nonce: Uint8Array; readonly mac: Uint8Array }
  | { readonly step: 'unknown' }
  | { readonly step: 'resume'; readonly sessionId: Uint8Array; readonly nonce: Uint8Array; readonly mac: Uint8Array }
  | ({ readonly step: 'resume-answer'; readonly nonce: Uint8Array; readonly mac: Uint8Array } & ResumeAnswer)
  | ({ readonly step: 'resume-confirm'; readonly mac: Uint8Array } & ResumeConfirm);

/** `received`: how many of the peer's frames came. */
export type ResumeAnswer = { readonly received: number; readonly confirms: number };
export type ResumeConfirm = ResumeAnswer & { readonly begins: number };

/** The two nonces of a resumption, the resuming side's first. */
export type ResumeNonces = { readonly nonce: Uint8Array; readonly answerNonce: Uint8Array };

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

export function resumeFrame(session: ClaimableSession, link: ClaimedLink, nonce: Uint8Array): Uint8Array {
  return frame(STEP.resume, session.id, nonce, mac(session, session.isInitiator, STEP.resume, link, nonce, EMPTY_BYTES));
}

export function isResumeOf(session: ClaimableSession, link: ClaimedLink, resume: Extract<ClaimFrame, { readonly step: 'resume' }>): boolean {
  return equalBytes(resume.mac, mac(session, !session.isInitiator, STEP.resume, link, resume.nonce, EMPTY_BYTES));
}

export function resumeAnswerFrame(
  session: ClaimableSession,
  link: ClaimedLink,
  { nonce, answerNonce }: ResumeNonces,
  answer: ResumeAnswer,
): Uint8Array {
  const told = countsOf(answer.received, answer.confirms);
  const proof = mac(session, session.isInitiator, STEP.resumeAnswer, link, nonce, concatBytes(answerNonce, told));
  return frame(STEP.resumeAnswer, answerNonce, told, proof);
}

export function isResumeAnswerOf(
  session: ClaimableSession,
  link: ClaimedLink,
  nonce: Uint8Array,
  answer: Extract<ClaimFrame, { readonly step: 'resume-answer' }>,
): boolean {
  const told = concatBytes(answer.nonce, countsOf(answer.received, answer.confirms));
  return equalBytes(answer.mac, mac(session, !session.isInitiator, STEP.resumeAnswer, link, nonce, told));
}

export function resumeConfirmFrame(
  session: ClaimableSession,
  link: ClaimedLink,
  { nonce, answerNonce }: ResumeNonces,
  confirm: ResumeConfirm,
): Uint8Array {
  const told = countsOf(confirm.received, confirm.confirms, confirm.begins);
  return frame(STEP.resumeConfirm, told, mac(session, session.isInitiator, STEP.resumeConfirm, link, nonce, concatBytes(answerNonce, told)));
}

export function isResumeConfirmOf(
  session: ClaimableSession,
  link: ClaimedLink,
  { nonce, answerNonce }: ResumeNonces,
  confirm: Extract<ClaimFrame, { readonly step: 'resume-confirm' }>,
): boolean {
  const told = concatBytes(answerNonce, countsOf(confirm.received, confirm.confirms, confirm.begins));
  return equalBytes(confirm.mac, mac(session, !session.isInitiator, STEP.resumeConfirm, link, nonce, told));
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
    case STEP.resume:
      if (body.length !== SESSION_ID_BYTES + CLAIM_NONCE_BYTES + MAC_BYTES) return undefined;
      return {
        step: bytes[1] === STEP.claim ? 'claim' : 'resume',
        sessionId: body.slice(0, SESSION_ID_BYTES),
        nonce: body.slice(SESSION_ID_BYTES, SESSION_ID_BYTES + CLAIM_NONCE_BYTES),
        mac: body.slice(SESSION_ID_BYTES + CLAIM_NONCE_BYTES),
      };
    case STEP.answer:
      if (body.length !== CLAIM_NONCE_BYTES + MAC_BYTES) return undefined;
      return { step: 'answer', nonce: body.slice(0, CLAIM_NONCE_BYTES), mac: body.slice(CLAIM_NONCE_BYTES) };
    case STEP.unknown:
      return body.length === 0 ? { step: 'unknown' } : undefined;
    case STEP.resumeAnswer: {
      const [received, confirms] = readCounts(body.subarray(CLAIM_NONCE_BYTES), 2);
      if (received === undefined || confirms === undefined) return undefined;
      return { step: 'resume-answer', nonce: body.slice(0, CLAIM_NONCE_BYTES), received, confirms, mac: body.slice(-MAC_BYTES) };
    }
    case STEP.resumeConfirm: {
      const [received, confirms, begins] = readCounts(body, 3);
      if (received === undefined || confirms === undefined || begins === undefined) return undefined;
      return { step: 'resume-confirm', received, confirms, begins, mac: body.slice(-MAC_BYTES) };
    }
    default:
      return undefined;
  }
}

function countsOf(...counts: readonly number[]): Uint8Array {
  return concatBytes(...counts.map(frameCountBody));
}

/** So many counts with a proof behind them, or none. */
function readCounts(body: Uint8Array, many: number): readonly (number | undefined)[] {
  if (body.length !== many * COUNT_BYTES + MAC_BYTES) return [];
  return Array.from({ length: many }, (_, index) => readFrameCount(body.subarray(index * COUNT_BYTES, (index + 1) * COUNT_BYTES)));
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
  told: Uint8Array,
): Uint8Array {
  const head = Uint8Array.of(step, isByInitiator ? 1 : 0, link.dialler.length, link.dialled.length);
  return hmacSha256(claimKey, concatBytes(utf8(DERIVATION_LABELS.sessionClaim), head, link.dialler, link.dialled, nonce, told));
}
