import type { ErrorCode } from '../base/errors.ts';
import { equalBytes } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { CHANNEL_FRAME } from '../crypto/channel-frames.ts';
import {
  CLAIM_NONCE_BYTES,
  isResumeAnswerOf,
  isResumeConfirmOf,
  isResumeOf,
  readClaimFrame,
  resumeAnswerFrame,
  resumeConfirmFrame,
  resumeFrame,
  unknownSessionFrame,
  type ClaimableSession,
  type ClaimedLink,
  type ClaimFrame,
  type ResumeNonces,
} from '../crypto/session-claim.ts';
import type { Entropy } from '../ports/entropy.ts';

/** A session that may be resumed: its connection's number, and what proves it. */
export type ResumableSession = { readonly connection: number; readonly claimable: ClaimableSession };

/** How many frames of the peer's came, the number of the oldest frame of ours that is kept, and how many there have been. */
export type SessionProgress = { readonly received: number; readonly keptFrom: number; readonly keptEnd: number };

export type SessionResumptionsOutput =
  | { readonly type: 'transmit'; readonly link: number; readonly frame: Uint8Array }
  /** Both ends proved that they are the session's. Our frames go over the link from `sendFrom` on, the peer's from `peerBegins` on. */
  | { readonly type: 'resumed'; readonly link: number; readonly connection: number; readonly sendFrom: number; readonly peerBegins: number }
  /** The other side has no such session: a new one may begin on the link, with the frame that came already. */
  | { readonly type: 'unknown'; readonly link: number; readonly early: Uint8Array | undefined }
  /** The link is of no use. */
  | { readonly type: 'failed'; readonly link: number; readonly connection: number; readonly code: ErrorCode };

/** Whether the session is to go on over a link on which the answer took so long. */
export type IsWorthIt = (roundTripMs: number) => boolean;

type Attempt = ResumableSession & {
  readonly ends: ClaimedLink;
  readonly nonce: Uint8Array;
  readonly askedAt: number;
  readonly isWorthIt: IsWorthIt;
  early: Uint8Array | undefined;
};
type Answer = ResumableSession & { readonly ends: ClaimedLink; readonly nonces: ResumeNonces; readonly deadline: number };

/** How many confirmations this node sent of a session, and which of the peer's came too late: it answered on another link after them. */
type Rounds = { confirms: number; overtaken: number };

/**
 * Sessions that go on over another link after theirs was lost, or without waiting for its last frames: asked for on links that this node dialled, and
 * answered on those of others. Nothing changes before the other side has proved that it is there now: for who asks by the answer, for who answers by
 * what confirms it.
 *
 * When both ask at once, what the session's initiator confirms counts: it forgets all other attempts then, and the responder keeps its answers until
 * they are confirmed or too old. Only if the initiator answers on another link after its own confirmation, and the responder confirms that, is the
 * earlier one overtaken. So both end on one link.
 */
export class SessionResumptions {
  readonly #entropy: Entropy;
  readonly #progressOf: (connection: number) => SessionProgress | undefined;
  readonly #attempts = new Map<number, Attempt>();
  readonly #answers = new Map<number, Answer>();
  readonly #rounds = new Map<number, Rounds>();
  readonly #outputs = new Queue<SessionResumptionsOutput>();

  /** `progressOf` answers `undefined` for sessions that cannot be resumed. */
  constructor(entropy: Entropy, progressOf: (connection: number) => SessionProgress | undefined) {
    this.#entropy = entropy;
    this.#progressOf = progressOf;
  }

  /** Whether this node asks on the link. */
  isAsking(link: number): boolean {
    return this.#attempts.has(link);
  }

