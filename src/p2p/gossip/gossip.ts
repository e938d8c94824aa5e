import { BoundedMap } from '../../base/bounded-map.ts';
import { DeadlineQueue } from '../../base/deadline-queue.ts';
import { asParleyError, ParleyError } from '../../base/errors.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Machine, Wake } from '../../base/machine.ts';
import { Queue } from '../../base/queue.ts';
import { SeededRandom } from '../../base/seeded-random.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { NeighbourInput, NeighbourOutput, Offence } from '../neighbours.ts';
import { GossipLink } from './gossip-link.ts';
import { decodeGossipMessage, encodeIds, encodePrune, encodePush, markPush, type GossipMessage } from './gossip-messages.ts';
import { ItemCache, type Item } from './item-cache.ts';
import { itemIdOf, type ItemId } from './item-id.ts';
import { MissingItems, type Missing } from './missing-items.ts';

/**
 * `accept`: it is passed on. `ignore`: it is not, and nobody is blamed. `defer`: the same, but it is judged anew when another neighbour brings it. `reject`:
 * whoever passed it on should have seen that it is wrong.
 */
export type GossipVerdict = 'accept' | 'ignore' | 'defer' | 'reject';

export type GossipInput =
  | NeighbourInput
  | { readonly type: 'subscribe'; readonly topic: string }
  | { readonly type: 'unsubscribe'; readonly topic: string }
  | { readonly type: 'publish'; readonly topic: string; readonly bytes: Uint8Array }
  | { readonly type: 'verdict'; readonly job: number; readonly verdict: GossipVerdict };

export type GossipOutput =
  | NeighbourOutput
  /** To be judged before it is passed on, whether or not we subscribed to its topic; answered by a `verdict`. */
  | { readonly type: 'validate'; readonly job: number; readonly topic: string; readonly bytes: Uint8Array; readonly from: NodeId }
  /** An accepted item of a topic that we subscribed to. */
  | { readonly type: 'deliver'; readonly topic: string; readonly bytes: Uint8Array; readonly from: NodeId };

type Push = Extract<GossipMessage, { readonly type: 'push' }>;
type Job = { readonly item: Item; readonly push: Push; readonly message: Uint8Array; readonly from: GossipLink; readonly alsoFrom: GossipLink[] };
type Due =
  | { readonly type: 'announce'; readonly link: GossipLink; readonly at: number }
  | { readonly type: 'missing'; readonly missing: Missing }
  | { readonly type: 'promise'; readonly missing: Missing; readonly link: GossipLink };

/**
 * Broadcast to the whole network: items travel along a tree of links that the network finds by itself, and are announced on the others, from
 * which a node that misses an item fetches it and mends the tree (Plumtree). One tree serves all topics.
 */
export class Gossip implements Machine<GossipInput, GossipOutput> {
  readonly #outputs = new Queue<GossipOutput>();
  readonly #random: SeededRandom;
  readonly #links = new Map<NodeId, GossipLink>();
  readonly #topics = new Set<string>();
  readonly #compared: ReadonlySet<string>;
  readonly #cache = new ItemCache();
  readonly #missing = new MissingItems();
  /** Items that were deferred, with the links that brought them, as bits. */
  readonly #deferred = new BoundedMap<ItemId, number>(LIMITS.maxGossipDeferred);
  readonly #due = new DeadlineQueue<Due>();
  readonly #jobs = new Map<number, Job>();
  readonly #jobOf = new Map<Item, Job>();
  #usedSlots = 0;
  #nextJob = 1;

  /** `compared`: topics of which new neighbours tell each other what they have by a protocol of the topic's own. */
  constructor(entropy: Entropy, compared: Iterable<string> = []) {
    this.#random = SeededRandom.fromBytes(entropy.bytes(4));
    this.#compared = new Set(compared);
  }

  handle(input: GossipInput | Wake, now: number): void {
    switch (input.type) {
      case 'neighbour-up':
        return this.#up(input.node, now);
      case 'neighbour-down':
        return this.#down(input.node);
      case 'message':
        return this.#message(input.from, input.bytes, now);
      case 'subscribe':
        if (this.#topics.size < LIMITS.maxTopics) this.#topics.add(input.topic);
        return;
      case 'unsubscribe':
        this.#topics.delete(input.topic);
        return;
      case 'publish':
        return this.#publish(input.topic, input.bytes, now);
      case 'verdict':
        return this.#verdict(input.job, input.verdict, now);
      case 'wake':
        return this.#wake(now);
    }
  }

  poll(): GossipOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return this.#due.next();
  }

