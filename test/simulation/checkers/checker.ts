import { Observer } from '../observer.ts';

export type Violation = { readonly checker: string; readonly atMs: number; readonly node?: number; readonly detail: string };

/** Receives what checkers find. */
export interface ViolationSink {
  report(violation: Omit<Violation, 'atMs'>): void;
}

/** Watches one property of a run that must never, or at the end must, hold. */
export abstract class Checker extends Observer {
  abstract readonly name: string;
  readonly #sink: ViolationSink;

  constructor(sink: ViolationSink) {
    super();
    this.#sink = sink;
  }

  protected violated(detail: string, node?: number): void {
    this.#sink.report({ checker: this.name, detail, ...(node === undefined ? {} : { node }) });
  }
}
