import type { Clock } from '../ports/clock.ts';

/** `setTimeout` counts in a signed 32-bit number of milliseconds; a longer wait is cut and asked for again. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The platform's clock: monotonic, and in Unix milliseconds as of when the page was opened. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  wakeAt(at, callback) {
    const delayMs = Math.min(MAX_TIMEOUT_MS, Math.max(0, at - systemClock.now()));
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
