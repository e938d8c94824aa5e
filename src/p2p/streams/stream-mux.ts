import { EMPTY_BYTES, utf8 } from '../../base/bytes.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Machine } from '../../base/machine.ts';
import { Queue } from '../../base/queue.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import { IncomingStream } from './incoming-stream.ts';
import { OutgoingStream } from './outgoing-stream.ts';
import { PriorityScheduler, type PriorityClass } from './priority-scheduler.ts';
import {
  decodeOpenBody,
  decodeResetBody,
  decodeStreamFrames,
  encodeOpenBody,
  encodeStreamFrame,
  PING_BYTES,
  readUint32,
  STREAM_FRAME,
  uint32Body,
  type StreamFrame,
} from './stream-frames.ts';

export type MuxInput =
  /** One decrypted payload of the session's. */
  | { readonly type: 'payload'; readonly bytes: Uint8Array }
  /** `stream` comes from `allocate`. */
  | {
      readonly type: 'open';
      readonly stream: number;
      readonly protocol: string;
      readonly header: Uint8Array;
      readonly priority: PriorityClass;
      /** Less than the stream's window, where one slow stream must not take much of the session's. */
      readonly windowBytes?: number;
    }
  | { readonly type: 'accept'; readonly stream: number; readonly windowBytes?: number }
  | { readonly type: 'send'; readonly stream: number; readonly message: Uint8Array }
  /** A delivered message of this many bytes was dealt with, or so many `messages` together: the credit goes back, also after the stream's end. */
  | { readonly type: 'consumed'; readonly stream: number; readonly bytes: number; readonly messages?: number }
  | { readonly type: 'end'; readonly stream: number }
  | { readonly type: 'reset'; readonly stream: number; readonly code: ErrorCode }
  | { readonly type: 'ping'; readonly nonce: Uint8Array };

export type MuxOutput =
  /** The peer opens a stream: answer with `accept` or `reset`. */
  | { readonly type: 'incoming'; readonly stream: number; readonly protocol: string; readonly header: Uint8Array; readonly priority: PriorityClass }
  | { readonly type: 'accepted'; readonly stream: number }
  | { readonly type: 'message'; readonly stream: number; readonly message: Uint8Array }
  /** The oldest message given to `send` on this stream is on its way: the peer's credit took all of it. */
  | { readonly type: 'sent'; readonly stream: number }
  /** The peer sends no more on this stream. */
  | { readonly type: 'ended'; readonly stream: number }
  /** The stream is over; `code` is absent when both sides ended it in order. */
  | { readonly type: 'closed'; readonly stream: number; readonly code?: ErrorCode; readonly remote: boolean }
  | { readonly type: 'pong'; readonly nonce: Uint8Array }
  /** The peer broke the rules: the session must end. */
  | { readonly type: 'violation'; readonly code: ErrorCode; readonly detail: string };

/** The memory that a payload travels in: `Channel` says it. */
export type FrameShape = { readonly maxPayloadBytes: number; readonly room: { readonly before: number; readonly after: number } };

/** A piece of a message smaller than this is not worth its header. */
const MIN_FRAGMENT_BYTES = 1024;

type MuxStream = {
  readonly id: number;
  readonly priority: PriorityClass;
  readonly isLocal: boolean;
  isAccepted: boolean;
  readonly outgoing: OutgoingStream;
  readonly incoming: IncomingStream;
  /** Consumed, but not yet told to the peer. */
  pendingCredit: number;
  /** How much of it is told at once. */
  creditStepBytes: number;
};

/** The class of transfers. */
const BULK: PriorityClass = 2;

/** Where payloads are put together, by one mux at a time, before they are copied at their true size: memory in use costs a tenth of fresh memory. */
const packing = new Uint8Array(LIMITS.maxFrameBytes);

/**
 * Many flow-controlled streams of whole messages in one session. A message is begun only when the credit of its stream and of the session
 * cover all of it, so a message under way never waits for credit and streams cannot block each other half-way. Lower priorities
 * wait for higher ones; streams of one priority take turns, frame by frame.
 *
 * Payloads are pulled by `nextFrame` when the link has room, so that what is urgent overtakes what is merely queued.
 */
