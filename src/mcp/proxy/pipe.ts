import type { JSONRPCMessage, RequestId, Transport } from '@modelcontextprotocol/client';
import { asParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { DATA_METHODS } from '../answers/answer-protocol.ts';
import { textOf } from '../answers/answer-text.ts';
import { wholeAnswer } from '../answers/whole-answers.ts';
import { DEFAULT_NEGOTIATED_PROTOCOL_VERSION, PROTOCOL_VERSION_META_KEY, SdkHttpError } from '../runtime.ts';

/** JSON-RPC error code for a session that ended while a request was under way, as the official SDKs have it. */
export const CONNECTION_CLOSED_CODE = -32_000;

export type PipeOptions = {
  /** A sentence for the caller whose request the server's end left unanswered. */
  whyEnded(): string;
  /** What could not be passed on; nothing to act on. */
  onFault?(error: Error): void;
};

type Request = Extract<JSONRPCMessage, { method: string; id: RequestId }>;

/**
 * Joins a caller's session with a server's, message by message and untouched, whatever revision of MCP the two speak. Requests that the server leaves
 * unanswered when it ends get an error; a second answer to one request goes nowhere. Starts both transports; when either ends, the other does.
 */
export async function joinTransports(caller: Transport, server: Transport, options: PipeOptions): Promise<void> {
  await new Pipe(caller, server, options).start();
}

type Asked = { readonly method: string; readonly isModern: boolean; readonly progressToken: unknown; readonly controller: AbortController };

class Pipe {
  readonly #caller: Transport;
  readonly #server: Transport;
  readonly #options: PipeOptions;
  /** Requests of the caller without an answer yet. */
  readonly #asked = new Map<RequestId, Asked>();
  /** Requests of the server without an answer yet. */
  readonly #askedBack = new Set<RequestId>();
  #hasEnded = false;

  constructor(caller: Transport, server: Transport, options: PipeOptions) {
    this.#caller = caller;
    this.#server = server;
    this.#options = options;
  }

  async start(): Promise<void> {
    const { onFault } = this.#options;
    this.#server.onmessage = (message) => this.#fromServer(message);
    this.#server.onclose = () => void this.#serverEnded();
    this.#server.onerror = (error) => onFault?.(error);
    this.#caller.onmessage = (message) => this.#fromCaller(message);
    this.#caller.onclose = () => this.#callerEnded();
    this.#caller.onerror = (error) => onFault?.(error);
    // The server first: it must be there when the caller's first message comes.
    await this.#server.start();
    await this.#caller.start();
  }

  #fromCaller(message: JSONRPCMessage): void {
    if (isRequest(message)) return this.#ask(message);
    if (isAnswer(message) && !this.#askedBack.delete(message.id)) return;
    const cancelled = cancelledRequest(message);
    const asked = cancelled === undefined ? undefined : this.#asked.get(cancelled);
    // There, a request is cancelled by the end of its stream (MCP 2026-07-28, Streamable HTTP); and it gets no answer any more.
    if (asked?.isModern && this.#server.hasPerRequestStream === true) {
      this.#asked.delete(cancelled as RequestId);
      return asked.controller.abort();
    }
    this.#send(this.#server, message);
  }

  #ask(message: Request): void {
    if (this.#hasEnded) return this.#refuse(message.id, this.#options.whyEnded());
    if (this.#asked.size >= LIMITS.maxPipedRequests) return this.#refuse(message.id, 'Too many requests of this session are under way.');
    const asked = askedBy(message);
    this.#asked.set(message.id, asked);
    const options = asked.isModern && this.#server.hasPerRequestStream === true ? { requestSignal: asked.controller.signal } : {};
    this.#server.send(message, options).catch((thrown: unknown) => {
      this.#fault(thrown);
      if (this.#asked.delete(message.id)) this.#refuse(message.id, `The server cannot be asked: ${asParleyError(thrown).message}`);
      if (isUnknownSession(thrown)) void this.#server.close();
    });
  }

  #fromServer(message: JSONRPCMessage): void {
    if (isRequest(message)) {
      if (this.#askedBack.size >= LIMITS.maxPipedRequests)
        return this.#send(this.#server, errorAnswer(message.id, 'Too many requests are under way.'));
      this.#askedBack.add(message.id);
      return this.#send(this.#caller, message, this.#onlyRequest());
    }
    if (!isAnswer(message)) return this.#send(this.#caller, message, this.#requestOf(message));
    const asked = this.#asked.get(message.id);
    if (!this.#asked.delete(message.id) || !asked) return textOf(message)?.cancel();
    if (asked.method === 'initialize') this.#server.setProtocolVersion?.(protocolVersionOf(message));
    const text = textOf(message);
    if (text && !DATA_METHODS.has(asked.method)) void wholeAnswer(message, text).then((whole) => this.#answer(message.id, whole));
    else this.#answer(message.id, message);
  }

  #answer(id: RequestId, message: JSONRPCMessage): void {
    this.#caller.send(message).catch((thrown: unknown) => {
      this.#fault(thrown);
      textOf(message)?.cancel();
      this.#refuse(id, `The answer cannot be passed on: ${asParleyError(thrown).message}`);
    });
  }

  /** Transports with a stream for each request want to know to which one a message belongs; an answer tells by itself. */
  #send(to: Transport, message: JSONRPCMessage, relatedRequestId?: RequestId): void {
    const sent = relatedRequestId === undefined ? to.send(message) : to.send(message, { relatedRequestId });
    sent.catch((thrown: unknown) => this.#fault(thrown));
  }

  #refuse(id: RequestId, reason: string): void {
    this.#send(this.#caller, errorAnswer(id, reason));
  }

  #fault(thrown: unknown): void {
    this.#options.onFault?.(asParleyError(thrown));
  }

  /** MCP does not say for which request a server asks something; with one under way there is no doubt. */
  #onlyRequest(): RequestId | undefined {
    const [id, another] = this.#asked.keys();
    return another === undefined ? id : undefined;
  }

  #requestOf(message: JSONRPCMessage): RequestId | undefined {
    if (!('method' in message)) return undefined;
    if (message.method === 'notifications/message') return this.#onlyRequest();
    if (message.method !== 'notifications/progress') return undefined;
    const token = (message.params as { progressToken?: unknown } | undefined)?.progressToken;
    for (const [id, { progressToken }] of this.#asked) if (progressToken !== undefined && progressToken === token) return id;
    return undefined;
  }

  async #serverEnded(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const reason = this.#options.whyEnded();
    const answers = [...this.#asked.keys()].map((id) => this.#caller.send(errorAnswer(id, reason)));
    this.#asked.clear();
    await Promise.allSettled(answers);
    await this.#caller.close().catch(() => undefined);
  }

  #callerEnded(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#server.close().catch(() => undefined);
  }
}

