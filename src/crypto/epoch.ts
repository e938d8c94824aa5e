import { LIMITS } from '../base/limits.ts';
import type { BulkJob } from '../ports/keys.ts';
import { CHANNEL_FRAME, SEALED_HEADER_BYTES, SEALED_OVERHEAD_BYTES, SEALED_ROOM, writeSealedHeader } from './channel-frames.ts';
import { hkdfSha256 } from './hash.ts';
import { DERIVATION_LABELS } from './labels.ts';
import { ReplayWindow } from './replay-window.ts';
import { openFrame, sealFrame } from './small-cipher.ts';

/** The keys of one handshake, for both directions, from `HandshakeState.split`. */
export type TransportKeys = { readonly sending: Uint8Array; readonly receiving: Uint8Array };

/**
 * One generation of a session's keys, with what each direction has used of them. Both ciphers of a direction share its counter but not its
 * key, so no pair of key and nonce ever comes twice.
 */
export class Epoch {
  readonly number: number;
  readonly startedAt: number;
  /** Names the handshake that made these keys. */
  readonly binding: Uint8Array;
  readonly window = new ReplayWindow(LIMITS.replayWindowFrames);
  sentMessages = 0;
  sentBytes = 0;
  readonly #sendSmall: Uint8Array;
  readonly #sendBulk: Uint8Array;
  readonly #receiveSmall: Uint8Array;
  readonly #receiveBulk: Uint8Array;

  constructor(number: number, keys: TransportKeys, binding: Uint8Array, now: number) {
    this.number = number;
    this.startedAt = now;
    this.binding = binding;
    this.#sendSmall = hkdfSha256(keys.sending, undefined, DERIVATION_LABELS.smallFrames, 32);
    this.#sendBulk = hkdfSha256(keys.sending, undefined, DERIVATION_LABELS.bulkFrames, 32);
    this.#receiveSmall = hkdfSha256(keys.receiving, undefined, DERIVATION_LABELS.smallFrames, 32);
    this.#receiveBulk = hkdfSha256(keys.receiving, undefined, DERIVATION_LABELS.bulkFrames, 32);
    keys.sending.fill(0);
    keys.receiving.fill(0);
  }

  wantsRekey(now: number): boolean {
    const isUsedUp = this.sentMessages >= LIMITS.rekeyAfterMessages || this.sentBytes >= LIMITS.rekeyAfterBytes;
    return isUsedUp || now >= this.startedAt + LIMITS.rekeyAfterMs;
  }

  /** Nothing more may be sealed or opened under these keys. */
  isExpired(now: number): boolean {
    return now >= this.startedAt + LIMITS.rejectAfterMs || this.sentMessages >= LIMITS.rejectAfterMessages;
  }

  /** Makes a frame of type small or control of one that has its payload where the sealed body will be. */
  sealSmall(type: number, frame: Uint8Array): void {
    const counter = this.#takeCounter(frame.length - SEALED_OVERHEAD_BYTES);
    writeSealedHeader(frame, type, this.number, counter);
    sealFrame(this.#sendSmall, chachaNonceOf(counter), frame);
  }

  /** `undefined` when the frame is not authentic. */
  openSmall(frame: Uint8Array, counter: number): Uint8Array | undefined {
    return openFrame(this.#receiveSmall, chachaNonceOf(counter), frame);
  }

  /** The work whose result becomes the frame's sealed body; the header is written at once. */
  bulkSeal(frame: Uint8Array): BulkJob {
    const counter = this.#takeCounter(frame.length - SEALED_OVERHEAD_BYTES);
    writeSealedHeader(frame, CHANNEL_FRAME.bulk, this.number, counter);
    const associatedData = frame.subarray(0, SEALED_HEADER_BYTES);
    return { key: this.#sendBulk, nonce: gcmNonceOf(counter), associatedData, data: payloadOf(frame) };
  }

  bulkOpen(frame: Uint8Array, counter: number): BulkJob {
    return {
      key: this.#receiveBulk,
      nonce: gcmNonceOf(counter),
      associatedData: frame.subarray(0, SEALED_HEADER_BYTES),
      data: frame.subarray(SEALED_HEADER_BYTES),
    };
  }

  wipe(): void {
    for (const key of [this.#sendSmall, this.#sendBulk, this.#receiveSmall, this.#receiveBulk]) key.fill(0);
  }

  #takeCounter(bytes: number): number {
    this.sentBytes += bytes;
    return this.sentMessages++;
  }
}

function payloadOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(SEALED_ROOM.before, frame.length - SEALED_ROOM.after);
}

/** RFC 8439 §2.8 takes 96 bits: 32 of zeros and the counter in little endian, as Noise does. */
function chachaNonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, counter % 2 ** 32, true);
  view.setUint32(8, Math.floor(counter / 2 ** 32), true);
  return nonce;
}

/** NIST SP 800-38D §8.2.1: a fixed field of zeros and the counter in big endian. */
function gcmNonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, Math.floor(counter / 2 ** 32));
  view.setUint32(8, counter % 2 ** 32);
  return nonce;
}
