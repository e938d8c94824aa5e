import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { NodeTag } from './node-tag.ts';
import type { PathId } from './routing-messages.ts';

/** What one node knows of a path that leads over it. */
export type PathStep = {
  readonly tag: NodeTag;
  /** Where the path comes from; `undefined` where it begins here. */
  readonly previous: NodeId | undefined;
  /** Where it goes on, once that is known. */
  next: NodeId | undefined;
  until: number;
};

/** Paths that lead over this node or begin at it, for a minute each. One neighbour cannot fill the table. */
export class PathTable {
  readonly #steps = new Map<PathId, PathStep>();
  readonly #perNeighbour = new Map<NodeId, number>();

  get size(): number {
    return this.#steps.size;
  }

  get(path: PathId, now: number): PathStep | undefined {
    const step = this.#steps.get(path);
    return step && now < step.until ? step : undefined;
  }

  /** Remembers a new path; `undefined` when the neighbour that brought it, or everybody together, has too many. */
  add(path: PathId, tag: NodeTag, previous: NodeId | undefined, now: number): PathStep | undefined {
    this.#dropOld(now);
    const count = previous === undefined ? 0 : (this.#perNeighbour.get(previous) ?? 0);
    if (this.#steps.size >= LIMITS.maxPaths || count >= LIMITS.maxPathsPerNeighbour) return undefined;
    if (previous !== undefined) this.#perNeighbour.set(previous, count + 1);
    const step: PathStep = { tag, previous, next: undefined, until: now + LIMITS.pathLifetimeMs };
    this.#steps.set(path, step);
    return step;
  }

  /** The path is in use: it lives on. */
  refresh(path: PathId, now: number): void {
    const step = this.#steps.get(path);
    if (!step) return;
    step.until = now + LIMITS.pathLifetimeMs;
    this.#steps.delete(path);
    this.#steps.set(path, step);
  }

  /** Nothing leads over a neighbour that is gone. */
  forget(node: NodeId): void {
    for (const [path, step] of this.#steps) {
      if (step.previous === node) this.#delete(path, step);
      else if (step.next === node) step.next = undefined;
    }
  }

  /** The oldest stand first. */
  #dropOld(now: number): void {
    for (const [path, step] of this.#steps) {
      if (now < step.until) return;
      this.#delete(path, step);
    }
  }

  #delete(path: PathId, { previous }: PathStep): void {
    this.#steps.delete(path);
    if (previous === undefined) return;
    const left = (this.#perNeighbour.get(previous) ?? 1) - 1;
    if (left > 0) this.#perNeighbour.set(previous, left);
    else this.#perNeighbour.delete(previous);
  }
}
