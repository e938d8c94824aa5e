import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { Item } from './item-cache.ts';

/** One neighbour, as gossip sees it. */
export class GossipLink {
  readonly node: NodeId;
  /** The bit of this link in {@link Item.holders}; 0 beyond `maxGossipLinks`. */
  readonly bit: number;
  /** On the tree: items are pushed to it. */
  isEager: boolean;
  /** One of the few links on which items are announced at once; on the others they are announced later. */
  isClose: boolean;
  /** Items to be announced. */
  pending: Item[] = [];
  announceAt: number | undefined;
  announcedAt = -Infinity;
  /** How many items we asked of it and have not got. */
  asked = 0;
  /** How many items of it wait for their verdict. */
  validating = 0;
  /** When we last asked it not to push; undefined once one of both wanted the link on the tree again. */
  prunedAt: number | undefined;
  pushesAfterPrune = 0;

  readonly incomingPushes: TokenBucket;
  readonly outgoingPushes: TokenBucket;
  readonly incomingAnnouncements: TokenBucket;
  readonly incomingIds: TokenBucket;
  readonly served: TokenBucket;

  constructor(node: NodeId, bit: number, isEager: boolean, isClose: boolean, now: number) {
    this.node = node;
    this.bit = bit;
    this.isEager = isEager;
    this.isClose = isClose;
    this.incomingPushes = new TokenBucket(LIMITS.gossipPushesPerSecond, LIMITS.gossipPushesBurst, now);
    this.outgoingPushes = new TokenBucket(LIMITS.gossipOwnPushesPerSecond, LIMITS.gossipOwnPushesBurst, now);
    this.incomingAnnouncements = new TokenBucket(LIMITS.gossipAnnouncementsPerSecond, LIMITS.gossipAnnouncementsBurst, now);
    this.incomingIds = new TokenBucket(LIMITS.gossipIdsPerSecond, LIMITS.gossipIdsBurst, now);
    this.served = new TokenBucket(LIMITS.gossipServedBytesPerSecond, LIMITS.gossipServedBytesBurst, now);
  }

  /** When the next announcement is to go out, if one is added now. */
  announcementTime(now: number): number {
    if (!this.isClose) return now + LIMITS.gossipAnnounceFarMs;
    return Math.max(now + LIMITS.gossipAnnounceFirstMs, this.announcedAt + LIMITS.gossipAnnounceMs);
  }

  /** On the tree, by our wish or the neighbour's. */
  join(): void {
    this.isEager = true;
    this.prunedAt = undefined;
  }

  /** Whether a prune of ours has had the time to be heard. */
  isPruned(now: number): boolean {
    return this.prunedAt !== undefined && now > this.prunedAt + LIMITS.gossipPruneTakesMs;
  }

  isBackingOff(now: number): boolean {
    return this.prunedAt !== undefined && now < this.prunedAt + LIMITS.gossipPruneBackoffMs;
  }
}
