import type { TableSize } from '../../../src/base/table-size.ts';
import { Checker } from './checker.ts';

/** The longest that anything waits without being looked at again: the session's keys are renewed more often. */
const MAX_WAIT_MS = 600_000;

type Inspected = {
  readonly index: number;
  readonly isAlive: boolean;
  readonly clock: number;
  tables(): readonly TableSize[];
  readonly machine: { nextWakeAt(): number | undefined };
};

/** Every pending entry has a deadline: a node in which something waits wants to be woken, and not in a distant future. */
export class Deadlines extends Checker {
  readonly name = 'deadlines';

  override inspect(world: { readonly nodes: readonly Inspected[] }): void {
    for (const node of world.nodes) {
      if (!node.isAlive) continue;
      const pending = node.tables().filter(({ isPending, size }) => isPending && size > 0);
      if (pending.length === 0) continue;
      const next = node.machine.nextWakeAt();
      if (next !== undefined && next <= node.clock + MAX_WAIT_MS) continue;
      this.violated(`Nothing wakes the node although it has pending ${pending.map(({ name }) => name).join(', ')}.`, node.index);
    }
  }
}
