/** Time and timers for the pump; machines get `now` as an argument instead. */
export interface Clock {
  /** Milliseconds since the Unix epoch; never goes back while the process lives. */
  now(): number;
  /** Runs `callback` once at or after `at`; answers how to cancel it. */
  wakeAt(at: number, callback: () => void): () => void;
}
