import { DeadlineQueue } from '../../base/deadline-queue.ts';
import { asParleyError } from '../../base/errors.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Machine, Wake } from '../../base/machine.ts';
import { Queue } from '../../base/queue.ts';
import { SeededRandom } from '../../base/seeded-random.ts';
import { CARD_FLAGS, isGoodbye, type PeerCard } from '../../crypto/peer-card.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { NeighbourInput, NeighbourOutput, Offence, SignedInput, SignOutput, VerifiedInput, VerifyOutput } from '../neighbours.ts';
import { AntiEntropy, PresenceNeighbour } from './anti-entropy.ts';
import { proofOf } from './comparison.ts';
import { OwnCard, type OwnCardFacts } from './own-card.ts';
import {
  encodeNotice,
  noticeMessage,
  readPresenceItem,
  type CardRecord,
  type GoneNotice,
  type PresenceItem,
  type PresenceItemReader,
} from './presence-item.ts';
import { decodePresenceMessage, encodePresenceMessage, type PresenceMessage } from './presence-messages.ts';
import { PresenceTable, replaces, type Entry } from './presence-table.ts';
import { Witnesses } from './witnesses.ts';

/** The topic of cards and gone notices. */
export const PRESENCE_TOPIC = 'presence';

/** What gossip is to do with an item (p2p/gossip). */
type Verdict = 'accept' | 'ignore' | 'reject';

/** `observed`: by us; `witnessed`: by others; `forgotten`: the table was full. */
export type GoneReason = 'goodbye' | 'observed' | 'witnessed' | 'expired' | 'forgotten';

export type PresenceInput =
  | NeighbourInput
  /** To be judged for gossip; answered by a `verdict`. */
  | { readonly type: 'item'; readonly job: number; readonly bytes: Uint8Array; readonly from: NodeId }
  | VerifiedInput
  | SignedInput
  /** Our session with the node ended for lack of an answer, or its link broke. */
  | { readonly type: 'lost'; readonly node: NodeId }
  /** The node told us that it leaves. */
  | { readonly type: 'said-goodbye'; readonly node: NodeId }
  /** What we are to others has changed (`CARD_FLAGS`). */
  | { readonly type: 'flags'; readonly flags: number }
  /** We leave: the goodbye comes as a `publish`. */
  | { readonly type: 'close' };

export type PresenceOutput =
  | NeighbourOutput
  | VerifyOutput
  | SignOutput
  /** To be published on {@link PRESENCE_TOPIC}. */
  | { readonly type: 'publish'; readonly bytes: Uint8Array }
  | { readonly type: 'verdict'; readonly job: number; readonly verdict: Verdict }
  | { readonly type: 'appeared'; readonly card: PeerCard }
  /** More than the times of its card. */
  | { readonly type: 'changed'; readonly card: PeerCard }
  | { readonly type: 'gone'; readonly node: NodeId; readonly why: GoneReason };

export type PresenceOptions = OwnCardFacts & {
  readonly flags: number;
  readonly entropy: Entropy;
  readonly now: number;
  /** Default {@link readPresenceItem}. */
  readonly readItem?: PresenceItemReader;
};

/** Where an item came from: gossip waits for a verdict. */
type Origin = { readonly from: NodeId; readonly gossipJob: number | undefined };
type Due =
  | { readonly type: 'own-card' }
  | { readonly type: 'ended'; readonly entry: Entry; readonly record: CardRecord; readonly why: 'observed' | 'goodbye' }
  | { readonly type: 'suspect'; readonly entry: Entry; readonly record: CardRecord }
  | { readonly type: 'sweep' }
  | { readonly type: 'compare' }
  | { readonly type: 'spread'; readonly except: NodeId }
  | { readonly type: 'next-comparison' };

/**
 * Who is in the network. Each node says so itself, with a card that is gossiped when it joins or changes and seldom else; its neighbours notice when it
 * dies and say so, and a node that is said to be dead contradicts with a newer card. Neighbours compare their tables when they meet.
 */
