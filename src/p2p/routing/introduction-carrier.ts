import { BoundedMap } from '../../base/bounded-map.ts';
import { toBase64url } from '../../base/bytes.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import { sha256 } from '../../crypto/hash.ts';
import type { Offence } from '../neighbours.ts';
import type { NodeTag } from './node-tag.ts';
import type { FoundPath } from './path-finder.ts';
import type { PathStep, PathTable } from './path-table.ts';
import type { PathId, RelayHeader, RoutingMessage } from './routing-messages.ts';

type CarriedMessage = Extract<RoutingMessage, { readonly type: 'along' | 'back' }>;

export type IntroductionCarrierInput =
  | { readonly type: 'neighbour-up'; readonly node: NodeId }
  | { readonly type: 'neighbour-down'; readonly node: NodeId }
  /** A sealed introduction for a node without a link. */
  | { readonly type: 'carry'; readonly to: NodeId; readonly tag: NodeTag; readonly body: Uint8Array }
  /** The introduction that came along this path was the node's: ours to it go back the same way. */
  | { readonly type: 'came-from'; readonly node: NodeId; readonly path: PathId }
  | { readonly type: 'found'; readonly tag: NodeTag; readonly path: FoundPath }
  | { readonly type: 'not-found'; readonly tag: NodeTag }
  | { readonly type: 'message'; readonly from: NodeId; readonly message: CarriedMessage };

export type IntroductionCarrierOutput =
  | { readonly type: 'send'; readonly to: NodeId; readonly message: CarriedMessage }
  /** A path is needed; answered by `found` or `not-found`. */
  | { readonly type: 'find'; readonly tag: NodeTag }
  /** For this node. */
  | { readonly type: 'introduction'; readonly body: Uint8Array; readonly path: PathId }
  | { readonly type: 'undeliverable'; readonly to: NodeId }
  | { readonly type: 'misbehaved'; readonly node: NodeId; readonly offence: Offence; readonly detail: string };

/** Where a relay passes things on. */
export interface NextHops {
  nextHops(header: RelayHeader, from: NodeId | undefined, now: number): readonly NodeId[];
}

type Route = { readonly path: PathId; readonly isBack: boolean };
type Waiting = { readonly to: NodeId; readonly tag: NodeTag; readonly body: Uint8Array };

/**
 * Brings sealed introductions to nodes without a link and without a server: along a path that was found, and the answers back along it. Whoever passes one
 * on learns what a signaling server would: nothing but where it came from and where it goes next.
 */
export class IntroductionCarrier {
  readonly #outputs: IntroductionCarrierOutput[] = [];
  readonly #ownTag: NodeTag;
  readonly #paths: PathTable;
  readonly #hops: NextHops;
  readonly #buckets = new Map<NodeId, TokenBucket>();
  readonly #routes = new BoundedMap<NodeId, Route>(LIMITS.maxFinds);
  readonly #seen = new BoundedMap<string, true>(LIMITS.maxSeenIntroductions);
  #waiting: Waiting[] = [];

  constructor(options: { readonly ownTag: NodeTag; readonly paths: PathTable; readonly hops: NextHops }) {
    this.#ownTag = options.ownTag;
    this.#paths = options.paths;
    this.#hops = options.hops;
  }

