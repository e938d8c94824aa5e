import { beforeAll, describe, expect, it } from 'vitest';
import { GossipNetwork, Member, spreadOf, type NetworkOptions } from '../../../test/doubles/gossip-network.ts';
import { insecureSignature, PresencePart, PRESENCE_NETWORK, SharedItems } from '../../../test/doubles/presence-part.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { encodeNotice, noticeMessage } from './presence-item.ts';
import { encodePresenceMessage } from './presence-messages.ts';
import { PRESENCE_TOPIC } from './presence-io.ts';

/** What one message costs beside its bytes: lane, stream frame, session. */
const FRAMING_BYTES = 45;

type Located = { readonly member: Member; readonly part: PresencePart };

class PresenceNetwork extends GossipNetwork {
  readonly shared = new SharedItems();
  readonly parts: PresencePart[];

  constructor(options: NetworkOptions) {
    super(options);
    this.parts = this.members.map((member) => new PresencePart(member, this.shared));
  }

  alive(): readonly Located[] {
    return this.members.map((member, index) => ({ member, part: this.parts[index] as PresencePart })).filter(({ member }) => member.isAlive);
  }

  /** How many pairs (a, b) of living nodes there are where a does not know of b. */
  unknownPairs(): number {
    const alive = this.alive();
    const ids = alive.map(({ member }) => member.node);
    return alive.reduce((sum, { part }) => sum + ids.filter((id) => !part.presence.get(id)).length, 0);
  }

  /** How many (a, b) there are where a takes the dead b for living. */
  ghosts(): number {
    const dead = this.members.filter((member) => !member.isAlive).map((member) => member.node);
    return this.alive().reduce((sum, { part }) => sum + dead.filter((id) => part.presence.get(id)).length, 0);
  }

  /** Runs in steps until the condition holds; answers after how many ms, at most `limitMs`. */
  runUntil(holds: () => boolean, stepMs: number, limitMs: number): number {
    const from = this.now;
    while (!holds() && this.now < from + limitMs) this.run(stepMs);
    return this.now - from;
  }
}

/** A network whose tables are complete and whose tree has formed. That a thousand join in one moment is the simulator's to show. */
function formed(nodes: number, seed: number): PresenceNetwork {
  const network = new PresenceNetwork({ nodes, seed });
  network.isDead = true;
  network.linkAtRandom();
  for (const { member, part } of network.alive()) {
    const [from] = member.links.keys();
    const bytes = encodePresenceMessage({ type: 'summary', count: nodes, root: new Uint8Array(8) });
    part.handle({ type: 'message', from: from as NodeId, bytes });
  }
  network.run(10_000);
  network.isDead = false;
  for (const { member, part } of network.alive()) {
    // Two neighbours tell of everybody: one alone is not believed so much.
    const neighbours = [...member.links.keys()].slice(0, 2);
    for (const from of neighbours) {
      for (const other of network.parts) {
        if (other !== part) part.handle({ type: 'item', job: 0, bytes: other.presence.ownCard() as Uint8Array, from });
      }
    }
  }
  for (let count = 0; count < 10; count++) {
    const { member, part } = network.random.pick(network.alive()) as Located;
    part.handle({ type: 'flags', flags: 2 });
    member.drain();
    network.run(3_000);
  }
  return network;
}

const noticedAfter = (network: GossipNetwork) => () => 24_000 + network.random.float() * 15_000;

function offencesIn(network: GossipNetwork): readonly unknown[] {
  return network.members.flatMap((member) => member.offences);
}

/** One more node, with eight links. */
function newcomerTo(network: PresenceNetwork): Located {
  const member = new Member(network, network.random);
  const part = new PresencePart(member, network.shared);
  network.members.push(member);
  network.parts.push(part);
  for (let count = 0; count < 8; count++) network.link(member, network.members[Math.floor(((count + 0.5) * network.members.length) / 9)] as Member);
  return { member, part };
}

/** More with NODES=1000: minutes on a quiet machine. */
/** Larger networks take minutes: `NODES=100,1000`. */
const SIZES = (process.env['NODES'] ?? '100').split(',').map(Number);

