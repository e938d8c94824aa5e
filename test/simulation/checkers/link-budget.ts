import { LIMITS } from '../../../src/base/limits.ts';
import { Checker } from './checker.ts';

/** No node has more links than its budget. */
export class LinkBudget extends Checker {
  readonly name = 'link-budget';

  override linkAdded(node: { readonly index: number; readonly linkCount: number; readonly isHonest: boolean }): void {
    if (node.isHonest && node.linkCount > LIMITS.maxConnections) this.violated(`The node has ${node.linkCount} links.`, node.index);
  }
}
