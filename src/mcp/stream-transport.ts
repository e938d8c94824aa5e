import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { concatBytes, fromUtf8, utf8 } from '../base/bytes.ts';
import { asParleyError, ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Stream } from '../node/api.ts';
import { encodeOffer, offeredAnswer } from './answers/answer-offers.ts';
import { textOf, type AnswerText } from './answers/answer-text.ts';
import { TOO_LARGE_CODE, tooLarge, tooLargeAnswer } from './answers/whole-answers.ts';

/** First bytes of stream messages that are no JSON by themselves, which begins with `{`. */
const [PART, LAST_PART, ASIDE, NOTE, OFFER] = [0x01, 0x02, 0x03, 0x04, 0x05];

/** How large results pass that nobody holds whole: offered by the owner's side, fetched by the caller's. */
export type LargeAnswers = {
  readonly offer?: (text: AnswerText) => number | undefined;
  readonly fetch?: (number: number) => Promise<Stream>;
};

/**
 * MCP messages over a mesh stream: each is JSON in UTF-8, untouched. It is one message of the stream, or several parts (0x01 ‖ bytes …, 0x02 ‖ bytes)
 * where it is large, so that others' messages pass between them. Beside them travel asides (0x03 ‖ bytes) and notes (0x04 ‖ bytes, `SessionNote`), which
 * are none of MCP's, and offers of results that come by a stream of their own (0x05 ‖ JSON; `answer-offers.ts`).
 */
export class StreamTransport implements Transport {
  readonly stream: Stream;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  onaside?: (bytes: Uint8Array) => void;
  onnote?: (bytes: Uint8Array) => void;
  readonly #maxReceivedBytes: number;
  readonly #large: LargeAnswers;
  #isClosed = false;
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  /** A message in parts is on its way: the next one begins behind it. */
  #sending: Promise<unknown> | undefined;

  /** `maxReceivedBytes`: what one message of the other side may be. */
  constructor(stream: Stream, large: LargeAnswers = {}, maxReceivedBytes: number = LIMITS.maxMcpResultBytes) {
    this.stream = stream;
    this.#large = large;
    this.#maxReceivedBytes = maxReceivedBytes;
  }

  // eslint-disable-next-line typescript/require-await -- the SDK's interface is asynchronous
  async start(): Promise<void> {
    this.stream.onMessage((bytes) => this.#received(bytes));
    void this.stream.closed.then(() => this.#closed());
  }

  /** @throws ParleyError `too-large` for a request; in place of a result that is too large an error is sent. Or the stream's end. */
  async send(message: JSONRPCMessage): Promise<void> {
    const text = textOf(message);
    if (text) return this.#offer(message as AnswerMessage, text);
    const bytes = utf8(JSON.stringify(message));
    if (bytes.length > LIMITS.maxMcpResultBytes) {
      if ('method' in message || message.id === undefined) throw new ParleyError('too-large', tooLarge(bytes.length));
      return this.send(tooLargeAnswer(message.id, bytes.length));
    }
    if (this.#sending) await this.#sending;
    if (bytes.length <= LIMITS.mcpPartBytes) return this.stream.send(bytes);
    const sending = this.#sendInParts(bytes);
    this.#sending = sending.catch(() => undefined);
    await sending;
  }

  async #offer({ id }: AnswerMessage, text: AnswerText): Promise<void> {
    const number = this.#large.offer?.(text);
    if (number === undefined) {
      text.cancel();
      const error = { code: TOO_LARGE_CODE, message: 'Too many large results are under way.', data: { reason: 'overloaded' } };
      return this.send({ jsonrpc: '2.0', id, error });
    }
    return this.#sendBeside(OFFER, encodeOffer(id, number));
  }

  sendAside(bytes: Uint8Array): Promise<void> {
    return this.#sendBeside(ASIDE, bytes);
  }

  sendNote(bytes: Uint8Array): Promise<void> {
    return this.#sendBeside(NOTE, bytes);
  }

  // eslint-disable-next-line typescript/require-await -- the SDK's interface is asynchronous
  async close(): Promise<void> {
    this.stream.end();
    this.#closed();
  }

  async #sendBeside(kind: number, bytes: Uint8Array): Promise<void> {
    if (this.#sending) await this.#sending;
    await this.stream.send(concatBytes(Uint8Array.of(kind), bytes));
  }

  async #sendInParts(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; offset += LIMITS.mcpPartBytes) {
      const part = bytes.subarray(offset, offset + LIMITS.mcpPartBytes);
      const isLast = offset + LIMITS.mcpPartBytes >= bytes.length;
      await this.stream.send(concatBytes(Uint8Array.of(isLast ? LAST_PART : PART), part));
    }
    this.#sending = undefined;
  }

  #received(bytes: Uint8Array): void {
    switch (bytes[0]) {
      case ASIDE:
        return this.onaside?.(bytes.subarray(1));
      case NOTE:
        return this.onnote?.(bytes.subarray(1));
      case PART:
      case LAST_PART:
        return this.#receivedPart(bytes);
      case OFFER:
        return this.#receivedOffer(bytes.subarray(1));
      default:
        return this.#receivedJson(bytes);
    }
  }

  #receivedPart(bytes: Uint8Array): void {
    this.#partsBytes += bytes.length - 1;
    if (this.#partsBytes > this.#maxReceivedBytes) {
      this.#parts = [];
      return this.stream.reset('too-large');
    }
    this.#parts.push(bytes.subarray(1));
    if (bytes[0] === PART) return;
    const whole = concatBytes(...this.#parts);
    this.#parts = [];
    this.#partsBytes = 0;
    this.#receivedJson(whole);
  }

  #receivedOffer(bytes: Uint8Array): void {
    const { fetch } = this.#large;
    if (!fetch) return this.stream.reset('protocol-violation');
    try {
      this.onmessage?.(offeredAnswer(bytes, fetch));
    } catch {
      this.stream.reset('malformed');
    }
  }

  #receivedJson(bytes: Uint8Array): void {
    let message: unknown;
    try {
      if (isDeeperThan(bytes, LIMITS.maxJsonDepth)) return this.stream.reset('too-large');
      message = JSON.parse(fromUtf8(bytes));
    } catch (thrown) {
      this.onerror?.(asParleyError(thrown, 'malformed'));
      return this.stream.reset('malformed');
    }
    if (!isJsonRpc(message)) return this.stream.reset('malformed');
    this.onmessage?.(message);
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts = [];
    this.onclose?.();
  }
}

type AnswerMessage = Extract<JSONRPCMessage, { result: unknown }>;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Whether JSON nests deeper than validators and screens, which recurse, can bear. Linear, before anything is parsed. */
function isDeeperThan(json: Uint8Array, maxDepth: number): boolean {
  let depth = 0;
  let isInText = false;
  for (let index = 0; index < json.length; index++) {
    const byte = json[index] as number;
    if (isInText) {
      if (byte === BACKSLASH) index++;
      else if (byte === QUOTE) isInText = false;
    } else if (byte === QUOTE) isInText = true;
    else if (OPENING.has(byte) && ++depth > maxDepth) return true;
    else if (CLOSING.has(byte)) depth--;
  }
  return false;
}

/** The outer shape only: the SDK validates the rest. An answer that is none would leave its request waiting, so it is taken for damage. */
export function isJsonRpc(value: unknown): value is JSONRPCMessage {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') return false;
  return typeof value['method'] === 'string' || isObject(value['result']) || isObject(value['error']);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
