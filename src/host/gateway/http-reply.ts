import type { ServerResponse } from 'node:http';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/client';
import { ProtocolErrorCode } from '@modelcontextprotocol/server';
import { HOST_LIMITS } from '../../base/limits.ts';
import { textOf, type AnswerText } from '../../mcp/answers/answer-text.ts';
import type { Clock } from '../../ports/clock.ts';

const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  connection: 'keep-alive',
  // Proxies that collect answers would hold an event back (nginx).
  'x-accel-buffering': 'no',
} as const;

export type HttpReplyOptions = {
  /** The requests that it answers; none for the stream on which a server speaks by itself. */
  readonly requests: readonly RequestId[];
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** Whether some errors have a status of their own (MCP 2026-07-28). */
  readonly isModern?: boolean;
};

/**
 * The response to one HTTP request of a client (Streamable HTTP, both revisions): a single answer as JSON, and everything else as a stream of events. A large
 * result is written as it comes, no faster than the client reads.
 */
export class HttpReply {
  /** Resolves when the response is over; `true` when the client went before it had everything. */
  readonly closed: Promise<boolean>;
  readonly #response: ServerResponse;
  readonly #options: HttpReplyOptions;
  readonly #open: Set<RequestId>;
  readonly #isSingle: boolean;
  /** What is written one after the other, where something has to wait. */
  #writing: Promise<void> | undefined;
  #text: AnswerText | undefined;
  #isStream = false;
  #isOver = false;
  #cancelKeepAlive: () => void = () => undefined;

  constructor(response: ServerResponse, options: HttpReplyOptions) {
    this.#response = response;
    this.#options = options;
    this.#open = new Set(options.requests);
    this.#isSingle = options.requests.length === 1;
    this.closed = new Promise((resolve) => {
      response.once('close', () => {
        const isEarly = !response.writableFinished;
        this.#isOver = true;
        this.#cancelKeepAlive();
        this.#text?.cancel();
        resolve(isEarly);
      });
    });
    if (options.requests.length === 0) this.#beginStream();
    this.#keepAlive();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The last answer ends the response. */
  send(message: JSONRPCMessage): void {
    if (this.#isOver) return textOf(message)?.cancel();
    if (this.#writing || textOf(message)) {
      const written = (this.#writing ?? Promise.resolve()).then(() => this.#write(message));
      this.#writing = written;
      void written.then(() => this.#writing === written && (this.#writing = undefined));
      return;
    }
    void this.#write(message);
  }

  /** No more is said. What is not answered by then is not. */
  end(): void {
    if (this.#isOver) return;
    if (this.#isStream) this.#response.end();
    else if (!this.#response.headersSent) this.#response.destroy();
  }

  #write(message: JSONRPCMessage): Promise<void> | undefined {
    if (this.#isOver) {
      textOf(message)?.cancel();
      return undefined;
    }
    const answered = 'method' in message ? undefined : message.id;
    const isLast = answered !== undefined && this.#open.delete(answered) && this.#open.size === 0;
    const text = textOf(message);
    if (!this.#isStream && this.#isSingle && isLast) return text ? this.#answerInPieces(message, text) : this.#answer(message);
    this.#beginStream();
    if (text) return this.#eventInPieces(message, text, isLast);
    this.#response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
    if (isLast) this.#response.end();
    return undefined;
  }

  #answer(message: JSONRPCMessage): undefined {
    const body = Buffer.from(JSON.stringify(message));
    this.#response.writeHead(this.#statusOf(message), {
      ...this.#options.headers,
      'content-type': 'application/json',
      'content-length': body.length,
    });
    this.#response.end(body);
  }

  async #answerInPieces(message: JSONRPCMessage, text: AnswerText): Promise<void> {
    this.#response.writeHead(200, { ...this.#options.headers, 'content-type': 'application/json' });
    if (await this.#writeText(beforeResult(message), text, '}')) this.#response.end();
  }

  async #eventInPieces(message: JSONRPCMessage, text: AnswerText, isLast: boolean): Promise<void> {
    if ((await this.#writeText(`event: message\ndata: ${beforeResult(message)}`, text, '}\n\n')) && isLast) this.#response.end();
  }

  /** Answers whether all of it was written. A client must not take a part for the whole: when it breaks off, so does the connection. */
  async #writeText(before: string, text: AnswerText, after: string): Promise<boolean> {
    this.#cancelKeepAlive();
    this.#text = text;
    try {
      this.#response.write(before);
      for (let piece = await text.read(); piece; piece = await text.read()) {
        if (!this.#response.write(piece)) await this.#drained();
      }
      this.#response.write(after);
    } catch {
      this.#response.destroy();
      return false;
    }
    this.#text = undefined;
    this.#keepAlive();
    return !this.#isOver;
  }

  #drained(): Promise<void> {
    const response = this.#response;
    if (response.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('drain', done);
        response.off('close', done);
        resolve();
      };
      response.once('drain', done);
      response.once('close', done);
    });
  }

  #beginStream(): void {
    if (this.#isStream) return;
    this.#isStream = true;
    this.#response.writeHead(200, { ...this.#options.headers, ...STREAM_HEADERS });
    this.#response.flushHeaders();
  }

  /** Neither the client nor what is between should take silence for an end: a comment in the stream of events, which it may become by that. */
  #keepAlive(): void {
    if (this.#isOver) return;
    const { clock } = this.#options;
    this.#cancelKeepAlive = clock.wakeAt(clock.now() + HOST_LIMITS.httpKeepAliveMs, () => {
      if (this.#isOver) return;
      this.#beginStream();
      this.#response.write(': keepalive\n\n');
      this.#keepAlive();
    });
  }

  #statusOf(message: JSONRPCMessage): number {
    return this.#options.isModern && 'error' in message && BAD_REQUEST_CODES.has(message.error.code) ? 400 : 200;
  }
}

/** Errors of MCP 2026-07-28 that answer a request which should have been another one. */
const BAD_REQUEST_CODES: ReadonlySet<number> = new Set([
  ProtocolErrorCode.MissingRequiredClientCapability,
  ProtocolErrorCode.UnsupportedProtocolVersion,
]);

function beforeResult(message: JSONRPCMessage): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify('id' in message ? message.id : null)},"result":`;
}
