import type { JSONRPCMessage, RequestId, Transport, TransportSendOptions } from '@modelcontextprotocol/client';
import { REFUSED_CODE, type Verdict } from '../mcp/guarded-transport.ts';
import { READ_METHODS } from './policy.ts';

export type Read = { readonly tool: string; readonly arguments: Readonly<Record<string, unknown>> };
type Decide = (read: Read, signal: AbortSignal) => Promise<Verdict>;

/**
 * Stands between a caller and a mounted server: what reads its content without being a tool call (a resource, a prompt) waits for the owner's verdict like a
 * call. Lists pass: a caller has to see what could be asked for.
 */
export class ReadGuard implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly #inner: Transport;
  readonly #decide: Decide;
  readonly #waiting = new Map<RequestId, AbortController>();

  constructor(inner: Transport, decide: Decide) {
    this.#inner = inner;
    this.#decide = decide;
  }

  async start(): Promise<void> {
    this.#inner.onmessage = (message) => this.#received(message);
    this.#inner.onclose = () => {
      for (const controller of this.#waiting.values()) controller.abort();
      this.onclose?.();
    };
    this.#inner.onerror = (error) => this.onerror?.(error);
    await this.#inner.start();
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    return this.#inner.send(message, options);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #received(message: JSONRPCMessage): void {
    if (!('method' in message)) return this.onmessage?.(message);
    if (message.method === 'notifications/cancelled') {
      const id = (message.params as { requestId?: RequestId } | undefined)?.requestId;
      if (id !== undefined) this.#waiting.get(id)?.abort();
    }
    if ('id' in message && message.id !== undefined && READ_METHODS.has(message.method)) return void this.#judge(message, message.id);
    this.onmessage?.(message);
  }

  async #judge(message: Extract<JSONRPCMessage, { method: string }>, id: RequestId): Promise<void> {
    const controller = new AbortController();
    this.#waiting.set(id, controller);
    const read = { tool: message.method, arguments: message.params ?? {} };
    const verdict = await this.#decide(read, controller.signal).catch((): Verdict => 'refused');
    this.#waiting.delete(id);
    if (controller.signal.aborted) return;
    if (verdict === 'run') return this.onmessage?.(message);
    const text = verdict === 'expired' ? 'Nobody answered in time whether this may be read.' : 'The owner of this agent refused to have this read.';
    await this.#inner.send({ jsonrpc: '2.0', id, error: { code: REFUSED_CODE, message: text, data: { reason: verdict } } }).catch(() => undefined);
  }
}
