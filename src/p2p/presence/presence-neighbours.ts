import { BoundedMap } from '../../base/bounded-map.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Queue } from '../../base/queue.ts';
import type { SeededRandom } from '../../base/seeded-random.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { LinkKind } from '../../ports/link.ts';
import type { Offence } from '../neighbours.ts';
import { proofOf } from './comparison.ts';
import type { PresenceOutput } from './presence-io.ts';
import { encodePresenceMessage, type PresenceMessage } from './presence-messages.ts';
import type { Entry } from './presence-table.ts';

/** One neighbour, as presence sees it. */
export class PresenceNeighbour {
  readonly node: NodeId;
  /** Another tab of this browser. */
  readonly isTab: boolean;
  readonly checks: TokenBucket;
  /** Nodes unknown to us that it tells of, however many others do. */
  readonly newcomers: TokenBucket;
  /** Those of them that are taken on its word alone. */
  readonly soleVoice: TokenBucket;
  /** The same, while we have no other neighbour who could tell of them. */
  readonly onlyVoice: TokenBucket;
  /** Those that wait for a second voice; what gets one is given back. */
  readonly doubts: TokenBucket;
  /** Nodes that it told of and that wait for a second voice, and since when. */
  readonly heard = new BoundedMap<NodeId, number>(LIMITS.maxPresenceHeard);
  readonly compares: TokenBucket;
  readonly asides: TokenBucket;
  readonly ownAsides: TokenBucket;
  /** Until when items of it belong to a comparison. */
  comparesUntil = -Infinity;
  /** It started anew since the session began: that this session ends says nothing about it. */
  isFormerRun = false;
  #upAt = -Infinity;

  constructor(node: NodeId, kind: LinkKind, now: number) {
    this.node = node;
    this.isTab = kind === 'tab';
    this.checks = new TokenBucket(LIMITS.presenceChecksPerSecond, LIMITS.presenceChecksBurst, now);
    this.newcomers = new TokenBucket(LIMITS.presenceNewcomersPerSecond, LIMITS.presenceNewcomersBurst, now);
    this.soleVoice = new TokenBucket(1000 / LIMITS.presenceSoleVoiceEveryMs, LIMITS.presenceSoleVoiceBurst, now);
    this.onlyVoice = new TokenBucket(LIMITS.presenceOnlyVoicePerSecond, LIMITS.presenceSoleVoiceBurst, now);
    this.doubts = new TokenBucket(LIMITS.presenceDoubtsPerSecond, LIMITS.presenceDoubtsBurst, now);
    this.compares = new TokenBucket(LIMITS.presenceComparesPerSecond, LIMITS.presenceComparesBurst, now);
    this.asides = new TokenBucket(LIMITS.presenceAsidesPerSecond, LIMITS.presenceAsidesBurst, now);
    this.ownAsides = new TokenBucket(LIMITS.presenceOwnAsidesPerSecond, LIMITS.presenceOwnAsidesBurst, now);
  }

  up(now: number): void {
    this.comparesUntil = -Infinity;
    this.isFormerRun = false;
    this.#upAt = now;
  }

  /** A card of another run came. The first cards of the session's own run come when it begins. */
  restarted(now: number): void {
    if (now > this.#upAt + LIMITS.presenceRestartMs) this.isFormerRun = true;
  }
}

/** The neighbours, and what they are told. */
export class PresenceNeighbours {
  readonly #neighbours = new Map<NodeId, PresenceNeighbour>();
  readonly #former = new BoundedMap<NodeId, PresenceNeighbour>(LIMITS.maxFormerPresenceNeighbours);
  readonly #outputs: Queue<PresenceOutput>;

  constructor(outputs: Queue<PresenceOutput>) {
    this.#outputs = outputs;
  }

  get size(): number {
    return this.#neighbours.size;
  }

  get(node: NodeId): PresenceNeighbour | undefined {
    return this.#neighbours.get(node);
  }

  has(node: NodeId): boolean {
    return this.#neighbours.has(node);
  }

  all(): IterableIterator<PresenceNeighbour> {
    return this.#neighbours.values();
  }

  pick(random: SeededRandom): PresenceNeighbour | undefined {
    return random.pick([...this.#neighbours.values()]);
  }

  /** With what it has used up before: a new link is no new budget. */
  up(node: NodeId, kind: LinkKind, now: number): PresenceNeighbour {
    const neighbour = this.#neighbours.get(node) ?? this.#former.get(node) ?? new PresenceNeighbour(node, kind, now);
    neighbour.up(now);
    this.#former.delete(node);
    this.#neighbours.set(node, neighbour);
    return neighbour;
  }

  down(neighbour: PresenceNeighbour): void {
    this.#neighbours.delete(neighbour.node);
    this.#former.set(neighbour.node, neighbour);
  }

  send(to: NodeId, message: PresenceMessage): void {
    this.#outputs.push({ type: 'send', to, bytes: encodePresenceMessage(message) });
  }

  /** Outside a comparison, within what a neighbour may be told so. */
  tell(to: NodeId, item: Uint8Array, now: number): void {
    if (this.#neighbours.get(to)?.ownAsides.take(now)) this.send(to, { type: 'items', isLast: false, items: [item] });
  }

  /** Why we take the node for gone, if we can show it. */
  tellProof(entry: Entry, to: NodeId, now: number): void {
    const proof = proofOf(entry);
    if (proof) this.tell(to, proof, now);
  }

  blame(node: NodeId, offence: Offence, detail: string): void {
    this.#outputs.push({ type: 'misbehaved', node, offence, detail });
  }
}
