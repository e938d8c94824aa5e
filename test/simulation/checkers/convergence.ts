import type { SimNode } from '../sim-node.ts';
import { Checker } from './checker.ts';

/** At the end, nodes that can reach each other have the same of everything that is replicated. */
export class Convergence extends Checker {
  readonly name = 'convergence';

  override ended(world: { honest(): readonly Pick<SimNode, 'index' | 'id' | 'sessions' | 'replicas'>[] }): void {
    const nodes = world.honest();
    const byId = new Map(nodes.map((node) => [node.id, node]));
    const rest = new Set(nodes);
    for (const first of nodes) {
      if (!rest.delete(first)) continue;
      const expected = first.replicas();
      const frontier = [first];
      for (let node = frontier.pop(); node; node = frontier.pop()) {
        for (const [name, digest] of Object.entries(node.replicas())) {
          if (digest !== expected[name]) this.violated(`The ${name} differs from the one of node ${first.index}.`, node.index);
        }
        for (const peer of node.sessions) {
          const other = byId.get(peer);
          if (other && rest.delete(other)) frontier.push(other);
        }
      }
    }
  }
}
