import type { ErrorCode } from '../../base/errors.ts';
import type { NodeId } from '../../base/ids.ts';
import type { LateTurns } from '../../base/late-turns.ts';
import { LIMITS } from '../../base/limits.ts';
import { earlier, type Machine, type Wake } from '../../base/machine.ts';
import { Queue } from '../../base/queue.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import { retryDelayMs } from '../../base/retry-delay.ts';
import type { Entropy } from '../../ports/entropy.ts';
import { KnownNodes, reachabilityOf, type Candidate, type Known } from './known-nodes.ts';
import { below, LinkChoice, type LinkChoiceOptions, type LinksOfOther } from './link-choice.ts';
import { ReachEvidence, type Reachability } from './reach-evidence.ts';
import type { RingPlace } from './ring.ts';

export type OverlayInput =
  /** A verified card. `signaling`: the server says that it is there; `mesh`: presence does; `remembered`: it was a neighbour before. */
  | { readonly type: 'candidate'; readonly candidate: Candidate; readonly source: 'signaling' | 'mesh' | 'remembered' }
  /** Presence says that the node left or died. */
  | { readonly type: 'gone'; readonly node: NodeId }
  /** By a link that this machine chose, or by one that others did and that does not count: to another tab of this browser, or a socket of a host. */
  | { readonly type: 'connected'; readonly node: NodeId; readonly by: 'link' | 'tab' | 'socket' }
  | { readonly type: 'disconnected'; readonly node: NodeId; readonly code: ErrorCode }
  /** An attempt that the overlay did not begin: somebody who may be let in dials us, or a session over relays is to get a link. */
  | { readonly type: 'under-way'; readonly node: NodeId }
  | { readonly type: 'dial-failed'; readonly node: NodeId; readonly code: ErrorCode }
  /** The node answered a while ago, and the link is not open: the attempt probably comes to nothing. */
  | { readonly type: 'slow'; readonly node: NodeId }
  /** A program wants a session with the node. */
  | { readonly type: 'want'; readonly node: NodeId }
  /** Nodes with which a direct link is worth more than with others: people who talk to each other. */
  | { readonly type: 'prefer'; readonly nodes: readonly NodeId[] }
  /** Whether introductions can be carried by a signaling server at present. */
  | { readonly type: 'carrier'; readonly isUp: boolean }
  /** How many links this node may have; a leaf has none but to its hub. */
  | { readonly type: 'budget'; readonly maxLinks: number }
  /** Something changed outside: forget the patience with those that failed; in another network also what was learnt from it. */
  | { readonly type: 'retry-now'; readonly isElsewhere: boolean };

export type OverlayOutput =
  | { readonly type: 'dial'; readonly node: NodeId; readonly sealingKey: Uint8Array }
  | { readonly type: 'hang-up'; readonly node: NodeId }
  /** Ask the signaling server who is there. */
  | { readonly type: 'list' }
  /** Ask the signaling server for one node's card. */
  | { readonly type: 'look-up'; readonly node: NodeId }
  | { readonly type: 'announce'; readonly on: boolean }
  /** What others should know of this node. */
  | { readonly type: 'reachability'; readonly reachability: Reachability };

export type OverlayOptions = LinkChoiceOptions & {
  readonly me: NodeId;
  /** Hashes the network's id and the node's key: nobody chooses their place for all networks at once. */
  placeOf(node: NodeId): RingPlace;
  readonly turns: Pick<LateTurns, 'areComing'>;
};

/** Ends after which the peer is probably still there and the way to it broke. */
const BROKEN: ReadonlySet<ErrorCode> = new Set(['link-lost', 'ice-failed', 'peer-silent', 'timed-out', 'decrypt-failed']);
/** Failures that another attempt would only repeat. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  'wrong-network-secret',
  'version-unsupported',
  'bad-certificate',
  'bad-signature',
  'device-list-conflict',
  'clock-skew',
  'refused',
]);

/**
 * Which links this node keeps: its neighbours on the ring, which hold the network together; people whom it talks to; and random others up to a
 * target, which make paths short. A small network becomes a full mesh. Links are given up only when there are too many, one at a time, never one in use.
 */
