import { toBase64url } from '../../base/bytes.ts';
import { BoundedMap } from '../../base/bounded-map.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { earlier, type Machine, type Wake } from '../../base/machine.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { Offence } from '../neighbours.ts';
import type { NodeTag } from './node-tag.ts';
import type { PathTable } from './path-table.ts';
import { PATH_ID_BYTES, type PathId, type RelayHeader, type RoutingMessage } from './routing-messages.ts';

type FindMessage = Extract<RoutingMessage, { readonly type: 'find' | 'found' }>;

/** The way to a node: over the neighbour `via` as the first of `relays` relays. */
export type FoundPath = { readonly via: NodeId; readonly path: PathId; readonly relays: number };

/** Why there is none: no neighbour at all, nobody knows a way, or too many are being looked for. */
export type FindFailure = 'no-neighbours' | 'not-found' | 'overloaded';

export type PathFinderInput =
  | { readonly type: 'neighbour-up'; readonly node: NodeId; readonly tag: NodeTag }
  | { readonly type: 'neighbour-down'; readonly node: NodeId }
  /** How good a relay the neighbour would be: its round-trip time, and the circuits of ours that it carries already. */
  | { readonly type: 'quality'; readonly node: NodeId; readonly rttMs?: number; readonly circuits?: number }
  | { readonly type: 'find'; readonly request: number; readonly tag: NodeTag; readonly avoid: ReadonlySet<NodeId> }
  | { readonly type: 'cancel'; readonly request: number }
  /** What was found did not lead there: for a while others are preferred. */
  | { readonly type: 'did-not-lead'; readonly tag: NodeTag; readonly via: NodeId }
  | { readonly type: 'message'; readonly from: NodeId; readonly message: FindMessage };

export type PathFinderOutput =
  | { readonly type: 'send'; readonly to: NodeId; readonly message: FindMessage }
  /** The best first. */
  | { readonly type: 'found'; readonly request: number; readonly paths: readonly FoundPath[] }
  | { readonly type: 'not-found'; readonly request: number; readonly why: FindFailure }
  | { readonly type: 'misbehaved'; readonly node: NodeId; readonly offence: Offence; readonly detail: string };

/** Whom the neighbours know. */
export interface NeighbourKnowledge {
  holders(tag: NodeTag): readonly NodeId[];
}

type Neighbour = {
  readonly tag: NodeTag;
  readonly bucket: TokenBucket;
  /** What this node itself may ask of it. */
  readonly own: TokenBucket;
  rttMs: number;
  circuits: number;
};

type Search = {
  readonly request: number;
  readonly tag: NodeTag;
  readonly avoid: ReadonlySet<NodeId>;
  round: number;
  path: PathId;
  asked: ReadonlySet<NodeId>;
  deadline: number;
};

/** Ever wider: first those who know somebody who knows the node, then one step more, then everybody is asked. */
const ROUNDS = [
  { relaysLeft: 1, fanOut: 4, waitMs: 800 },
  { relaysLeft: 2, fanOut: 4, waitMs: 1_500 },
  { relaysLeft: 2, fanOut: LIMITS.maxListedLinks, waitMs: 1_500 },
] as const;
/** A neighbour whose round-trip time is not known yet is taken for an average one. */
const USUAL_RTT_MS = 100;
/** What each circuit of ours counts against a relay: the load spreads before a near relay is full. */
const CIRCUIT_COST_MS = 25;
const RANDOM_COST_MS = 30;

/**
 * Finds relays to nodes. Mostly the neighbours' lists name one at once; otherwise a question travels a step or two (expanding ring), each node answers
 * or passes it on once, and the answer comes back the way of the question. An answer is never larger than its question.
 */
export class PathFinder implements Machine<PathFinderInput, PathFinderOutput> {
  readonly #outputs: PathFinderOutput[] = [];
  readonly #knowledge: NeighbourKnowledge;
  readonly #paths: PathTable;
  readonly #entropy: Entropy;
  readonly #ownTag: NodeTag;
  readonly #neighbours = new Map<NodeId, Neighbour>();
  readonly #byTag = new Map<NodeTag, NodeId>();
  readonly #searches = new Map<number, Search>();
  readonly #misleading = new BoundedMap<string, number>(LIMITS.maxPaths);

  constructor(options: { readonly ownTag: NodeTag; readonly knowledge: NeighbourKnowledge; readonly paths: PathTable; readonly entropy: Entropy }) {
    this.#ownTag = options.ownTag;
    this.#knowledge = options.knowledge;
    this.#paths = options.paths;
    this.#entropy = options.entropy;
  }

