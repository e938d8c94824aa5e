import { StreamableHTTPClientTransport, type FetchLike, type JSONRPCMessage, type RequestId, type Transport } from '@modelcontextprotocol/client';
import { answerWithText, type AnswerText } from '../../mcp/answers/answer-text.ts';
import { withoutLargeAnswers } from './large-bodies.ts';
import type { UrlTarget } from './mount-spec.ts';

/** A server elsewhere by HTTP, as a transport whose large answers come in pieces. */
export class UrlServer implements Transport {
  readonly hasPerRequestStream = true;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly #inner: StreamableHTTPClientTransport;
  /** Of answers that are on their way through the SDK without their results. */
  readonly #texts = new Map<RequestId, AnswerText>();

  constructor({ url, headers }: UrlTarget) {
    this.#inner = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { ...headers } }, fetch: this.#fetch });
  }

  async start(): Promise<void> {
    this.#inner.onmessage = (message) => this.#received(message);
    this.#inner.onclose = () => this.onclose?.();
    this.#inner.onerror = (error) => this.onerror?.(error);
    await this.#inner.start();
  }

  send(message: JSONRPCMessage, options?: Parameters<StreamableHTTPClientTransport['send']>[1]): Promise<void> {
    return this.#inner.send(message, options);
  }

  setProtocolVersion(version: string): void {
    this.#inner.setProtocolVersion(version);
  }

  async close(): Promise<void> {
    await this.#inner.close();
    for (const text of this.#texts.values()) text.cancel();
  }

  #received(message: JSONRPCMessage): void {
    const id = 'method' in message ? undefined : message.id;
    const text = id === undefined ? undefined : this.#texts.get(id);
    if (id === undefined || !text) return this.onmessage?.(message);
    this.#texts.delete(id);
    this.onmessage?.(answerWithText(id, text));
  }

  readonly #fetch: FetchLike = async (url, init) => {
    // The SDK gives one signal to all fetches of a session, and each would listen to it until it is collected.
    const signal = init?.signal ? AbortSignal.any([init.signal]) : undefined;
    const response = await fetch(url, { ...init, ...(signal ? { signal } : {}) });
    const request = init?.method === 'POST' && typeof init.body === 'string' ? requestIn(init.body) : undefined;
    return request === undefined ? response : withoutLargeAnswers(response, request, (id, text) => this.#texts.set(id, text));
  };
}

function requestIn(body: string): RequestId | undefined {
  const { id, method } = JSON.parse(body) as { readonly id?: RequestId; readonly method?: string };
  return method === undefined ? undefined : id;
}
