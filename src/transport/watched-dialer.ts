import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { RtcDial, RtcDialer, RtcDialOptions } from '../ports/rtc.ts';

/** Notes how attempts at direct links end, for who has to know whether the network lets any through. */
export class WatchedDialer implements RtcDialer {
  readonly #inner: RtcDialer;
  readonly #clock: Clock;
  /** Attempts that failed since the last one that opened. */
  failures = 0;
  onChange: () => void = () => undefined;

  constructor(inner: RtcDialer, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  dial(options: RtcDialOptions): RtcDial {
    const startedAt = this.#clock.now();
    let isOver = false;
    let isAnswered = false;
    const over = (isFailure: boolean | undefined): void => {
      if (isOver) return;
      isOver = true;
      if (isFailure !== undefined) this.#note(isFailure ? this.failures + 1 : 0);
    };
    const dial = this.#inner.dial({
      ...options,
      onLink: (link) => (over(false), options.onLink(link)),
      onFailed: (end) => (over(end.code === 'ice-failed' ? true : undefined), options.onFailed(end)),
    });
    return {
      signal: (remote) => {
        isAnswered = true;
        dial.signal(remote);
      },
      abandon: () => {
        // Who is given up soon, or never answered, says nothing about the network between.
        over(isAnswered && this.#clock.now() - startedAt >= LIMITS.hopelessDialMs ? true : undefined);
        dial.abandon();
      },
    };
  }

  /** The network around is another. */
  forget(): void {
    this.#note(0);
  }

  #note(failures: number): void {
    if (failures === this.failures) return;
    this.failures = failures;
    this.onChange();
  }
}
