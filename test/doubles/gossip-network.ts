import { DeadlineQueue } from '../../src/base/deadline-queue.ts';
import type { ErrorCode } from '../../src/base/errors.ts';
import { nodeIdOf, personIdOf, type NodeId, type PersonId } from '../../src/base/ids.ts';
import { WAKE } from '../../src/base/machine.ts';
import { SeededRandom } from '../../src/base/seeded-random.ts';
import { Gossip, type GossipOutput, type GossipVerdict } from '../../src/p2p/gossip/gossip.ts';
import type { Offence } from '../../src/p2p/neighbours.ts';

export type Lane = 'gossip' | 'presence';

/** What else than gossip runs in a member, if anything. */
export type MemberPart = {
  readonly lane: Lane;
  up(node: NodeId, person: PersonId): void;
  down(node: NodeId, code: ErrorCode): void;
  message(from: NodeId, bytes: Uint8Array): void;
  wake(): void;
  nextWakeAt(): number | undefined;
  /** Judges an item of gossip now or, through {@link Member.verdict}, later. */
  validate(job: number, topic: string, bytes: Uint8Array, from: NodeId): void;
};

type Link = { readonly other: Member; lastArrival: number; isOpen: boolean };

/** One node of the simulated network. */
export class Member {
  readonly key: Uint8Array;
  readonly node: NodeId;
  readonly person: PersonId;
  readonly gossip: Gossip;
  readonly links = new Map<NodeId, Link>();
  readonly offences: { readonly node: NodeId; readonly offence: Offence; readonly detail: string }[] = [];
  readonly network: GossipNetwork;
  readonly delivered: { readonly topic: string; readonly bytes: Uint8Array; readonly at: number }[] = [];
  part: MemberPart | undefined;
  judge: (topic: string, bytes: Uint8Array) => GossipVerdict = () => 'accept';
  isAlive = true;
  bytesSent = 0;
  messagesSent = 0;
  wakeAt: number | undefined;

  constructor(network: GossipNetwork, random: SeededRandom) {
    this.network = network;
    this.key = random.bytes(32);
    this.node = nodeIdOf(this.key);
    this.person = personIdOf(this.key);
    this.gossip = new Gossip({ bytes: (length) => random.bytes(length) });
  }

  publish(topic: string, bytes: Uint8Array): void {
    this.gossip.handle({ type: 'publish', topic, bytes }, this.network.now);
    this.drain();
  }

  verdict(job: number, verdict: GossipVerdict): void {
    this.gossip.handle({ type: 'verdict', job, verdict }, this.network.now);
  }

  receive(lane: Lane, from: NodeId, bytes: Uint8Array): void {
    if (lane === 'gossip') this.gossip.handle({ type: 'message', from, bytes }, this.network.now);
    else this.part?.message(from, bytes);
    this.drain();
  }

  wake(): void {
    const { now } = this.network;
    if ((this.gossip.nextWakeAt() ?? Infinity) <= now) this.gossip.handle(WAKE, now);
    if ((this.part?.nextWakeAt() ?? Infinity) <= now) this.part?.wake();
    this.drain();
  }

  drain(): void {
    for (let output = this.gossip.poll(); output; output = this.gossip.poll()) this.#act(output);
    this.network.wakeLater(this);
  }

  send(lane: Lane, to: NodeId, bytes: Uint8Array): void {
    this.network.carry(this, lane, to, bytes);
  }

  #act(output: GossipOutput): void {
    switch (output.type) {
      case 'send':
        return this.send('gossip', output.to, output.bytes);
      case 'misbehaved':
        this.offences.push(output);
        return;
      case 'validate':
        if (this.part) this.part.validate(output.job, output.topic, output.bytes, output.from);
        else this.verdict(output.job, this.judge(output.topic, output.bytes));
        return;
      case 'deliver':
        this.delivered.push({ topic: output.topic, bytes: output.bytes, at: this.network.now });
    }
  }
}

export type NetworkOptions = {
  readonly nodes: number;
  readonly seed: number;
  /** Links of a node on average. */
  readonly degree?: number;
  readonly delayMs?: number;
  readonly lossShare?: number;
};

/**
 * Machines on a random graph in virtual time. Links are in order; a lost packet comes later, as on a data channel, and holds up those behind it.
 */
