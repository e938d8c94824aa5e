import { BoundedMap } from '../../base/bounded-map.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';

/** What a node says of its links with others. */
export type Reachability = {
  /** Most others cannot open a link with it, as behind a NAT that maps each target anew. */
  readonly isConfined: boolean;
  /** Nodes that most others cannot open a link with can open one with it. */
  readonly isOpen: boolean;
};

type SaidBy = (node: NodeId) => Reachability;

/**
 * What attempts to open links came to, of the latest nodes that were tried; only such attempts as were answered, so that nothing but the network
 * between the two can have been in the way. No platform says what stands between a node and the others; this does.
 */
export class ReachEvidence {
  /** Whether it is a sample: this node dialled the other, and not because it is open. Who dials this node may have chosen it for that. */
  readonly #linked = new BoundedMap<NodeId, boolean>(LIMITS.reachEvidenceNodes);
  readonly #failed = new BoundedMap<NodeId, boolean>(LIMITS.reachEvidenceNodes);
  #isConfined = false;

  linked(node: NodeId, isSample: boolean): void {
    const isStillSample = isSample || this.#failed.get(node) === true || this.#linked.get(node) === true;
    this.#failed.delete(node);
    this.#linked.set(node, isStillSample);
  }

  /** Both sides did what they could, and no way was found between them. */
  failed(node: NodeId, isSample: boolean): void {
    // Where there was a link once there is a way: the other may be gone by now.
    if (!this.#linked.has(node)) this.#failed.set(node, isSample || this.#failed.get(node) === true);
  }

  /** Another network: nothing holds any more. */
  forget(): void {
    this.#linked.clear();
    this.#failed.clear();
    this.#isConfined = false;
  }

  /**
   * What it comes to, with what the others say of themselves. Failures with confined nodes say nothing of this one, links with open ones neither; it takes
   * more to call oneself confined than to take it back.
   */
  judge(saidBy: SaidBy): Reachability {
    const linked = count(this.#linked, (_node, isSample) => isSample);
    const failed = count(this.#failed, (node, isSample) => isSample && !saidBy(node).isConfined);
    this.#isConfined = this.#isConfined ? failed > linked : failed >= LIMITS.confinedAfterFailures && failed >= 2 * linked;
    const reached = count(this.#linked, (node) => saidBy(node).isConfined);
    const missed = count(this.#failed, (node) => saidBy(node).isConfined);
    return { isConfined: this.#isConfined, isOpen: !this.#isConfined && reached > missed };
  }
}

function count(nodes: Iterable<readonly [NodeId, boolean]>, isMeant: (node: NodeId, isSample: boolean) => boolean): number {
  let found = 0;
  for (const [node, isSample] of nodes) if (isMeant(node, isSample)) found++;
  return found;
}
