import { isErrorCode, type ErrorCode } from '../base/errors.ts';
import { concatBytes, uint64be, utf8 } from '../base/bytes.ts';

/** The first byte of every frame on a link. */
export const CHANNEL_FRAME = {
  /** A hello in clear, on links that were not introduced. */
  hello: 0,
  /** A Noise handshake message. */
  handshake: 1,
  /** Why the sender gave up a handshake, in clear: advice, not proof. */
  alert: 2,
  /** Sealed by ChaCha20-Poly1305. */
  small: 3,
  /** Sealed by AES-256-GCM. */
  bulk: 4,
  /** Sealed like a small frame; of the channel itself. */
  control: 5,
  /** Who comes with a session to a new link, in clear (session-claim.ts). Never inside a session. */
  claim: 6,
} as const;

/** The first byte inside a sealed control frame. */
export const CONTROL = {
  /** The responder accepts the initiator. */
  confirm: 0,
  /** A Noise KK message that begins or completes a fresh key. */
  rekeyRequest: 1,
  rekeyAnswer: 2,
  /** The end, with the code in ASCII. */
  goodbye: 3,
  /** The first frame under fresh keys: how many frames its sender sealed under the ones before (uint64). */
  epochBegin: 4,
  /** The last frame on this link: what follows comes on the link that the body names. */
  switchLink: 5,
  /** The `switchLink` that the body names came. */
  switchSeen: 6,
  /** How many frames of yours came, all of them from the first on (uint64): no link will have to bring them again. */
  received: 7,
} as const;

/** type: uint8 · epoch: uint8 · counter: uint48, big endian. It is the associated data of the sealed body. */
export const SEALED_HEADER_BYTES = 8;
/** What sealing puts around a payload. */
export const SEALED_ROOM = { before: SEALED_HEADER_BYTES, after: 16 } as const;
export const SEALED_OVERHEAD_BYTES = SEALED_ROOM.before + SEALED_ROOM.after;

export function writeSealedHeader(target: Uint8Array, type: number, epoch: number, counter: number): void {
  target[0] = type;
  target[1] = epoch & 0xff;
  const high = Math.floor(counter / 2 ** 32);
  target[2] = high >>> 8;
  target[3] = high;
  target[4] = counter >>> 24;
  target[5] = counter >>> 16;
  target[6] = counter >>> 8;
  target[7] = counter;
}

export function readSealedCounter(frame: Uint8Array): number {
  const high = ((frame[2] as number) << 8) | (frame[3] as number);
  const low = (((frame[4] as number) << 24) | ((frame[5] as number) << 16) | ((frame[6] as number) << 8) | (frame[7] as number)) >>> 0;
  return high * 2 ** 32 + low;
}

export function clearFrame(type: number, body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(type), body);
}

export function alertFrame(code: ErrorCode): Uint8Array {
  return clearFrame(CHANNEL_FRAME.alert, utf8(code));
}

/** A code that a peer sent; what we have no word for reads as `fallback`. */
export function readCode(bytes: Uint8Array, fallback: ErrorCode): ErrorCode {
  let text = '';
  for (const byte of bytes.subarray(0, 40)) text += String.fromCharCode(byte);
  return isErrorCode(text) ? text : fallback;
}

/** Whether a frame is one of a session's, and counts among its frames. */
export function isSealedFrame(frame: Uint8Array): boolean {
  const type = frame[0];
  return type === CHANNEL_FRAME.small || type === CHANNEL_FRAME.bulk || type === CHANNEL_FRAME.control;
}

export function epochBeginBody(previousFrames: number): Uint8Array {
  return frameCountBody(previousFrames);
}

export function frameCountBody(frames: number): Uint8Array {
  return uint64be(BigInt(frames));
}

/** `undefined` when it is none, or beyond what any session reaches. */
export function readFrameCount(body: Uint8Array): number | undefined {
  if (body.length !== 8) return undefined;
  const count = Number(new DataView(body.buffer, body.byteOffset, 8).getBigUint64(0));
  return Number.isSafeInteger(count) ? count : undefined;
}

/** What the plaintext of a control frame tells of the previous epoch; `undefined` when it is of another kind. */
export function readEpochBegin(plaintext: Uint8Array): number | undefined {
  if (plaintext[0] !== CONTROL.epochBegin || plaintext.length !== 1 + 8) return undefined;
  return Number(new DataView(plaintext.buffer, plaintext.byteOffset + 1, 8).getBigUint64(0));
}
