/**
 * The signaling messages as bytes, from the client's side (signaling-server/PROTOCOL.md). Each is one deterministic CBOR array
 * (RFC 8949 §4.2.1) of a few fixed shapes, read and written by hand: what does not fit is `undefined`, never a throw.
 */
import { LIMITS } from '../base/limits.ts';
import { concatBytes, fromUtf8 } from '../base/bytes.ts';
import type { SignalingHelp, SignalingJoin } from '../ports/signaling.ts';

export const SIGNALING_SUBPROTOCOL = 'parley-signal.1';

const VERSION = 1;
const KEY_BYTES = 32;
const CHALLENGE_BYTES = 32;
const MAX_PORT = 65_535;
const MAX_TURN_URLS = 4;
const MAX_HOSTS = 4;
const MAX_TURN_TEXT_BYTES = 256;
const MAX_URL_BYTES = 512;

const CHALLENGE = 0;
const JOIN = 1;
const WELCOME = 2;
const RELAY = 3;
const RELAYED = 4;
const ABSENT = 5;
const LIST = 6;
const ANNOUNCE = 7;
const REFUSED = 8;
const LOOK_UP = 9;
const HELP = 10;

/** Major types in the upper three bits of an initial byte, RFC 8949 §3. */
const UINT = 0x00;
const BYTES = 0x40;
const TEXT = 0x60;
const ARRAY = 0x80;
const FALSE = 0xf4;
const TRUE = 0xf5;

export type ServerMessage =
  | { readonly type: 'challenge'; readonly challenge: Uint8Array }
  | { readonly type: 'welcome'; readonly peerCards: readonly Uint8Array[]; readonly stunPort: number }
  | { readonly type: 'relayed'; readonly from: Uint8Array; readonly body: Uint8Array }
  | { readonly type: 'absent'; readonly to: Uint8Array }
  | { readonly type: 'help'; readonly help: SignalingHelp }
  | { readonly type: 'refused'; readonly code: string; readonly detail: string };

/** Reads items in order. After the first that does not fit, `failed` stays true and every further answer is empty. */
class Reader {
  failed = false;
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get complete(): boolean {
    return !this.failed && this.#offset === this.#bytes.length;
  }

  uint(max: number): number {
    return this.#argument(UINT, max);
  }

  arrayLength(max: number): number {
    return this.#argument(ARRAY, max);
  }

  byteString(maxBytes: number): Uint8Array {
    return this.#take(this.#argument(BYTES, maxBytes));
  }

  fixedBytes(length: number): Uint8Array {
    const bytes = this.byteString(length);
    if (bytes.length !== length) this.failed = true;
    return bytes;
  }

  text(maxBytes: number): string {
    try {
      return fromUtf8(this.#take(this.#argument(TEXT, maxBytes)));
    } catch {
      this.failed = true;
      return '';
    }
  }

  #take(length: number): Uint8Array {
    const end = this.#offset + length;
    if (this.failed || end > this.#bytes.length) {
      this.failed = true;
      return new Uint8Array(0);
    }
    // A copy, so that what is kept of a message does not keep the whole of it.
    const taken = this.#bytes.slice(this.#offset, end);
    this.#offset = end;
    return taken;
  }

