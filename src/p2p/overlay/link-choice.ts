import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { earlier } from '../../base/machine.ts';
import type { Entropy } from '../../ports/entropy.ts';
import { reachabilityOf, type KnownNodes } from './known-nodes.ts';
import type { Reachability } from './reach-evidence.ts';
import type { RingPlace } from './ring.ts';

/** How many links another says to have with others: so many that this one may end, not known to be few, or whatever. */
export type LinksOfOther = 'many' | 'not few' | 'any';

export type LinkChoiceOptions = {
  /** Whether programs have streams on the session: such a link is not given up. */
  isInUse(node: NodeId): boolean;
  /** How many links a neighbour says to have with others; `undefined` while it did not say. */
  linkCountOf(node: NodeId): number | undefined;
  readonly entropy: Entropy;
};

/** Which of the known nodes to link with, and which links to give up. */
export class LinkChoice {
  readonly #known: KnownNodes;
  readonly #myPlace: RingPlace;
  readonly #sockets: ReadonlySet<NodeId>;
  readonly #options: LinkChoiceOptions;

  /** `sockets`: who is linked by a socket, and gets no second link. */
  constructor(known: KnownNodes, myPlace: RingPlace, sockets: ReadonlySet<NodeId>, options: LinkChoiceOptions) {
    this.#sockets = sockets;
    this.#known = known;
    this.#myPlace = myPlace;
    this.#options = options;
  }

  /** The ring's neighbours and people whom this node talks to. */
  mustHave(preferred: Iterable<NodeId>): ReadonlySet<NodeId> {
    const nodes = new Set(this.#known.ring.around(this.#myPlace, LIMITS.nearLinksEachSide));
    for (const node of preferred) nodes.add(node);
    return nodes;
  }

  /**
   * Up to `count` idle candidates in random order, missed neighbours first; for a confined node then those that are open. `own` is what this node is, or that it
   * tries anybody. `retryAt`: when others may be dialled that wait.
   */
  draw(count: number, own: Reachability | 'anybody', now: number): { readonly nodes: readonly NodeId[]; readonly retryAt: number | undefined } {
    const classes: readonly [missed: NodeId[], open: NodeId[], others: NodeId[]] = [[], [], []];
    const isConfined = own !== 'anybody' && own.isConfined;
    let isAnyOpen = false;
    let retryAt: number | undefined;
    for (const [node, { candidate, state, notBefore, isMissed }] of this.#known.all()) {
      if (!candidate || candidate.isLeaf || this.#sockets.has(node)) continue;
      isAnyOpen ||= candidate.isOpen === true;
      if (state !== 'idle') continue;
      if (notBefore > now) {
        if (Number.isFinite(notBefore)) retryAt = earlier(retryAt, notBefore);
      } else classes[isMissed ? 0 : isConfined && candidate.isOpen ? 1 : 2].push(node);
    }
    const [missed, open, others] = classes;
    const nodes = missed.slice(0, count);
    for (const due of [open, others.filter((node) => this.#mayReach(node, own, isAnyOpen))]) {
      while (nodes.length < count && due.length > 0) {
        const index = below(due.length, this.#options.entropy);
        nodes.push(due[index] as NodeId);
        due[index] = due.at(-1) as NodeId;
        due.pop();
      }
    }
    return { nodes, retryAt };
  }

  /** The youngest link that can be spared. */
  youngest(nodes: Iterable<NodeId>, links: LinksOfOther, isKept: (node: NodeId) => boolean): NodeId | undefined {
    let youngest: NodeId | undefined;
    let youngestAt = Number.NEGATIVE_INFINITY;
    for (const node of nodes) {
      const known = this.#known.get(node);
      if (known?.state !== 'linked' || known.linkedAt <= youngestAt || isKept(node) || this.#options.isInUse(node) || !this.#hasLinks(node, links))
        continue;
      youngest = node;
      youngestAt = known.linkedAt;
    }
    return youngest;
  }

  /** Whoever has few may have nobody else. */
  #hasLinks(node: NodeId, links: LinksOfOther): boolean {
    if (links === 'any') return true;
    return (this.#options.linkCountOf(node) ?? (links === 'many' ? 0 : LIMITS.fewLinks)) >= LIMITS.fewLinks;
  }

  /** Whether a link with the node can be hoped for: not where one of the two is confined, unless the other is open. */
  #mayReach(node: NodeId, own: Reachability | 'anybody', isAnyOpen: boolean): boolean {
    if (own === 'anybody' || own.isOpen) return true;
    const { isConfined, isOpen } = reachabilityOf(this.#known.get(node)?.candidate);
    return isOpen || (!isConfined && !(own.isConfined && isAnyOpen));
  }
}

/** A number from 0 to below `count`. */
export function below(count: number, entropy: Entropy): number {
  const [a, b, c] = entropy.bytes(3) as unknown as [number, number, number];
  return (a * 65_536 + b * 256 + c) % count;
}
