import type { SimNode } from '../sim-node.ts';
import { Checker } from './checker.ts';

type Inspected = Pick<SimNode, 'index' | 'isAlive' | 'tables'>;

/** Every table of every node keeps to its limit. */
export class BoundedTables extends Checker {
  readonly name = 'bounded-tables';

  override inspect(world: { readonly nodes: readonly Inspected[] }): void {
    for (const node of world.nodes) {
      if (!node.isAlive) continue;
      for (const { name, size, limit } of node.tables()) {
        if (size > limit) this.violated(`The table of ${name} has ${size} entries; its limit is ${limit}.`, node.index);
      }
    }
  }
}
