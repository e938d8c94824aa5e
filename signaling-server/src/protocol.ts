/**
 * The messages of PROTOCOL.md as bytes. Each message is one deterministic CBOR array (RFC 8949 §4.2.1); its shapes are few and
 * fixed, so they are read and written by hand: nothing is allocated for a message before it is known to be well-formed.
 */
import { Buffer } from 'node:buffer';
import { LIMITS } from './limits.ts';
import type { TurnCredentials } from './turn-credentials.ts';

export const SUBPROTOCOL = 'parley-signal.1';
export const PROTOCOL_VERSION = 1;
export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

export const REFUSAL_CODES = [
  'malformed',
  'bad-signature',
  'rate-limited',
  'too-many-connections',
  'too-large',
  'timed-out',
  'replaced',
  'full',
  'shutting-down',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

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

/** Initial bytes, RFC 8949 §3: the major type in the upper three bits, the argument or its width in the lower five. */
const UINT = 0x00;
const BYTES = 0x40;
const TEXT = 0x60;
const ARRAY = 0x80;
const FALSE = 0xf4;
const TRUE = 0xf5;
const ONE_BYTE = 24;
const TWO_BYTES = 25;

const JOIN_HEAD = ARRAY | 5;
const RELAY_HEAD = ARRAY | 3;
const KEY_HEAD = BYTES | ONE_BYTE;
/** Where the key and the body of a relay stand: `83 03 58 20 key[32] body`. */
const RELAY_KEY_AT = 4;
const RELAY_BODY_AT = RELAY_KEY_AT + KEY_BYTES;

export type ClientMessage =
  | { readonly type: 'join'; readonly room: Buffer; readonly node: Buffer; readonly card: Buffer; readonly signature: Buffer }
  /** `to` is the target's key as Latin-1 text: a map key. The message itself can be turned into the `relayed` one. */
  | { readonly type: 'relay'; readonly to: string }
  | { readonly type: 'list' }
  /** `node` is the key as Latin-1 text. */
  | { readonly type: 'look-up'; readonly node: string }
  | { readonly type: 'announce'; readonly on: boolean };

/** Reads the fields of a message in order; every method answers `undefined` where the bytes do not fit. */
class Reader {
  readonly #bytes: Buffer;
  #offset: number;

  constructor(bytes: Buffer, offset: number) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** A byte string within the bounds, its length in the shortest form. */
  byteString(minBytes: number, maxBytes: number): Buffer | undefined {
    const length = this.#length();
    if (length === undefined || length < minBytes || length > maxBytes) return undefined;
    const end = this.#offset + length;
    if (end > this.#bytes.length) return undefined;
    const value = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return value;
  }

  #length(): number | undefined {
    const head = this.#bytes[this.#offset++];
    if (head === undefined || head < BYTES || head >= TEXT) return undefined;
    const info = head & 0x1f;
    if (info < ONE_BYTE) return info;
    if (info === ONE_BYTE) {
      const length = this.#bytes[this.#offset++];
      return length === undefined || length < ONE_BYTE ? undefined : length;
    }
    if (info !== TWO_BYTES || this.#offset + 2 > this.#bytes.length) return undefined;
    const length = this.#bytes.readUInt16BE(this.#offset);
    this.#offset += 2;
    return length < 0x100 ? undefined : length;
  }
}

/** Total: any bytes give a message or `undefined`. */
export function decodeClientMessage(bytes: Buffer): ClientMessage | undefined {
  switch (bytes[1]) {
    case RELAY:
      return decodeRelay(bytes);
    case JOIN:
      return decodeJoin(bytes);
    case LIST:
      return bytes.length === 2 && bytes[0] === (ARRAY | 1) ? { type: 'list' } : undefined;
    case LOOK_UP:
      if (bytes.length !== RELAY_BODY_AT || bytes[0] !== (ARRAY | 2) || bytes[2] !== KEY_HEAD || bytes[3] !== KEY_BYTES) return undefined;
      return { type: 'look-up', node: bytes.toString('latin1', RELAY_KEY_AT) };
    case ANNOUNCE:
      if (bytes.length !== 3 || bytes[0] !== (ARRAY | 2)) return undefined;
      if (bytes[2] === TRUE) return { type: 'announce', on: true };
      return bytes[2] === FALSE ? { type: 'announce', on: false } : undefined;
    default:
      return undefined;
  }
}

function decodeRelay(bytes: Buffer): ClientMessage | undefined {
  if (bytes[0] !== RELAY_HEAD || bytes[2] !== KEY_HEAD || bytes[3] !== KEY_BYTES || bytes.length <= RELAY_BODY_AT) return undefined;
  const reader = new Reader(bytes, RELAY_BODY_AT);
  if (reader.byteString(0, LIMITS.maxRelayBodyBytes) === undefined || !reader.atEnd) return undefined;
  return { type: 'relay', to: bytes.toString('latin1', RELAY_KEY_AT, RELAY_BODY_AT) };
}

function decodeJoin(bytes: Buffer): ClientMessage | undefined {
  if (bytes[0] !== JOIN_HEAD) return undefined;
  const reader = new Reader(bytes, 2);
  const room = reader.byteString(KEY_BYTES, KEY_BYTES);
  const node = room && reader.byteString(KEY_BYTES, KEY_BYTES);
  const card = node && reader.byteString(0, LIMITS.maxCardBytes);
  const signature = card && reader.byteString(SIGNATURE_BYTES, SIGNATURE_BYTES);
  if (!signature || !reader.atEnd) return undefined;
  return { type: 'join', room, node, card, signature };
}

/**
 * Turns a valid `relay` message into the `relayed` one in place: the two differ in the type and the key, not in length, so the
 * body is neither read nor copied. `from` is the sender's key as Latin-1 text.
 */
export function relayedInPlace(relay: Buffer, from: string): Buffer {
  relay[1] = RELAYED;
  relay.write(from, RELAY_KEY_AT, KEY_BYTES, 'latin1');
  return relay;
}

export function encodeChallenge(challenge: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(ARRAY | 3, CHALLENGE, PROTOCOL_VERSION), head(BYTES, challenge.length), challenge]);
}