describe.each(SIZES)('presence among %i nodes, 75 ms one way, two percent loss', (nodes) => {
  // One network for all: what a test leaves behind is what the next one finds.
  let network: PresenceNetwork;
  beforeAll(() => {
    network = formed(nodes, nodes);
  }, 600_000);

  it('tells everybody of a newcomer, and the newcomer of everybody, within seconds', { timeout: 600_000 }, () => {
    expect(network.unknownPairs()).toBe(0);
    const from = network.now;
    const { member, part } = newcomerTo(network);
    network.run(20_000);
    const others = network.alive().filter((each) => each.member !== member);
    const known = spreadOf(others.map((each) => (each.part.appeared.get(member.node) ?? Infinity) - from));
    const table = spreadOf([...part.appeared.values()].map((at) => at - from));
    console.error(`${nodes} nodes: newcomer known after`, known, 'knows all after', table);
    expect(part.appeared.size).toBe(nodes);
    expect(known.max).toBeLessThan(nodes > 500 ? 10_000 : 5_000);
    expect(table.max).toBeLessThan(nodes > 500 ? 4_000 : 2_000);
    expect(offencesIn(network)).toEqual([]);
  });

  it('costs little when nothing happens', { timeout: 600_000 }, () => {
    // Past the first cards, which live as long as those of a larger network.
    network.run(nodes > 100 ? 200_000 : 1_700_000);
    const before = network.members.map(({ bytesSent, messagesSent }) => ({ bytesSent, messagesSent }));
    const seconds = nodes > 100 ? 120 : 300;
    network.run(seconds * 1_000);
    const perSecond = network.members.map(
      ({ bytesSent, messagesSent }, index) =>
        (bytesSent - before[index]!.bytesSent + FRAMING_BYTES * (messagesSent - before[index]!.messagesSent)) / seconds,
    );
    const mean = perSecond.reduce((sum, each) => sum + each, 0) / nodes;
    console.error(`${nodes} nodes, idle: bytes per second and node, mean`, Math.round(mean), spreadOf(perSecond));
    expect(mean).toBeLessThan(300);
    expect(network.unknownPairs()).toBe(0);
    expect(offencesIn(network)).toEqual([]);
  });

  it('heals a split over one new link', { timeout: 600_000 }, () => {
    const left = network.members.slice(0, nodes / 2);
    const half = new Set(left.map((member) => member.node));
    for (const member of left) {
      for (const { other } of member.links.values()) {
        if (half.has(other.node)) continue;
        network.cut(member, other);
        for (const [here, there] of [
          [member, other],
          [other, member],
        ] as const) {
          network.at(network.now + noticedAfter(network)(), () => network.drop(here, there, 'peer-silent'));
        }
      }
    }
    network.run(120_000);
    const apart = network.unknownPairs();
    network.link(network.members[1] as Member, network.members[nodes - 2] as Member);
    const tookMs = network.runUntil(() => network.unknownPairs() === 0, 500, 300_000);
    console.error(`${nodes} nodes, split 50/50 (${apart} of ${nodes ** 2} pairs apart): tables equal ${tookMs} ms after one new link`);
    expect(apart).toBeGreaterThan(0.49 * nodes ** 2);
    expect(tookMs).toBeLessThanOrEqual(nodes > 500 ? 180_000 : 90_000);
    expect(offencesIn(network)).toEqual([]);
  });

  it('forgets 30 % of the nodes that die at once within 45 s, and nobody else', { timeout: 600_000 }, () => {
    // The halves have one link; the overlay would have given them more by now.
    for (const member of network.members) {
      for (let count = 0; count < 4; count++) {
        const other = network.random.pick(network.members);
        if (other && other !== member) network.link(member, other);
      }
    }
    network.run(5_000);
    for (const member of network.members) if (network.random.float() < 0.3) network.kill(member, noticedAfter(network));
    const tookMs = network.runUntil(() => network.ghosts() === 0, 500, 90_000);
    console.error(`${nodes} nodes, 30 % killed: gone everywhere after ${tookMs} ms`);
    expect(tookMs).toBeLessThanOrEqual(45_000);
    network.run(10_000);
    expect(network.unknownPairs()).toBe(0);
  });
});

describe('three liars in a network of 100', () => {
  it('keep a live node out of tables for moments at most, and are soon not believed', () => {
    const network = formed(100, 6);
    const victim = network.members[50] as Member;
    const liars = [10, 20, 30].map((index) => network.members[index] as Member);
    const honest = network.alive().filter(({ member }) => member !== victim && !liars.includes(member));
    const lies: number[] = [];
    let longestMs = 0;
    let absentMs = 0;
    for (let step = 0; step < 3_600; step++) {
      // Every 15 s each of them denies the card that is valid then.
      if (step % 150 === 0) {
        const card = network.parts[0]?.presence.get(victim.node);
        for (const liar of card ? liars : []) {
          const notice = { node: victim.node, issuedAt: card!.issuedAt, witness: liar.node };
          liar.publish(PRESENCE_TOPIC, encodeNotice(notice, insecureSignature(liar.key, noticeMessage(notice, PRESENCE_NETWORK))));
        }
        lies.push(card?.issuedAt ?? 0);
      }
      network.run(100);
      const isMissing = honest.some(({ part }) => !part.presence.get(victim.node));
      absentMs = isMissing ? absentMs + 100 : 0;
      longestMs = Math.max(longestMs, absentMs);
    }
    console.error('three liars: the victim was missing somewhere for at most', longestMs, 'ms at a stretch');
    expect(longestMs).toBeLessThanOrEqual(5_000);
    // Once nobody believes them, it need not contradict.
    expect(new Set(lies.slice(-3)).size).toBe(1);
    expect(victim.isAlive && honest.every(({ part }) => part.presence.get(victim.node))).toBe(true);
  });
});

describe('presence of a node that leaves', () => {
  it('ends everywhere within seconds of its goodbye', () => {
    const network = formed(100, 5);
    const [leaver] = network.members as [Member];
    network.parts[0]?.handle({ type: 'close' });
    leaver.drain();
    network.run(1_000);
    leaver.isAlive = false;
    for (const { other } of leaver.links.values()) network.drop(other, leaver, 'peer-closed');
    const tookMs = network.runUntil(() => network.ghosts() === 0, 100, 20_000);
    expect(tookMs).toBeLessThan(4_000);
    network.run(LIMITS.presenceSuspectMs * 2);
    expect(network.ghosts()).toBe(0);
    expect(
      network.parts
        .slice(1)
        .flatMap((part) => part.gone)
        .filter(({ why }) => why !== 'goodbye'),
    ).toEqual([]);
  });
});