  /** The neighbours to which items are pushed. */
  eager(): readonly NodeId[] {
    return [...this.#links.values()].filter((link) => link.isEager).map((link) => link.node);
  }

  // ── neighbours ─────────────────────────────────────────────────────────────────────────────────────────────────

  #up(node: NodeId, now: number): void {
    if (this.#links.has(node)) this.#down(node);
    if (this.#links.size >= LIMITS.maxGossipNeighbours) return;
    const link = new GossipLink(node, lowestZeroBit(this.#usedSlots), this.#count('isEager') < LIMITS.gossipCloseLinks, true, now);
    this.#usedSlots |= link.bit;
    this.#links.set(node, link);
    this.#limitCloseLinks();
    this.#tellHeld(link, now);
  }

  /** The close links are a random choice of all, whatever the order in which they came: nobody gets close by being early. */
  #limitCloseLinks(): void {
    if (this.#count('isClose') <= LIMITS.gossipCloseLinks) return;
    const links = [...this.#links.values()];
    const isNewcomerIn = this.#random.below(links.length) < LIMITS.gossipCloseLinks;
    const newcomer = links.at(-1) as GossipLink;
    const leaver = isNewcomerIn ? (this.#random.pick(links.filter((link) => link.isClose && link !== newcomer)) ?? newcomer) : newcomer;
    leaver.isClose = false;
  }

  /** Anti-entropy: whoever comes from the other side of a split, or later, learns what can still be had. */
  #tellHeld(link: GossipLink, now: number): void {
    this.#cache.trim(now);
    const ids = this.#cache.held(LIMITS.maxGossipBacklogIds).map((item) => item.id);
    if (ids.length > 0) this.#send(link, encodeIds('have', ids));
  }

  #down(node: NodeId): void {
    const link = this.#links.get(node);
    if (!link) return;
    this.#links.delete(node);
    this.#usedSlots &= ~link.bit;
    this.#cache.forgetHolder(link.bit);
    for (const [id, bits] of [...this.#deferred]) if (bits & link.bit) this.#deferred.set(id, bits & ~link.bit);
    this.#missing.left(link);
    link.pending = [];
    link.announceAt = undefined;
    if (link.isClose) {
      const next = this.#random.pick([...this.#links.values()].filter((other) => !other.isClose));
      if (next) next.isClose = true;
    }
  }

  #count(flag: 'isEager' | 'isClose'): number {
    let count = 0;
    for (const link of this.#links.values()) if (link[flag]) count++;
    return count;
  }

  // ── messages ───────────────────────────────────────────────────────────────────────────────────────────────────

  #message(from: NodeId, bytes: Uint8Array, now: number): void {
    const link = this.#links.get(from);
    if (!link) return;
    let message: GossipMessage;
    try {
      message = decodeGossipMessage(bytes);
    } catch (thrown) {
      return this.#blame(link, 'malformed', asParleyError(thrown).message);
    }
    switch (message.type) {
      case 'push':
        return this.#pushed(link, message, bytes, now);
      case 'have':
        return this.#announced(link, message.ids, now);
      case 'want':
        return this.#wanted(link, message.ids, true, now);
      case 'graft':
        return this.#grafted(link, message.ids, now);
      case 'prune':
        link.isEager = false;
        return;
    }
  }

  #pushed(link: GossipLink, push: Push, bytes: Uint8Array, now: number): void {
    // What was asked for costs no quota; whether this is such an item is known only from its hash.
    if (link.asked === 0 && !link.incomingPushes.take(now)) return this.#blame(link, 'flood', 'Items came too fast.');
    const id = itemIdOf(push.topic, push.bytes);
    const wasAsked = this.#missing.came(id, link);
    if (!wasAsked && link.asked > 0 && !link.incomingPushes.take(now)) return this.#blame(link, 'flood', 'Items came too fast.');
    if (!push.besideTree && link.isPruned(now) && ++link.pushesAfterPrune > LIMITS.maxGossipPushesAfterPrune) {
      return this.#blame(link, 'flood', 'It goes on pushing what it was asked to announce.');
    }
    const known = this.#cache.get(id);
    if (known) return this.#copy(link, known, push, now);

    if (link.validating >= LIMITS.maxGossipValidatingPerLink || this.#jobs.size >= LIMITS.maxGossipValidating) return;
    const item = this.#cache.add(id, this.#compared.has(push.topic), now);
    item.holders |= link.bit | (this.#deferred.get(id) ?? 0);
    if (!push.besideTree) {
      item.treeFrom = link;
      if (link.prunedAt === undefined) link.isEager = true;
    }
    const job: Job = { item, push, message: bytes, from: link, alsoFrom: [] };
    const number = this.#nextJob++;
    this.#jobs.set(number, job);
    this.#jobOf.set(item, job);
    link.validating++;
    this.#outputs.push({ type: 'validate', job: number, topic: push.topic, bytes: push.bytes, from: link.node });
  }

  /** What comes a second time along the tree shows a loop: one of its links is taken out. */
  #copy(link: GossipLink, item: Item, push: Push, now: number): void {
    item.holders |= link.bit;
    const job = this.#jobOf.get(item);
    if (job && job.from !== link && job.alsoFrom.length < LIMITS.maxGossipAnnouncers) job.alsoFrom.push(link);
    if (push.besideTree) return;
    if (!item.treeFrom) {
      item.treeFrom = link;
      return;
    }
    if (item.treeFrom === link) return this.#blame(link, 'stale', 'An item came twice along the same link.');
    link.isEager = false;
    // Those that were under way need no prune each.
    if (link.prunedAt !== undefined && !link.isPruned(now)) return;
    link.prunedAt = now;
    this.#send(link, encodePrune());
  }

  #announced(link: GossipLink, ids: readonly ItemId[], now: number): void {
    if (!link.incomingAnnouncements.take(now) || !link.incomingIds.take(now, ids.length)) {
      return this.#blame(link, 'flood', 'Announcements came too fast.');
    }
    for (const id of ids) {
      const item = this.#cache.get(id);
      if (item) {
        item.holders |= link.bit;
        continue;
      }
      this.#missed(id, link, now);
    }
  }

  #missed(id: ItemId, link: GossipLink, now: number): void {
    const deferred = this.#deferred.get(id);
    if (deferred && deferred & link.bit) return;
    const missing = this.#missing.announced(id, link);
    // The tree brought a deferred item already: there is nothing to wait for.
    if (missing) this.#due.push(deferred === undefined ? now + LIMITS.gossipMissingMs : now, { type: 'missing', missing });
  }

  #grafted(link: GossipLink, ids: readonly ItemId[], now: number): void {
    if (ids.length === 0 && link.isBackingOff(now)) return this.#blame(link, 'flood', 'It asks to be pushed to, right after a prune.');
    link.join();
    this.#wanted(link, ids, false, now);
  }

  #wanted(link: GossipLink, ids: readonly ItemId[], besideTree: boolean, now: number): void {
    if (!link.incomingIds.take(now, ids.length)) return this.#blame(link, 'flood', 'Requests came too fast.');
    for (const id of ids) {
      const item = this.#cache.get(id);
      if (!item?.message) continue;
      if (!link.served.take(now, item.message.length)) return this.#blame(link, 'flood', 'It fetches too much.');
      // What was pushed already and is asked for all the same was dropped on the other side: no loop of the tree.
      const isAgain = link.bit === 0 || (item.holders & link.bit) !== 0;
      item.holders |= link.bit;
      this.#send(link, markPush(item.message, besideTree || isAgain));
    }
  }

  // ── items ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #publish(topic: string, bytes: Uint8Array, now: number): void {
    if (bytes.length > LIMITS.maxGossipItemBytes || topic.length > LIMITS.maxTopicLength) {
      throw new ParleyError('too-large', `At most ${LIMITS.maxGossipItemBytes} bytes can be published at once.`);
    }
    const id = itemIdOf(topic, bytes);
    if (this.#cache.get(id)) return;
    const item = this.#cache.add(id, this.#compared.has(topic), now);
    item.treeFrom = 'own';
    this.#pass(item, encodePush(topic, bytes, false), now);
    this.#startWide(item, bytes.length, now);
  }

  /** A publication begins on several links, tree or not, so that the loss of a few of them does not delay it. */
  #startWide(item: Item, size: number, now: number): void {
    const { message } = item;
    if (!message) return;
    const wanted = size <= LIMITS.gossipFloodBytes ? LIMITS.gossipCloseLinks : LIMITS.gossipFirstPushes;
    let pushes = this.#count('isEager');
    for (const link of this.#links.values()) {
      if (pushes >= wanted) return;
      if (link.isEager || !link.isClose || !link.outgoingPushes.take(now)) continue;
      pushes++;
      item.holders |= link.bit;
      this.#send(link, markPush(message, true));
    }
  }