  poll(): SessionResumptionsOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    let next: number | undefined;
    for (const { askedAt } of this.#attempts.values()) next = earlier(next, askedAt + LIMITS.sessionClaimTimeoutMs);
    for (const { deadline } of this.#answers.values()) next = earlier(next, deadline);
    return next;
  }

  wake(now: number): void {
    for (const [link, { connection, askedAt }] of this.#attempts) {
      if (now >= askedAt + LIMITS.sessionClaimTimeoutMs) this.#fail(link, connection, 'timed-out');
    }
    for (const [link, { connection, deadline }] of this.#answers) if (now >= deadline) this.#fail(link, connection, 'timed-out');
  }

  // ── the side that dialled the link ─────────────────────────────────────────────────────────────────────────────

  ask(link: number, ends: ClaimedLink, { connection, claimable }: ResumableSession, now: number, isWorthIt: IsWorthIt = () => true): void {
    const nonce = this.#entropy.bytes(CLAIM_NONCE_BYTES);
    this.#attempts.set(link, { connection, claimable, ends, nonce, askedAt: now, isWorthIt, early: undefined });
    this.#outputs.push({ type: 'transmit', link, frame: resumeFrame(claimable, ends, nonce) });
  }

  /** A frame on a link on which this node asks. */
  frame(link: number, bytes: Uint8Array, now: number): void {
    const attempt = this.#attempts.get(link);
    if (!attempt) return;
    // The other side had to assume that a session begins here.
    if (bytes[0] === CHANNEL_FRAME.hello && !attempt.early) {
      attempt.early = bytes;
      return;
    }
    const { connection, claimable, ends, nonce } = attempt;
    const answer = readClaimFrame(bytes);
    if (answer?.step === 'unknown') {
      this.#attempts.delete(link);
      return this.#outputs.push({ type: 'unknown', link, early: attempt.early });
    }
    const progress = this.#progressOf(connection);
    const isValid = answer?.step === 'resume-answer' && isResumeAnswerOf(claimable, ends, nonce, answer);
    if (!progress || !isValid || answer.received > progress.keptEnd) return this.#fail(link, connection, 'handshake-failed');
    if (!attempt.isWorthIt(now - attempt.askedAt)) return this.#fail(link, connection, 'not-needed');
    // What was acknowledged since the answer is not kept any more.
    const begins = Math.max(answer.received, progress.keptFrom);
    const { received } = progress;
    const rounds = this.#roundsOf(connection);
    rounds.overtaken = answer.confirms;
    const confirm = { received, confirms: ++rounds.confirms, begins };
    this.#attempts.delete(link);
    this.#outputs.push({ type: 'transmit', link, frame: resumeConfirmFrame(claimable, ends, { nonce, answerNonce: answer.nonce }, confirm) });
    this.#outputs.push({ type: 'resumed', link, connection, sendFrom: begins, peerBegins: received });
    this.#settle(connection, claimable.isInitiator ? 'all' : 'own attempts');
  }

  // ── the other side ─────────────────────────────────────────────────────────────────────────────────────────────

  /** A first frame on a link that somebody else dialled. `sessions` are this node's. */
  asked(
    link: number,
    ends: ClaimedLink,
    resume: Extract<ClaimFrame, { readonly step: 'resume' }>,
    sessions: Iterable<ResumableSession>,
    now: number,
  ): void {
    const found = [...sessions].find(({ claimable }) => equalBytes(claimable.id, resume.sessionId));
    const progress = found && this.#progressOf(found.connection);
    if (!found || !progress) return this.#outputs.push({ type: 'transmit', link, frame: unknownSessionFrame() });
    const { connection, claimable } = found;
    if (!isResumeOf(claimable, ends, resume)) return this.#fail(link, connection, 'handshake-failed');
    const nonces = { nonce: resume.nonce, answerNonce: this.#entropy.bytes(CLAIM_NONCE_BYTES) };
    this.#answers.set(link, { connection, claimable, ends, nonces, deadline: now + LIMITS.sessionClaimTimeoutMs });
    const { confirms } = this.#roundsOf(connection);
    this.#outputs.push({ type: 'transmit', link, frame: resumeAnswerFrame(claimable, ends, nonces, { received: progress.received, confirms }) });
  }

  confirmed(link: number, confirm: Extract<ClaimFrame, { readonly step: 'resume-confirm' }>): void {
    const answer = this.#answers.get(link);
    if (!answer) return;
    const { connection, claimable, ends, nonces } = answer;
    const progress = this.#progressOf(connection);
    const isValid = progress && isResumeConfirmOf(claimable, ends, nonces, confirm);
    const isPossible =
      isValid && confirm.begins <= progress.received && confirm.received >= progress.keptFrom && confirm.received <= progress.keptEnd;
    if (!isPossible) return this.#fail(link, connection, 'handshake-failed');
    if (confirm.confirms <= this.#roundsOf(connection).overtaken) return this.#fail(link, connection, 'replaced');
    this.#answers.delete(link);
    this.#outputs.push({ type: 'resumed', link, connection, sendFrom: confirm.received, peerBegins: confirm.begins });
    this.#settle(connection, 'all');
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The link is gone. */
  forget(link: number): void {
    this.#attempts.delete(link);
    this.#answers.delete(link);
  }

  /** The session is gone. */
  forgetSession(connection: number): void {
    this.#rounds.delete(connection);
    this.#settle(connection, 'all', 'closed-here');
  }

  /** The session is on a link: the others are not needed. */
  #settle(connection: number, which: 'all' | 'own attempts', code: ErrorCode = 'replaced'): void {
    for (const [link, attempt] of this.#attempts) if (attempt.connection === connection) this.#fail(link, connection, code);
    if (which === 'own attempts') return;
    for (const [link, answer] of this.#answers) if (answer.connection === connection) this.#fail(link, connection, code);
  }

  #roundsOf(connection: number): Rounds {
    let rounds = this.#rounds.get(connection);
    if (!rounds) this.#rounds.set(connection, (rounds = { confirms: 0, overtaken: 0 }));
    return rounds;
  }

  #fail(link: number, connection: number, code: ErrorCode): void {
    this.forget(link);
    this.#outputs.push({ type: 'failed', link, connection, code });
  }
}
