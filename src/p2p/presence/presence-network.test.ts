import { describe, expect, it } from 'vitest';
import { GossipNetwork, spreadOf, type Member, type NetworkOptions } from '../../../test/doubles/gossip-network.ts';
import { PresencePart, SharedItems } from '../../../test/doubles/presence-part.ts';
import { LIMITS } from '../../base/limits.ts';

/** What one message costs beside its bytes: lane, stream frame, session. */
const FRAMING_BYTES = 45;

type Located = { readonly member: Member; readonly part: PresencePart };

class PresenceNetwork extends GossipNetwork {
  readonly parts: readonly PresencePart[];

  constructor(options: NetworkOptions) {
    super(options);
    const shared = new SharedItems();
    this.parts = this.members.map((member) => new PresencePart(member, shared));
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

function formed(nodes: number, seed: number): PresenceNetwork {
  const network = new PresenceNetwork({ nodes, seed });
  network.linkAtRandom();
  network.run(30_000);
  return network;
}

const noticedAfter = (network: GossipNetwork) => () => 24_000 + network.random.float() * 15_000;

describe.each([100, 1_000])('presence among %i nodes, 75 ms one way, 2 % loss', (nodes) => {
  it('tells everybody of everybody, and of a newcomer within seconds', { timeout: 300_000 }, () => {
    const network = formed(nodes, nodes);
    expect(network.unknownPairs()).toBe(0);

    const newcomer = network.members[0] as Member;
    // Joins anew under another key.
    const joined = new PresenceNetwork({ nodes: 1, seed: 99_999 });
    const [member] = joined.members as [Member];
    Object.defineProperty(member, 'network', { value: network });
    network.members.push(member);
    (network.parts as PresencePart[]).push(joined.parts[0] as PresencePart);
    const from = network.now;
    for (const other of network.members.slice(1, 9)) network.link(member, other);
    network.run(20_000);
    const times = network
      .alive()
      .filter((each) => each.member !== member)
      .map(({ part }) => (part.appeared.get(member.node) ?? Infinity) - from);
    const table = [...(joined.parts[0] as PresencePart).appeared.values()].map((at) => at - from);
    console.error(`${nodes} nodes: newcomer known after`, spreadOf(times), 'knows all after', spreadOf(table));
    expect(newcomer.isAlive).toBe(true);
    expect(spreadOf(times).max).toBeLessThan(nodes > 500 ? 10_000 : 5_000);
    expect(table).toHaveLength(nodes);
    expect(spreadOf(table).max).toBeLessThan(nodes > 500 ? 4_000 : 2_000);
    expect(network.members.flatMap((each) => each.offences)).toEqual([]);
  });

  it('costs little when nothing happens', { timeout: 300_000 }, () => {
    const network = formed(nodes, 2);
    // Past the refreshes of the cards that were issued while nobody knew how large the network would be.
    network.run(1_200_000);
    const before = network.members.map(({ bytesSent, messagesSent }) => ({ bytesSent, messagesSent }));
    const seconds = 600;
    network.run(seconds * 1_000);
    const perSecond = network.members.map(
      ({ bytesSent, messagesSent }, index) =>
        (bytesSent - before[index]!.bytesSent + FRAMING_BYTES * (messagesSent - before[index]!.messagesSent)) / seconds,
    );
    const mean = perSecond.reduce((sum, each) => sum + each, 0) / nodes;
    console.error(`${nodes} nodes, idle: bytes per second and node, mean`, Math.round(mean), spreadOf(perSecond));
    expect(mean).toBeLessThan(250);
    expect(network.unknownPairs()).toBe(0);
    expect(network.members.flatMap((each) => each.offences)).toEqual([]);
  });

  it('forgets 30 % of the nodes that die at once within 45 s, and nobody else', { timeout: 300_000 }, () => {
    const network = formed(nodes, 3);
    for (const member of network.members) if (network.random.float() < 0.3) network.kill(member, noticedAfter(network));
    const tookMs = network.runUntil(() => network.ghosts() === 0, 500, 90_000);
    console.error(`${nodes} nodes, 30 % killed: gone everywhere after ${tookMs} ms`);
    expect(tookMs).toBeLessThanOrEqual(45_000);
    network.run(10_000);
    expect(network.unknownPairs()).toBe(0);
  });

  it('heals a split over one new link', { timeout: 300_000 }, () => {
    const network = formed(nodes, 4);
    const half = new Set(network.members.slice(0, nodes / 2).map((member) => member.node));
    for (const member of network.members.slice(0, nodes / 2)) {
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
    network.run(180_000);
    const apart = network.unknownPairs();
    const offencesBefore = network.members.flatMap((each) => each.offences).length;
    network.link(network.members[1] as Member, network.members[nodes - 2] as Member);
    const tookMs = network.runUntil(() => network.unknownPairs() === 0, 500, 300_000);
    console.error(`${nodes} nodes, split 50/50 (${apart} of ${nodes ** 2} pairs apart): tables equal ${tookMs} ms after one new link`);
    expect(apart).toBeGreaterThan(0.49 * nodes ** 2);
    expect(tookMs).toBeLessThanOrEqual(nodes > 500 ? 180_000 : 90_000);
    expect(offencesBefore).toBe(0);
    expect(network.members.flatMap((each) => each.offences)).toEqual([]);
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