  #verdict(number: number, verdict: GossipVerdict, now: number): void {
    const job = this.#jobs.get(number);
    if (!job) return;
    this.#jobs.delete(number);
    this.#jobOf.delete(job.item);
    job.from.validating--;
    if (verdict === 'ignore') return;
    if (verdict === 'defer') return this.#defer(job, now);
    if (verdict === 'reject') {
      for (const link of [job.from, ...job.alsoFrom]) this.#blame(link, 'invalid', `It passed on an item of “${job.push.topic}” that is wrong.`);
      return;
    }
    this.#pass(job.item, job.message, now);
    if (this.#topics.has(job.push.topic)) {
      this.#outputs.push({ type: 'deliver', topic: job.push.topic, bytes: job.push.bytes, from: job.from.node });
    }
  }

  /** Whoever else is known to have it is asked for it; as it may be judged again, it counts as never seen. */
  #defer({ item, from }: Job, now: number): void {
    this.#cache.forget(item);
    this.#deferred.set(item.id, (this.#deferred.get(item.id) ?? 0) | from.bit);
    for (const link of this.#links.values()) if (item.holders & link.bit) this.#missed(item.id, link, now);
  }

  /** Pushes along the tree, announces on the other links. */
  #pass(item: Item, message: Uint8Array, now: number): void {
    this.#cache.hold(item, message, now);
    for (const link of this.#links.values()) {
      if (item.holders & link.bit) continue;
      if (link.isEager && link.outgoingPushes.take(now)) {
        item.holders |= link.bit;
        this.#send(link, message);
      } else {
        this.#announceLater(link, item, now);
      }
    }
  }

  #announceLater(link: GossipLink, item: Item, now: number): void {
    if (link.pending.length >= LIMITS.maxGossipMissing) return;
    link.pending.push(item);
    if (link.announceAt !== undefined) return;
    link.announceAt = link.announcementTime(now);
    this.#due.push(link.announceAt, { type: 'announce', link, at: link.announceAt });
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #wake(now: number): void {
    const expectedAt = this.#due.next();
    const isLate = expectedAt !== undefined && now > expectedAt + LIMITS.lateWakeMs;
    const asks = new Map<GossipLink, ItemId[]>();
    const broken = new Set<GossipLink>();
    for (let due = this.#due.take(now); due; due = this.#due.take(now)) {
      if (due.type === 'announce') this.#announce(due.link, due.at, now);
      else if (due.type === 'missing') this.#askFor(due.missing, asks, now);
      else if (this.#missing.broke(due.missing, due.link) && !isLate) broken.add(due.link);
    }
    for (const [link, ids] of asks) this.#ask(link, ids);
    for (const link of broken) this.#blame(link, 'broken-promise', 'It announced an item and did not bring it.');
  }

  #announce(link: GossipLink, at: number, now: number): void {
    if (link.announceAt !== at) return;
    const ids = link.pending.filter((item) => item.message && !(item.holders & link.bit)).map((item) => item.id);
    link.pending = [];
    link.announceAt = undefined;
    for (let from = 0; from < ids.length; from += LIMITS.maxGossipIdsPerMessage) {
      link.announcedAt = now;
      this.#send(link, encodeIds('have', ids.slice(from, from + LIMITS.maxGossipIdsPerMessage)));
    }
  }

  #askFor(missing: Missing, asks: Map<GossipLink, ItemId[]>, now: number): void {
    if (this.#missing.get(missing.id) !== missing) return;
    const link = this.#missing.ask(missing);
    if (link) {
      const ids = asks.get(link);
      if (ids) ids.push(missing.id);
      else asks.set(link, [missing.id]);
      this.#due.push(now + LIMITS.gossipPromiseMs, { type: 'promise', missing, link });
    }
    if (link || missing.announcers.length > 0) this.#due.push(now + LIMITS.gossipAskNextMs, { type: 'missing', missing });
  }

  /** Something that the tree should have brought is missing: the tree is mended with the link that has it. */
  #ask(link: GossipLink, ids: readonly ItemId[]): void {
    const isTreeBroken = ids.some((id) => !this.#deferred.has(id));
    const isGraft = isTreeBroken && !link.isEager && this.#count('isEager') < LIMITS.gossipCloseLinks;
    if (isGraft) link.join();
    this.#send(link, encodeIds(isGraft ? 'graft' : 'want', ids));
  }

  #send(link: GossipLink, bytes: Uint8Array): void {
    this.#outputs.push({ type: 'send', to: link.node, bytes });
  }

  #blame(link: GossipLink, offence: Offence, detail: string): void {
    this.#outputs.push({ type: 'misbehaved', node: link.node, offence, detail });
  }
}

/** As a bit, not its place; 0 where all are taken. */
function lowestZeroBit(bits: number): number {
  return ~bits & (bits + 1);
}
