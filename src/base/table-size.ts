/** How full a bounded table of a machine is; what the simulator's checkers hold against its limit. */
export type TableSize = {
  readonly name: string;
  readonly size: number;
  readonly limit: number;
  /** Whether each entry waits for something: a machine with such entries must want a wake-up, or they could wait for ever. */
  readonly isPending: boolean;
};
