import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../ports/clock.ts';

export type DeadlineOptions = {
  readonly clock: Clock;
  /** How long nothing may be heard. */
  readonly idleMs: number;
  readonly totalMs?: number;
  /** The caller gave up. */
  readonly signal?: AbortSignal;
};

/**
 * The end of a call's patience: too long nothing was heard, or too long altogether. Progress begins the silence anew, and while a person here is
 * asked something on behalf of the call nobody waits for the agent.
 */
export class CallDeadline {
  readonly #options: DeadlineOptions;
  readonly #controller = new AbortController();
  readonly #cancelTotal: () => void;
  #cancelIdle: () => void = () => undefined;
  #isPaused = false;

  constructor(options: DeadlineOptions) {
    this.#options = options;
    const { clock, totalMs = LIMITS.maxServedCallMs, signal } = options;
    this.#cancelTotal = clock.wakeAt(clock.now() + totalMs, () => this.#expire());
    this.#restart();
    if (signal?.aborted) this.#onCallerAbort();
    else signal?.addEventListener('abort', this.#onCallerAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    if (!this.#isPaused) this.#restart();
  }

  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#cancelIdle();
    else this.#restart();
  }

  /** The call has its end. */
  end(): void {
    this.#cancelIdle();
    this.#cancelTotal();
    this.#options.signal?.removeEventListener('abort', this.#onCallerAbort);
  }

  readonly #onCallerAbort = (): void => this.#abort(new ParleyError('cancelled', 'The call was cancelled.'));

  #restart(): void {
    const { clock, idleMs } = this.#options;
    this.#cancelIdle();
    this.#cancelIdle = clock.wakeAt(clock.now() + idleMs, () => this.#expire());
  }

  #expire(): void {
    this.#abort(new ParleyError('timed-out', 'The agent did not answer in time.'));
  }

  #abort(reason: ParleyError): void {
    this.end();
    this.#controller.abort(reason);
  }
}
