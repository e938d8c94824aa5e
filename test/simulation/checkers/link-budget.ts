import { LIMITS } from '../../../src/base/limits.ts';
import { Checker } from './checker.ts';

/** No node has more links than its budget. */
export class LinkBudget extends Checker {
  readonly name = 'link-budget';

  override sessionUp(node: { readonly index: number; readonly sessions: ReadonlySet<string> }): void {
    if (node.sessions.size > LIMITS.maxConnections) this.violated(`The node has ${node.sessions.size} links.`, node.index);
  }
}
