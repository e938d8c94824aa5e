import { DeadlineQueue } from '../../base/deadline-queue.ts';
import { asParleyError } from '../../base/errors.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Machine, Wake } from '../../base/machine.ts';
import { Queue } from '../../base/queue.ts';
import { SeededRandom } from '../../base/seeded-random.ts';
import { isGoodbye, type PeerCard } from '../../crypto/peer-card.ts';
import type { LinkKind } from '../../ports/link.ts';
import { AntiEntropy } from './anti-entropy.ts';
import { Cards } from './cards.ts';
import { Newcomers } from './newcomers.ts';
import { Notices, type NoticeDue, type UnsignedNotice } from './notices.ts';
import { OwnCard } from './own-card.ts';
import type { Origin, PresenceInput, PresenceOptions, PresenceOutput, Verdict } from './presence-io.ts';
import { encodeNotice, noticeMessage, readPresenceItem, type PresenceItem, type PresenceItemReader } from './presence-item.ts';
import { decodePresenceMessage, type PresenceMessage } from './presence-messages.ts';
import { PresenceNeighbours, type PresenceNeighbour } from './presence-neighbours.ts';
import { PresenceTable } from './presence-table.ts';
import { Witnesses } from './witnesses.ts';

type Due =
  | NoticeDue
  | { readonly type: 'own-card' }
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
  readonly #neighbours = new PresenceNeighbours(this.#outputs);
  readonly #newcomers = new Newcomers(this.#neighbours);
  readonly #cards: Cards;
  readonly #notices: Notices;
  readonly #antiEntropy: AntiEntropy;
  readonly #due = new DeadlineQueue<Due>();
  readonly #checking = new Map<number, { readonly item: PresenceItem; readonly origin: Origin }>();
  readonly #signing = new Map<number, 'card' | UnsignedNotice>();
  #nextJob = 1;
  #isSpreading = false;
  #isTicking = false;

  constructor(options: PresenceOptions) {
    this.#me = options.node;
    this.#networkId = options.networkId;
    this.#readItem = options.readItem ?? readPresenceItem;
    this.#random = SeededRandom.fromBytes(options.entropy.bytes(4));
    this.#own = new OwnCard(options, options, this.#random);
    const parts = { me: this.#me, table: this.#table, neighbours: this.#neighbours, witnesses: new Witnesses(), outputs: this.#outputs };
    const isAsked = (neighbour: PresenceNeighbour, tag: string): boolean => this.#antiEntropy.isAsked(neighbour, tag);
    this.#cards = new Cards({ ...parts, newcomers: this.#newcomers, isAsked });
    this.#notices = new Notices({
      ...parts,
      random: this.#random,
      later: (at, due) => this.#due.push(at, due),
      sign: (notice) => this.#sign(notice, noticeMessage(notice, this.#networkId)),
    });
    this.#antiEntropy = new AntiEntropy(
      this.#table,
      {
        send: (to, message) => this.#neighbours.send(to, message),
        flood: (node, detail) => this.#neighbours.blame(node, 'flood', detail),
        revive: (entry, at) => this.#notices.revive(entry, at),
        equal: (node) => this.#newcomers.confirmedAll(node),
        listed: (node, listing, at) => {
          for (const entry of this.#newcomers.compared(node, listing, at)) this.#cards.forget(entry, 'unconfirmed', at);
        },
        later: (at) => this.#due.push(at, { type: 'next-comparison' }),
      },
      options.now,
    );
  }

  handle(input: PresenceInput | Wake, now: number): void {
    switch (input.type) {
      case 'neighbour-up':
        return this.#up(input.node, input.kind, now);
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
        return this.#notices.ended(input.node, 'observed', now);
      case 'said-goodbye':
        return this.#notices.ended(input.node, 'goodbye', now);
      case 'flags':
        if (this.#own.setFlags(input.flags) && this.#own.issuedAt > 0) this.#hasten(now);
        return;
      case 'host-urls':
        if (this.#own.setHostUrls(input.urls) && this.#own.issuedAt > 0) this.#hasten(now);
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

  #up(node: NodeId, kind: LinkKind, now: number): void {
    const before = this.#neighbours.get(node);
    if (before) this.#antiEntropy.left(before, now);
    if (this.#neighbours.size === 0) this.#newcomers.settle(now);
    const neighbour = this.#neighbours.up(node, kind, now);
    const entry = this.#table.get(node);
    if (entry) this.#newcomers.met(entry);
    if (entry && entry.state !== 'live' && !isGoodbye(entry.record.card)) {
      // Others take it for gone as well: it has to hear of that to contradict.
      this.#neighbours.tellProof(entry, node, now);
      this.#notices.revive(entry, now);
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
    this.#neighbours.down(neighbour);
    this.#antiEntropy.left(neighbour, now);
  }

  #message(from: NodeId, bytes: Uint8Array, now: number): void {
    const neighbour = this.#neighbours.get(from);
    if (!neighbour) return;
    let message: PresenceMessage;
    try {
      message = decodePresenceMessage(bytes);
    } catch (thrown) {
      return this.#neighbours.blame(from, 'malformed', asParleyError(thrown).message);
    }
    if (message.type === 'items') return this.#items(neighbour, message, now);
    if (message.type === 'summary' || message.type === 'digest') this.#learnedSize(message.count, now);
    this.#antiEntropy.message(neighbour, message, now);
  }

  #items(neighbour: PresenceNeighbour, message: Extract<PresenceMessage, { readonly type: 'items' }>, now: number): void {
    for (const bytes of message.items) {
      if (now > neighbour.comparesUntil && !neighbour.asides.take(now)) {
        return this.#neighbours.blame(neighbour.node, 'flood', 'It sends cards that nobody asked for.');
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
      if (origin.gossipJob === undefined) this.#neighbours.blame(origin.from, 'malformed', asParleyError(thrown).message);
      return this.#answer(origin, 'reject');
    }
    const verdict = item.type === 'card' ? this.#cards.judge(item, origin, now) : this.#notices.judge(item, origin, now);
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
      if (origin.gossipJob === undefined) this.#neighbours.blame(origin.from, 'invalid', 'A signature of a card or notice does not hold.');
      return this.#answer(origin, 'reject');
    }
    // The table may have changed while the signature was checked.
    const verdict = item.type === 'card' ? this.#cards.judge(item, undefined, now) : this.#notices.judge(item, undefined, now);
    if (verdict) return this.#answer(origin, verdict);
    if (item.type === 'notice') {
      this.#notices.apply(item, origin, now);
      if (item.node === this.#me && !this.#own.isClosing) this.#hasten(now);
      return this.#answer(origin, 'accept');
    }
    if (item.card.node !== this.#me) {
      const outcome = this.#cards.apply(item, origin, now);
      if (outcome === 'accept') this.#learned(origin, now);
      return this.#answer(origin, outcome);
    }
    // Of an earlier run of ours, whose clock was ahead or whose goodbye came late.
    this.#own.supersede(item.card.issuedAt, now);
    if (!this.#own.isClosing) this.#issue(now);
    this.#answer(origin, 'ignore');
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
    this.#sign('card', message);
  }

  #sign(what: 'card' | UnsignedNotice, message: Uint8Array): void {
    const job = this.#nextJob++;
    this.#signing.set(job, what);
    this.#outputs.push({ type: 'sign', job, key: 'node', message });
  }

  #signed(job: number, signature: Uint8Array, now: number): void {
    const what = this.#signing.get(job);
    if (!what) return;
    this.#signing.delete(job);
    if (what === 'card') return this.#ownCardSigned(this.#own.signed(signature), now);
    const item = this.#readItem(encodeNotice(what, signature), this.#networkId);
    if (item.type === 'notice') this.#notices.signed(item);
  }

  #ownCardSigned(bytes: Uint8Array, now: number): void {
    const item = this.#readItem(bytes, this.#networkId);
    if (item.type !== 'card') return;
    const entry = this.#table.get(this.#me);
    if (entry) this.#table.replace(entry, item, now);
    else this.#table.add(item, this.#me, now);
    this.#outputs.push({ type: 'publish', bytes });
    // The links may close at once: gossip's announcements would come too late.
    if (isGoodbye(item.card))
      for (const { node } of this.#neighbours.all()) this.#neighbours.send(node, { type: 'items', isLast: false, items: [bytes] });
    const wantsGoodbye = this.#own.isClosing && !isGoodbye(item.card);
    // While this one was signed, somebody turned out to have a later card of ours, or said that we are gone.
    const isOutdated = item.card.issuedAt < this.#own.issuedAt || (this.#own.dueAt !== undefined && this.#own.dueAt <= now);
    if (wantsGoodbye || isOutdated) this.#issue(now);
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #wake(now: number): void {
    const expectedAt = this.#due.next();
    if (expectedAt !== undefined && now > expectedAt + LIMITS.stallMs) {
      this.#notices.slept(now);
      this.#newcomers.settle(now);
    }
    for (let due = this.#due.take(now); due; due = this.#due.take(now)) this.#act(due, now);
  }

  #act(due: Due, now: number): void {
    switch (due.type) {
      case 'own-card':
        if (this.#own.dueAt !== undefined && now >= this.#own.dueAt) this.#issue(now);
        return;
      case 'ended':
      case 'suspect':
        return this.#notices.due(due, now);
      case 'sweep':
        return this.#sweep(now);
      case 'compare':
        return this.#compareWithOne(now);
      case 'spread':
        this.#isSpreading = false;
        for (const neighbour of this.#neighbours.all()) if (neighbour.node !== due.except) this.#antiEntropy.summarise(neighbour);
        return;
      case 'next-comparison':
        return this.#antiEntropy.next(now);
    }
  }

  #sweep(now: number): void {
    for (const entry of this.#table.entries()) {
      if (entry.keepUntil <= now && entry.record.card.node !== this.#me) this.#cards.forget(entry, 'expired', now);
    }
    this.#isTicking = this.#table.size > 0 || this.#neighbours.size > 0;
    if (this.#isTicking) this.#due.push(now + LIMITS.presenceSweepMs, { type: 'sweep' });
  }

  #compareWithOne(now: number): void {
    const neighbour = this.#neighbours.pick(this.#random);
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

  #answer(origin: Origin, verdict: Verdict): void {
    if (origin.gossipJob !== undefined) this.#outputs.push({ type: 'verdict', job: origin.gossipJob, verdict });
  }
}