export class Presence implements Machine<PresenceInput, PresenceOutput> {
  readonly #me: NodeId;
  readonly #networkId: Uint8Array;
  readonly #readItem: PresenceItemReader;
  readonly #random: SeededRandom;
  readonly #own: OwnCard;
  readonly #outputs = new Queue<PresenceOutput>();
  readonly #table = new PresenceTable();
  readonly #witnesses = new Witnesses();
  readonly #neighbours = new Map<NodeId, PresenceNeighbour>();
  readonly #antiEntropy: AntiEntropy;
  readonly #due = new DeadlineQueue<Due>();
  readonly #checking = new Map<number, { readonly item: PresenceItem; readonly origin: Origin }>();
  readonly #signing = new Map<number, 'card' | Pick<GoneNotice, 'node' | 'issuedAt' | 'witness'>>();
  #nextJob = 1;
  #isSpreading = false;
  #blamelessUntil = -Infinity;
  #isTicking = false;

  constructor(options: PresenceOptions) {
    this.#me = options.node;
    this.#networkId = options.networkId;
    this.#readItem = options.readItem ?? readPresenceItem;
    this.#random = SeededRandom.fromBytes(options.entropy.bytes(4));
    this.#own = new OwnCard(options, options.flags, this.#random);
    this.#antiEntropy = new AntiEntropy(
      this.#table,
      {
        send: (to, message) => this.#send(to, message),
        flood: (node, detail) => this.#blame(node, 'flood', detail),
        revive: (entry, at) => this.#revive(entry, at),
        later: (at) => this.#due.push(at, { type: 'next-comparison' }),
      },
      options.now,
    );
  }

  handle(input: PresenceInput | Wake, now: number): void {
    switch (input.type) {
      case 'neighbour-up':
        return this.#up(input.node, now);
      case 'neighbour-down':
        return this.#down(input.node, now);
      case 'message':
        return this.#message(input.from, input.bytes, now);
      case 'item':
        return this.#item(input.bytes, { from: input.from, gossipJob: input.job }, now);
      case 'verified':
        return this.#verified(input.job, input.valid, now);
      case 'signed':
        return this.#signed(input.job, input.signature, now);
      case 'lost':
        return this.#ended(input.node, 'observed', now);
      case 'said-goodbye':
        return this.#ended(input.node, 'goodbye', now);
      case 'flags':
        if (this.#own.setFlags(input.flags) && this.#own.issuedAt > 0) this.#hasten(now);
        return;
      case 'close':
        this.#own.isClosing = true;
        return this.#issue(now);
      case 'wake':
        return this.#wake(now);
    }
  }

  poll(): PresenceOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return this.#due.next();
  }

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The card of a node that is there, ours included. */
  get(node: NodeId): PeerCard | undefined {
    const entry = this.#table.get(node);
    return entry && entry.state !== 'gone' ? entry.record.card : undefined;
  }

  /** The same, as its node signed it. */
  bytesOf(node: NodeId): Uint8Array | undefined {
    const entry = this.#table.get(node);
    return entry && entry.state !== 'gone' ? entry.record.bytes : undefined;
  }

  /** Our card as it was issued last, for whoever introduces us. */
  ownCard(): Uint8Array | undefined {
    return this.#table.get(this.#me)?.record.bytes;
  }

  /** The cards of all that are there, ours included. */
  *live(): IterableIterator<PeerCard> {
    for (const entry of this.#table.entries()) if (entry.state !== 'gone') yield entry.record.card;
  }

  /** How many are there, ourselves included. */
  get size(): number {
    return this.#table.liveCount;
  }

  // ── neighbours ─────────────────────────────────────────────────────────────────────────────────────────────────

  #up(node: NodeId, now: number): void {
    const before = this.#neighbours.get(node);
    if (before) this.#antiEntropy.left(before, now);
    const neighbour = new PresenceNeighbour(node, now);
    this.#neighbours.set(node, neighbour);
    const entry = this.#table.get(node);
    if (entry && entry.state !== 'live' && !isGoodbye(entry.record.card)) {
      // Others take it for gone as well: it has to hear of that to contradict.
      this.#tellProof(entry, node, now);
      this.#revive(entry, now);
    }
    if (this.#own.issuedAt === 0 && this.#own.dueAt === undefined) {
      this.#own.dueAt = now + LIMITS.presenceFirstCardMs;
      this.#due.push(this.#own.dueAt, { type: 'own-card' });
    }
    if (!this.#isTicking) this.#startTicking(now);
    // One of the two is enough: the other answers if it differs.
    if (this.#me < node) this.#antiEntropy.summarise(neighbour);
  }

  #startTicking(now: number): void {
    this.#isTicking = true;
    this.#due.push(now + LIMITS.presenceSweepMs, { type: 'sweep' });
    this.#due.push(now + this.#random.jitter(LIMITS.presenceCompareMs, 0.3), { type: 'compare' });
  }

  #down(node: NodeId, now: number): void {
    const neighbour = this.#neighbours.get(node);
    if (!neighbour) return;
    this.#neighbours.delete(node);
    this.#antiEntropy.left(neighbour, now);
  }

  /** The session with a neighbour is over: if it does not come back, we witness it. */
  #ended(node: NodeId, why: 'observed' | 'goodbye', now: number): void {
    const entry = this.#table.get(node);
    if (!entry || entry.state === 'gone' || now < this.#blamelessUntil) return;
    const graceMs = why === 'observed' ? LIMITS.presenceGraceMs : 0;
    const spreadMs = why === 'observed' ? LIMITS.presenceWitnessSpreadMs : LIMITS.presenceGoodbyeSpreadMs;
    this.#due.push(now + graceMs + this.#random.float() * spreadMs, { type: 'ended', entry, record: entry.record, why });
  }

  #message(from: NodeId, bytes: Uint8Array, now: number): void {
    const neighbour = this.#neighbours.get(from);
    if (!neighbour) return;
    let message: PresenceMessage;
    try {
      message = decodePresenceMessage(bytes);
    } catch (thrown) {
      return this.#blame(from, 'malformed', asParleyError(thrown).message);
    }
    if (message.type === 'items') return this.#items(neighbour, message, now);
    if (message.type === 'summary' || message.type === 'digest') this.#learnedSize(message.count, now);
    this.#antiEntropy.message(neighbour, message, now);
  }

  #items(neighbour: PresenceNeighbour, message: Extract<PresenceMessage, { readonly type: 'items' }>, now: number): void {
    for (const bytes of message.items) {
      if (now > neighbour.comparesUntil && !neighbour.asides.take(now)) {
        return this.#blame(neighbour.node, 'flood', 'It sends cards that nobody asked for.');
      }
      this.#item(bytes, { from: neighbour.node, gossipJob: undefined }, now);
    }
    if (!message.isLast) return;
    this.#antiEntropy.finished(neighbour);
    if (this.#antiEntropy.hasWaiting) this.#due.push(now + LIMITS.presenceSpreadMs, { type: 'next-comparison' });
  }

  /** The size of the network decides how long our first card lives; with that known, nothing keeps it back. */
  #learnedSize(count: number, now: number): void {
    if (this.#own.issuedAt === 0 && this.#own.dueAt !== undefined) this.#issue(now, count + 1);
  }

  // ── items ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What costs nothing is checked first; what would change the table then waits for its signature. */
  #item(bytes: Uint8Array, origin: Origin, now: number): void {
    let item: PresenceItem;
    try {
      item = this.#readItem(bytes, this.#networkId);
    } catch (thrown) {
      if (origin.gossipJob === undefined) this.#blame(origin.from, 'malformed', asParleyError(thrown).message);
      return this.#answer(origin, 'reject');
    }
    const verdict = item.type === 'card' ? this.#judgeCard(item, origin, now) : this.#judgeNotice(item, origin, now);
    if (verdict) return this.#answer(origin, verdict);
    const neighbour = this.#neighbours.get(origin.from);
    if (this.#checking.size >= LIMITS.maxPresenceJobs || !neighbour?.checks.take(now)) return this.#answer(origin, 'ignore');
    const job = this.#nextJob++;
    this.#checking.set(job, { item, origin });
    this.#outputs.push({ type: 'verify', job, checks: [item.type === 'card' ? item.card.check : item.check] });
  }

  #verified(job: number, isValid: boolean, now: number): void {
    const checked = this.#checking.get(job);
    if (!checked) return;
    this.#checking.delete(job);
    const { item, origin } = checked;
    if (!isValid) {
      if (origin.gossipJob === undefined) this.#blame(origin.from, 'invalid', 'A signature of a card or notice does not hold.');
      return this.#answer(origin, 'reject');
    }
    // The table may have changed while the signature was checked.
    const verdict = item.type === 'card' ? this.#judgeCard(item, undefined, now) : this.#judgeNotice(item, undefined, now);
    if (verdict) return this.#answer(origin, verdict);
    if (item.type === 'card') this.#applyCard(item, origin, now);
    else this.#applyNotice(item, origin, now);
  }

  /** The verdict for a card that changes nothing here; `undefined` for news. With an origin, who sent it answers for it. */
  #judgeCard(record: CardRecord, origin: Origin | undefined, now: number): Verdict | undefined {
    const { card } = record;
    const aheadMs = card.issuedAt - now - LIMITS.maxClockSkewMs;
    if (aheadMs > 0) {
      // Who passed it on has a clock within the skew of ours, or should have refused it.
      if (aheadMs > LIMITS.maxClockSkewMs) return 'reject';
      if (origin) this.#blame(origin.from, 'stale', 'It passed on a card of the future.');
      return 'ignore';
    }
    if (!isGoodbye(card) && card.expiresAt <= now) return 'ignore';
    const entry = this.#table.get(card.node);
    if (!entry) return this.#judgeNewcomer(card, origin, now);
    const isSame = entry.record.card.issuedAt === card.issuedAt && entry.record.digestLow === record.digestLow;
    if (isSame) {
      if (entry.state === 'gone' && origin?.gossipJob === undefined && origin && !isGoodbye(card)) this.#tellProof(entry, origin.from, now);
      const isNews = entry.state !== 'gone' || isGoodbye(card);
      return isNews && now < card.issuedAt + LIMITS.presenceNewsMs ? 'accept' : 'ignore';
    }
    if (!replaces(record, entry.record)) {
      if (origin && card.issuedAt + LIMITS.presenceStaleMs < entry.record.card.issuedAt)
        this.#blame(origin.from, 'stale', 'It passed on an old card.');
      return 'ignore';
    }
    const isTooOften = !isGoodbye(card) && entry.nextCardAt > now + (LIMITS.presenceCardsAtOnce - 1) * LIMITS.presenceCardEveryMs;
    return isTooOften && card.node !== this.#me ? 'ignore' : undefined;
  }

  #judgeNewcomer(card: PeerCard, origin: Origin | undefined, now: number): Verdict | undefined {
    if (isGoodbye(card) && card.issuedAt + LIMITS.presenceGoodbyeMs <= now) return 'ignore';
    if (!origin || card.node === this.#me || this.#neighbours.has(card.node)) return undefined;
    if (this.#neighbours.get(origin.from)?.newcomers.take(now)) return undefined;
    // A table that we asked for may be larger than that; the rest comes with the next comparison.
    if (origin.gossipJob !== undefined) this.#blame(origin.from, 'flood', 'It introduces new nodes too fast.');
    return 'ignore';
  }

  #applyCard(record: CardRecord, origin: Origin, now: number): void {
    const { card } = record;
    if (card.node === this.#me) {
      // Of an earlier run of ours, whose clock was ahead or whose goodbye came late.
      this.#own.supersede(card.issuedAt, now);
      if (!this.#own.isClosing) this.#issue(now);
      return this.#answer(origin, 'ignore');
    }
    const entry = this.#table.get(card.node);
    if (!entry) {
      if (!this.#makeRoom(card.node, origin, now)) return this.#answer(origin, 'ignore');
      this.#table.add(record, origin.from, now);
      if (!isGoodbye(card)) this.#outputs.push({ type: 'appeared', card });
    } else {
      this.#replace(entry, record, now);
    }
    this.#learned(origin, now);
    this.#answer(origin, 'accept');
  }

  #replace(entry: Entry, record: CardRecord, now: number): void {
    const before = entry.record.card;
    const wasGone = entry.state === 'gone';
    const { card } = record;
    if (!isGoodbye(card)) for (const { witness } of entry.notices) if (witness !== this.#me) this.#witnesses.refuted(witness, now);
    this.#table.replace(entry, record, now);
    entry.nextCardAt = Math.max(entry.nextCardAt, now) + LIMITS.presenceCardEveryMs;
    if (isGoodbye(card)) {
      if (!wasGone) this.#outputs.push({ type: 'gone', node: card.node, why: 'goodbye' });
    } else if (wasGone) {
      this.#outputs.push({ type: 'appeared', card });
    } else if (card.flags !== before.flags || card.person !== before.person || !isEqual(card.sealingKey, before.sealingKey)) {
      this.#outputs.push({ type: 'changed', card });
    }
  }

  /** Whether the table has room for the newcomer; somebody may have to go for it. */
  #makeRoom(newcomer: NodeId, origin: Origin, now: number): boolean {
    if (this.#table.size < LIMITS.maxPresenceNodes) return true;
    const introducer = this.#neighbours.has(newcomer) ? newcomer : origin.from;
    const leaver = this.#table.leaverFor(introducer, (node) => node === this.#me || this.#neighbours.has(node));
    if (!leaver) return false;
    this.#forget(leaver, 'forgotten', now);
    return true;
  }

  #forget(entry: Entry, why: GoneReason, now: number): void {
    const wasLive = entry.state !== 'gone';
    if (wasLive) this.#table.setState(entry, 'gone', now);
    this.#table.remove(entry);
    if (wasLive) this.#outputs.push({ type: 'gone', node: entry.record.card.node, why });
  }

  // ── notices ────────────────────────────────────────────────────────────────────────────────────────────────────

  #judgeNotice(notice: GoneNotice, origin: Origin | undefined, now: number): Verdict | undefined {
    const { node, witness, issuedAt } = notice;
    if (witness === node) return 'reject';
    const entry = this.#table.get(node);
    if (!entry || entry.record.card.issuedAt < issuedAt) return 'ignore';
    if (entry.record.card.issuedAt > issuedAt) {
      // It spoke up since: whoever passes the notice on seems not to know.
      if (origin && !isGoodbye(entry.record.card)) this.#tell(origin.from, entry.record.bytes, now);
      return 'ignore';
    }
    const isKnown = entry.notices.some((known) => known.witness === witness);
    if (isKnown) return now < entry.since + LIMITS.presenceNewsMs ? 'accept' : 'ignore';
    const isEnough = isGoodbye(entry.record.card) || entry.notices.length >= 2;
    if (isEnough || !this.#table.get(witness) || !this.#witnesses.isTrusted(witness, now)) return 'ignore';
    return undefined;
  }

  #applyNotice(notice: GoneNotice, origin: Origin, now: number): void {
    const entry = this.#table.get(notice.node) as Entry;
    const isMe = notice.node === this.#me;
    // Of ourselves and our neighbours we know better.
    if (isMe || this.#neighbours.has(notice.node)) this.#witnesses.refuted(notice.witness, now);
    else this.#suspect(entry, notice, now);
    if (isMe && !this.#own.isClosing) this.#hasten(now);
    // By gossip it gets to the node itself, which may contradict.
    if (origin.gossipJob === undefined) {
      this.#outputs.push({ type: 'publish', bytes: notice.bytes });
      this.#tell(notice.node, notice.bytes, now);
    }
    this.#answer(origin, 'accept');
  }

  #suspect(entry: Entry, notice: GoneNotice, now: number): void {
    entry.notices = [...entry.notices, notice];
    if (entry.state === 'gone') return;
    this.#table.setState(entry, 'suspect', now);
    const needed = entry.record.card.flags & CARD_FLAGS.leaf ? 1 : 2;
    const waitMs = entry.notices.length >= needed ? LIMITS.presenceConfirmMs : LIMITS.presenceSuspectMs;
    this.#due.push(now + waitMs, { type: 'suspect', entry, record: entry.record });
  }

  /** A session of ours with it is up, or a neighbour takes it for live and we have no proof that it is not. */
  #revive(entry: Entry, now: number): void {
    const wasGone = entry.state === 'gone';
    entry.notices = [];
    this.#table.setState(entry, 'live', now);
    if (wasGone) this.#outputs.push({ type: 'appeared', card: entry.record.card });
  }

  #end(entry: Entry, why: GoneReason, now: number): void {
    this.#table.setState(entry, 'gone', now);
    this.#outputs.push({ type: 'gone', node: entry.record.card.node, why });
  }

  /** The grace is over, and the neighbour did not come back. */
  #endedForGood({ entry, record, why }: Extract<Due, { readonly type: 'ended' }>, now: number): void {
    const { node, issuedAt } = record.card;
    const isBack = this.#neighbours.has(node) || entry.record !== record || this.#table.get(node) !== entry;
    // Who has no neighbour left is the one that is lost, unless the last one said goodbye.
    const isLost = this.#neighbours.size === 0 && why !== 'goodbye';
    if (isBack || isLost || now < this.#blamelessUntil) return;
    if (entry.state !== 'gone') this.#end(entry, why, now);
    if (entry.notices.length >= 2 || isGoodbye(record.card)) return;
    const notice = { node, issuedAt, witness: this.#me };
    const job = this.#nextJob++;
    this.#signing.set(job, notice);
    this.#outputs.push({ type: 'sign', job, key: 'node', message: noticeMessage(notice, this.#networkId) });
  }

  // ── our own card, signatures ───────────────────────────────────────────────────────────────────────────────────

  #hasten(now: number): void {
    this.#own.hasten(now);
    this.#due.push(this.#own.dueAt ?? now, { type: 'own-card' });
  }

  #issue(now: number, nodes: number = this.#table.liveCount): void {
    const message = this.#own.issue(now, nodes);
    if (!message) return;
    if (this.#own.dueAt !== undefined) this.#due.push(this.#own.dueAt, { type: 'own-card' });
    const job = this.#nextJob++;
    this.#signing.set(job, 'card');
    this.#outputs.push({ type: 'sign', job, key: 'node', message });
  }

  #signed(job: number, signature: Uint8Array, now: number): void {
    const what = this.#signing.get(job);
    if (!what) return;
    this.#signing.delete(job);
    if (what === 'card') return this.#ownCardSigned(this.#own.signed(signature), now);
    const entry = this.#table.get(what.node);
    if (!entry || entry.record.card.issuedAt !== what.issuedAt || entry.state !== 'gone') return;
    const item = this.#readItem(encodeNotice(what, signature), this.#networkId);
    if (item.type !== 'notice') return;
    entry.notices = [item, ...entry.notices];
    this.#outputs.push({ type: 'publish', bytes: item.bytes });
  }

  #ownCardSigned(bytes: Uint8Array, now: number): void {
    const item = this.#readItem(bytes, this.#networkId);
    if (item.type !== 'card') return;
    const entry = this.#table.get(this.#me);
    if (entry) this.#table.replace(entry, item, now);
    else this.#table.add(item, this.#me, now);
    this.#outputs.push({ type: 'publish', bytes });
    // The links may close at once: gossip's announcements would come too late.
    if (isGoodbye(item.card)) for (const node of this.#neighbours.keys()) this.#send(node, { type: 'items', isLast: false, items: [bytes] });
    const wantsGoodbye = this.#own.isClosing && !isGoodbye(item.card);
    // While this one was signed, somebody turned out to have a later card of ours, or said that we are gone.
    const isOutdated = item.card.issuedAt < this.#own.issuedAt || (this.#own.dueAt !== undefined && this.#own.dueAt <= now);
    if (wantsGoodbye || isOutdated) this.#issue(now);
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #wake(now: number): void {
    const expectedAt = this.#due.next();
    if (expectedAt !== undefined && now > expectedAt + LIMITS.stallMs) this.#blamelessUntil = now + LIMITS.presenceBlamelessMs;
    for (let due = this.#due.take(now); due; due = this.#due.take(now)) this.#act(due, now);
  }

  #act(due: Due, now: number): void {
    switch (due.type) {
      case 'own-card':
        if (this.#own.dueAt !== undefined && now >= this.#own.dueAt) this.#issue(now);
        return;
      case 'ended':
        return this.#endedForGood(due, now);
      case 'suspect':
        if (due.entry.state !== 'suspect' || due.entry.record !== due.record || this.#table.get(due.record.card.node) !== due.entry) return;
        // While we slept, it may have spoken up: what it said is still to be read.
        if (now < this.#blamelessUntil) this.#due.push(this.#blamelessUntil, due);
        else this.#end(due.entry, 'witnessed', now);
        return;
      case 'sweep':
        return this.#sweep(now);
      case 'compare':
        return this.#compareWithOne(now);
      case 'spread':
        this.#isSpreading = false;
        for (const neighbour of this.#neighbours.values()) if (neighbour.node !== due.except) this.#antiEntropy.summarise(neighbour);
        return;
      case 'next-comparison':
        return this.#antiEntropy.next(now);
    }
  }

  #sweep(now: number): void {
    for (const entry of this.#table.entries()) {
      if (entry.keepUntil <= now && entry.record.card.node !== this.#me) this.#forget(entry, 'expired', now);
    }
    this.#isTicking = this.#table.size > 0 || this.#neighbours.size > 0;
    if (this.#isTicking) this.#due.push(now + LIMITS.presenceSweepMs, { type: 'sweep' });
  }

  #compareWithOne(now: number): void {
    const neighbour = this.#random.pick([...this.#neighbours.values()]);
    if (neighbour) this.#antiEntropy.summarise(neighbour);
    this.#antiEntropy.next(now);
    if (this.#isTicking) this.#due.push(now + this.#random.jitter(LIMITS.presenceCompareMs, 0.3), { type: 'compare' });
  }

  // ── telling ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What came by anti-entropy goes on by anti-entropy: our other neighbours may lack it as well. */
  #learned(origin: Origin, now: number): void {
    if (origin.gossipJob !== undefined || this.#isSpreading || this.#neighbours.size < 2) return;
    this.#isSpreading = true;
    this.#due.push(now + LIMITS.presenceSpreadMs, { type: 'spread', except: origin.from });
  }

  #tellProof(entry: Entry, to: NodeId, now: number): void {
    const proof = proofOf(entry);
    if (proof) this.#tell(to, proof, now);
  }

  #tell(to: NodeId, item: Uint8Array, now: number): void {
    const neighbour = this.#neighbours.get(to);
    if (neighbour?.ownAsides.take(now)) this.#send(to, { type: 'items', isLast: false, items: [item] });
  }

  #answer(origin: Origin, verdict: Verdict): void {
    if (origin.gossipJob !== undefined) this.#outputs.push({ type: 'verdict', job: origin.gossipJob, verdict });
  }

  #send(to: NodeId, message: PresenceMessage): void {
    this.#outputs.push({ type: 'send', to, bytes: encodePresenceMessage(message) });
  }

  #blame(node: NodeId, offence: Offence, detail: string): void {
    this.#outputs.push({ type: 'misbehaved', node, offence, detail });
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
