import type { JSONRPCMessage, RequestId, Transport } from '@modelcontextprotocol/client';
import { LOG_LEVEL_META_KEY, SUBSCRIPTION_ID_META_KEY } from '@modelcontextprotocol/server';
import { asParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { DATA_METHODS } from '../../mcp/answers/answer-protocol.ts';
import { textOf } from '../../mcp/answers/answer-text.ts';
import { wholeAnswer } from '../../mcp/answers/whole-answers.ts';
import { CONNECTION_CLOSED_CODE } from '../../mcp/proxy/pipe.ts';
import type { McpNotification } from '../../mcp/proxy/upstream.ts';

type Request = Extract<JSONRPCMessage, { method: string; id: RequestId }>;
type Meta = Readonly<Record<string, unknown>>;
type Members = { readonly [name: string]: unknown; readonly _meta?: Meta };

/** One request of a client, and where everything goes that is said about it. */
export type Exchange = { readonly request: Request; send(message: JSONRPCMessage): void };

type UnderWay = Exchange & { readonly progressToken: unknown; readonly wantsLog: boolean };

/**
 * One session with an agent of MCP 2026-07-28, which knows no sessions: it carries the requests of any number of clients, untouched but for what tells them apart
 * (ids, progress tokens, ids of subscriptions).
 */
export class SharedSession {
  readonly #transport: Transport;
  readonly #underWay = new Map<RequestId, UnderWay>();
  #nextId = 1;
  #isClosed = false;
  onClosed: () => void = () => undefined;
  /** What the agent tells of itself, to nobody in particular: of a list or a resource that changed. */
  onNotification: (notification: McpNotification) => void = () => undefined;

  static async open(transport: Transport): Promise<SharedSession> {
    const session = new SharedSession(transport);
    await transport.start();
    return session;
  }

  private constructor(transport: Transport) {
    this.#transport = transport;
    transport.onmessage = (message) => this.#received(message);
    transport.onclose = () => this.#closed();
  }

  /** What one caller may have under way at the agent's node. */
  get hasRoom(): boolean {
    return this.#underWay.size < LIMITS.maxCallsPerSession;
  }

  /** Asks the agent; answers how to give up. */
  ask(exchange: Exchange): () => void {
    const { request } = exchange;
    const id = this.#nextId++;
    const meta = metaOf(request);
    const progressToken = meta?.['progressToken'];
    this.#underWay.set(id, { ...exchange, progressToken, wantsLog: meta?.[LOG_LEVEL_META_KEY] !== undefined });
    const params = progressToken === undefined ? request.params : { ...request.params, _meta: { ...meta, progressToken: id } };
    this.#transport
      .send({ ...request, id, ...(params ? { params } : {}) } as Request)
      .catch((thrown: unknown) => this.#fail(id, `The agent cannot be asked: ${asParleyError(thrown).message}`));
    return () => this.#giveUp(id);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #received(message: JSONRPCMessage): void {
    if ('method' in message) {
      // In this revision agents ask nothing by themselves.
      if (!('id' in message)) this.#notified(message);
      return;
    }
    const { id } = message;
    const underWay = id === undefined ? undefined : this.#underWay.get(id);
    if (id === undefined || !underWay) return textOf(message)?.cancel();
    this.#underWay.delete(id);
    const answer = restored({ ...message, id: underWay.request.id }, 'result', id, underWay.request.id);
    const text = textOf(answer);
    if (text && !DATA_METHODS.has(underWay.request.method)) void wholeAnswer(underWay.request, text).then((whole) => underWay.send(whole));
    else underWay.send(answer);
  }

  #notified(message: Extract<JSONRPCMessage, { method: string }>): void {
    const params = message.params as Members | undefined;
    const subscription = params?._meta?.[SUBSCRIPTION_ID_META_KEY] as RequestId | undefined;
    if (subscription !== undefined) {
      const underWay = this.#underWay.get(subscription);
      return underWay?.send(restored(message, 'params', subscription, underWay.request.id));
    }
    if (message.method === 'notifications/progress') {
      const underWay = this.#underWay.get(params?.['progressToken'] as RequestId);
      return underWay?.send({ ...message, params: { ...params, progressToken: underWay.progressToken } } as JSONRPCMessage);
    }
    if (message.method !== 'notifications/message') this.onNotification({ method: message.method, ...(params ? { params } : {}) });
    // What does not say whose it is, is passed on where there is no doubt.
    const candidates = [...this.#underWay.values()].filter(({ wantsLog }) => message.method !== 'notifications/message' || wantsLog);
    if (candidates.length === 1) candidates[0]?.send(message);
  }

  #giveUp(id: RequestId): void {
    if (!this.#underWay.delete(id) || this.#isClosed) return;
    this.#transport.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } }).catch(() => undefined);
  }

  #fail(id: RequestId, message: string): void {
    const underWay = this.#underWay.get(id);
    this.#underWay.delete(id);
    underWay?.send({ jsonrpc: '2.0', id: underWay.request.id, error: { code: CONNECTION_CLOSED_CODE, message } });
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const id of [...this.#underWay.keys()]) this.#fail(id, 'The session with the agent ended.');
    this.onClosed();
  }
}

/** The message with the client's id of a subscription in place of this session's. */
function restored<Message extends JSONRPCMessage>(message: Message, member: 'params' | 'result', id: RequestId, original: RequestId): Message {
  const value = (message as unknown as Readonly<Record<string, Members | undefined>>)[member];
  if (value?._meta?.[SUBSCRIPTION_ID_META_KEY] !== id) return message;
  return { ...message, [member]: { ...value, _meta: { ...value._meta, [SUBSCRIPTION_ID_META_KEY]: original } } };
}

function metaOf(request: Request): Meta | undefined {
  return (request.params as Members | undefined)?._meta;
}
