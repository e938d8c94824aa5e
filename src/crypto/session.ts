import { utf8 } from '../base/bytes.ts';
import type { ErrorCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import type { Entropy } from '../ports/entropy.ts';
import {
  CHANNEL_FRAME,
  CONTROL,
  epochBeginBody,
  frameCountBody,
  readCode,
  readEpochBegin,
  readFrameCount,
  readSealedCounter,
  SEALED_HEADER_BYTES,
  SEALED_OVERHEAD_BYTES,
} from './channel-frames.ts';
import type { ChannelOutput } from './channel.ts';
import { Epoch, type TransportKeys } from './epoch.ts';
import type { KeyPair } from './key-exchange.ts';
import { OrderedSlots } from './ordered-slots.ts';
import { RekeyHandshake } from './rekey.ts';

export type SessionOptions = {
  readonly isInitiator: boolean;
  readonly keys: TransportKeys;
  readonly binding: Uint8Array;
  readonly localStatic: KeyPair;
  readonly remoteStatic: Uint8Array;
  readonly entropy: Entropy;
  readonly now: number;
  emit(output: ChannelOutput): void;
  /** The responder accepted us. */
  onConfirmed(): void;
  /** The session cannot go on, or the peer said goodbye. */
  onEnd(code: ErrorCode, remote: boolean, detail: string): void;
};

type BulkOpen = { readonly epoch: Epoch; readonly counter: number };
/** An authentic frame. Without a payload when it is of the channel itself; `previousFrames` is what the first frame of an epoch tells of the one before. */
type Arrival = { readonly epoch: number; readonly counter: number; readonly payload?: Uint8Array; readonly previousFrames?: number | undefined };

/**
 * What happens on a channel after its handshake: payloads are sealed and opened, in order in both directions although large ones go through an
 * asynchronous cipher; keys are renewed by age, count and bytes; repeated, altered and stale frames are dropped.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #outgoing: OrderedSlots<Uint8Array>;
  readonly #incoming: OrderedSlots<Arrival>;
  /** Frames whose bodies are being sealed. */
  readonly #seals = new Map<number, Uint8Array>();
  readonly #opens = new Map<number, BulkOpen>();
  /** Frames that wait because the keys expired and the fresh ones are not there yet. */
  readonly #held = new Queue<Uint8Array>();
  #current: Epoch;
  #previous: Epoch | undefined;
  #previousUntil = 0;
  #rekey: { readonly handshake: RekeyHandshake; deadline: number } | undefined;
  #nextJob: number;
  #badInRow = 0;
  /** The last frame for the old link, until it is out. */
  #lastOnLink: { readonly frame: Uint8Array; readonly transcript: Uint8Array } | undefined;
  /** The frame that must come next: links deliver in order. */
  #nextArrival = { epoch: 0, counter: 0 };
  #arrivedFrames = 0;
  #isPaused = false;
  #isOver = false;

  constructor(options: SessionOptions, firstJob: number) {
    this.#options = options;
    this.#nextJob = firstJob;
    this.#current = new Epoch(0, options.keys, options.binding, options.now);
    this.#outgoing = new OrderedSlots((frame) => this.#transmit(frame));
    this.#incoming = new OrderedSlots((arrival) => this.#arrived(arrival));
  }

  get pendingSeals(): number {
    return this.#outgoing.length + this.#held.length;
  }

  /** What is being opened counts: if it does not open, the session ends. */
  get receivedFrames(): number {
    return this.#arrivedFrames + this.#incoming.length;
  }

  get nextWakeAt(): number | undefined {
    if (this.#isPaused) return undefined;
    const rekeyAt = this.#rekey ? this.#rekey.deadline : this.#current.startedAt + LIMITS.rekeyAfterMs + this.#rekeyDelayMs;
    return earlier(rekeyAt, this.#previous && this.#previousUntil);
  }

  /** `frame` has its payload where the sealed body will be, and is the session's from now on. */
  send(frame: Uint8Array, now: number): void {
    if (this.#current.wantsRekey(now)) this.#startRekey(now);
    if (this.#held.length > 0 || this.#current.isExpired(now)) {
      if (this.#held.length >= LIMITS.maxQueuedFrames) return this.#options.onEnd('overloaded', false, 'Too much waits for fresh keys.');
      return this.#held.push(frame);
    }
    this.#seal(frame);
  }

  control(kind: number, body: Uint8Array): void {
    this.#outgoing.push(this.#controlFrame(kind, body));
  }

  #controlFrame(kind: number, body: Uint8Array): Uint8Array {
    const frame = new Uint8Array(SEALED_OVERHEAD_BYTES + 1 + body.length);
    frame[SEALED_HEADER_BYTES] = kind;
    frame.set(body, SEALED_HEADER_BYTES + 1);
    this.#current.sealSmall(CHANNEL_FRAME.control, frame);
    return frame;
  }

  goodbye(code: ErrorCode): void {
    this.control(CONTROL.goodbye, utf8(code));
  }

  /** What is sealed already still goes on the old link, in order; then a frame says that the rest comes on the other. */
  switchLink(transcript: Uint8Array): void {
    const frame = this.#controlFrame(CONTROL.switchLink, transcript);
    this.#lastOnLink = { frame, transcript };
    this.#outgoing.push(frame);
  }

  switchSeen(transcript: Uint8Array): void {
    this.control(CONTROL.switchSeen, transcript);
  }

  acknowledge(): void {
    this.control(CONTROL.received, frameCountBody(this.receivedFrames));
  }

  /** While there is no link, nothing is late. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(now: number): void {
    this.#isPaused = false;
    this.#previousUntil = now + LIMITS.previousEpochMs;
    if (this.#rekey) this.#rekey.deadline = now + LIMITS.handshakeTimeoutMs;
  }

  /** A frame of type small, bulk or control. */
  receive(frame: Uint8Array, now: number): void {
    if (frame.length < SEALED_HEADER_BYTES) return this.#bad('malformed', 'A sealed frame is cut off.');
    const epoch = this.#epochOf(frame[1] as number, now);
    if (!epoch) return this.#bad('decrypt-failed', 'A frame was sealed under keys that are gone.');
    const counter = readSealedCounter(frame);
    if (!epoch.window.isFresh(counter)) return this.#bad('replayed', 'A frame came twice.');
    if (frame[0] === CHANNEL_FRAME.bulk) return this.#receiveBulk(frame, epoch, counter);
    const plaintext = epoch.openSmall(frame, counter);
    if (!plaintext) return this.#bad('decrypt-failed', 'A frame does not decrypt.');
    epoch.window.accept(counter);
    this.#badInRow = 0;
    if (this.#incoming.length >= LIMITS.maxQueuedFrames)
      return this.#options.onEnd('overloaded', false, 'The peer sent faster than large frames can be opened.');
    if (frame[0] === CHANNEL_FRAME.control) {
      this.#incoming.push({ epoch: epoch.number, counter, previousFrames: readEpochBegin(plaintext) });
      if (!this.#isOver) this.#receiveControl(plaintext, now);
    } else if (epoch.isExpired(now)) this.#bad('decrypt-failed', 'A frame was sealed under keys that are too old.');
    else this.#incoming.push({ epoch: epoch.number, counter, payload: plaintext });
  }

  bulkDone(job: number, bytes: Uint8Array | undefined): void {
    const seal = this.#seals.get(job);
    if (seal) {
      this.#seals.delete(job);
      if (!bytes) return this.#options.onEnd('internal', false, 'The cipher for large frames failed.');
      seal.set(bytes, SEALED_HEADER_BYTES);
      return this.#outgoing.finish(job, seal);
    }
    const open = this.#opens.get(job);
    if (!open) return;
    this.#opens.delete(job);
    const isNew = bytes !== undefined && open.epoch.window.accept(open.counter);
    if (isNew) this.#badInRow = 0;
    this.#incoming.finish(job, isNew ? { epoch: open.epoch.number, counter: open.counter, payload: bytes } : undefined);
    if (!isNew) this.#bad(bytes ? 'replayed' : 'decrypt-failed', bytes ? 'A frame came twice.' : 'A frame does not decrypt.');
  }

  wake(now: number): void {
    if (this.#isPaused) return;
    if (this.#previous && now >= this.#previousUntil) this.#leavePrevious(now);
    if (this.#rekey && now >= this.#rekey.deadline) {
      this.#rekey.deadline = now + LIMITS.handshakeTimeoutMs;
      return this.#options.emit({ type: 'stalled', code: 'timed-out', detail: 'The peer did not renew the keys.' });
    }
    if (!this.#rekey && now >= this.#current.startedAt + LIMITS.rekeyAfterMs + this.#rekeyDelayMs) this.#startRekey(now);
  }

  wipe(): void {
    this.#isOver = true;
    this.#current.wipe();
    this.#dropPrevious();
    this.#rekey?.handshake.wipe();
    this.#outgoing.clear();
    this.#incoming.clear();
    this.#held.clear();
    this.#seals.clear();
    this.#opens.clear();
  }

  /** The responder leaves it to the initiator for a while, so that both seldom begin at once. */
  get #rekeyDelayMs(): number {
    return this.#options.isInitiator ? 0 : LIMITS.handshakeTimeoutMs;
  }

  #transmit(frame: Uint8Array): void {
    this.#options.emit({ type: 'transmit', frame });
    const last = this.#lastOnLink;
    if (frame !== last?.frame) return;
    this.#lastOnLink = undefined;
    this.#options.emit({ type: 'link-switched', direction: 'sending', transcript: last.transcript });
  }

  #seal(frame: Uint8Array): void {
    if (frame.length - SEALED_OVERHEAD_BYTES <= LIMITS.bulkFrameBytes) {
      this.#current.sealSmall(CHANNEL_FRAME.small, frame);
      return this.#outgoing.push(frame);
    }
    const job = this.#nextJob++;
    this.#outgoing.begin(job);
    this.#seals.set(job, frame);
    this.#options.emit({ type: 'bulk', job, operation: 'seal', work: this.#current.bulkSeal(frame) });
  }

  #receiveBulk(frame: Uint8Array, epoch: Epoch, counter: number): void {
    if (this.#opens.size >= LIMITS.maxQueuedFrames)
      return this.#options.onEnd('overloaded', false, 'The peer sent faster than large frames can be opened.');
    const job = this.#nextJob++;
    this.#incoming.begin(job);
    this.#opens.set(job, { epoch, counter });
    this.#options.emit({ type: 'bulk', job, operation: 'open', work: epoch.bulkOpen(frame, counter) });
  }

  /**
   * Counters have no holes and links deliver in order: what is missing will not come, and what follows must not pass for whole. Each epoch begins with
   * the number of frames that the one before it had, or the last of those could vanish unnoticed.
   */
  #arrived({ epoch, counter, payload, previousFrames }: Arrival): void {
    if (this.#isOver) return;
    const next = this.#nextArrival;
    const isNewEpoch = epoch === next.epoch + 1 && previousFrames === next.counter;
    if (isNewEpoch) this.#nextArrival = { epoch, counter: 0 };
    if (epoch !== this.#nextArrival.epoch || counter !== this.#nextArrival.counter)
      return this.#options.onEnd('link-lost', false, 'A frame is missing.');
    this.#nextArrival.counter++;
    this.#arrivedFrames++;
    if (payload) this.#options.emit({ type: 'deliver', payload });
  }

  #receiveControl(plaintext: Uint8Array, now: number): void {
    const body = plaintext.subarray(1);
    switch (plaintext[0]) {
      case CONTROL.confirm:
        return this.#options.onConfirmed();
      case CONTROL.rekeyRequest:
        return this.#answerRekey(body, now);
      case CONTROL.rekeyAnswer:
        return this.#finishRekey(body, now);
      case CONTROL.switchLink:
        return this.#options.emit({ type: 'link-switched', direction: 'receiving', transcript: body.slice() });
      case CONTROL.switchSeen:
        return this.#options.emit({ type: 'link-switched', direction: 'seen', transcript: body.slice() });
      case CONTROL.received: {
        const frames = readFrameCount(body);
        if (frames === undefined) return this.#bad('malformed', 'An acknowledgement is cut off.');
        return this.#options.emit({ type: 'acknowledged', frames });
      }
      case CONTROL.epochBegin:
        // It says something only in its place among all frames.
        return;
      case CONTROL.goodbye:
        return this.#options.onEnd(readCode(body, 'peer-closed'), true, 'The peer closed the connection.');
      default:
        return this.#bad('protocol-violation', 'A control frame of an unknown kind.');
    }
  }

  #startRekey(now: number): void {
    if (this.#rekey) return;
    const handshake = this.#newRekey(true);
    this.control(CONTROL.rekeyRequest, handshake.write());
    this.#rekey = { handshake, deadline: now + LIMITS.handshakeTimeoutMs };
  }

  #answerRekey(message: Uint8Array, now: number): void {
    // Both began at once: the request of the channel's initiator counts.
    if (this.#rekey && this.#options.isInitiator) return;
    if (now < this.#current.startedAt + LIMITS.minRekeyIntervalMs)
      return this.#options.onEnd('rate-limited', false, 'The peer renews keys too often.');
    this.#rekey?.handshake.wipe();
    this.#rekey = undefined;
    const handshake = this.#newRekey(false);
    try {
      handshake.read(message);
    } catch {
      return this.#options.onEnd('handshake-failed', false, 'The peer’s request for fresh keys does not fit.');
    }
    this.control(CONTROL.rekeyAnswer, handshake.write());
    this.#become(handshake, now);
  }

  #finishRekey(message: Uint8Array, now: number): void {
    const rekey = this.#rekey;
    if (!rekey) return this.#bad('protocol-violation', 'Fresh keys that nobody asked for.');
    try {
      rekey.handshake.read(message);
    } catch {
      return this.#options.onEnd('handshake-failed', false, 'The peer’s answer with fresh keys does not fit.');
    }
    this.#become(rekey.handshake, now);
  }

  #become(handshake: RekeyHandshake, now: number): void {
    const { keys, binding } = handshake.finish();
    this.#dropPrevious();
    this.#previous = this.#current;
    this.#previousUntil = now + LIMITS.previousEpochMs;
    this.#current = new Epoch(this.#previous.number + 1, keys, binding, now);
    this.#rekey = undefined;
    this.control(CONTROL.epochBegin, epochBeginBody(this.#previous.sentMessages));
    for (let frame = this.#held.shift(); frame; frame = this.#held.shift()) this.#seal(frame);
  }

  #newRekey(initiator: boolean): RekeyHandshake {
    const { localStatic, remoteStatic, entropy } = this.#options;
    return new RekeyHandshake({ initiator, localStatic, remoteStatic, entropy, binding: this.#current.binding, epoch: this.#current.number });
  }

  #epochOf(lowByte: number, now: number): Epoch | undefined {
    if ((this.#current.number & 0xff) === lowByte) return this.#current;
    const previous = this.#previous;
    if (previous && now >= this.#previousUntil) this.#leavePrevious(now);
    return this.#previous && (this.#previous.number & 0xff) === lowByte ? this.#previous : undefined;
  }

  /** Until the peer's first frame under the present keys, those before it may still be under way: the path may have been lost since. */
  #leavePrevious(now: number): void {
    if (this.#nextArrival.epoch === this.#current.number) this.#dropPrevious();
    else this.#previousUntil = now + LIMITS.previousEpochMs;
  }

  #dropPrevious(): void {
    this.#previous?.wipe();
    this.#previous = undefined;
  }

  #bad(code: ErrorCode, detail: string): void {
    this.#options.emit({ type: 'fault', code, detail });
    if (++this.#badInRow >= LIMITS.maxBadFramesInRow) this.#options.onEnd('decrypt-failed', false, 'Too many frames in a row do not decrypt.');
  }
}
