import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { SeededRandom } from '../../src/base/seeded-random.ts';
import { EDGE_ADVERSARIES } from './adversaries/all-adversaries.ts';
import { commandFor, readCommandLine } from './command-line.ts';
import { EventQueue } from './event-queue.ts';
import { distributionOf, FigureRecorder, type Figures } from './figures.ts';
import { conclude, main } from './main.ts';
import { canConnect, drawNat, NAT_TYPES } from './nat.ts';
import { DEFAULTS } from './options.ts';
import { SCENARIOS } from './scenarios/all-scenarios.ts';
import { SimNetwork, type Place } from './sim-network.ts';
import type { SimNode } from './sim-node.ts';
import { simulate, type Report } from './simulation.ts';
import type { World } from './world.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('a run', () => {
  const options = { scenario: 'join-storm', nodes: 4, seconds: 20 };

  it('is the same for the same seed, to the last byte, and another for another seed', { timeout: 60_000 }, async () => {
    const [first, again, other] = [
      await simulate({ ...options, seed: 1 }),
      await simulate({ ...options, seed: 1 }),
      await simulate({ ...options, seed: 2 }),
    ];
    const timeless = ({ wallSeconds: _, ...rest }: Report) => rest;
    expect(timeless(again)).toEqual(timeless(first));
    expect(other.traceHash).not.toBe(first.traceHash);
  });

  it('joins everybody: each node has a session, and calls are answered', { timeout: 60_000 }, async () => {
    const { figures, violations } = await simulate({ ...options, seed: 5, seconds: 60 });
    expect(violations).toEqual([]);
    expect(figures.components).toBe(1);
    expect(figures.firstSessionMs?.max).toBeLessThan(10_000);
    expect(figures.firstCallMs?.p50).toBeGreaterThan(0);
    expect(figures.callsAnswered).toBe(1);
  });

  it('with nobody who can reach anybody has no session', async () => {
    const { figures } = await simulate({ ...options, nat: { symmetric: 1 } });
    expect(figures.maxLinks).toBe(0);
    expect(figures.firstSessionMs).toBeUndefined();
    expect(figures.components).toBe(4);
  });

  it('measures nothing that it does not have', async () => {
    const { figures } = await simulate({ ...options, seed: 1, seconds: 9 });
    for (const absent of ['idleBytesPerSecond', 'healMs', 'relayedCallMs', 'gossipDelivery', 'agentKnownAllMs', 'faults'])
      expect(figures).not.toHaveProperty(absent);
  });
});

describe('every scenario', () => {
  const measured: Partial<Record<string, (figures: Figures) => void>> = {
    'kill-30': ({ deadGoneMs }) => {
      expect(deadGoneMs?.p50).toBeGreaterThan(5_000);
      expect(deadGoneMs?.max).toBeLessThan(45_000);
    },
    partition: ({ healMs }) => expect(healMs?.max).toBeGreaterThan(0),
    steady: ({ idleBytesPerSecond }) => expect(idleBytesPerSecond?.max).toBeGreaterThan(1),
  };

  for (const { name } of SCENARIOS) {
    it(`${name} runs with five nodes, breaks nothing and measures what it is for`, { timeout: 120_000 }, async () => {
      const { violations, figures } = await simulate({ scenario: name, nodes: 5, seed: 7 });
      expect(violations).toEqual([]);
      measured[name]?.(figures);
    });
  }
});

describe('every adversary at the edges of a node', () => {
  for (const { name } of EDGE_ADVERSARIES) {
    it(`${name} leaves the honest connected with each other, and their messages whole`, { timeout: 120_000 }, async () => {
      const { violations, figures } = await simulate({ scenario: 'hostile', adversary: name, nodes: 5, seed: 7, seconds: 70, hostileShare: 0.3 });
      expect(violations).toEqual([]);
      expect(figures.components).toBe(1);
    });
  }

  it('is noticed where it breaks the rules', { timeout: 60_000 }, async () => {
    const cost = await simulate({ scenario: 'hostile', adversary: 'garbler', nodes: 4, seed: 1, seconds: 70, hostileShare: 0.3 });
    expect(cost.figures.faults).toBeGreaterThan(0);
  });
});

