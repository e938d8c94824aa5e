import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { LIMITS } from '../base/limits.ts';

export type CallRequest = { readonly tool: string; readonly arguments: Readonly<Record<string, unknown>> };
export type Verdict = 'run' | 'refused' | 'expired';

/** JSON-RPC error code for a call that the owner or their policy declined (implementation-defined range, JSON-RPC 2.0 §5.1). */
export const REFUSED_CODE = -32_001;

export type Guard = {
  /** Decides whether a call may run; `signal` aborts when the caller gave up or is gone. */
  decide(call: CallRequest, signal: AbortSignal): Promise<Verdict>;
  /** A call that was let through has its answer, which is on its way, or gets none any more. */
  finished(call: CallRequest, outcome: 'ran' | 'tool-error' | 'cancelled'): void;
};

type RequestId = string | number;

/**
 * Stands between a caller and an agent's server: every `tools/call` waits for the guard's verdict before the server sees it, in both protocol
 * eras, whatever the server does. Everything else passes untouched.
 */
export class GuardedTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly #inner: Transport;
  readonly #guard: Guard;
  readonly #waiting = new Map<RequestId, AbortController>();
  readonly #running = new Map<RequestId, CallRequest>();

  constructor(inner: Transport, guard: Guard) {
    this.#inner = inner;
    this.#guard = guard;
  }

  async start(): Promise<void> {
    this.#inner.onmessage = (message) => this.#received(message);
    this.#inner.onclose = () => this.#closed();
    this.#inner.onerror = (error) => this.onerror?.(error);
    await this.#inner.start();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#inner.send(message);
    if ('id' in message && message.id !== undefined && !('method' in message)) this.#answered(message.id, message);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #received(message: JSONRPCMessage): void {
    if ('method' in message && message.method === 'notifications/cancelled') {
      const id = (message.params as { requestId?: RequestId } | undefined)?.requestId;
      if (id !== undefined) this.#cancelled(id);
    }
    const isCall = 'method' in message && 'id' in message && message.method === 'tools/call';
    if (!isCall) return this.onmessage?.(message);
    if (this.#waiting.size + this.#running.size >= LIMITS.maxCallsPerSession)
      return void this.#decline(message.id, 'overloaded', 'Too many calls of this session are under way.');
    void this.#judge(message, message.id);
  }

  async #judge(message: Extract<JSONRPCMessage, { method: string }>, id: RequestId): Promise<void> {
    const params = message.params as { name?: unknown; arguments?: unknown } | undefined;
    const call: CallRequest = { tool: String(params?.name ?? ''), arguments: isRecord(params?.arguments) ? params.arguments : {} };
    const controller = new AbortController();
    this.#waiting.set(id, controller);
    // It never fails open: whatever goes wrong while deciding is a refusal.
    const verdict = await this.#guard.decide(call, controller.signal).catch((): Verdict => 'refused');
    this.#waiting.delete(id);
    if (controller.signal.aborted) return;
    if (verdict === 'run') {
      this.#running.set(id, call);
      return this.onmessage?.(message);
    }
    const text = verdict === 'expired' ? 'Nobody answered in time whether this call may run.' : 'The owner of this agent refused the call.';
    await this.#decline(id, verdict, text);
  }

  async #decline(id: RequestId, reason: string, message: string): Promise<void> {
    await this.#inner.send({ jsonrpc: '2.0', id, error: { code: REFUSED_CODE, message, data: { reason } } }).catch(() => undefined);
  }

  #answered(id: RequestId, message: JSONRPCMessage): void {
    const call = this.#running.get(id);
    if (!call) return;
    this.#running.delete(id);
    const isError = 'error' in message || ('result' in message && (message.result as { isError?: unknown }).isError === true);
    this.#guard.finished(call, isError ? 'tool-error' : 'ran');
  }

  #cancelled(id: RequestId): void {
    this.#waiting.get(id)?.abort();
    const call = this.#running.get(id);
    // A cancelled call gets no answer any more.
    if (this.#running.delete(id) && call) this.#guard.finished(call, 'cancelled');
  }

  #closed(): void {
    for (const controller of this.#waiting.values()) controller.abort();
    for (const call of this.#running.values()) this.#guard.finished(call, 'cancelled');
    this.#running.clear();
    this.onclose?.();
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
