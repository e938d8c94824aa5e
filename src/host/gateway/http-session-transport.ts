import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  SUPPORTED_PROTOCOL_VERSIONS,
  type JSONRPCMessage,
  type RequestId,
  type Transport,
  type TransportSendOptions,
} from '@modelcontextprotocol/client';
import { HOST_LIMITS } from '../../base/limits.ts';
import { textOf } from '../../mcp/answers/answer-text.ts';
import { isJsonRpc } from '../../mcp/stream-transport.ts';
import type { Clock } from '../../ports/clock.ts';
import { refuse } from './http-guard.ts';
import { HttpReply } from './http-reply.ts';

const JSON_TYPE = /^application\/json\s*(;|$)/i;
const [INVALID_REQUEST, NO_SESSION] = [-32_600, -32_001];

/**
 * One client's session over HTTP (Streamable HTTP, 2025-03-26 to 2025-11-25): requests come by POST and are answered in its response; what the server says by
 * itself goes on the stream of a GET.
 */
export class HttpSessionTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly sessionId: string;
  readonly #clock: Clock;
  /** Where each request without an answer is answered. */
  readonly #replies = new Map<RequestId, HttpReply>();
  /** The stream of a GET. */
  #stream: HttpReply | undefined;
  #isInitialized = false;
  #isClosed = false;

  constructor(sessionId: string, clock: Clock) {
    this.sessionId = sessionId;
    this.#clock = clock;
  }

  /** Whether the client began the session. */
  get isInitialized(): boolean {
    return this.#isInitialized;
  }

  async start(): Promise<void> {
    // Each request begins by itself.
  }

  /** Handles one HTTP request of the session; `body` is what was posted, parsed. */
  handle(request: IncomingMessage, response: ServerResponse, body: unknown): void {
    if (this.#isClosed) return void refuse(response, 404, 'There is no such session (any more).', NO_SESSION);
    const version = request.headers['mcp-protocol-version'];
    if (version !== undefined && this.#isInitialized && !SUPPORTED_PROTOCOL_VERSIONS.includes(String(version)))
      return void refuse(response, 400, `This endpoint’s sessions speak ${SUPPORTED_PROTOCOL_VERSIONS.join(', ')}.`);
    if (request.method === 'GET') return this.#listen(request, response);
    if (request.method === 'DELETE') {
      response.writeHead(200).end();
      return void this.close();
    }
    this.#post(request, response, body);
  }

  // eslint-disable-next-line typescript/require-await -- the SDK's interface is asynchronous
  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (!('method' in message)) {
      const { id } = message;
      const reply = id === undefined ? undefined : this.#replies.get(id);
      if (id !== undefined) this.#replies.delete(id);
      // Who is not there any more gets no answer: this endpoint keeps none.
      if (reply) reply.send(message);
      else textOf(message)?.cancel();
      return;
    }
    const related = options?.relatedRequestId === undefined ? undefined : this.#replies.get(options.relatedRequestId);
    // Without a stream of its own, what a server says goes along with an answer that is waited for.
    (related ?? this.#stream ?? [...this.#replies.values()].at(-1))?.send(message);
  }

  // eslint-disable-next-line typescript/require-await -- the SDK's interface is asynchronous
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const reply of this.#replies.values()) reply.end();
    this.#replies.clear();
    this.#stream?.end();
    this.onclose?.();
  }

  #listen(request: IncomingMessage, response: ServerResponse): void {
    if (!accepts(request, 'text/event-stream')) return void refuse(response, 406, 'This needs “Accept: text/event-stream”.');
    if (this.#stream) return void refuse(response, 409, 'The session has this stream already.');
    const stream = new HttpReply(response, { requests: [], headers: this.#headers, clock: this.#clock });
    this.#stream = stream;
    void stream.closed.then(() => this.#stream === stream && (this.#stream = undefined));
  }

  #post(request: IncomingMessage, response: ServerResponse, body: unknown): void {
    if (!accepts(request, 'application/json') || !accepts(request, 'text/event-stream'))
      return void refuse(response, 406, 'This needs “Accept: application/json, text/event-stream”.');
    if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) return void refuse(response, 415, 'Messages are posted as application/json.');
    const messages = Array.isArray(body) ? (body as unknown[]) : [body];
    if (messages.length === 0 || messages.length > HOST_LIMITS.maxHttpBatch || !messages.every(isJsonRpc))
      return void refuse(response, 400, 'This is no JSON-RPC message.', INVALID_REQUEST);
    const requests = messages.flatMap((message) => ('method' in message && 'id' in message ? [message.id] : []));
    const isInitialize = messages.some((message) => 'method' in message && message.method === 'initialize');
    if (isInitialize && (this.#isInitialized || messages.length > 1))
      return void refuse(response, 400, '“initialize” comes once, and alone.', INVALID_REQUEST);
    // Two requests of one id have answers that nobody can tell apart.
    if (new Set(requests).size < requests.length || requests.some((id) => this.#replies.has(id)))
      return void refuse(response, 400, 'A request with this id is under way.', INVALID_REQUEST);
    this.#isInitialized ||= isInitialize;
    if (requests.length === 0) response.writeHead(202, this.#headers).end();
    else this.#awaitAnswers(requests, response);
    for (const message of messages) this.onmessage?.(message);
  }

  #awaitAnswers(requests: readonly RequestId[], response: ServerResponse): void {
    const reply = new HttpReply(response, { requests, headers: this.#headers, clock: this.#clock });
    for (const id of requests) this.#replies.set(id, reply);
    // A client that goes has not cancelled its request (MCP 2025-11-25, Streamable HTTP); it gets no answer either.
    void reply.closed.then((isEarly) => {
      if (isEarly) for (const id of requests) if (this.#replies.get(id) === reply) this.#replies.delete(id);
    });
  }

  get #headers(): Readonly<Record<string, string>> {
    return { 'mcp-session-id': this.sessionId };
  }
}

function accepts({ headers }: IncomingMessage, type: string): boolean {
  return headers.accept?.includes(type) ?? false;
}
