/**
 * The contract of every sans-IO protocol machine.
 *
 * **Mutate, drain, ask.** Call `handle` with one input and the present time; then call `poll` until it
 * answers `undefined`; then ask `nextWakeAt` and call `handle` with {@link Wake} no later than that.
 * A machine reads no clock, draws no randomness of its own, starts no timer, awaits nothing and never throws
 * for what a peer sent: bad peer data is an output.
 *
 * Time is milliseconds since the Unix epoch as a number that never goes back while the machine lives.
 */
export interface Machine<Input, Output> {
  handle(input: Input | Wake, now: number): void;
  /** The next output, oldest first, or `undefined` when there is none. */
  poll(): Output | undefined;
  /** When the machine next wants a {@link Wake}; `undefined` when nothing is pending. */
  nextWakeAt(): number | undefined;
}

/** Time has passed; nothing else happened. */
export type Wake = { readonly type: 'wake' };

export const WAKE: Wake = { type: 'wake' };

/** The earlier of two wake-up times, where either may be absent. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return Math.min(a, b);
}