export class Overlay implements Machine<OverlayInput, OverlayOutput> {
  readonly #me: NodeId;
  readonly #myPlace: RingPlace;
  readonly #entropy: Entropy;
  readonly #turns: Pick<LateTurns, 'areComing'>;
  readonly #outputs = new Queue<OverlayOutput>();
  readonly #known: KnownNodes;
  readonly #choice: LinkChoice;
  readonly #evidence = new ReachEvidence();
  readonly #busy = new Set<NodeId>();
  readonly #wanted = new Set<NodeId>();
  /** Those among them that were asked to hang up. */
  readonly #leaving = new Set<NodeId>();
  /** Linked, and dialling us anew: they started again, or lost the link. For a moment they have two. */
  readonly #renewing = new Set<NodeId>();
  /** Dialled to join two parts of the network. */
  readonly #bridges = new Set<NodeId>();
  /** Linked by sockets: with a host, or a host with those that have no other link. They bring introductions, too, and get no second link. */
  readonly #sockets = new Set<NodeId>();
  #preferred: ReadonlySet<NodeId> = new Set();
  #linked = 0;
  #maxLinks: number = LIMITS.maxConnections;
  #isCarrierUp = false;
  #isAnnounced = true;
  #reachability: Reachability = { isConfined: false, isOpen: false };
  /** Without any link, who is there is asked again and again, ever more seldom. */
  #lonely = { lists: 0, listAt: undefined as number | undefined };
  #probeAt: number | undefined;
  #pruneAt: number | undefined;
  #retryAt: number | undefined;
  #nearAt: number | undefined;
  #lookUps: TokenBucket | undefined;

  constructor(options: OverlayOptions) {
    const { me, placeOf, entropy } = options;
    this.#me = me;
    this.#known = new KnownNodes(placeOf);
    this.#myPlace = placeOf(me);
    this.#choice = new LinkChoice(this.#known, this.#myPlace, this.#sockets, options);
    this.#entropy = entropy;
    this.#turns = options.turns;
  }

  handle(input: OverlayInput | Wake, now: number): void {
    switch (input.type) {
      case 'candidate':
        return this.#candidate(input.candidate, input.source, now);
      case 'gone':
        return this.#gone(input.node);
      case 'connected':
        return this.#connected(input.node, input.by, now);
      case 'disconnected':
        return this.#disconnected(input.node, input.code, now);
      case 'under-way':
        return this.#underWay(input.node);
      case 'dial-failed':
        return this.#dialFailed(input.node, input.code, now);
      case 'slow':
        return this.#slow(input.node, now);
      case 'want':
        return this.#want(input.node, now);
      case 'prefer':
        this.#preferred = new Set(input.nodes.slice(0, LIMITS.maxPreferredPeers));
        return this.#fill(now);
      case 'carrier':
        return this.#carrier(input.isUp, now);
      case 'budget':
        this.#maxLinks = input.maxLinks;
        return this.#fill(now);
      case 'retry-now':
        return this.#retryNow(input.isElsewhere, now);
      case 'wake':
        return this.#wake(now);
    }
  }