/** An HTTP server that was started anew knows none of its sessions any more (MCP 2025-11-25, session management): the caller has to begin again. */
function isUnknownSession(thrown: unknown): boolean {
  return thrown instanceof SdkHttpError && thrown.status === 404;
}

function errorAnswer(id: RequestId, message: string): JSONRPCMessage {
  return { jsonrpc: '2.0', id, error: { code: CONNECTION_CLOSED_CODE, message } };
}

function isRequest(message: JSONRPCMessage): message is Request {
  return 'method' in message && 'id' in message && message.id !== undefined;
}

function isAnswer(message: JSONRPCMessage): message is Extract<JSONRPCMessage, { id: RequestId }> {
  return !('method' in message) && 'id' in message && message.id !== undefined;
}

function askedBy(message: Request): Asked {
  const meta = (message.params as { _meta?: Record<string, unknown> } | undefined)?._meta;
  const isModern = meta?.[PROTOCOL_VERSION_META_KEY] !== undefined;
  return { method: message.method, isModern, progressToken: meta?.['progressToken'], controller: new AbortController() };
}

function cancelledRequest(message: JSONRPCMessage): RequestId | undefined {
  if (!('method' in message) || message.method !== 'notifications/cancelled') return undefined;
  return (message.params as { requestId?: RequestId } | undefined)?.requestId;
}

function protocolVersionOf(answer: JSONRPCMessage): string {
  const result = 'result' in answer ? (answer.result as { protocolVersion?: unknown }) : undefined;
  return typeof result?.protocolVersion === 'string' ? result.protocolVersion : DEFAULT_NEGOTIATED_PROTOCOL_VERSION;
}
