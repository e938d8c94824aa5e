import { describe, expect, it } from 'vitest';
import { GossipNetwork, spreadOf, type Member, type Spread } from '../../../test/doubles/gossip-network.ts';
import { utf8 } from '../../base/bytes.ts';

const TOPIC = 'news';

type Figures = { readonly delivery: number; readonly lastMs: Spread; readonly copies: number; readonly bytesPerItem: number };

function networkOf(nodes: number, seed: number): GossipNetwork {
  const network = new GossipNetwork({ nodes, seed });
  for (const member of network.members) member.gossip.handle({ type: 'subscribe', topic: TOPIC }, network.now);
  network.linkAtRandom();
  return network;
}

/** Publishes `count` items, one every two seconds, each by another member, and waits; `disturb` runs with the publication. */
function publishMany(network: GossipNetwork, count: number, disturb: (author: Member) => void = () => undefined): Figures {
  for (const member of network.members) member.delivered.length = 0;
  const sizes = network.members.map((member) => member.bytesSent);
  const pushes = countPushes(network);
  const lasts: number[] = [];
  let delivered = 0;
  let expected = 0;
  for (let index = 0; index < count; index++) {
    const alive = network.members.filter((member) => member.isAlive);
    const author = network.random.pick(alive) as Member;
    const item = utf8(`item at ${network.now} ${'·'.repeat(120)}`);
    const at = network.now;
    author.publish(TOPIC, item);
    disturb(author);
    network.run(count === 1 ? 60_000 : 2_000);
    const others = network.members.filter((member) => member.isAlive && member !== author);
    const times = others.flatMap((member) => member.delivered.filter(({ bytes }) => Buffer.compare(bytes, item) === 0).map((each) => each.at - at));
    lasts.push(Math.max(...times));
    delivered += times.length;
    expected += others.length;
  }
  network.run(10_000);
  const sent = network.members.reduce((sum, member, index) => sum + member.bytesSent - (sizes[index] as number), 0);
  const nodes = network.members.length;
  return { delivery: delivered / expected, lastMs: spreadOf(lasts), copies: pushes() / (count * nodes), bytesPerItem: sent / (count * nodes) };
}

/** How many copies of items travelled since. */
function countPushes(network: GossipNetwork): () => number {
  let count = 0;
  const carry = network.carry.bind(network);
  network.carry = (from, lane, to, bytes) => {
    if (bytes[1] === 1 || bytes[1] === 2) count++;
    carry(from, lane, to, bytes);
  };
  return () => {
    network.carry = carry;
    return count;
  };
}

/** Larger networks take minutes: `NODES=100,1000`. */
const SIZES = (process.env['NODES'] ?? '100').split(',').map((nodes) => [Number(nodes), 30] as const);

describe.each(SIZES)('gossip among %i nodes, 75 ms one way, two percent loss', (nodes, items) => {
  it('reaches everybody with about one copy each once the tree has formed', { timeout: 120_000 }, () => {
    const network = networkOf(nodes, nodes);
    const first = publishMany(network, 10);
    const steady = publishMany(network, items);
    console.error(`${nodes} nodes`, { first, steady });
    expect(first.delivery).toBe(1);
    expect(steady.delivery).toBe(1);
    expect(steady.copies).toBeLessThan(1.3);
    expect(steady.lastMs.p95).toBeLessThan(3_000);
    expect(network.members.flatMap((member) => member.offences)).toEqual([]);
  });

  it('reaches every survivor when 30 % die at the moment of a publication', { timeout: 120_000 }, () => {
    const runs = nodes > 500 ? 2 : 10;
    const lasts: number[] = [];
    for (let seed = 1; seed <= runs; seed++) {
      const network = networkOf(nodes, seed);
      publishMany(network, 10);
      const figures = publishMany(network, 1, (author) => {
        for (const member of network.members) {
          if (member !== author && network.random.float() < 0.3) network.kill(member, () => network.random.jitter(31_500, 0.24));
        }
      });
      expect(figures.delivery).toBe(1);
      lasts.push(figures.lastMs.max);
    }
    console.error(`${nodes} nodes, 30 % killed: last survivor reached after`, spreadOf(lasts));
    expect(Math.max(...lasts)).toBeLessThan(15_000);
  });

  it('brings what was published on one side of a split to the other side over one new link', { timeout: 120_000 }, () => {
    const network = new GossipNetwork({ nodes, seed: 7 });
    for (const member of network.members) member.gossip.handle({ type: 'subscribe', topic: TOPIC }, network.now);
    const half = network.members.slice(0, nodes / 2);
    const rest = network.members.slice(nodes / 2);
    network.linkAtRandom(half);
    network.linkAtRandom(rest);
    half[0]?.publish(TOPIC, utf8('from the left'));
    rest[0]?.publish(TOPIC, utf8('from the right'));
    network.run(60_000);
    network.link(half[5] as Member, rest[5] as Member);
    network.run(10_000);
    const texts = (member: Member) => member.delivered.map(({ bytes }) => Buffer.from(bytes).toString()).toSorted();
    for (const member of network.members) {
      const own = [half[0], rest[0]].indexOf(member);
      const all = ['from the left', 'from the right'];
      expect(texts(member)).toEqual(own < 0 ? all : all.toSpliced(own, 1));
    }
  });
});
