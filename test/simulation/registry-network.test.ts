import { describe, expect, it } from 'vitest';
import { connectRandomly, hasAgent, RegistryNetwork, type RegistryNode } from '../doubles/registry-network.ts';
import { testAgent, TestPerson } from '../support/registry-people.ts';

const DEGREE = 10;
const MINUTE = 60_000;

type Figures = {
  readonly nodes: number;
  readonly floods: boolean;
  readonly joinedMs: number;
  readonly known99Ms: number;
  readonly knownAllMs: number;
  readonly changeBytesPerNode: number;
  readonly idleBytesPerSecond: number;
  readonly healMs: number;
};

/** Everybody has a name, a node and an agent before the links open. */
function settled(count: number, seed: number, floods: boolean): RegistryNetwork {
  const network = new RegistryNetwork({ seed, floods, loss: 0.02 });
  network.keepsOutputs = false;
  for (let index = 0; index < count; index++) {
    const member = network.add(new TestPerson(1000 + index));
    network.edit(member, { type: 'set-name', name: `Person ${index}` });
    network.edit(member, { type: 'put-node', node: member.node, title: 'Laptop' });
    network.edit(member, { type: 'put-agent', node: member.node, agent: testAgent('notes', `Notes ${index}`) });
  }
  connectRandomly(network, network.nodes, DEGREE);
  return network;
}

function sent(network: RegistryNetwork): number {
  return network.nodes.reduce((sum, node) => sum + node.bytesSent, 0);
}

/** Looks every `stepMs` how many know it. */
function timeUntilKnown(network: RegistryNetwork, limitMs: number, knows: (member: RegistryNode) => boolean): { p99: number; all: number } {
  const start = network.now;
  let unaware = network.nodes;
  let p99 = Infinity;
  while (network.now - start < limitMs) {
    network.run(25);
    unaware = unaware.filter((member) => !knows(member));
    if (p99 === Infinity && unaware.length <= network.nodes.length / 100) p99 = network.now - start;
    if (unaware.length === 0) return { p99, all: network.now - start };
  }
  return { p99, all: Infinity };
}

function measure(count: number, seed: number, floods: boolean): Figures {
  const network = settled(count, seed, floods);
  const joinedMs = timeUntilEqual(network);

  network.run(MINUTE);
  const idleFrom = sent(network);
  network.run(2 * MINUTE);
  const idleBytesPerSecond = (sent(network) - idleFrom) / 120 / count;

  const author = network.nodes[0] as RegistryNode;
  const changeFrom = sent(network);
  network.edit(author, { type: 'put-agent', node: author.node, agent: testAgent('search', 'Search') });
  const known = timeUntilKnown(network, 10 * MINUTE, (member) => hasAgent(member, author.person.id, 'Search'));
  network.run(MINUTE);
  const changeBytesPerNode = Math.max(0, (sent(network) - changeFrom) / count - ((known.all + MINUTE) / 1000) * idleBytesPerSecond);
  return {
    nodes: count,
    floods,
    joinedMs,
    known99Ms: known.p99,
    knownAllMs: known.all,
    changeBytesPerNode,
    idleBytesPerSecond,
    healMs: heal(network),
  };
}

/** The network falls into halves, both change, and five links between them come back. Answers when all are equal. */
function heal(network: RegistryNetwork): number {
  const half = network.nodes.length / 2;
  const [left, right] = [network.nodes.slice(0, half), network.nodes.slice(half)];
  for (const a of left) for (const b of right) if (a.links.has(b.node)) network.disconnect(a, b);
  for (const member of network.nodes.filter((_, index) => index % 4 === 0)) {
    network.edit(member, { type: 'put-agent', node: member.node, agent: testAgent('split', 'Made while apart') });
  }
  network.run(3 * MINUTE);
  expect(network.areEqual()).toBe(false);
  for (let index = 0; index < 5; index++) network.connect(left[index * 3] as RegistryNode, right[index * 3] as RegistryNode);
  return timeUntilEqual(network);
}

function timeUntilEqual(network: RegistryNetwork): number {
  const started = network.now;
  while (!network.areEqual() && network.now - started < 5 * MINUTE) network.run(25);
  expect(network.areEqual()).toBe(true);
  return network.now - started;
}

function report(figures: Figures): void {
  console.log(JSON.stringify(figures, (_, value: unknown) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value)));
}

/** `REGISTRY_NODES=300` measures larger networks; they take minutes. */
const SIZES = (process.env['REGISTRY_NODES'] ?? '40').split(',').map(Number);

describe('registries of a whole network, 75 ms one way, 2 % of the messages late', () => {
  for (const count of SIZES) {
    it(
      `${count} nodes with a stand-in for gossip: an agent is known to all in seconds, idle nodes are quiet, halves heal`,
      { timeout: 1_200_000 },
      () => {
        const figures = measure(count, 1, true);
        report(figures);
        expect(figures.known99Ms).toBeLessThan(3_000);
        expect(figures.knownAllMs).toBeLessThan(10_000);
        expect(figures.idleBytesPerSecond).toBeLessThan(20);
        expect(figures.healMs).toBeLessThan(90_000);
      },
    );
  }

  it(`${SIZES[0]} nodes that only reconcile: an agent reaches all, later`, { timeout: 600_000 }, () => {
    const figures = measure(SIZES[0] as number, 2, false);
    report(figures);
    expect(figures.knownAllMs).toBeLessThan(2 * MINUTE);
    expect(figures.healMs).toBeLessThan(90_000);
  });
});
