import { LIMITS } from '../../base/limits.ts';
import { Queue } from '../../base/queue.ts';
import type { GossipLink } from './gossip-link.ts';
import type { ItemId } from './item-id.ts';

/** An item that was seen: while it waits for its verdict, while it can be fetched, and afterwards its id alone. */
export type Item = {
  readonly id: ItemId;
  /** Whether new neighbours learn of it by its topic's own comparison. */
  readonly isCompared: boolean;
  readonly seenAt: number;
  /** The push as it came, with its mark; while it can be fetched. */
  message: Uint8Array | undefined;
  /** The links whose ends are known to have it, as bits. */
  holders: number;
  /** Who pushed it first along the tree; `own` for a publication of ours. */
  treeFrom: GossipLink | 'own' | undefined;
};

/** What was seen in the last minutes, and the bytes of what may still be asked for. Bounded; the oldest goes first. */
export class ItemCache {
  readonly #seen = new Map<ItemId, Item>();
  readonly #held = new Queue<Item>();
  #heldBytes = 0;

  get size(): number {
    return this.#seen.size;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get(id: ItemId): Item | undefined {
    return this.#seen.get(id);
  }

  add(id: ItemId, isCompared: boolean, now: number): Item {
    const item: Item = { id, isCompared, seenAt: now, message: undefined, holders: 0, treeFrom: undefined };
    this.#seen.set(id, item);
    for (const [oldest, { seenAt }] of this.#seen) {
      if (this.#seen.size <= LIMITS.maxGossipSeen && seenAt + LIMITS.gossipSeenMs > now) break;
      this.#seen.delete(oldest);
    }
    return item;
  }

  /** As if it had never been seen: it may come again. */
  forget(item: Item): void {
    this.#seen.delete(item.id);
  }

  hold(item: Item, message: Uint8Array, now: number): void {
    item.message = message;
    this.#held.push(item);
    this.#heldBytes += message.length;
    this.trim(now);
  }

  /** Lets go of the bytes that have been held for long enough. */
  trim(now: number): void {
    for (let oldest = this.#held.peek(); oldest; oldest = this.#held.peek()) {
      if (this.#heldBytes <= LIMITS.maxGossipHeldBytes && oldest.seenAt + LIMITS.gossipHoldMs > now) break;
      this.#held.shift();
      this.#heldBytes -= oldest.message?.length ?? 0;
      oldest.message = undefined;
    }
  }

  /** The items whose bytes are held and of which new neighbours learn by nothing else: the latest first, at most `limit`. */
  held(limit: number): readonly Item[] {
    return this.#held.latest(limit, (item) => !item.isCompared);
  }

  /** The link with this bit is gone: its bit will be another link's. */
  forgetHolder(bit: number): void {
    for (const item of this.#seen.values()) item.holders &= ~bit;
  }
}
