import type { JSONRPCMessage, Transport, TransportSendOptions } from '@modelcontextprotocol/client';
import { concatBytes, fromUtf8 } from '../../base/bytes.ts';
import { asParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { textOf, type AnswerText } from './answer-text.ts';

/** JSON-RPC error code of a result that is too large to be sent, or to be held (implementation-defined range, JSON-RPC 2.0 §5.1). */
export const TOO_LARGE_CODE = -32_003;
/** JSON-RPC error code of a result that broke off on its way, as the official SDKs have it for a lost connection. */
const BROKEN_OFF_CODE = -32_000;

type Answer = Extract<JSONRPCMessage, { result: unknown }>;

/** For programs that hold each message whole: what comes in pieces is put together up to a bound, and is an error above it. */
export class WholeAnswers implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  get hasPerRequestStream(): boolean {
    return this.#inner.hasPerRequestStream ?? false;
  }

  async start(): Promise<void> {
    this.#inner.onmessage = (message, extra) => {
      const text = textOf(message);
      if (!text) return this.onmessage?.(message, extra);
      void wholeAnswer(message as Answer, text).then((whole) => this.onmessage?.(whole, extra));
    };
    this.#inner.onclose = () => this.onclose?.();
    this.#inner.onerror = (error) => this.onerror?.(error);
    await this.#inner.start();
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    return this.#inner.send(message, options);
  }

  setProtocolVersion(version: string): void {
    this.#inner.setProtocolVersion?.(version);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** The answer put together, or an error in its place. */
export async function wholeAnswer({ id }: Pick<Answer, 'id'>, text: AnswerText): Promise<JSONRPCMessage> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (let piece = await text.read(); piece; piece = await text.read()) {
      bytes += piece.length;
      if (bytes > LIMITS.maxMcpResultBytes) {
        text.cancel();
        return tooLargeAnswer(id, bytes);
      }
      pieces.push(piece);
    }
    return { jsonrpc: '2.0', id, result: JSON.parse(fromUtf8(concatBytes(...pieces))) as Answer['result'] };
  } catch (thrown) {
    const { message, code } = asParleyError(thrown, 'malformed');
    return { jsonrpc: '2.0', id, error: { code: BROKEN_OFF_CODE, message, data: { reason: code } } };
  }
}

/** The error in place of a result that has at least so many bytes. */
export function tooLargeAnswer(id: Answer['id'], bytes: number): JSONRPCMessage {
  return { jsonrpc: '2.0', id, error: { code: TOO_LARGE_CODE, message: tooLarge(bytes), data: { reason: 'too-large', bytes } } };
}

export function tooLarge(bytes: number): string {
  return `The message has ${(bytes / 2 ** 20).toFixed(1)} MiB or more; at most ${LIMITS.maxMcpResultBytes / 2 ** 20} MiB can be taken at once.`;
}
