import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { LIMITS } from '../base/limits.ts';
import { textOf, type AnswerText } from './answers/answer-text.ts';
import { canonicalJson } from './canonical-json.ts';
import { REFUSED_CODE } from './refusal.ts';
import { callOf, withoutOrigin, type CallOutcome, type CallRequest, type Permit, type StopReason, type Verdict } from './incoming-call.ts';

export type Guard = {
  /** Decides whether a call may run; `signal` aborts when the caller gave up or is gone. */
  decide(call: CallRequest, signal: AbortSignal): Promise<Verdict | Permit>;
  /** A call that was let through has its answer, which is on its way, or gets none any more. */
  finished(call: CallRequest, outcome: Extract<CallOutcome, 'ran' | 'tool-error' | 'cancelled' | StopReason>, answer?: JSONRPCMessage): void;
};

type RequestId = string | number;
type Request = Extract<JSONRPCMessage, { method: string; id: unknown }>;
type Running = { readonly call: CallRequest; readonly permit: Permit | undefined; readonly unwatch: () => void };

const REASONS: Record<Exclude<Verdict, 'run'> | StopReason, string> = {
  'not-for-you': 'The owner of this agent has not opened this to you.',
  refused: 'The owner of this agent refused the call.',
  expired: 'Nobody answered in time whether this call may run.',
  'rate-limited': 'The owner of this agent allows no more calls for the moment.',
  overloaded: 'Too many calls wait or run already.',
  revoked: 'The owner of this agent took the permission back.',
  'timed-out': 'The call ran longer than the owner’s node allows.',
};

/**
 * Stands between a caller and an agent's server: what needs consent waits for the guard's verdict before the server sees it, in both protocol
 * eras, whatever the server does. The server's answers pass once for each request, and not after the permission was taken back.
 */