  handle(input: IntroductionCarrierInput, now: number): void {
    switch (input.type) {
      case 'neighbour-up':
        this.#buckets.set(input.node, new TokenBucket(LIMITS.carriedIntroductionsPerSecond, LIMITS.carriedIntroductionsBurst, now));
        return;
      case 'neighbour-down':
        this.#buckets.delete(input.node);
        return;
      case 'carry':
        return this.#carry(input, now);
      case 'came-from':
        this.#routes.set(input.node, { path: input.path, isBack: this.#paths.get(input.path, now)?.previous !== undefined });
        return;
      case 'found':
        return this.#found(input.tag, input.path, now);
      case 'not-found':
        for (const { to } of this.#take(input.tag)) this.#outputs.push({ type: 'undeliverable', to });
        return;
      case 'message':
        return this.#received(input.from, input.message, now);
    }
  }

  poll(): IntroductionCarrierOutput | undefined {
    return this.#outputs.shift();
  }

  #carry(waiting: Waiting, now: number): void {
    if (this.#sendOverRoute(waiting, now)) return;
    if (this.#waiting.length >= LIMITS.maxWaitingIntroductions) {
      this.#outputs.push({ type: 'undeliverable', to: waiting.to });
      return;
    }
    const isWanted = this.#waiting.some(({ tag }) => tag === waiting.tag);
    this.#waiting.push(waiting);
    if (!isWanted) this.#outputs.push({ type: 'find', tag: waiting.tag });
  }

  /** Over the path that served the last introduction from or to the node, while it lives. */
  #sendOverRoute({ to, tag, body }: Waiting, now: number): boolean {
    const route = this.#routes.get(to);
    const step = route && this.#paths.get(route.path, now);
    if (!route || !step) return false;
    const hop = route.isBack ? step.previous : step.next;
    if (hop === undefined || !this.#buckets.has(hop)) return false;
    this.#paths.refresh(route.path, now);
    const message: CarriedMessage = route.isBack
      ? { type: 'back', path: route.path, body }
      : { type: 'along', path: route.path, tag, relaysLeft: LIMITS.maxRelays - 1, body };
    this.#outputs.push({ type: 'send', to: hop, message });
    return true;
  }

  #found(tag: NodeTag, { via, path }: FoundPath, now: number): void {
    const step = this.#paths.get(path, now) ?? this.#paths.add(path, tag, undefined, now);
    if (step) step.next = via;
    for (const waiting of this.#take(tag)) {
      this.#routes.set(waiting.to, { path, isBack: false });
      if (!this.#sendOverRoute(waiting, now)) this.#outputs.push({ type: 'undeliverable', to: waiting.to });
    }
  }

  #take(tag: NodeTag): readonly Waiting[] {
    const taken = this.#waiting.filter((waiting) => waiting.tag === tag);
    this.#waiting = this.#waiting.filter((waiting) => waiting.tag !== tag);
    return taken;
  }

  // ── of others ──────────────────────────────────────────────────────────────────────────────────────────────────

  #received(from: NodeId, message: CarriedMessage, now: number): void {
    if (!this.#buckets.get(from)?.take(now)) {
      this.#outputs.push({ type: 'misbehaved', node: from, offence: 'flood', detail: 'It sends more introductions than anybody needs.' });
      return;
    }
    const name = toBase64url(sha256(Uint8Array.of(message.type === 'along' ? 0 : 1), message.body));
    if (this.#seen.has(name)) return;
    this.#seen.set(name, true);
    if (message.type === 'along') this.#along(from, message, now);
    else this.#back(from, message, now);
  }

  #along(from: NodeId, message: Extract<CarriedMessage, { readonly type: 'along' }>, now: number): void {
    const { path, tag, relaysLeft, body } = message;
    const step = this.#paths.get(path, now) ?? this.#paths.add(path, tag, from, now);
    // A path has one beginning: from elsewhere it is a loop, or somebody else's.
    if (!step || step.previous !== from || step.tag !== tag) return;
    this.#paths.refresh(path, now);
    if (tag === this.#ownTag) {
      this.#outputs.push({ type: 'introduction', body, path });
      return;
    }
    const hop = this.#nextOf(step, message, from, now);
    if (hop === undefined) return;
    this.#outputs.push({ type: 'send', to: hop, message: { type: 'along', path, tag, relaysLeft: Math.max(0, relaysLeft - 1), body } });
  }

  /** Always the same way, once there is one: an introduction's candidates follow it. */
  #nextOf(step: PathStep, header: RelayHeader, from: NodeId, now: number): NodeId | undefined {
    const hops = this.#hops.nextHops(header, from, now);
    if (step.next === undefined || !hops.includes(step.next)) step.next = hops[0];
    return step.next;
  }

  #back(from: NodeId, { path, body }: Extract<CarriedMessage, { readonly type: 'back' }>, now: number): void {
    const step = this.#paths.get(path, now);
    if (step?.next !== from) return;
    this.#paths.refresh(path, now);
    if (step.previous === undefined) this.#outputs.push({ type: 'introduction', body, path });
    else this.#outputs.push({ type: 'send', to: step.previous, message: { type: 'back', path, body } });
  }
}