export class StreamMux implements Machine<MuxInput, MuxOutput> {
  readonly #outputs = new Queue<MuxOutput>();
  /** Frames that go before any message: opens, accepts, credits, resets, pings. */
  readonly #control = new Queue<Uint8Array>();
  readonly #streams = new Map<number, MuxStream>();
  readonly #scheduler = new PriorityScheduler();
  readonly #controlBucket: TokenBucket;
  #nextLocalId: number;
  #localCount = 0;
  #remoteCount = 0;
  #sessionCredit: number = LIMITS.sessionWindowBytes;
  #sessionWindow: number = LIMITS.sessionWindowBytes;
  /** Consumed on all streams together, but not yet told to the peer. */
  #pendingCredit = 0;
  /** Credit of streams that are gone: it counts for the session only and travels in one frame. */
  #lateCredit = 0;
  #lastRemoteId = 0;
  #isBroken = false;

  /** The two sides of a session must differ in `isInitiator`: the initiator's stream ids are odd. */
  constructor(isInitiator: boolean, now: number) {
    this.#nextLocalId = isInitiator ? 1 : 2;
    this.#controlBucket = new TokenBucket(LIMITS.controlFramesPerSecond, LIMITS.controlFramesBurst, now);
  }

  /** The id for the next `open`, or `undefined` when too many streams are open. */
  allocate(): number | undefined {
    if (this.#localCount >= LIMITS.maxStreamsPerSide) return undefined;
    const id = this.#nextLocalId;
    this.#nextLocalId += 2;
    return id;
  }

  handle(input: MuxInput | { readonly type: 'wake' }, now: number): void {
    if (this.#isBroken) return;
    switch (input.type) {
      case 'payload':
        return this.#payload(input.bytes, now);
      case 'open':
        this.#open(input.stream, input.protocol, input.header, input.priority);
        return this.#limitWindow(input.stream, input.windowBytes);
      case 'accept':
        this.#limitWindow(input.stream, input.windowBytes);
        return this.#accept(input.stream);
      case 'send':
        return this.#send(input.stream, input.message);
      case 'consumed':
        return this.#consumed(input.stream, input.bytes + (input.messages ?? 1) * LIMITS.messageOverheadBytes);
      case 'end':
        return this.#end(input.stream);
      case 'reset':
        return this.#reset(input.stream, input.code);
      case 'ping':
        return this.#control.push(encodeStreamFrame(STREAM_FRAME.ping, 0, input.nonce));
      case 'wake':
        return;
    }
  }

  poll(): MuxOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): undefined {
    return undefined;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** Control frames that wait for room on the link. */
  get queuedControlFrames(): number {
    return this.#control.length;
  }

  /**
   * The next payload in the memory of its frame, with `shape.room` around it, or `undefined` when nothing can be sent now. Small messages travel
   * together, and so do those of bulk streams up to a full frame; nothing else ever waits for bulk bytes in its own frame.
   * Classes above `lowestPriority` (0 is the most urgent) are left waiting.
   */
  nextFrame(shape: FrameShape, lowestPriority: PriorityClass): Uint8Array | undefined {
    if (this.#isBroken) return undefined;
    const together = Math.min(LIMITS.packedFrameBytes, shape.maxPayloadBytes);
    let used = this.#writeControl(packing.subarray(0, together));
    let holdsUrgent = used > 0;
    for (let stream = this.#pick(lowestPriority); stream; stream = this.#pick(lowestPriority)) {
      const isBulk = stream.priority === BULK;
      if (isBulk && holdsUrgent) break;
      holdsUrgent ||= !isBulk;
      if (used + stream.outgoing.restBytes > together) {
        if (used === 0 || isBulk) used = this.#packLarge(stream, used, shape.maxPayloadBytes);
        break;
      }
      used += this.#writeFragment(stream, used, together);
    }
    if (used === 0) return undefined;
    const { before, after } = shape.room;
    const frame = new Uint8Array(before + used + after);
    frame.set(packing.subarray(0, used), before);
    return frame;
  }

  /** After what was packed as much of the stream's message as fits, then, where all of it is bulk, of others; answers where the payload ends. */
  #packLarge(first: MuxStream, used: number, maxPayloadBytes: number): number {
    const isBulk = first.priority === BULK;
    const limit = isBulk ? maxPayloadBytes : Math.min(maxPayloadBytes, LIMITS.maxUrgentPayloadBytes);
    let end = used;
    for (let stream: MuxStream | undefined = first; stream; stream = isBulk && limit - end >= MIN_FRAGMENT_BYTES ? this.#pick(BULK) : undefined) {
      end += this.#writeFragment(stream, end, limit);
    }
    return end;
  }

  #writeControl(target: Uint8Array): number {
    let used = 0;
    this.#giveLateCredit();
    for (let next = this.#control.peek(); next && used + next.length <= target.length; next = this.#control.peek()) {
      target.set(next, used);
      used += next.length;
      this.#control.shift();
    }
    return used;
  }

  #writeFragment(stream: MuxStream, offset: number, limit: number): number {
    const { written, done } = stream.outgoing.writeFragment(packing, offset, limit - offset);
    if (done) this.#messageSent(stream.id);
    return written;
  }

