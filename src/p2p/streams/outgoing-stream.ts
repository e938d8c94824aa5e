import { Queue } from '../../base/queue.ts';
import { LIMITS } from '../../base/limits.ts';
import { FRAME_HEADER_BYTES, MESSAGE_LENGTH_BYTES, STREAM_FRAME, writeFrameHeader, writeUint32 } from './stream-frames.ts';

/** What the sending side of one stream holds: its messages in order, and what the receiver still allows. */
export class OutgoingStream {
  readonly id: number;
  readonly #queue = new Queue<Uint8Array>();
  #queuedBytes = 0;
  #credit: number = LIMITS.streamWindowBytes;
  /** The message of which a part is sent already. Its credit was taken when it was begun. */
  #current: Uint8Array | undefined;
  #sent = 0;
  #endWanted = false;
  hasSentEnd = false;

  constructor(id: number) {
    this.id = id;
  }

  /** False when more is queued than any program may. */
  push(message: Uint8Array): boolean {
    if (this.#queuedBytes + message.length > LIMITS.maxQueuedStreamBytes || this.#queue.length >= LIMITS.maxQueuedStreamMessages) return false;
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    return true;
  }

  wantEnd(): void {
    this.#endWanted = true;
  }

  get isEnding(): boolean {
    return this.#endWanted;
  }

  /** Uses no more of the receiver's credit than this at a time; before anything was sent. */
  limitWindow(bytes: number): void {
    this.#credit = Math.min(this.#credit, bytes);
  }

  addCredit(bytes: number): void {
    this.#credit += bytes;
  }

  get credit(): number {
    return this.#credit;
  }

  /** A message is under way: the rest of it can always be sent. */
  get isMidMessage(): boolean {
    return this.#current !== undefined;
  }

  /** What beginning the next message takes from the stream's and the session's credit; `undefined` when none waits. */
  get nextCost(): number | undefined {
    const next = this.#queue.peek();
    return next && next.length + LIMITS.messageOverheadBytes;
  }

  /** The session credit that comes back when the stream goes now: of a message that was begun and of which nothing was sent. */
  get refund(): number {
    return this.#current && this.#sent === 0 ? this.#current.length + LIMITS.messageOverheadBytes : 0;
  }

  /** Whether nothing is left but to say that nothing follows. */
  get isAtEnd(): boolean {
    return this.#endWanted && !this.hasSentEnd && !this.#current && this.#queue.length === 0;
  }

  /** Takes the next message up; the caller has seen that both credits suffice. */
  begin(): void {
    const message = this.#queue.shift() as Uint8Array;
    this.#queuedBytes -= message.length;
    this.#credit -= message.length + LIMITS.messageOverheadBytes;
    this.#current = message;
    this.#sent = 0;
  }

  /** The size of a frame with all the rest of the message. */
  get restBytes(): number {
    return FRAME_HEADER_BYTES + (this.#current as Uint8Array).length - this.#sent;
  }

  /** Writes the next frame of the message, at most `room` bytes, at least one byte of body; answers its length and whether the message is done. */
  writeFragment(target: Uint8Array, offset: number, room: number): { readonly written: number; readonly done: boolean } {
    const message = this.#current as Uint8Array;
    const rest = message.length - this.#sent;
    if (this.#sent === 0 && FRAME_HEADER_BYTES + rest <= room) {
      writeFrameHeader(target, offset, STREAM_FRAME.message, rest, this.id);
      target.set(message, offset + FRAME_HEADER_BYTES);
      this.#current = undefined;
      return { written: FRAME_HEADER_BYTES + rest, done: true };
    }
    const lengthBytes = this.#sent === 0 ? MESSAGE_LENGTH_BYTES : 0;
    const bodyBytes = Math.min(rest, room - FRAME_HEADER_BYTES - lengthBytes);
    const done = bodyBytes === rest && this.#sent > 0;
    const type = this.#sent === 0 ? STREAM_FRAME.first : done ? STREAM_FRAME.last : STREAM_FRAME.middle;
    writeFrameHeader(target, offset, type, lengthBytes + bodyBytes, this.id);
    if (lengthBytes > 0) writeUint32(target, offset + FRAME_HEADER_BYTES, message.length);
    target.set(message.subarray(this.#sent, this.#sent + bodyBytes), offset + FRAME_HEADER_BYTES + lengthBytes);
    this.#sent += bodyBytes;
    if (done) this.#current = undefined;
    return { written: FRAME_HEADER_BYTES + lengthBytes + bodyBytes, done };
  }
}
