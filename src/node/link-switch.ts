import { equalBytes } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { Queue } from '../base/queue.ts';

/** What a connection needs to know of a link that carries it. `link` is the node's number for it; with `keepsFrames` its loss does not end the session. */
export type CarryingLink = { readonly link: number; readonly maxFrameBytes: number; readonly keepsFrames: boolean };

/**
 * A session on its way from one link to another. Each direction goes over by itself: the sender's last frame on the old link says so, and whatever comes on
 * the new link before that frame is held, so that the receiver sees one unbroken sequence of frames.
 */
export class LinkSwitch {
  readonly from: CarryingLink;
  readonly to: CarryingLink;
  readonly transcript: Uint8Array;
  readonly deadline: number;
  /** Our own last frame on the old link is asked for, and then out. */
  isSendingAsked = false;
  isSendingOver = false;
  /** The peer's came. */
  isReceivingOver = false;
  /** Ours came there. */
  isSeen = false;
  /** Sent on the new link; counts while the peer may still have to hold it. */
  sentAheadBytes = 0;
  readonly #held = new Queue<Uint8Array>();
  #heldBytes = 0;

  constructor(from: CarryingLink, to: CarryingLink, transcript: Uint8Array, now: number) {
    this.from = from;
    this.to = to;
    this.transcript = transcript;
    this.deadline = now + LIMITS.sessionMoveTimeoutMs;
  }

  isNamedBy(transcript: Uint8Array): boolean {
    return equalBytes(this.transcript, transcript);
  }

  get mayNotSendAhead(): boolean {
    return this.isSendingOver && !this.isSeen && this.sentAheadBytes >= LIMITS.maxAheadBytes;
  }

  get isComplete(): boolean {
    return this.isSendingOver && this.isReceivingOver && this.isSeen;
  }

  /** Keeps a frame of the new link for later; false when the peer sends more than any does. */
  hold(frame: Uint8Array): boolean {
    this.#held.push(frame);
    this.#heldBytes += frame.length;
    // The sender stops at the first payload above its bound, and sealed payloads may be under way behind it.
    return this.#heldBytes <= LIMITS.maxAheadBytes + (LIMITS.maxPendingBulkFrames + 2) * LIMITS.maxFrameBytes;
  }

  takeHeld(): Uint8Array | undefined {
    return this.#held.shift();
  }
}
