import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { isErrorCode, type ErrorCode } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';

/**
 * The frames of the stream layer. A session's payload is one or more of them, each
 *
 *     type: uint8 · length of the body: uint24 · stream: uint32 · body        (big endian)
 *
 * Data bodies are the message's bytes; the first fragment of a message that has several begins with the whole length (uint32).
 */
export const FRAME_HEADER_BYTES = 8;
/** The length in front of a message of several fragments. */
export const MESSAGE_LENGTH_BYTES = 4;

export const STREAM_FRAME = {
  /** Body: priority uint8, length of the protocol's name uint8, the name, the header. */
  open: 1,
  accept: 2,
  /** A whole message. */
  message: 3,
  /** The first fragment of several. */
  first: 4,
  middle: 5,
  last: 6,
  /** No more messages from the sender on this stream. */
  end: 7,
  /** Body: the error code in ASCII. */
  reset: 8,
  /** Body: uint32, the bytes that the receiver consumed; counts for the stream and for the session. */
  credit: 9,
  /** Body: 8 bytes that the pong repeats; stream 0. */
  ping: 10,
  pong: 11,
} as const;

export type StreamFrameType = (typeof STREAM_FRAME)[keyof typeof STREAM_FRAME];

export type StreamFrame = { readonly type: number; readonly stream: number; readonly body: Uint8Array };

export type OpenBody = { readonly priority: number; readonly protocol: string; readonly header: Uint8Array };

export const PING_BYTES = 8;
const LAST_PRIORITY = 2;

export function writeFrameHeader(target: Uint8Array, offset: number, type: StreamFrameType, bodyLength: number, stream: number): void {
  target[offset] = type;
  target[offset + 1] = bodyLength >>> 16;
  target[offset + 2] = bodyLength >>> 8;
  target[offset + 3] = bodyLength;
  writeUint32(target, offset + 4, stream);
}

export function writeUint32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] as number) << 24) |
      ((bytes[offset + 1] as number) << 16) |
      ((bytes[offset + 2] as number) << 8) |
      (bytes[offset + 3] as number)) >>>
    0
  );
}

/** One frame with its header. */
export function encodeStreamFrame(type: StreamFrameType, stream: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  writeFrameHeader(frame, 0, type, body.length, stream);
  frame.set(body, FRAME_HEADER_BYTES);
  return frame;
}

export function uint32Body(value: number): Uint8Array {
  const body = new Uint8Array(4);
  writeUint32(body, 0, value);
  return body;
}

/** The payload's frames, whose bodies are views of it; `undefined` when it is no sequence of whole frames. Total. */
export function decodeStreamFrames(payload: Uint8Array): readonly StreamFrame[] | undefined {
  const frames: StreamFrame[] = [];
  let offset = 0;
  while (offset < payload.length) {
    const bodyStart = offset + FRAME_HEADER_BYTES;
    if (bodyStart > payload.length) return undefined;
    const length = ((payload[offset + 1] as number) << 16) | ((payload[offset + 2] as number) << 8) | (payload[offset + 3] as number);
    const end = bodyStart + length;
    if (end > payload.length) return undefined;
    frames.push({ type: payload[offset] as number, stream: readUint32(payload, offset + 4), body: payload.subarray(bodyStart, end) });
    offset = end;
  }
  return frames.length > 0 ? frames : undefined;
}

export function encodeOpenBody({ priority, protocol, header }: OpenBody): Uint8Array {
  const name = utf8(protocol);
  const body = new Uint8Array(2 + name.length + header.length);
  body[0] = priority;
  body[1] = name.length;
  body.set(name, 2);
  body.set(header, 2 + name.length);
  return body;
}

export function decodeOpenBody(body: Uint8Array): OpenBody | undefined {
  const [priority, nameLength] = body;
  if (priority === undefined || nameLength === undefined) return undefined;
  const headerStart = 2 + nameLength;
  const fits = priority <= LAST_PRIORITY && nameLength > 0 && nameLength <= LIMITS.maxProtocolNameBytes && headerStart <= body.length;
  if (!fits || body.length - headerStart > LIMITS.maxStreamHeaderBytes) return undefined;
  try {
    return { priority, protocol: fromUtf8(body.subarray(2, headerStart)), header: body.slice(headerStart) };
  } catch {
    return undefined;
  }
}

/** A reason that a newer peer may have and we have no word for reads as `peer-closed`. */
export function decodeResetBody(body: Uint8Array): ErrorCode {
  let text = '';
  for (const byte of body.subarray(0, 40)) text += String.fromCharCode(byte);
  return isErrorCode(text) ? text : 'peer-closed';
}