describe('the command', () => {
  it('prints one JSON object with the fields that others read, and exits with 0', { timeout: 60_000 }, () => {
    const words = ['--nodes', '3', '--seed', '4', '--scenario', 'join-storm', '--seconds', '15', '--json'];
    const { stdout, status } = spawnSync(process.execPath, ['test/simulation/run.mjs', ...words], { cwd: ROOT, encoding: 'utf8' });
    const report = JSON.parse(stdout) as Report;
    expect(Object.keys(report)).toEqual(['scenario', 'nodes', 'seed', 'virtualSeconds', 'wallSeconds', 'violations', 'figures', 'traceHash']);
    expect(report).toMatchObject({ scenario: 'join-storm', nodes: 3, seed: 4, virtualSeconds: 15, violations: [] });
    expect(status).toBe(0);
  });

  it('takes the fakes above 100 nodes, and they connect everybody', { timeout: 60_000 }, () => {
    const words = ['--nodes', '101', '--scenario', 'join-storm', '--seconds', '6', '--json'];
    const { stdout } = spawnSync(process.execPath, ['test/simulation/run.mjs', ...words], { cwd: ROOT, encoding: 'utf8' });
    expect((JSON.parse(stdout) as Report).figures.components).toBe(1);
  });

  it('refuses the fakes up to 100 nodes', async () => {
    vi.doMock('../../src/crypto/signing.ts', () => import('../doubles/insecure-signing-for-simulation.ts'));
    vi.resetModules();
    const { assertRealCryptography } = await import('./primitives.ts');
    expect(() => assertRealCryptography(100)).toThrow('must be the real one');
    expect(() => assertRealCryptography(101)).not.toThrow();
    vi.doUnmock('../../src/crypto/signing.ts');
    vi.resetModules();
  });

  it('exits with 1 for violations and says how to repeat them', () => {
    const said = vi.spyOn(console, 'error').mockReturnValue();
    const options = { ...DEFAULTS, nodes: 9, seed: 8, scenario: 'churn', loss: 0.1 };
    expect(conclude({ violations: [{ checker: 'any', atMs: 0, detail: '' }] }, options)).toBe(1);
    expect(said).toHaveBeenCalledWith(expect.stringContaining('npm run sim -- --nodes 9 --seed 8 --scenario churn --loss 0.1'));
    said.mockRestore();
  });

  it('exits with 2 for what cannot be meant', async () => {
    const said = vi.spyOn(console, 'error').mockReturnValue();
    for (const words of [['--nodes', '0'], ['--scenario', 'nothing'], ['--loss', '2'], ['--nat', 'wall:1'], ['--what']])
      expect(await main(words)).toBe(2);
    said.mockRestore();
  });

  it('repeats what it read', () => {
    const { options } = readCommandLine(
      '--nodes 7 --seed 3 --scenario nat --seconds 9 --delay 10 --reorder 0.2 --nat cone:1,symmetric:2 --server-off-at 5'.split(' '),
    );
    const words = commandFor(options).split(' -- ')[1]?.split(' ') ?? [];
    expect(readCommandLine(words).options).toEqual(options);
  });
});

describe('the event queue', () => {
  it('runs by time, then by order of request, and waits for promises', async () => {
    const queue = new EventQueue();
    const random = new SeededRandom(1);
    const seen: [number, number][] = [];
    for (let index = 0; index < 500; index++) {
      const at = random.below(50);
      queue.at(at, async () => {
        await Promise.resolve();
        seen.push([queue.now, index]);
      });
    }
    await queue.runUntil(100);
    expect(seen).toEqual(seen.toSorted(([a, x], [b, y]) => a - b || x - y));
    expect(seen).toHaveLength(500);
    expect(queue.now).toBe(100);
  });
});

