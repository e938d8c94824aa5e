import { Checker } from './checker.ts';

/** Whoever was woken has dealt with what was due: a machine that wants to be woken at the same moment again would keep a real node busy for ever. */
export class WakeProgress extends Checker {
  readonly name = 'wake-progress';

  override woken(node: { readonly index: number; readonly clock: number }, next: number | undefined): void {
    if (next !== undefined && next <= node.clock) this.violated(`Woken, the node wants to be woken ${node.clock - next} ms ago.`, node.index);
  }
}
