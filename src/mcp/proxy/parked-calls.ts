import { HOST_LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import { toBase64url } from '../../base/bytes.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { McpRequest, McpResult } from './upstream.ts';

const HANDLE_PREFIX = 'parley-parked ';
const HANDLE_BYTES = 24;

/** What a server asks while it answers a call. */
type Ask = { readonly request: McpRequest; answer(result: McpResult): void; fail(error: Error): void };

type CallEvent =
  | { readonly type: 'ended'; readonly result: McpResult }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'asks'; readonly asks: readonly Ask[] };

/**
 * Lets callers of MCP 2026-07-28 call servers that ask in the middle of a call, as the revisions before do it. The call is parked, its caller gets
 * `input_required` with a handle, and the caller's retry with the handle and the answers goes on where it stood. A handle is no guessable
 * number and good once; a parked call that nobody comes back for is ended.
 */
export class ParkedCalls {
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #parked = new Map<string, ParkableCall>();

  constructor(clock: Clock, entropy: Entropy) {
    this.#clock = clock;
    this.#entropy = entropy;
  }

  /** Whether a request's state is one of our handles, also one that is no longer good. */
  static isHandle(state: unknown): state is string {
    return typeof state === 'string' && state.startsWith(HANDLE_PREFIX);
  }

  get size(): number {
    return this.#parked.size;
  }

  /** The call to which the handle belongs, once, and only for the same request by the same caller. */
  take(handle: string, about: string): ParkableCall | undefined {
    const call = this.#parked.get(handle);
    if (call?.about !== about) return undefined;
    this.#parked.delete(handle);
    call.unpark();
    return call;
  }

  /** Waits for what comes of the call: its result, or `input_required` after it was parked. */
  async next(call: ParkableCall): Promise<McpResult> {
    const event = await call.next();
    if (event.type === 'failed') throw event.error;
    if (event.type === 'ended') return event.result;
    return this.#park(call, event.asks);
  }

  #park(call: ParkableCall, asks: readonly Ask[]): McpResult {
    if (this.#parked.size >= HOST_LIMITS.maxParkedCalls) {
      call.abandon('Too many calls wait for an answer of their callers.');
      throw new Error('Too many calls wait for an answer of their callers.');
    }
    const handle = HANDLE_PREFIX + toBase64url(this.#entropy.bytes(HANDLE_BYTES));
    this.#parked.set(handle, call);
    const cancel = this.#clock.wakeAt(this.#clock.now() + HOST_LIMITS.parkedCallMs, () => {
      this.#parked.delete(handle);
      call.abandon('The caller did not answer in time.');
    });
    call.park(asks, cancel);
    const inputRequests = Object.fromEntries(asks.map(({ request }, index) => [`ask-${index}`, request]));
    return { resultType: 'input_required', inputRequests, requestState: handle } as McpResult;
  }
}

/** One call in flight whose server may ask in the middle of it. */
export class ParkableCall {
  /** Names the request and its caller: a handle must not be used for another one. */
  readonly about: string;
  readonly #controller = new AbortController();
  #asks: Ask[] = [];
  #pending: readonly Ask[] = [];
  #end: CallEvent | undefined;
  #wake: () => void = () => undefined;
  #cancelTimer: () => void = () => undefined;

  constructor(about: string, run: (signal: AbortSignal) => Promise<McpResult>) {
    this.about = about;
    run(this.#controller.signal).then(
      (result) => this.#ended({ type: 'ended', result }),
      (error: unknown) => this.#ended({ type: 'failed', error }),
    );
  }

  /** For the upstream's questions, as long as the call is under way. */
  ask(request: McpRequest, signal: AbortSignal): Promise<McpResult> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('The server took its question back.')), { once: true });
      this.#asks.push({ request, answer: resolve, fail: reject });
      this.#wake();
    });
  }

  async next(): Promise<CallEvent> {
    for (;;) {
      if (this.#end) return this.#end;
      if (this.#asks.length > 0) return { type: 'asks', asks: this.#asks.splice(0) };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  park(asks: readonly Ask[], cancelTimer: () => void): void {
    this.#pending = asks;
    this.#cancelTimer = cancelTimer;
  }

  unpark(): void {
    this.#cancelTimer();
  }

  /** The caller's answers, by the keys of `input_required`; what they left out is taken as cancelled. */
  answer(responses: Readonly<Record<string, unknown>>): void {
    for (const [index, ask] of this.#pending.entries()) {
      const response = responses[`ask-${index}`];
      if (typeof response === 'object' && response !== null) ask.answer(response as McpResult);
      else if (ask.request.method === 'elicitation/create') ask.answer({ action: 'cancel' } as McpResult);
      else ask.fail(new Error('The caller gave no answer.'));
    }
    this.#pending = [];
  }

  abandon(reason: string): void {
    for (const ask of [...this.#pending, ...this.#asks]) ask.fail(new Error(reason));
    this.#controller.abort(reason);
  }

  #ended(event: CallEvent): void {
    this.#end = event;
    this.#wake();
  }
}