  /** The stream whose turn it is, with a message under way. */
  #pick(lowestPriority: PriorityClass): MuxStream | undefined {
    return this.#scheduler.pick(lowestPriority, (id, priority, mayBegin) => {
      const stream = this.#streams.get(id);
      if (!stream) return 'idle';
      const { outgoing } = stream;
      if (outgoing.isMidMessage) return stream;
      const cost = outgoing.nextCost;
      if (cost === undefined || !stream.isAccepted || cost > outgoing.credit) return 'idle';
      if (!mayBegin) return 'blocked';
      const reserve = priority === BULK ? LIMITS.interactiveReserveBytes : 0;
      if (cost > this.#sessionCredit - reserve) return 'blocked';
      this.#sessionCredit -= cost;
      outgoing.begin();
      return stream;
    });
  }

  #messageSent(id: number): void {
    this.#outputs.push({ type: 'sent', stream: id });
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#schedule(stream);
    this.#finishSending(stream);
  }

  #schedule(stream: MuxStream): void {
    const { outgoing } = stream;
    const isReady = stream.isAccepted && (outgoing.isMidMessage || (outgoing.nextCost ?? Infinity) <= outgoing.credit);
    if (isReady) this.#scheduler.add(stream.id, stream.priority);
  }

  #finishSending(stream: MuxStream): void {
    if (!stream.outgoing.isAtEnd || !stream.isAccepted) return;
    stream.outgoing.hasSentEnd = true;
    this.#control.push(encodeStreamFrame(STREAM_FRAME.end, stream.id, EMPTY_BYTES));
    this.#closeIfDone(stream);
  }

  #open(id: number, protocol: string, header: Uint8Array, priority: PriorityClass): void {
    this.#add(id, priority, true);
    this.#control.push(encodeStreamFrame(STREAM_FRAME.open, id, encodeOpenBody({ priority, protocol, header })));
  }

  #limitWindow(id: number, bytes: number | undefined): void {
    const stream = this.#streams.get(id);
    if (bytes === undefined || !stream) return;
    stream.outgoing.limitWindow(bytes);
    // Both ends keep to a narrow window.
    stream.creditStepBytes = LIMITS.creditStepBytes;
  }

  #accept(id: number): void {
    const stream = this.#streams.get(id);
    if (!stream || stream.isLocal || stream.isAccepted) return;
    stream.isAccepted = true;
    this.#control.push(encodeStreamFrame(STREAM_FRAME.accept, id, EMPTY_BYTES));
  }

  #send(id: number, message: Uint8Array): void {
    const stream = this.#streams.get(id);
    if (!stream || stream.outgoing.isEnding) return;
    if (message.length > LIMITS.maxStreamMessageBytes) return this.#reset(id, 'too-large');
    if (!stream.outgoing.push(message)) return this.#reset(id, 'overloaded');
    this.#schedule(stream);
  }

  #consumed(id: number, bytes: number): void {
    const stream = this.#streams.get(id);
    if (!stream) {
      this.#lateCredit += bytes;
      return;
    }
    this.#sessionWindow += bytes;
    stream.pendingCredit += bytes;
    this.#pendingCredit += bytes;
    stream.incoming.addWindow(bytes);
    if (stream.pendingCredit >= stream.creditStepBytes) this.#giveCredit(stream);
    // Many streams with a little each would otherwise keep the session's credit from its sender for ever.
    if (this.#pendingCredit >= LIMITS.sessionCreditStepBytes) for (const each of this.#streams.values()) this.#giveCredit(each);
  }

  #giveLateCredit(): void {
    if (this.#lateCredit === 0) return;
    this.#control.push(encodeStreamFrame(STREAM_FRAME.credit, 0, uint32Body(this.#lateCredit)));
    this.#sessionWindow += this.#lateCredit;
    this.#lateCredit = 0;
  }

  #giveCredit(stream: MuxStream): void {
    if (stream.pendingCredit === 0) return;
    this.#control.push(encodeStreamFrame(STREAM_FRAME.credit, stream.id, uint32Body(stream.pendingCredit)));
    this.#pendingCredit -= stream.pendingCredit;
    stream.pendingCredit = 0;
  }

  #end(id: number): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    stream.outgoing.wantEnd();
    this.#finishSending(stream);
  }

  #reset(id: number, code: ErrorCode): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#control.push(encodeStreamFrame(STREAM_FRAME.reset, id, utf8(code)));
    this.#remove(stream, code, false);
  }

  #payload(bytes: Uint8Array, now: number): void {
    const frames = decodeStreamFrames(bytes);
    if (!frames) return this.#violation('protocol-violation', 'a payload that is no sequence of stream frames');
    for (const frame of frames) {
      if (this.#isBroken) return;
      this.#frame(frame, now);
    }
  }

  #frame(frame: StreamFrame, now: number): void {
    const { type, stream: id, body } = frame;
    if (type >= STREAM_FRAME.message && type <= STREAM_FRAME.last) return this.#data(frame);
    if (!this.#controlBucket.take(now) || this.#control.length > LIMITS.maxQueuedControlFrames)
      return this.#violation('rate-limited', 'too many control frames');
    switch (type) {
      case STREAM_FRAME.open:
        return this.#remoteOpen(id, body);
      case STREAM_FRAME.accept:
        return this.#remoteAccept(id);
      case STREAM_FRAME.end:
        return this.#remoteEnd(id);
      case STREAM_FRAME.reset: {
        const stream = this.#streams.get(id);
        if (stream) this.#remove(stream, decodeResetBody(body), true);
        return;
      }
      case STREAM_FRAME.credit:
        return this.#remoteCredit(id, body);
      case STREAM_FRAME.ping:
        if (body.length !== PING_BYTES) return this.#violation('protocol-violation', 'a ping of the wrong length');
        return this.#control.push(encodeStreamFrame(STREAM_FRAME.pong, 0, body));
      case STREAM_FRAME.pong:
        return this.#outputs.push({ type: 'pong', nonce: body.slice() });
      default:
        return this.#violation('protocol-violation', 'a stream frame of an unknown type');
    }
  }

  #remoteOpen(id: number, body: Uint8Array): void {
    const open = decodeOpenBody(body);
    if (!open || id === 0 || id % 2 === this.#nextLocalId % 2 || id <= this.#lastRemoteId) {
      return this.#violation('protocol-violation', 'a stream that cannot be opened');
    }
    this.#lastRemoteId = id;
    if (this.#remoteCount >= LIMITS.maxStreamsPerSide) {
      return this.#control.push(encodeStreamFrame(STREAM_FRAME.reset, id, utf8('overloaded')));
    }
    const priority = open.priority as PriorityClass;
    this.#add(id, priority, false);
    this.#outputs.push({ type: 'incoming', stream: id, protocol: open.protocol, header: open.header, priority });
  }

  #remoteAccept(id: number): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (!stream.isLocal || stream.isAccepted) return this.#violation('protocol-violation', 'an answer to no question');
    stream.isAccepted = true;
    this.#outputs.push({ type: 'accepted', stream: id });
    this.#schedule(stream);
    this.#finishSending(stream);
  }

  #data(frame: StreamFrame): void {
    const stream = this.#streams.get(frame.stream);
    if (!stream) return this.#dataForGoneStream(frame);
    if (stream.isLocal && !stream.isAccepted) return this.#violation('protocol-violation', 'a message on a stream that it did not accept');
    const received = stream.incoming.receive(frame);
    if (received.kind === 'violation') return this.#violation('protocol-violation', received.detail);
    if (received.cost > this.#sessionWindow) return this.#violation('protocol-violation', 'more than the credit of the session');
    this.#sessionWindow -= received.cost;
    if (received.kind === 'message') this.#outputs.push({ type: 'message', stream: stream.id, message: received.message });
  }

  /**
   * Frames that were under way when we reset their stream. Their sender took session credit when it began each message: it is
   * given back at once, for whole messages and, by the length in front of them, for those in fragments.
   */
  #dataForGoneStream({ type, stream: id, body }: StreamFrame): void {
    const isLocal = id % 2 === this.#nextLocalId % 2;
    if (isLocal ? id >= this.#nextLocalId : id > this.#lastRemoteId)
      return this.#violation('protocol-violation', 'a message on a stream that never was');
    if (type !== STREAM_FRAME.message && type !== STREAM_FRAME.first) return;
    const length = type === STREAM_FRAME.message ? body.length : body.length >= 4 ? readUint32(body, 0) : 0;
    const cost = Math.min(length, LIMITS.maxStreamMessageBytes) + LIMITS.messageOverheadBytes;
    if (cost > this.#sessionWindow) return this.#violation('protocol-violation', 'more than the credit of the session');
    this.#sessionWindow -= cost;
    this.#lateCredit += cost;
  }

  #remoteEnd(id: number): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (stream.incoming.hasEnded || stream.incoming.undeliveredCost > 0) return this.#violation('protocol-violation', 'an end that cannot be');
    stream.incoming.hasEnded = true;
    this.#outputs.push({ type: 'ended', stream: id });
    this.#closeIfDone(stream);
  }

  #remoteCredit(id: number, body: Uint8Array): void {
    const bytes = body.length === 4 ? readUint32(body, 0) : 0;
    const stream = this.#streams.get(id);
    const isTooMuch =
      this.#sessionCredit + bytes > LIMITS.sessionWindowBytes || (stream && stream.outgoing.credit + bytes > LIMITS.streamWindowBytes);
    if (bytes === 0 || isTooMuch) return this.#violation('protocol-violation', 'credit for what was never sent');
    this.#sessionCredit += bytes;
    if (stream) {
      stream.outgoing.addCredit(bytes);
      this.#schedule(stream);
    }
  }

  #add(id: number, priority: PriorityClass, isLocal: boolean): void {
    const stream: MuxStream = {
      id,
      priority,
      isLocal,
      isAccepted: false,
      outgoing: new OutgoingStream(id),
      incoming: new IncomingStream(),
      pendingCredit: 0,
      creditStepBytes: priority === BULK ? LIMITS.bulkCreditStepBytes : LIMITS.creditStepBytes,
    };
    this.#streams.set(id, stream);
    if (isLocal) this.#localCount++;
    else this.#remoteCount++;
  }

  #closeIfDone(stream: MuxStream): void {
    if (stream.outgoing.hasSentEnd && stream.incoming.hasEnded) this.#remove(stream, undefined, false);
  }

  #remove(stream: MuxStream, code: ErrorCode | undefined, remote: boolean): void {
    // What of a half-received message was taken from the session's window comes back, on both sides.
    this.#sessionCredit += stream.outgoing.refund;
    const undelivered = stream.incoming.undeliveredCost;
    this.#sessionWindow += undelivered;
    stream.pendingCredit += undelivered;
    this.#pendingCredit += undelivered;
    this.#giveCredit(stream);
    this.#streams.delete(stream.id);
    this.#scheduler.delete(stream.id, stream.priority);
    if (stream.isLocal) this.#localCount--;
    else this.#remoteCount--;
    this.#outputs.push({ type: 'closed', stream: stream.id, ...(code ? { code } : {}), remote });
  }

  #violation(code: ErrorCode, detail: string): void {
    this.#isBroken = true;
    this.#outputs.push({ type: 'violation', code, detail });
  }
}
