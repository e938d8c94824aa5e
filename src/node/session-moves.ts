import type { ErrorCode } from '../base/errors.ts';
import { equalBytes, toHex } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { CHANNEL_FRAME } from '../crypto/channel-frames.ts';
import {
  answerFrame,
  CLAIM_NONCE_BYTES,
  claimFrame,
  claimTranscript,
  isAnswerOf,
  isClaimOf,
  readClaimFrame,
  unknownSessionFrame,
  type ClaimableSession,
  type ClaimedLink,
  type ClaimFrame,
} from '../crypto/session-claim.ts';
import type { Entropy } from '../ports/entropy.ts';

/** A session that may move: its connection's number, and what proves it. */
export type MovableSession = { readonly connection: number; readonly claimable: ClaimableSession; readonly isMoving: boolean };

export type SessionMovesOutput =
  | { readonly type: 'transmit'; readonly link: number; readonly frame: Uint8Array }
  /** Both ends showed on the link that they are the session's. `begins` on the side that dialled it. */
  | { readonly type: 'proven'; readonly link: number; readonly connection: number; readonly transcript: Uint8Array; readonly begins: boolean }
  /** The other side has no such session: a new one may begin on the link, with the frame that came already. */
  | { readonly type: 'unknown'; readonly link: number; readonly early: Uint8Array | undefined }
  /** The link is of no use; the session stays where it is. */
  | { readonly type: 'failed'; readonly link: number; readonly connection: number | undefined; readonly code: ErrorCode };

type Claim = {
  readonly connection: number;
  readonly session: ClaimableSession;
  readonly link: ClaimedLink;
  readonly nonce: Uint8Array;
  readonly deadline: number;
  early: Uint8Array | undefined;
};

/** Brings sessions to new links: claims those of links that this node dialled, and answers the claims of others. */
export class SessionMoves {
  readonly #entropy: Entropy;
  readonly #claims = new Map<number, Claim>();
  /** The nonces of claims that were answered, of each session, in hexadecimal. */
  readonly #answered = new Map<number, Set<string>>();
  readonly #outputs = new Queue<SessionMovesOutput>();

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  /** Whether a claim is under way on the link. */
  has(link: number): boolean {
    return this.#claims.has(link);
  }

  poll(): SessionMovesOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    let next: number | undefined;
    for (const { deadline } of this.#claims.values()) next = earlier(next, deadline);
    return next;
  }

  claim(link: number, ends: ClaimedLink, { connection, claimable }: MovableSession, now: number): void {
    const nonce = this.#entropy.bytes(CLAIM_NONCE_BYTES);
    const deadline = now + LIMITS.sessionClaimTimeoutMs;
    this.#claims.set(link, { connection, session: claimable, link: ends, nonce, deadline, early: undefined });
    this.#outputs.push({ type: 'transmit', link, frame: claimFrame(claimable, ends, nonce) });
  }

  /** A frame on a link with a claim. */
  frame(link: number, bytes: Uint8Array): void {
    const claim = this.#claims.get(link);
    if (!claim) return;
    // The other side had to assume that a session begins here.
    if (bytes[0] === CHANNEL_FRAME.hello && !claim.early) {
      claim.early = bytes;
      return;
    }
    this.#claims.delete(link);
    const answer = readClaimFrame(bytes);
    if (answer?.step === 'unknown') return this.#outputs.push({ type: 'unknown', link, early: claim.early });
    if (answer?.step !== 'answer' || !isAnswerOf(claim.session, claim.link, claim.nonce, answer)) {
      return this.#outputs.push({ type: 'failed', link, connection: claim.connection, code: 'handshake-failed' });
    }
    const transcript = claimTranscript(claim.nonce, answer.nonce);
    this.#outputs.push({ type: 'proven', link, connection: claim.connection, transcript, begins: true });
  }

  /** A claim that came as the first frame of a link which the other side dialled. `sessions` are this node's. */
  answer(link: number, ends: ClaimedLink, bytes: Uint8Array, sessions: Iterable<MovableSession>): void {
    const claim = readClaimFrame(bytes);
    if (claim?.step !== 'claim') return this.#outputs.push({ type: 'failed', link, connection: undefined, code: 'handshake-failed' });
    const found = [...sessions].find(({ claimable }) => equalBytes(claimable.id, claim.sessionId));
    if (!found) return this.#outputs.push({ type: 'transmit', link, frame: unknownSessionFrame() });
    // A link without certificates does not bind its claims: somebody in between may repeat them on another.
    const isRefused = found.isMoving || !isClaimOf(found.claimable, ends, claim) || this.#isRepeated(found, claim.nonce) || !this.#yields(found);
    if (isRefused) return this.#outputs.push({ type: 'failed', link, connection: undefined, code: 'handshake-failed' });
    this.#accept(link, ends, claim, found);
  }

  /** The links' ends are gone, or the session is. */
  forget(link: number): void {
    this.#claims.delete(link);
  }

  forgetSession(connection: number): void {
    this.#answered.delete(connection);
    this.stranded(connection);
  }

  /** The session's link is lost: claims of it lead nowhere. */
  stranded(connection: number): void {
    for (const [link, claim] of this.#claims) if (claim.connection === connection) this.#fail(link, claim, 'closed-here');
  }

  wake(now: number): void {
    for (const [link, claim] of this.#claims) if (now >= claim.deadline) this.#fail(link, claim, 'timed-out');
  }

  #accept(link: number, ends: ClaimedLink, claim: Extract<ClaimFrame, { readonly step: 'claim' }>, { connection, claimable }: MovableSession): void {
    const nonce = this.#entropy.bytes(CLAIM_NONCE_BYTES);
    const transcript = claimTranscript(claim.nonce, nonce);
    this.#outputs.push({ type: 'proven', link, connection, transcript, begins: false });
    this.#outputs.push({ type: 'transmit', link, frame: answerFrame(claimable, ends, claim.nonce, nonce) });
  }

  #isRepeated({ connection }: MovableSession, nonce: Uint8Array): boolean {
    let answered = this.#answered.get(connection);
    if (!answered) this.#answered.set(connection, (answered = new Set()));
    const name = toHex(nonce);
    if (answered.has(name)) return true;
    answered.add(name);
    if (answered.size > LIMITS.maxAnsweredClaims) answered.delete(answered.values().next().value as string);
    return false;
  }

  /** Both claim the session on different links at once: the claim of its initiator counts. */
  #yields({ connection, claimable }: MovableSession): boolean {
    for (const [link, claim] of this.#claims) {
      if (claim.connection !== connection) continue;
      if (claimable.isInitiator) return false;
      this.#fail(link, claim, 'replaced');
    }
    return true;
  }

  #fail(link: number, { connection }: Claim, code: ErrorCode): void {
    this.#claims.delete(link);
    this.#outputs.push({ type: 'failed', link, connection, code });
  }
}
