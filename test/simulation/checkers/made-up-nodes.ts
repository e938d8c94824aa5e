import { LIMITS } from '../../../src/base/limits.ts';
import type { NodeId } from '../../../src/base/ids.ts';
import { Checker } from './checker.ts';

/** What a newcomer may take from its first neighbour before it has a second one. */
const FROM_FIRST_NEIGHBOUR = 64;

type Inspected = { readonly index: number; readonly isHonest: boolean; readonly isRunning: boolean; readonly present: Iterable<NodeId> };
type Inspectable = { readonly now: number; readonly nodes: readonly Inspected[]; nodeById(id: NodeId): unknown };

/** No table has more nodes that never were than each adversary's honest neighbours may have taken on its word. */
export class MadeUpNodes extends Checker {
  readonly name = 'made-up-nodes';

  override inspect(world: Inspectable): void {
    const honest = world.nodes.filter((node) => node.isHonest);
    const hostile = world.nodes.length - honest.length;
    if (hostile === 0) return;
    const perLink = LIMITS.presenceSoleVoiceBurst + Math.ceil(world.now / LIMITS.presenceSoleVoiceEveryMs);
    const limit = FROM_FIRST_NEIGHBOUR + hostile * honest.length * perLink;
    for (const node of honest) {
      if (!node.isRunning) continue;
      let count = 0;
      for (const id of node.present) if (!world.nodeById(id)) count++;
      if (count > limit) this.violated(`The node knows ${count} nodes that never were; ${limit} are possible.`, node.index);
    }
  }
}