export class GossipNetwork {
  now = 1_800_000_000_000;
  readonly members: Member[] = [];
  readonly random: SeededRandom;
  readonly #events = new DeadlineQueue<() => void>();
  /** Nothing arrives while this holds. */
  isDead = false;
  readonly #delayMs: number;
  readonly #lossShare: number;
  readonly #degree: number;

  constructor({ nodes, seed, degree = 14, delayMs = 75, lossShare = 0.02 }: NetworkOptions) {
    this.random = new SeededRandom(seed);
    this.#delayMs = delayMs;
    this.#lossShare = lossShare;
    for (let index = 0; index < nodes; index++) this.members.push(new Member(this, this.random));
    this.#degree = degree;
  }

  /** Links everybody with `degree / 2` others of their choice. */
  linkAtRandom(among: readonly Member[] = this.members): void {
    for (const [index, member] of among.entries()) {
      // A chain beside the random links keeps small graphs in one piece.
      const previous = among[index - 1];
      if (previous) this.link(previous, member);
      for (let count = 1; count < this.#degree / 2; count++) {
        const other = this.random.pick(among);
        if (other && other !== member) this.link(member, other);
      }
    }
  }

  link(a: Member, b: Member): void {
    if (a.links.has(b.node)) return;
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      x.links.set(y.node, { other: y, lastArrival: this.now, isOpen: true });
      x.gossip.handle({ type: 'neighbour-up', node: y.node, person: y.person, kind: 'memory' }, this.now);
      x.part?.up(y.node, y.person);
    }
    a.drain();
    b.drain();
  }

  unlink(a: Member, b: Member, code: ErrorCode = 'link-lost'): void {
    this.drop(a, b, code);
    this.drop(b, a, code);
  }

  /** `member` notices that its link with `other` is no more. */
  drop(member: Member, other: Member, code: ErrorCode): void {
    const link = member.links.get(other.node);
    if (!link) return;
    link.isOpen = false;
    member.links.delete(other.node);
    if (!member.isAlive) return;
    member.gossip.handle({ type: 'neighbour-down', node: other.node, code }, this.now);
    member.part?.down(other.node, code);
    member.drain();
  }

  /** Nothing comes through any more; each end notices when its link is dropped. */
  cut(a: Member, b: Member): void {
    for (const link of [a.links.get(b.node), b.links.get(a.node)]) if (link) link.isOpen = false;
  }

  /** Dies without a word; its neighbours notice after `noticeMs`. */
  kill(member: Member, noticeMs: () => number): void {
    member.isAlive = false;
    for (const { other } of member.links.values()) this.at(this.now + noticeMs(), () => this.drop(other, member, 'peer-silent'));
  }

  at(time: number, run: () => void): void {
    this.#events.push(time, run);
  }

  wakeLater(member: Member): void {
    const at = Math.min(member.gossip.nextWakeAt() ?? Infinity, member.part?.nextWakeAt() ?? Infinity);
    if (at === Infinity || (member.wakeAt !== undefined && member.wakeAt <= at)) return;
    member.wakeAt = at;
    this.at(Math.max(at, this.now), () => {
      if (member.wakeAt !== at) return;
      member.wakeAt = undefined;
      if (member.isAlive) member.wake();
    });
  }

  carry(from: Member, lane: Lane, to: NodeId, bytes: Uint8Array): void {
    from.bytesSent += bytes.length;
    from.messagesSent++;
    const link = from.links.get(to);
    if (!link || this.isDead) return;
    const lostMs = this.random.float() < this.#lossShare ? 3 * this.#delayMs : 0;
    link.lastArrival = Math.max(link.lastArrival, this.now + this.random.jitter(this.#delayMs, 0.2) + lostMs);
    this.at(link.lastArrival, () => {
      if (link.isOpen && link.other.isAlive) link.other.receive(lane, from.node, bytes);
    });
  }

  run(forMs: number): void {
    const until = this.now + forMs;
    for (let next = this.#events.next(); next !== undefined && next <= until; next = this.#events.next()) {
      const event = this.#events.take(next);
      this.now = Math.max(this.now, next);
      event?.();
    }
    this.now = until;
  }
}

export type Spread = { readonly p50: number; readonly p95: number; readonly max: number };

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}
