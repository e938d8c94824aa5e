import { Observer } from './observer.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/** A newcomer can use the network when it knows this share of those that were there before it, and of their agents. */
const SHARE = 0.95;

/** Tells the other observers when a node can use the network. */
export class Usability extends Observer {
  readonly #world: () => World;
  readonly #usable = new Set<SimNode>();
  readonly #before = new Map<SimNode, number>();

  constructor(world: () => World) {
    super();
    this.#world = world;
  }

  override started(node: SimNode): void {
    this.#before.set(node, this.#world().honest().length - 1);
  }

  override presenceGained(node: SimNode): void {
    this.#look(node);
  }

  override agentKnown(node: SimNode): void {
    this.#look(node);
  }

  override gone(node: SimNode): void {
    this.#before.delete(node);
    this.#usable.delete(node);
  }

  #look(node: SimNode): void {
    const before = this.#before.get(node);
    if (before === undefined || before === 0 || this.#usable.has(node)) return;
    const needed = Math.floor(before * SHARE);
    if (node.present.size < needed || (node.registry && node.registry.nodeCount < needed)) return;
    this.#usable.add(node);
    for (const observer of this.#world().observers) observer.usable(node);
  }
}
