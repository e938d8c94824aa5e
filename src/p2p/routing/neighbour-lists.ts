import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { earlier, type Machine, type Wake } from '../../base/machine.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { Offence } from '../neighbours.ts';
import { NODE_TAG_BYTES, type NodeTag } from './node-tag.ts';
import type { RoutingMessage } from './routing-messages.ts';

type LinksMessage = Extract<RoutingMessage, { readonly type: 'links' | 'links-changed' | 'links-wanted' }>;

export type NeighbourListsInput =
  | { readonly type: 'neighbour-up'; readonly node: NodeId; readonly tag: NodeTag }
  | { readonly type: 'neighbour-down'; readonly node: NodeId }
  | { readonly type: 'links'; readonly from: NodeId; readonly message: LinksMessage };

export type NeighbourListsOutput =
  | { readonly type: 'send'; readonly to: NodeId; readonly message: LinksMessage }
  | { readonly type: 'misbehaved'; readonly node: NodeId; readonly offence: Offence; readonly detail: string };

type Neighbour = {
  readonly tag: NodeTag;
  readonly bucket: TokenBucket;
  /** What it told; `undefined` while that is not known as a whole. */
  links: ReadonlySet<NodeTag>;
  receivedSeq: number;
  isComplete: boolean;
  /** What it was told. */
  told: ReadonlySet<NodeTag>;
  toldSeq: number;
};

/**
 * Neighbours tell each other with whom they have links, so that everybody knows who is two steps away: that is enough to find a relay to most nodes without
 * asking anybody. Told as a whole to a new neighbour, and then, a moment after they change, whichever is smaller of the change and the whole.
 */
export class NeighbourLists implements Machine<NeighbourListsInput, NeighbourListsOutput> {
  readonly #outputs: NeighbourListsOutput[] = [];
  readonly #neighbours = new Map<NodeId, Neighbour>();
  #tellAt: number | undefined;

  handle(input: NeighbourListsInput | Wake, now: number): void {
    switch (input.type) {
      case 'neighbour-up':
        return this.#up(input.node, input.tag, now);
      case 'neighbour-down':
        if (this.#neighbours.delete(input.node)) this.#changed(now);
        return;
      case 'links':
        return this.#received(input.from, input.message, now);
      case 'wake':
        if (this.#tellAt === undefined || now < this.#tellAt) return;
        this.#tellAt = undefined;
        for (const [node, neighbour] of this.#neighbours) this.#tell(node, neighbour);
    }
  }

  poll(): NeighbourListsOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return this.#tellAt;
  }

  /** The neighbours that say to have a link with the node. */
  holders(tag: NodeTag): readonly NodeId[] {
    const found: NodeId[] = [];
    for (const [node, { links }] of this.#neighbours) if (links.has(tag)) found.push(node);
    return found;
  }

  /** How many links the neighbour says to have with others; `undefined` before it said so. */
  linkCountOf(node: NodeId): number | undefined {
    const neighbour = this.#neighbours.get(node);
    return neighbour?.isComplete ? neighbour.links.size : undefined;
  }

  /** How many nodes are at most two steps away, not counting this one. */
  get knownNodes(): number {
    const known = new Set<NodeTag>();
    for (const { tag, links } of this.#neighbours.values()) {
      known.add(tag);
      for (const link of links) known.add(link);
    }
    return known.size;
  }

  #up(node: NodeId, tag: NodeTag, now: number): void {
    const neighbour: Neighbour = {
      tag,
      bucket: new TokenBucket(LIMITS.linkListsPerSecond, LIMITS.linkListsBurst, now),
      links: new Set(),
      receivedSeq: 0,
      isComplete: false,
      told: new Set(),
      toldSeq: 0,
    };
    this.#neighbours.set(node, neighbour);
    this.#tell(node, neighbour);
    this.#changed(now);
  }

  #changed(now: number): void {
    this.#tellAt = earlier(this.#tellAt, now + LIMITS.linkListDelayMs);
  }

  /** Without the neighbour's own tag, which it knows. */
  #linksFor(neighbour: Neighbour): ReadonlySet<NodeTag> {
    const tags = new Set<NodeTag>();
    for (const other of this.#neighbours.values()) if (other !== neighbour && tags.size < LIMITS.maxListedLinks) tags.add(other.tag);
    return tags;
  }

  #tell(node: NodeId, neighbour: Neighbour): void {
    const links = this.#linksFor(neighbour);
    const added = [...links].filter((tag) => !neighbour.told.has(tag));
    const removed = [...neighbour.told].filter((tag) => !links.has(tag));
    const isFirst = neighbour.toldSeq === 0;
    if (!isFirst && added.length + removed.length === 0) return;
    neighbour.told = links;
    const seq = ++neighbour.toldSeq;
    const isChangeSmaller = (added.length + removed.length) * NODE_TAG_BYTES < links.size * NODE_TAG_BYTES;
    const message: LinksMessage =
      !isFirst && isChangeSmaller ? { type: 'links-changed', seq, added, removed } : { type: 'links', seq, tags: [...links] };
    this.#outputs.push({ type: 'send', to: node, message });
  }

  #received(from: NodeId, message: LinksMessage, now: number): void {
    const neighbour = this.#neighbours.get(from);
    if (!neighbour) return;
    if (!neighbour.bucket.take(now)) return this.#misbehaved(from, 'flood', 'Its links change more often than links can.');
    switch (message.type) {
      case 'links-wanted':
        neighbour.told = this.#linksFor(neighbour);
        this.#outputs.push({ type: 'send', to: from, message: { type: 'links', seq: ++neighbour.toldSeq, tags: [...neighbour.told] } });
        return;
      case 'links':
        if (message.seq <= neighbour.receivedSeq) return this.#misbehaved(from, 'stale', 'Its list of links is older than the last one.');
        return this.#learn(neighbour, message.seq, new Set(message.tags));
      case 'links-changed':
        return this.#apply(from, neighbour, message);
    }
  }

  #apply(from: NodeId, neighbour: Neighbour, message: Extract<LinksMessage, { readonly type: 'links-changed' }>): void {
    if (message.seq <= neighbour.receivedSeq) return this.#misbehaved(from, 'stale', 'A change of its links is older than the last one.');
    if (!neighbour.isComplete || message.seq !== neighbour.receivedSeq + 1) {
      // Lanes drop what a slow neighbour does not read. Asked once; changes that come before the answer mean nothing.
      if (neighbour.isComplete) this.#outputs.push({ type: 'send', to: from, message: { type: 'links-wanted' } });
      neighbour.isComplete = false;
      return;
    }
    const links = new Set(neighbour.links);
    for (const tag of message.removed) links.delete(tag);
    for (const tag of message.added) links.add(tag);
    if (links.size > LIMITS.maxListedLinks) return this.#misbehaved(from, 'invalid', 'It lists more links than a node may have.');
    this.#learn(neighbour, message.seq, links);
  }

  #learn(neighbour: Neighbour, seq: number, links: ReadonlySet<NodeTag>): void {
    neighbour.links = links;
    neighbour.receivedSeq = seq;
    neighbour.isComplete = true;
  }

  #misbehaved(node: NodeId, offence: Offence, detail: string): void {
    this.#outputs.push({ type: 'misbehaved', node, offence, detail });
  }
}