  poll(): OverlayOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return earlier(earlier(earlier(this.#probeAt, this.#pruneAt), earlier(this.#retryAt, this.#nearAt)), this.#lonely.listAt);
  }

  /** Links and attempts under way. */
  get busyCount(): number {
    return this.#busy.size;
  }

  get knownCount(): number {
    return this.#known.size;
  }

  /** Whether somebody who dials us is let in: there is room, or it is one that this node must have. */
  mayAccept(node: NodeId): boolean {
    if (this.#busy.size < this.#maxLinks) return true;
    if (this.#known.get(node)?.state === 'linked') return this.#renewing.has(node) || this.#expendable('any', node) !== undefined;
    if (this.#busy.has(node)) return true;
    if (this.#choice.mustHave(this.#preferred).has(node)) return this.#expendable('any') !== undefined;
    return this.#isInNeed(node) && this.#expendable('many') !== undefined;
  }

  // ── what is known ──────────────────────────────────────────────────────────────────────────────────────────────

  #candidate(candidate: Candidate, source: 'signaling' | 'mesh' | 'remembered', now: number): void {
    if (candidate.node === this.#me) return;
    const known = this.#known.of(candidate.node);
    const before = known.candidate;
    if (before && before.issuedAt > candidate.issuedAt) return;
    known.candidate = candidate;
    if (before?.isConfined !== candidate.isConfined || before?.isOpen !== candidate.isOpen) this.#reconsider();
    if (candidate.isLeaf) this.#known.ring.delete(known.place, candidate.node);
    else this.#known.ring.add(known.place, candidate.node);
    if (!before || candidate.issuedAt > before.issuedAt) {
      known.failures = 0;
      // Both sides hear of each other through the mesh at once; one waits, so that they do not dial each other at the same moment.
      known.notBefore = source === 'mesh' && this.#me > candidate.node ? now + LIMITS.politeDialMs : now;
    }
    if (known.isAbsent) Object.assign(known, { isAbsent: false, notBefore: now + this.#patience(known) });
    if (source === 'remembered') known.isMissed = true;
    if (source === 'mesh') known.isInMesh = true;
    else if (source === 'signaling' && !known.isInMesh && this.#linked > 0) this.#bridge(candidate.node, now);
    this.#fill(now);
  }

  /** The server knows somebody of whom presence says nothing: a newcomer, or another part of the network. A link joins the parts. */
  #bridge(node: NodeId, now: number): void {
    if (this.#bridges.size >= LIMITS.maxBridgeDials || !this.#dialIfDue(node, now, this.#maxLinks)) return;
    this.#bridges.add(node);
  }

  #gone(node: NodeId): void {
    const known = this.#known.get(node);
    if (!known || known.state === 'linked') return;
    known.isInMesh = false;
    this.#known.ring.delete(known.place, node);
    known.candidate = undefined;
    known.isMissed = false;
  }

  // ── links ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #connected(node: NodeId, by: 'link' | 'tab' | 'socket', now: number): void {
    if (by !== 'link') {
      if (by === 'socket') this.#sockets.add(node);
      this.#unlink(node);
      return this.#fill(now);
    }
    this.#sockets.delete(node);
    const known = this.#known.of(node);
    if (known.state !== 'linked') this.#linked++;
    this.#evidence.linked(node, known.isSample);
    Object.assign(known, {
      state: 'linked',
      isSample: false,
      isSlow: false,
      failures: 0,
      notBefore: now,
      isMissed: false,
      isInMesh: true,
      linkedAt: now,
    });
    this.#wanted.delete(node);
    this.#bridges.delete(node);
    this.#leaving.delete(node);
    this.#renewing.delete(node);
    this.#busy.add(node);
    this.#probeAt ??= now + this.#spread(LIMITS.bridgeProbeMs);
    this.#lonely = { lists: 0, listAt: undefined };
    this.#reconsider();
    this.#announce();
    this.#schedulePrune(now);
    this.#fill(now);
  }

  #disconnected(node: NodeId, code: ErrorCode, now: number): void {
    this.#sockets.delete(node);
    const known = this.#unlink(node);
    if (!known) return;
    known.isMissed = BROKEN.has(code);
    known.notBefore = now + (BROKEN.has(code) ? this.#patience(known) : LIMITS.dialAgainMs);
    this.#listWhenLonely(now);
    this.#announce();
    this.#fill(now);
  }

  /** Answers what is known of the node, if it was linked. */
  #unlink(node: NodeId): Known | undefined {
    const known = this.#known.get(node);
    if (known?.state !== 'linked') return undefined;
    this.#linked--;
    known.state = 'idle';
    this.#busy.delete(node);
    this.#leaving.delete(node);
    this.#renewing.delete(node);
    return known;
  }

  #underWay(node: NodeId): void {
    const known = this.#known.of(node);
    if (known.state === 'dialling' || this.#renewing.has(node)) return;
    if (known.state === 'linked') {
      this.#renewing.add(node);
    } else {
      known.state = 'dialling';
      this.#busy.add(node);
    }
    if (this.#busy.size + this.#renewing.size - this.#leaving.size > this.#maxLinks) this.#giveUpOne(node);
  }

  #dialFailed(node: NodeId, code: ErrorCode, now: number): void {
    const known = this.#known.get(node);
    if (!known || known.state !== 'dialling') return;
    // ICE tries for long before it gives up: what fails at once is an accident of this attempt, and says nothing of the ways between the two.
    const isWithoutWay = code === 'ice-failed' && known.isSlow;
    if (isWithoutWay) this.#noWay(node, known);
    Object.assign(known, { state: 'idle', isSample: false, isSlow: false });
    known.failures++;
    this.#wanted.delete(node);
    this.#bridges.delete(node);
    this.#busy.delete(node);
    const isHopeless = FINAL.has(code) || known.failures > LIMITS.maxRedials;
    // Nobody can bring it our introduction: it is tried again when somebody says again that it is there.
    known.isAbsent = code === 'unreachable' && !isHopeless;
    const isLasting = code === 'overloaded' || (isWithoutWay && known.linkedAt === 0);
    known.notBefore = isHopeless || known.isAbsent ? Number.POSITIVE_INFINITY : now + (isLasting ? LIMITS.dialAgainMs : this.#patience(known));
    // Its card may be of a run that is over; who is there now has a newer one with the server.
    if (code === 'timed-out' || code === 'unreachable') this.#lookUp(node, now);
    this.#fill(now);
  }

  /** Others are dialled beside it. */
  #slow(node: NodeId, now: number): void {
    const known = this.#known.get(node);
    if (!known || known.state !== 'dialling') return;
    known.isSlow = true;
    this.#noWay(node, known);
    this.#fill(now);
  }

  #noWay(node: NodeId, { isSample }: Known): void {
    this.#evidence.failed(node, isSample);
    this.#reconsider();
  }

  /** What this node is to others may have changed. */
  #reconsider(): void {
    const { isConfined, isOpen } = this.#evidence.judge((node) => reachabilityOf(this.#known.get(node)?.candidate));
    if (isConfined === this.#reachability.isConfined && isOpen === this.#reachability.isOpen) return;
    this.#reachability = { isConfined, isOpen };
    this.#outputs.push({ type: 'reachability', reachability: this.#reachability });
    this.#announce();
  }

  #want(node: NodeId, now: number): void {
    const known = this.#known.of(node);
    if (known.state !== 'idle') return;
    if (!known.candidate) {
      return this.#lookUp(node, now);
    }
    if (this.#wanted.size < LIMITS.maxPreferredPeers) this.#wanted.add(node);
    this.#fill(now);
  }

  /** Bounded: a server whose answers lead nowhere must not keep us asking. */
  #lookUp(node: NodeId, now: number): void {
    this.#lookUps ??= new TokenBucket(LIMITS.lookUpsPerSecond, LIMITS.lookUpsBurst, now);
    if (this.#isCarrierUp && this.#lookUps.take(now)) this.#outputs.push({ type: 'look-up', node });
  }

  #carrier(isUp: boolean, now: number): void {
    this.#isCarrierUp = isUp;
    this.#isAnnounced = true;
    this.#lonely = { lists: 0, listAt: undefined };
    this.#listWhenLonely(now);
    this.#announce();
    // Without links of its own a node asks as well: the server may tell of a host.
    if (this.#maxLinks === 0) this.#probeAt ??= now + this.#spread(LIMITS.bridgeProbeMs);
    this.#fill(now);
  }

  #retryNow(isElsewhere: boolean, now: number): void {
    if (isElsewhere) {
      this.#evidence.forget();
      this.#reconsider();
    }
    for (const [, known] of this.#known.all()) {
      if (known.state === 'idle' && known.candidate && known.notBefore > now) Object.assign(known, { failures: 0, notBefore: now });
    }
    this.#fill(now);
  }

  #wake(now: number): void {
    if (this.#probeAt !== undefined && now >= this.#probeAt) {
      this.#probeAt = now + this.#spread(LIMITS.bridgeProbeMs);
      // Attempts that failed meanwhile are not told of somebody who is linked.
      this.#renewing.clear();
      // Whoever the server knows and presence does not is of another part of the network: dialling it joins the parts.
      if (this.#isCarrierUp) this.#outputs.push({ type: 'list' });
      this.#announce();
    }
    if (this.#pruneAt !== undefined && now >= this.#pruneAt) this.#prune(now);
    if (this.#lonely.listAt !== undefined && now >= this.#lonely.listAt) {
      this.#lonely = { lists: this.#lonely.lists + 1, listAt: undefined };
      this.#outputs.push({ type: 'list' });
      this.#listWhenLonely(now);
    }
    this.#fill(now);
  }

  /** None of those that the server named could be linked with so far: it draws others. */
  #listWhenLonely(now: number): void {
    if (this.#linked > 0 || !this.#isCarrierUp || this.#maxLinks === 0) return;
    const waitMs = retryDelayMs(
      Math.max(0, this.#lonely.lists - LIMITS.lonelyListsSoon),
      { firstMs: LIMITS.lonelyListFirstMs, maxMs: LIMITS.lonelyListMaxMs },
      this.#entropy,
    );
    this.#lonely.listAt ??= now + waitMs;
  }

  // ── choosing ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Dials whom this node should be linked with, as far as there is room. */
  #fill(now: number): void {
    this.#retryAt = undefined;
    if (this.#maxLinks === 0 || (!this.#isCarrierUp && this.#linked + this.#sockets.size === 0)) {
      this.#nearAt = undefined;
      return;
    }
    for (const node of this.#wanted) this.#dialIfDue(node, now, this.#maxLinks);
    for (const node of this.#preferred) this.#dialIfDue(node, now, this.#maxLinks);
    // A newcomer learns of the others one by one: who is near is only known when that has settled.
    this.#nearAt ??= now + LIMITS.nearSettleMs;
    if (now >= this.#nearAt) {
      for (const node of this.#known.ring.around(this.#myPlace, LIMITS.nearLinksEachSide)) this.#dialIfDue(node, now, this.#maxLinks);
      this.#nearAt = undefined;
    }
    // Whoever found nobody yet tries as many as there may be; but where attempts last because our own turns come late, more of them make it worse.
    const triesAll = this.#lonely.lists > 0 && !this.#turns.areComing(now);
    const room = (triesAll ? LIMITS.maxDials : LIMITS.targetLinks) - this.#promisingCount;
    if (room <= 0) return;
    const { nodes, retryAt } = this.#choice.draw(room, this.#linked === 0 ? 'anybody' : this.#reachability, now);
    this.#retryAt = earlier(this.#retryAt, retryAt);
    for (const node of nodes) this.#dialIfDue(node, now, this.#maxLinks);
  }

  /** Links, and attempts that count as such: where there are few links, only those that may still come to one. */
  get #promisingCount(): number {
    if (this.#linked >= LIMITS.fewLinks) return this.#busy.size;
    let count = 0;
    for (const node of this.#busy) if (!this.#known.get(node)?.isSlow) count++;
    return count;
  }

  /** Whether somebody who dials this node probably has nobody else: a newcomer, where this node can be reached by those who can reach few. */
  #isInNeed(node: NodeId): boolean {
    return this.#reachability.isOpen && !this.#known.get(node)?.isInMesh;
  }

  #dialIfDue(node: NodeId, now: number, maxBusy: number): boolean {
    const known = this.#known.get(node);
    if (!known || !this.#isDialable(node, known) || this.#busy.size >= maxBusy) return false;
    if (now < known.notBefore) {
      if (Number.isFinite(known.notBefore)) this.#retryAt = earlier(this.#retryAt, known.notBefore);
      return false;
    }
    Object.assign(known, { state: 'dialling', isSample: known.candidate.isOpen !== true });
    this.#busy.add(node);
    this.#outputs.push({ type: 'dial', node, sealingKey: known.candidate.sealingKey });
    return true;
  }

  #isDialable(node: NodeId, known: Known): known is Known & { candidate: Candidate } {
    return known.state === 'idle' && known.candidate?.isLeaf === false && !this.#sockets.has(node);
  }

  /** One link too many at a time: the youngest that nothing speaks for. */
  #prune(now: number): void {
    this.#pruneAt = undefined;
    if (this.#linked > LIMITS.comfortableLinks) this.#giveUp(this.#expendable('not few'));
    this.#schedulePrune(now);
  }

  #schedulePrune(now: number): void {
    if (this.#linked > LIMITS.comfortableLinks) this.#pruneAt ??= now + this.#spread(LIMITS.pruneLinksMs);
  }

  #giveUpOne(newcomer: NodeId): void {
    this.#giveUp(this.#expendable('not few', newcomer) ?? this.#expendable('any', newcomer));
  }

  /** Nobody twice: two newcomers need two places. */
  #expendable(links: LinksOfOther, newcomer?: NodeId): NodeId | undefined {
    const keep = this.#choice.mustHave(this.#preferred);
    return this.#choice.youngest(this.#busy, links, (node) => node === newcomer || this.#leaving.has(node) || keep.has(node));
  }

  #giveUp(victim: NodeId | undefined): void {
    if (!victim) return;
    this.#leaving.add(victim);
    this.#outputs.push({ type: 'hang-up', node: victim });
  }

  /**
   * Newcomers are told of those that still want links, and always of those that everybody can reach and of a few, so that every part of a split network can be
   * found; but not of those that newcomers cannot reach.
   */
  #announce(): void {
    const { isConfined, isOpen } = this.#reachability;
    const wantsLinks = this.#linked < LIMITS.announceBelowConnections || this.#known.ring.isAmongFirst(this.#myPlace, LIMITS.beacons);
    const on = isOpen || (wantsLinks && !isConfined);
    if (!this.#isCarrierUp || on === this.#isAnnounced) return;
    this.#isAnnounced = on;
    this.#outputs.push({ type: 'announce', on });
  }

  #patience(known: Known): number {
    return retryDelayMs(known.failures, { firstMs: LIMITS.redialFirstMs, maxMs: LIMITS.redialMaxMs }, this.#entropy);
  }

  /** Two thirds to four thirds of it, so that nodes do not act in step. */
  #spread(ms: number): number {
    return ms * (2 / 3 + (2 / 3) * (below(1000, this.#entropy) / 1000));
  }
}