  handle(input: PathFinderInput | Wake, now: number): void {
    switch (input.type) {
      case 'neighbour-up':
        return this.#up(input.node, input.tag, now);
      case 'neighbour-down':
        return this.#down(input.node);
      case 'quality': {
        const neighbour = this.#neighbours.get(input.node);
        if (!neighbour) return;
        neighbour.rttMs = input.rttMs ?? neighbour.rttMs;
        neighbour.circuits = input.circuits ?? neighbour.circuits;
        return;
      }
      case 'find':
        return this.#find(input.request, input.tag, input.avoid, now);
      case 'cancel':
        this.#searches.delete(input.request);
        return;
      case 'did-not-lead':
        this.#misleading.set(`${input.tag} ${input.via}`, now + LIMITS.pathLifetimeMs);
        return;
      case 'message':
        if (input.message.type === 'find') return this.#asked(input.from, input.message, now);
        return this.#answered(input.from, input.message, now);
      case 'wake':
        for (const search of this.#searches.values()) if (now >= search.deadline) this.#nextRound(search, now);
    }
  }

  poll(): PathFinderOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    let next: number | undefined;
    for (const search of this.#searches.values()) next = earlier(next, search.deadline);
    return next;
  }

  /**
   * Where a relay passes a circuit or an introduction on, the best first: to the node itself, or to a neighbour that has a way. None when the relays are used up.
   */
  nextHops({ path, tag, relaysLeft }: RelayHeader, from: NodeId | undefined, now: number): readonly NodeId[] {
    const target = this.#byTag.get(tag);
    if (target !== undefined) return target === from ? [] : [target];
    if (relaysLeft === 0) return [];
    const answered = this.#paths.get(path, now)?.next;
    const hops = new Set(answered === undefined ? [] : [answered]);
    for (const node of this.#ranked(this.#knowledge.holders(tag), tag, now)) hops.add(node);
    if (from !== undefined) hops.delete(from);
    return [...hops].filter((node) => this.#neighbours.has(node)).slice(0, LIMITS.maxFoundPaths);
  }

  /** Another relay than this one. How far the node is from it, nobody knows: that is to be measured, and it is one of those so near that it may be worth it. */
  otherPath(tag: NodeTag, than: NodeId, fasterThanMs: number, now: number): FoundPath | undefined {
    const near = this.#knowledge.holders(tag).filter((node) => node !== than && (this.#neighbours.get(node)?.rttMs ?? Infinity) < fasterThanMs);
    const [via] = this.#ranked(near, tag, now);
    return via === undefined ? undefined : { via, path: this.#newPath(), relays: 1 };
  }

  #up(node: NodeId, tag: NodeTag, now: number): void {
    const bucket = new TokenBucket(LIMITS.findsPerSecond, LIMITS.findsBurst, now);
    const own = new TokenBucket(LIMITS.ownFindsPerSecond, LIMITS.ownFindsBurst, now);
    this.#neighbours.set(node, { tag, bucket, own, rttMs: USUAL_RTT_MS, circuits: 0 });
    this.#byTag.set(tag, node);
  }

  #down(node: NodeId): void {
    const neighbour = this.#neighbours.get(node);
    if (!neighbour) return;
    this.#neighbours.delete(node);
    this.#byTag.delete(neighbour.tag);
    this.#paths.forget(node);
  }

  // ── our own searches ───────────────────────────────────────────────────────────────────────────────────────────

  #find(request: number, tag: NodeTag, avoid: ReadonlySet<NodeId>, now: number): void {
    if (this.#neighbours.size === 0) return this.#notFound(request, 'no-neighbours');
    if (this.#searches.size >= LIMITS.maxFinds) return this.#notFound(request, 'overloaded');
    const holders = this.#ranked(this.#knowledge.holders(tag), tag, now).filter((node) => !avoid.has(node));
    if (holders.length > 0) {
      const paths = holders.slice(0, LIMITS.maxFoundPaths).map((via) => ({ via, path: this.#newPath(), relays: 1 }));
      this.#outputs.push({ type: 'found', request, paths });
      return;
    }
    const search: Search = { request, tag, avoid, round: -1, path: '', asked: new Set(), deadline: now };
    this.#searches.set(request, search);
    this.#nextRound(search, now);
  }

  #nextRound(search: Search, now: number): void {
    const round = ROUNDS[++search.round];
    const open = round && this.#spread(search.avoid, round.fanOut, search.tag, now).filter((node) => this.#neighbours.get(node)?.own.take(now));
    search.path = this.#newPath();
    if (!round || !open || open.length === 0 || !this.#paths.add(search.path, search.tag, undefined, now)) {
      this.#searches.delete(search.request);
      return this.#notFound(search.request, 'not-found');
    }
    search.asked = new Set(open);
    search.deadline = now + round.waitMs;
    for (const to of open) {
      this.#outputs.push({ type: 'send', to, message: { type: 'find', path: search.path, tag: search.tag, relaysLeft: round.relaysLeft } });
    }
  }

  #answered(from: NodeId, { path, relays }: Extract<FindMessage, { readonly type: 'found' }>, now: number): void {
    const step = this.#paths.get(path, now);
    // Late answers to rounds that are over come from honest nodes too.
    if (!step || step.next !== undefined || from === step.previous) return;
    if (step.previous === undefined) return this.#ownAnswered(from, path, relays, now);
    if (relays >= LIMITS.maxRelays) return this.#misbehaved(from, 'invalid', 'It answered with a path that is too long.');
    if (!this.#forwarded.get(path)?.has(from)) return this.#misbehaved(from, 'invalid', 'It answered what it was not asked.');
    step.next = from;
    this.#outputs.push({ type: 'send', to: step.previous, message: { type: 'found', path, relays: relays + 1 } });
  }

  #ownAnswered(from: NodeId, path: PathId, relays: number, now: number): void {
    const search = [...this.#searches.values()].find((candidate) => candidate.path === path);
    if (!search) return;
    if (!search.asked.has(from)) return this.#misbehaved(from, 'invalid', 'It answered what it was not asked.');
    const step = this.#paths.get(path, now);
    if (step) step.next = from;
    this.#searches.delete(search.request);
    this.#outputs.push({ type: 'found', request: search.request, paths: [{ via: from, path, relays }] });
  }

  #notFound(request: number, why: FindFailure): void {
    this.#outputs.push({ type: 'not-found', request, why });
  }

  // ── searches of others ─────────────────────────────────────────────────────────────────────────────────────────

  /** Whom a question of somebody else's was passed on to. */
  readonly #forwarded = new BoundedMap<PathId, ReadonlySet<NodeId>>(LIMITS.maxPaths);

  #asked(from: NodeId, { path, tag, relaysLeft }: Extract<FindMessage, { readonly type: 'find' }>, now: number): void {
    const neighbour = this.#neighbours.get(from);
    if (!neighbour) return;
    if (!neighbour.bucket.take(now)) return this.#misbehaved(from, 'flood', 'It looks for more nodes than anybody needs.');
    // The same question by another way, or again: it was answered or passed on the first time.
    if (this.#paths.get(path, now)) return;
    if (tag === this.#ownTag || tag === neighbour.tag) return;
    const step = this.#paths.add(path, tag, from, now);
    if (!step) return;
    const [hop] = this.nextHops({ path, tag, relaysLeft }, from, now);
    if (hop !== undefined) {
      step.next = hop;
      this.#outputs.push({ type: 'send', to: from, message: { type: 'found', path, relays: this.#byTag.has(tag) ? 1 : 2 } });
      return;
    }
    if (relaysLeft < 2) return;
    const open = this.#spread(new Set([from]), LIMITS.findForwardFanOut, tag, now);
    this.#forwarded.set(path, new Set(open));
    for (const to of open) this.#outputs.push({ type: 'send', to, message: { type: 'find', path, tag, relaysLeft: relaysLeft - 1 } });
  }

  // ── whom to ask ────────────────────────────────────────────────────────────────────────────────────────────────

  /** By round-trip time and load, with some chance in it, so that not everybody picks the same relay; those that misled last. */
  #ranked(nodes: readonly NodeId[], tag: NodeTag, now: number): readonly NodeId[] {
    const costs = new Map<NodeId, number>();
    for (const node of nodes) {
      const neighbour = this.#neighbours.get(node);
      if (!neighbour || (this.#misleading.get(`${tag} ${node}`) ?? 0) > now) continue;
      costs.set(node, neighbour.rttMs + neighbour.circuits * CIRCUIT_COST_MS + this.#chance() * RANDOM_COST_MS);
    }
    return [...costs.keys()].toSorted((a, b) => (costs.get(a) as number) - (costs.get(b) as number));
  }

  /** Some neighbours by chance. */
  #spread(avoid: ReadonlySet<NodeId>, count: number, tag: NodeTag, now: number): readonly NodeId[] {
    const open = [...this.#neighbours.keys()].filter((node) => !avoid.has(node) && (this.#misleading.get(`${tag} ${node}`) ?? 0) <= now);
    const drawn = open.map((node) => ({ node, order: this.#chance() })).toSorted((a, b) => a.order - b.order);
    return drawn.slice(0, count).map(({ node }) => node);
  }

  #chance(): number {
    return (this.#entropy.bytes(1)[0] as number) / 256;
  }

  #newPath(): PathId {
    return toBase64url(this.#entropy.bytes(PATH_ID_BYTES));
  }

  #misbehaved(node: NodeId, offence: Offence, detail: string): void {
    this.#outputs.push({ type: 'misbehaved', node, offence, detail });
  }
}