describe('the network', () => {
  function pair(chosen: { readonly meanDelayMs: number; readonly loss: number; readonly reorder: number }) {
    const options = { ...chosen, spread: DEFAULTS.spread };
    const queue = new EventQueue();
    const network = new SimNetwork(queue, new SeededRandom(3), options, { carried: () => undefined });
    const place = (index: number): Place => ({
      index,
      uplinkBytesPerSecond: 1_000_000,
      extraDelayMs: 0,
      side: 0,
      isDown: false,
      uplinkFreeAt: 0,
    });
    const [a, b] = network.open(place(0), place(1));
    const arrived: { readonly at: number; readonly value: number }[] = [];
    const ends: string[] = [];
    a.bind({ frame: () => undefined, closed: (code) => ends.push(`a ${code}`) });
    b.bind({ frame: (bytes) => arrived.push({ at: queue.now, value: bytes[0] as number }), closed: (code) => ends.push(`b ${code}`) });
    return { queue, network, a, b, arrived, ends };
  }

  it('keeps the order and loses nothing, however much is lost below', async () => {
    const { queue, network, a, arrived } = pair({ meanDelayMs: 75, loss: 0.3, reorder: 0.3 });
    for (let value = 0; value < 100; value++) queue.at(value * 10, () => network.send(a, Uint8Array.of(value)));
    await queue.runUntil(120_000);
    expect(arrived.map(({ value }) => value)).toEqual(Array.from({ length: 100 }, (_, value) => value));
    // At least one frame had to wait for a retransmission, and those behind it with it.
    expect(Math.max(...arrived.map(({ at, value }) => at - value * 10))).toBeGreaterThan(400);
  });

  it('repairs a lost packet by its timeout, and within a round trip where others follow it', async () => {
    for (const [spacingMs, isFast] of [
      [1_500, false],
      [10, true],
    ] as const) {
      const { queue, network, a, arrived } = pair({ meanDelayMs: 75, loss: 0.04, reorder: 0 });
      for (let value = 0; value < 250; value++) queue.at(value * spacingMs, () => network.send(a, Uint8Array.of(value)));
      await queue.runUntil(500_000);
      expect(arrived.map(({ value }) => value)).toEqual(Array.from({ length: 250 }, (_, value) => value));
      const lateMs = arrived.map(({ at, value }) => at - value * spacingMs);
      const oneWayMs = Math.min(...lateMs);
      const repaired = lateMs.filter((ms) => ms > 2 * oneWayMs).toSorted((x, y) => x - y);
      expect(repaired.length).toBeGreaterThan(3);
      const usualMs = repaired[Math.floor(repaired.length / 2)] as number;
      if (isFast) expect(usualMs).toBeLessThan(4 * oneWayMs + 3 * spacingMs);
      else expect(repaired[0]).toBeGreaterThanOrEqual(400);
    }
  });

  it('takes the time that the uplink needs', async () => {
    const { queue, network, a, arrived } = pair({ meanDelayMs: 0, loss: 0, reorder: 0 });
    for (let value = 0; value < 3; value++) network.send(a, new Uint8Array(100_000).fill(value));
    expect(network.backlogBytes(a.place)).toBe(300_000);
    await queue.runUntil(10_000);
    expect(arrived.map(({ at }) => at)).toEqual([100, 200, 300]);
  });

  it('holds frames through a short cut, and ends the link in a long one', async () => {
    const { queue, network, a, b, arrived, ends } = pair({ meanDelayMs: 75, loss: 0, reorder: 0 });
    b.place.side = 1;
    network.reconsider();
    network.send(a, Uint8Array.of(1));
    await queue.runUntil(10_000);
    expect(arrived).toEqual([]);
    b.place.side = 0;
    network.reconsider();
    await queue.runUntil(20_000);
    expect(arrived.map(({ value }) => value)).toEqual([1]);
    b.place.side = 1;
    network.reconsider();
    await queue.runUntil(60_000);
    expect(ends.toSorted()).toEqual(['a link-lost', 'b link-lost']);
  });

  it('tells the other side of a close behind what was sent before', async () => {
    const { queue, network, a, arrived, ends } = pair({ meanDelayMs: 75, loss: 0.3, reorder: 0 });
    for (let value = 0; value < 20; value++) network.send(a, Uint8Array.of(value));
    network.close(a);
    await queue.runUntil(120_000);
    expect(arrived).toHaveLength(20);
    expect(ends).toEqual(['b peer-closed']);
  });
});

describe('NATs', () => {
  it('let a pair connect as ICE with STUN alone would', () => {
    const table = NAT_TYPES.map((a) => NAT_TYPES.map((b) => (canConnect(a, b) ? 'x' : '-')).join(''));
    expect(table).toEqual(['xxx-', 'xx--', 'x---', '----']);
  });

  it('are drawn by their weights', () => {
    const random = new SeededRandom(1);
    const drawn = Array.from({ length: 1_000 }, () => drawNat({ open: 1, symmetric: 3 }, random));
    expect(drawn.filter((type) => type === 'symmetric').length / 1_000).toBeCloseTo(0.75, 1);
    expect(drawn).not.toContain('cone');
  });
});

describe('figures', () => {
  it('are the nearest ranks', () => {
    expect(distributionOf(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({ p50: 50, p95: 95, max: 100 });
    expect(distributionOf([])).toBeUndefined();
  });

  it('of agents, gossip, presence and calls are what observers were told', () => {
    const nodes = Array.from({ length: 100 }, (_, index) => ({ id: `n${index}` }) as unknown as SimNode);
    const world = { now: 0, nodes: [], honest: () => nodes, nodeById: () => undefined, options: {} };
    const recorder = new FigureRecorder(() => world as unknown as World);
    recorder.agentPublished('a');
    recorder.gossipPublished('g', nodes.slice(1));
    for (const node of nodes.slice(1)) {
      world.now += 10;
      recorder.agentKnown(node, 'a');
      if (world.now <= 980) {
        recorder.gossipDelivered(node, 'g');
        recorder.gossipDelivered(node, 'g');
      }
    }
    const [from, to] = nodes as [SimNode, SimNode];
    recorder.gone(to);
    world.now += 1_000;
    recorder.presenceLost(from, to.id);
    recorder.called({ from, to, relays: 1, isFirst: false, tookMs: 300 });
    const { agentKnown99Ms, agentKnownAllMs, gossipDelivery, deadGoneMs, relayedCallMs, directCallMs } = recorder.figures();
    expect(agentKnown99Ms?.max).toBe(990);
    // One of the hundred never heard of it.
    expect(agentKnownAllMs).toBeUndefined();
    // Twice to one node counts once, and the last of 99 got nothing.
    expect(gossipDelivery).toBeCloseTo(98 / 99, 6);
    expect(deadGoneMs?.max).toBe(1_000);
    expect(relayedCallMs?.max).toBe(300);
    expect(directCallMs).toBeUndefined();
  });
});