export class GuardedTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly #inner: Transport;
  readonly #guard: Guard;
  /** Requests of the caller that have no answer yet, free ones included. */
  readonly #open = new Set<RequestId>();
  readonly #waiting = new Map<RequestId, AbortController>();
  readonly #running = new Map<RequestId, Running>();
  /** Answers that pass in pieces. */
  readonly #passing = new Map<RequestId, AnswerText>();
  /** Calls whose server asked the caller for more (`input_required`): the caller's next try of the same call is their continuation. */
  readonly #parked = new Map<string, Running[]>();

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
    if ('method' in message || message.id === undefined) return this.#inner.send(message);
    // An answer to nothing: given twice, or after the call was cancelled or taken back.
    if (!this.#open.delete(message.id)) return textOf(message)?.cancel();
    const text = textOf(message);
    if (text) this.#follow(message.id, text);
    else this.#answered(message.id, message);
    await this.#inner.send(message);
  }

  /** A call whose answer passes in pieces runs until all of it has passed, and can be stopped until then. */
  #follow(id: RequestId, text: AnswerText): void {
    this.#passing.set(id, text);
    text.done.then(
      ({ isError, resultType }) => {
        this.#passing.delete(id);
        this.#answered(id, { jsonrpc: '2.0', id, result: { ...(isError === undefined ? {} : { isError }), ...(resultType ? { resultType } : {}) } });
      },
      () => {
        this.#passing.delete(id);
        const running = this.#running.get(id);
        if (running) this.#finish(id, running, 'cancelled');
      },
    );
  }

  /** What of an answer has not passed yet does not pass any more. */
  #breakOff(id: RequestId): boolean {
    const text = this.#passing.get(id);
    text?.cancel();
    return text !== undefined;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  setProtocolVersion(version: string): void {
    this.#inner.setProtocolVersion?.(version);
  }

  #received(message: JSONRPCMessage): void {
    if (!('method' in message)) return this.onmessage?.(message);
    if ('id' in message) return this.#request(message);
    if (message.method === 'notifications/cancelled') {
      const id = (message.params as { requestId?: RequestId } | undefined)?.requestId;
      if (id !== undefined && this.#cancelled(id)) return;
    }
    this.onmessage?.(message);
  }

  #request(given: Request): void {
    const { id } = given;
    // Two requests of one id have answers that nobody can tell apart.
    if (this.#open.has(id)) return void this.#inner.close();
    if (this.#open.size >= LIMITS.maxRequestsPerSession) return void this.#decline(id, 'overloaded');
    this.#open.add(id);
    const call = callOf(given.method, given.params);
    const params = withoutOrigin(given.params);
    const message = params === given.params ? given : ({ ...given, params } as Request);
    if (!call) return this.onmessage?.(message);
    const parked = this.#continuationOf(message, call);
    if (parked) {
      this.#running.set(id, this.#watch(id, parked.call, parked.permit));
      return this.onmessage?.(message);
    }
    if (this.#waiting.size + this.#running.size >= LIMITS.maxCallsPerSession) return void this.#decline(id, 'overloaded');
    void this.#judge(message, call);
  }

  async #judge(message: Request, call: CallRequest): Promise<void> {
    const { id } = message;
    const controller = new AbortController();
    this.#waiting.set(id, controller);
    // It never fails open: whatever goes wrong while deciding is a refusal.
    const decision = await this.#guard.decide(call, controller.signal).catch((): Verdict => 'refused');
    this.#waiting.delete(id);
    const permit = typeof decision === 'object' ? decision : undefined;
    const verdict = typeof decision === 'object' ? decision.verdict : decision;
    if (controller.signal.aborted) return permit?.ended();
    if (verdict !== 'run') return this.#decline(id, verdict);
    this.#running.set(id, this.#watch(id, call, permit));
    if (!permit?.stop.aborted) this.onmessage?.(message);
  }

  /** A permission that is taken back ends the call at both sides. */
  #watch(id: RequestId, call: CallRequest, permit: Permit | undefined): Running {
    if (!permit) return { call, permit, unwatch: () => undefined };
    const stop = (): void => {
      const running = this.#running.get(id);
      if (!running) return;
      const reason = permit.stop.reason as StopReason;
      this.#finish(id, running, reason);
      // Its answer, which the caller has a part of, ends where it is.
      if (!this.#breakOff(id)) void this.#decline(id, reason);
      this.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason: REASONS[reason] } });
    };
    permit.stop.addEventListener('abort', stop);
    if (permit.stop.aborted) queueMicrotask(stop);
    return { call, permit, unwatch: () => permit.stop.removeEventListener('abort', stop) };
  }

  async #decline(id: RequestId, reason: keyof typeof REASONS): Promise<void> {
    this.#open.delete(id);
    await this.#inner.send({ jsonrpc: '2.0', id, error: { code: REFUSED_CODE, message: REASONS[reason], data: { reason } } }).catch(() => undefined);
  }

  #answered(id: RequestId, message: JSONRPCMessage): void {
    const running = this.#running.get(id);
    if (!running) return;
    const result = 'result' in message ? (message.result as { isError?: unknown; resultType?: unknown }) : undefined;
    if (result?.resultType === 'input_required') return this.#park(id, running);
    this.#finish(id, running, !result || result.isError === true ? 'tool-error' : 'ran', message);
  }

  #finish(id: RequestId, running: Running, outcome: Parameters<Guard['finished']>[1], answer?: JSONRPCMessage): void {
    this.#running.delete(id);
    running.unwatch();
    running.permit?.ended();
    this.#guard.finished(running.call, outcome, answer);
  }

  #park(id: RequestId, running: Running): void {
    this.#running.delete(id);
    running.unwatch();
    const key = keyOf(running.call);
    const drop = (): void => {
      const parked = this.#parked.get(key)?.filter((other) => other !== entry) ?? [];
      if (parked.length > 0) this.#parked.set(key, parked);
      else this.#parked.delete(key);
    };
    const stopped = (): void => {
      drop();
      running.permit?.ended();
      this.#guard.finished(running.call, running.permit?.stop.reason as StopReason);
    };
    const entry: Running = { ...running, unwatch: () => (drop(), running.permit?.stop.removeEventListener('abort', stopped)) };
    running.permit?.stop.addEventListener('abort', stopped, { once: true });
    this.#parked.set(key, [...(this.#parked.get(key) ?? []), entry]);
    // Who never comes back with the answers gives up the oldest.
    if ([...this.#parked.values()].flat().length > LIMITS.maxCallsPerSession) this.#endParked([...this.#parked.values()].flat()[0] as Running);
  }

  #continuationOf({ params }: Request, call: CallRequest): Running | undefined {
    const { inputResponses, requestState } = (params ?? {}) as { inputResponses?: unknown; requestState?: unknown };
    if (inputResponses === undefined && requestState === undefined) return undefined;
    const parked = this.#parked.get(keyOf(call))?.[0];
    parked?.unwatch();
    return parked;
  }

  #endParked(running: Running): void {
    running.unwatch();
    running.permit?.ended();
    this.#guard.finished(running.call, 'cancelled');
  }

  /** Answers whether the server never saw the request. */
  #cancelled(id: RequestId): boolean {
    const waiting = this.#waiting.get(id);
    waiting?.abort();
    this.#open.delete(id);
    const running = this.#running.get(id);
    // A cancelled call gets no answer any more.
    this.#breakOff(id);
    if (running) this.#finish(id, running, 'cancelled');
    return waiting !== undefined;
  }

  #closed(): void {
    for (const controller of this.#waiting.values()) controller.abort();
    for (const text of this.#passing.values()) text.cancel();
    for (const [id, running] of [...this.#running]) this.#finish(id, running, 'cancelled');
    for (const running of [...this.#parked.values()].flat()) this.#endParked(running);
    this.#open.clear();
    this.onclose?.();
  }
}

/** What a call is, wherever it comes from. */
function keyOf({ origin: _origin, ...call }: CallRequest): string {
  return canonicalJson(call);
}