  /** The argument of an item of the major type, in its shortest form and at most `max` (< 2^16). */
  #argument(major: number, max: number): number {
    const head = this.#bytes[this.#offset++];
    const info = head === undefined ? -1 : head - major;
    let value = info;
    if (info === 24) {
      value = this.#bytes[this.#offset++] ?? 0;
      if (value < 24) this.failed = true;
    } else if (info === 25) {
      value = ((this.#bytes[this.#offset] ?? 0) << 8) | (this.#bytes[this.#offset + 1] ?? 0);
      this.#offset += 2;
      if (value < 0x100) this.failed = true;
    } else if (info < 0 || info > 25) {
      this.failed = true;
    }
    if (value > max || this.#offset > this.#bytes.length) this.failed = true;
    return this.failed ? 0 : value;
  }
}

/** Total: any bytes give a message or `undefined`. */
export function decodeServerMessage(bytes: Uint8Array): ServerMessage | undefined {
  if (bytes.length > LIMITS.maxSignalingMessageBytes) return undefined;
  const reader = new Reader(bytes);
  const items = reader.arrayLength(4);
  const message = readMessage(reader, items, reader.uint(HELP));
  return reader.complete ? message : undefined;
}

function readMessage(reader: Reader, items: number, type: number): ServerMessage | undefined {
  if (type === ABSENT) return items === 2 ? { type: 'absent', to: reader.fixedBytes(KEY_BYTES) } : undefined;
  if (type === HELP && items > 2) return { type: 'help', help: readHelp(reader, items === 4) };
  if (items !== 3) return undefined;
  switch (type) {
    case CHALLENGE:
      return reader.uint(VERSION) === VERSION ? { type: 'challenge', challenge: reader.fixedBytes(CHALLENGE_BYTES) } : undefined;
    case WELCOME: {
      const peerCards: Uint8Array[] = [];
      for (let count = reader.arrayLength(LIMITS.maxSignalingCards); count > 0; count--) {
        peerCards.push(reader.byteString(LIMITS.maxPeerCardBytes));
      }
      return { type: 'welcome', peerCards, stunPort: reader.uint(MAX_PORT) };
    }
    case RELAYED:
      return { type: 'relayed', from: reader.fixedBytes(KEY_BYTES), body: reader.byteString(LIMITS.maxIntroductionBytes) };
    case REFUSED:
      return { type: 'refused', code: reader.text(32), detail: reader.text(256) };
    default:
      return undefined;
  }
}

function readHelp(reader: Reader, hasHosts: boolean): SignalingHelp {
  const servers = readTexts(reader, LIMITS.maxSignalingServers);
  const turn = readTurn(reader);
  const hosts = hasHosts ? readTexts(reader, MAX_HOSTS) : [];
  return { servers, ...(turn ? { turn } : {}), ...(hosts.length > 0 ? { hosts } : {}) };
}

function readTurn(reader: Reader): SignalingHelp['turn'] {
  const items = reader.arrayLength(3);
  if (items === 0) return undefined;
  if (items !== 3) reader.failed = true;
  return { urls: readTexts(reader, MAX_TURN_URLS), username: reader.text(MAX_TURN_TEXT_BYTES), credential: reader.text(MAX_TURN_TEXT_BYTES) };
}

function readTexts(reader: Reader, maxCount: number): readonly string[] {
  const texts: string[] = [];
  for (let count = reader.arrayLength(maxCount); count > 0; count--) texts.push(reader.text(MAX_URL_BYTES));
  return texts;
}

export function encodeJoin(join: SignalingJoin): Uint8Array {
  return concatBytes(
    Uint8Array.of(ARRAY | 5, JOIN),
    byteString(join.room),
    byteString(join.nodeKey),
    byteString(join.card),
    byteString(join.signature),
  );
}

export function encodeRelay(to: Uint8Array, body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(ARRAY | 3, RELAY), byteString(to), byteString(body));
}

export function encodeList(): Uint8Array {
  return Uint8Array.of(ARRAY | 1, LIST);
}

export function encodeLookUp(node: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(ARRAY | 2, LOOK_UP), byteString(node));
}

export function encodeAnnounce(on: boolean): Uint8Array {
  return Uint8Array.of(ARRAY | 2, ANNOUNCE, on ? TRUE : FALSE);
}

function byteString(bytes: Uint8Array): Uint8Array {
  const length = bytes.length;
  if (length < 24) return concatBytes(Uint8Array.of(BYTES | length), bytes);
  if (length < 0x100) return concatBytes(Uint8Array.of(BYTES | 24, length), bytes);
  return concatBytes(Uint8Array.of(BYTES | 25, length >> 8, length & 0xff), bytes);
}