export function encodeWelcome(cards: readonly Uint8Array[], stunPort: number): Buffer {
  const parts: Uint8Array[] = [Uint8Array.of(ARRAY | 3, WELCOME), head(ARRAY, cards.length)];
  for (const card of cards) parts.push(head(BYTES, card.length), card);
  parts.push(head(UINT, stunPort));
  return Buffer.concat(parts);
}

/** What else helps to reach others: more servers, a TURN server with credentials for a while, hosts that nodes without WebRTC link with. */
export type Help = { readonly servers: readonly string[]; readonly turn: TurnCredentials | undefined; readonly hosts: readonly string[] };

export function encodeHelp({ servers, turn, hosts }: Help): Buffer {
  const parts: Uint8Array[] = [Uint8Array.of(ARRAY | (hosts.length > 0 ? 4 : 3), HELP), textList(servers)];
  if (turn) parts.push(Uint8Array.of(ARRAY | 3), textList(turn.urls), text(turn.username), text(turn.credential));
  else parts.push(Uint8Array.of(ARRAY | 0));
  if (hosts.length > 0) parts.push(textList(hosts));
  return Buffer.concat(parts);
}

/** `to` is the key as Latin-1 text. */
export function encodeAbsent(to: string): Buffer {
  const bytes = Buffer.allocUnsafe(RELAY_BODY_AT);
  bytes[0] = ARRAY | 2;
  bytes[1] = ABSENT;
  bytes[2] = KEY_HEAD;
  bytes[3] = KEY_BYTES;
  bytes.write(to, RELAY_KEY_AT, KEY_BYTES, 'latin1');
  return bytes;
}

export function encodeRefused(code: RefusalCode, detail: string): Buffer {
  return Buffer.concat([Uint8Array.of(ARRAY | 3, REFUSED), text(code), text(detail)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([head(TEXT, bytes.length), bytes]);
}

function textList(values: readonly string[]): Buffer {
  return Buffer.concat([head(ARRAY, values.length), ...values.map(text)]);
}

/** An initial byte with its argument in the shortest form; arguments are below 2^16 here. */
function head(major: number, argument: number): Uint8Array {
  if (argument < ONE_BYTE) return Uint8Array.of(major | argument);
  if (argument < 0x100) return Uint8Array.of(major | ONE_BYTE, argument);
  return Uint8Array.of(major | TWO_BYTES, argument >> 8, argument & 0xff);
}
