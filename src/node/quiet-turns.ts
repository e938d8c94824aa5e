/** Turns of the microtask queue without a word from a program after which what was said goes out. */
const QUIET_TURNS = 8;
/** What was said first waits no longer than this many turns. */
const MAX_TURNS = 512;

export type QuietTurnsOptions = {
  /** Whether something still waits to go out. */
  isDue(): boolean;
  run(): void;
  /** Calls back when everything that had arrived at the process is handled. Where the platform has no such moment, a few empty turns are waited for. */
  endOfTurn?: ((run: () => void) => void) | undefined;
};

/**
 * What programs put on streams goes out when they have had their say: programs that answer one message after the other do so in neighbouring turns of
 * the microtask queue, and those that serve many clients in one turn of the process. A frame for each would cost many times what the wait does (a few µs).
 */
export class QuietTurns {
  readonly #options: QuietTurnsOptions;
  #isAwaited = false;
  #quiet = 0;
  #all = 0;

  constructor(options: QuietTurnsOptions) {
    this.#options = options;
  }

  /** A program put something on a stream. */
  spoke(): void {
    this.#quiet = 0;
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    const { endOfTurn } = this.#options;
    if (endOfTurn) return endOfTurn(this.#runIfDue);
    this.#all = 0;
    queueMicrotask(this.#await);
  }

  readonly #await = (): void => {
    if (this.#options.isDue() && ++this.#quiet < QUIET_TURNS && ++this.#all < MAX_TURNS) return queueMicrotask(this.#await);
    this.#runIfDue();
  };

  readonly #runIfDue = (): void => {
    this.#isAwaited = false;
    if (this.#options.isDue()) this.#options.run();
  };
}
