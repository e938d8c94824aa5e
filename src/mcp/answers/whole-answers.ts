import type { JSONRPCMessage, Transport, TransportSendOptions } from '@modelcontextprotocol/client';
import { BoundedMap } from '../../base/bounded-map.ts';
import { concatBytes, fromUtf8 } from '../../base/bytes.ts';
import { asParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { DATA_METHODS } from './answer-protocol.ts';
import { textOf, type AnswerText } from './answer-text.ts';

/** JSON-RPC error code of a result that is too large to be sent, or to be held (implementation-defined range, JSON-RPC 2.0 §5.1). */
export const TOO_LARGE_CODE = -32_003;
/** JSON-RPC error code of a result that broke off on its way, as the official SDKs have it for a lost connection. */
const BROKEN_OFF_CODE = -32_000;

type Answer = Extract<JSONRPCMessage, { result: unknown }>;
type RequestId = Answer['id'];

/** What becomes of a result above the bound: of the request's method, what was read of it, and the rest; answers what stands in its place. */
export type KeepResult = (method: string, read: readonly Uint8Array[], text: AnswerText) => Promise<Readonly<Record<string, unknown>>>;

export type WholeAnswersOptions = {
  /** Without it a result above the bound is an error. Only for {@link DATA_METHODS}. */
  readonly keep?: KeepResult;
  /** Something of a result came. */
  readonly onPiece?: () => void;
};

/** For programs that hold each message whole: what comes in pieces is put together up to a bound. */
export class WholeAnswers implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly #inner: Transport;
  readonly #options: WholeAnswersOptions;
  /** Of requests whose results may be kept. */
  readonly #methods = new BoundedMap<RequestId, string>(LIMITS.maxRequestsPerSession);

  constructor(inner: Transport, options: WholeAnswersOptions = {}) {
    this.#inner = inner;
    this.#options = options;
  }

  get hasPerRequestStream(): boolean {
    return this.#inner.hasPerRequestStream ?? false;
  }

  async start(): Promise<void> {
    this.#inner.onmessage = (message, extra) => {
      const text = textOf(message);
      if (!text) return this.onmessage?.(message, extra);
      void wholeAnswer(message as Answer, text, this.#optionsFor(message as Answer)).then((whole) => this.onmessage?.(whole, extra));
    };
    this.#inner.onclose = () => this.onclose?.();
    this.#inner.onerror = (error) => this.onerror?.(error);
    await this.#inner.start();
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (this.#options.keep && 'method' in message && 'id' in message && DATA_METHODS.has(message.method))
      this.#methods.set(message.id, message.method);
    return this.#inner.send(message, options);
  }

  setProtocolVersion(version: string): void {
    this.#inner.setProtocolVersion?.(version);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #optionsFor({ id }: Answer): Options {
    const { keep, onPiece } = this.#options;
    const method = this.#methods.get(id);
    this.#methods.delete(id);
    return { ...(keep && method !== undefined ? { keep: (read, text) => keep(method, read, text) } : {}), ...(onPiece ? { onPiece } : {}) };
  }
}

type Options = { readonly keep?: (read: readonly Uint8Array[], text: AnswerText) => ReturnType<KeepResult>; readonly onPiece?: () => void };

/** The answer put together, or an error in its place. */
export async function wholeAnswer({ id }: Pick<Answer, 'id'>, text: AnswerText, { keep, onPiece }: Options = {}): Promise<JSONRPCMessage> {
  if (onPiece) text.onRead = onPiece;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (let piece = await text.read(); piece; piece = await text.read()) {
      bytes += piece.length;
      pieces.push(piece);
      if (bytes <= LIMITS.maxMcpResultBytes) continue;
      if (keep) return { jsonrpc: '2.0', id, result: (await keep(pieces, text)) as Answer['result'] };
      text.cancel();
      return tooLargeAnswer(id, bytes);
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
