import { BoundedMap } from '../../base/bounded-map.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { CARD_FLAGS, type CardContent } from '../../crypto/peer-card.ts';
import type { Reachability } from './reach-evidence.ts';
import { Ring, type RingPlace } from './ring.ts';

/** What is known of a node that could become a neighbour. A later `issuedAt` replaces what was known. */
export type Candidate = {
  readonly node: NodeId;
  readonly sealingKey: Uint8Array;
  readonly issuedAt: number;
  /** It has no links of its own: it is behind the hub of its browser, or behind hosts. */
  readonly isLeaf: boolean;
} & Partial<Reachability>;

export type Known = {
  candidate: Candidate | undefined;
  readonly place: RingPlace;
  state: 'idle' | 'dialling' | 'linked';
  /** While an attempt is under way: this node began it, and not because the other is open. */
  isSample: boolean;
  /** It answered, and there is no link yet, for longer than one takes: it probably comes to nothing. */
  isSlow: boolean;
  failures: number;
  /** Not to be dialled before; `Infinity` after failures that another attempt would only repeat. */
  notBefore: number;
  /** It was a neighbour and should become one again. */
  isMissed: boolean;
  /** Presence says that it is there: it is of our part of the network. */
  isInMesh: boolean;
  isAbsent: boolean;
  linkedAt: number;
};

/** All nodes that were heard of, as many as there is room for, and their order on the ring. */
export class KnownNodes {
  readonly ring = new Ring();
  readonly #known = new BoundedMap<NodeId, Known>(LIMITS.maxKnownPeers);
  readonly #placeOf: (node: NodeId) => RingPlace;

  constructor(placeOf: (node: NodeId) => RingPlace) {
    this.#placeOf = placeOf;
  }

  get size(): number {
    return this.#known.size;
  }

  get(node: NodeId): Known | undefined {
    return this.#known.get(node);
  }

  all(): Iterable<readonly [NodeId, Known]> {
    return this.#known;
  }

  /** The node's entry, made where there is none. */
  of(node: NodeId): Known {
    const known = this.#known.get(node);
    if (known) return known;
    const made: Known = {
      candidate: undefined,
      place: this.#placeOf(node),
      state: 'idle',
      isSample: false,
      isSlow: false,
      failures: 0,
      notBefore: 0,
      isMissed: false,
      isInMesh: false,
      isAbsent: false,
      linkedAt: 0,
    };
    const forgotten = this.#known.set(node, made);
    if (forgotten) this.#forget(...forgotten);
    return made;
  }

  /** The table is full: the one that was heard of longest ago goes, unless it is in use, which makes it the newest again. */
  #forget(node: NodeId, known: Known): void {
    if (known.state !== 'idle') {
      const next = this.#known.set(node, known);
      if (next && next[1].state === 'idle') this.ring.delete(next[1].place, next[0]);
      return;
    }
    this.ring.delete(known.place, node);
  }
}

/** What the overlay needs of a card. */
export function candidateOf({ node, sealingKey, issuedAt, flags }: CardContent): Candidate {
  const has = (flag: number) => (flags & flag) !== 0;
  return {
    node,
    sealingKey,
    issuedAt,
    isLeaf: has(CARD_FLAGS.leaf | CARD_FLAGS.behindHosts),
    isConfined: has(CARD_FLAGS.confined),
    isOpen: has(CARD_FLAGS.open),
  };
}

export function reachabilityOf(candidate: Candidate | undefined): Reachability {
  return { isConfined: candidate?.isConfined === true, isOpen: candidate?.isOpen === true };
}
