import type { NodeId } from '../../base/ids.ts';

/** A place on the ring: the first bytes of a hash of the node's key, as text that sorts. */
export type RingPlace = string;

type Entry = { readonly place: RingPlace; readonly node: NodeId };

/**
 * The known nodes in the order of their places. If every node keeps links with its neighbours on the ring, the network is in one piece,
 * whatever becomes of all other links.
 */
export class Ring {
  readonly #entries: Entry[] = [];

  add(place: RingPlace, node: NodeId): void {
    const index = this.#indexOf(place);
    if (this.#entries[index]?.node !== node) this.#entries.splice(index, 0, { place, node });
  }

  delete(place: RingPlace, node: NodeId): void {
    const index = this.#indexOf(place);
    if (this.#entries[index]?.node === node) this.#entries.splice(index, 1);
  }

  /** Up to `each` nodes on either side of the place, nearest first; never the node at the place itself. */
  around(place: RingPlace, each: number): readonly NodeId[] {
    const count = this.#entries.length;
    const start = this.#indexOf(place);
    const isThere = this.#entries[start]?.place === place;
    const found = new Set<NodeId>();
    for (let step = 1; step <= each && step <= count; step++) {
      const after = this.#entries[(start + (isThere ? step : step - 1)) % count];
      const before = this.#entries[(start - step + count * 2) % count];
      for (const entry of [after, before]) if (entry && entry.place !== place) found.add(entry.node);
    }
    return [...found];
  }

  /** Whether the place is among the first `count` places of the ring. */
  isAmongFirst(place: RingPlace, count: number): boolean {
    return this.#indexOf(place) < count;
  }

  /** The first index whose place is not below. */
  #indexOf(place: RingPlace): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as Entry).place < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
