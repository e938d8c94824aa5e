import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import type { NodeId } from '../../src/base/ids.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { CHANNEL_FRAME } from '../../src/crypto/channel-frames.ts';
import type { ChannelOutput } from '../../src/crypto/channel.ts';
import { plaintextChannels } from '../doubles/plaintext-channel.ts';
import { ChangedChannel } from '../doubles/tapped-channels.ts';
import { BoundedTables } from './checkers/bounded-tables.ts';
import type { ViolationSink } from './checkers/checker.ts';
import { Convergence } from './checkers/convergence.ts';
import { Deadlines } from './checkers/deadlines.ts';
import { FreshNonces } from './checkers/fresh-nonces.ts';
import { LinkBudget } from './checkers/link-budget.ts';
import { MadeUpNodes } from './checkers/made-up-nodes.ts';
import { MessagesOnce } from './checkers/messages-once.ts';
import { NoPlaintext } from './checkers/no-plaintext.ts';
import { Violations } from './checkers/violations.ts';
import { WakeProgress } from './checkers/wake-progress.ts';
import type { ObservedChannel } from './sim-channels.ts';
import type { SimNode } from './sim-node.ts';
import { simulate } from './simulation.ts';
import type { SpawnOptions } from './world.ts';

/** Three nodes that talk for half a minute, with something wrong in each of them. */
async function brokenBy(spawnDefaults: SpawnOptions): Promise<readonly string[]> {
  const { violations } = await simulate({ scenario: 'join-storm', nodes: 3, seed: 2, seconds: 40 }, spawnDefaults);
  return [...new Set(violations.map(({ checker }) => checker))];
}

/** The real channel, which says some outputs twice. */
function repeating(isRepeated: (output: ChannelOutput) => boolean): SpawnOptions {
  return {
    channels: (secure) =>
      Object.assign(
        (...args: Parameters<typeof secure>) => new ChangedChannel(secure(...args), (output) => (isRepeated(output) ? [output, output] : [output])),
        { localHello: secure.localHello },
      ),
  };
}

/** A checker with what it found. */
function checking<C>(make: (sink: ViolationSink) => C): { readonly checker: C; readonly found: string[] } {
  const found: string[] = [];
  return { checker: make({ report: ({ detail }) => found.push(detail) }), found };
}

function channelAt(index: number, isInitiator = true): ObservedChannel {
  return { node: { index }, isInitiator } as ObservedChannel;
}

describe('no-plaintext', () => {
  it('finds channels that do not encrypt', { timeout: 30_000 }, async () => {
    const broken = await brokenBy({ channels: (secure) => Object.assign(plaintextChannels(secure), { localHello: secure.localHello }) });
    expect(broken).toContain('no-plaintext');
  });

  it('finds a payload at a third node and at the server, and leaves its addressee alone', () => {
    const canary = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const nodes = ['a', 'b', 'c', 'd', 'c'].map((id) => ({ id })) as unknown as SimNode[];
    const { checker, found } = checking((sink) => new NoPlaintext(sink, () => ({ canary, nodes })));
    const payload = concatBytes(
      Uint8Array.of(9, 9),
      canary,
      Uint8Array.of(0),
      Uint8Array.of(0, 0, 0, 1),
      Uint8Array.of(0, 0, 0, 2),
      new Uint8Array(9),
    );
    const at = (index: number): ObservedChannel => ({ node: { id: nodes[index]?.id, index } }) as unknown as ObservedChannel;
    checker.delivered(at(2), payload);
    // The same node, started again.
    checker.delivered(at(4), payload);
    expect(found).toEqual([]);
    checker.delivered(at(3), payload);
    checker.introduced(payload);
    expect(found).toHaveLength(2);
  });
});

describe('fresh-nonces', () => {
  it('finds a frame that is sealed twice under one counter', { timeout: 30_000 }, async () => {
    const isSealed = (output: ChannelOutput) => output.type === 'transmit' && output.frame[0] === CHANNEL_FRAME.small;
    expect(await brokenBy(repeating(isSealed))).toContain('fresh-nonces');
  });

  it('finds keys that belong to more than two ends', () => {
    const { checker, found } = checking((sink) => new FreshNonces(sink));
    const binding = Uint8Array.of(1);
    checker.established(channelAt(1, true), binding);
    checker.established(channelAt(2, false), binding);
    expect(found).toEqual([]);
    checker.established(channelAt(3, true), binding);
    expect(found).toHaveLength(1);
  });
});

describe('messages-once', () => {
  it('finds payloads that are delivered twice', { timeout: 30_000 }, async () => {
    expect(await brokenBy(repeating((output) => output.type === 'deliver' && output.payload.length > 100))).toContain('messages-once');
  });

  it('finds a wrong author and a wrong addressee', () => {
    const nodes = [{ id: 'a' }, { id: 'b' }, { id: 'b' }] as unknown as SimNode[];
    const { checker, found } = checking((sink) => new MessagesOnce(sink, () => ({ nodes })));
    const by = { index: 1, id: 'b' } as SimNode;
    const message = { by, provenSender: nodes[0]?.id, claimedSender: 0, addressee: 1 };
    checker.received({ ...message, id: 1 });
    // The same node, started again.
    checker.received({ ...message, id: 4, by: { index: 2, id: 'b' } as SimNode });
    expect(found).toEqual([]);
    checker.received({ ...message, id: 2, claimedSender: 1 });
    checker.received({ ...message, id: 3, addressee: 0 });
    expect(found).toHaveLength(2);
  });
});

const table = (size: number, isPending = false) => ({ name: 'things', size, limit: 3, isPending });

describe('bounded-tables', () => {
  it('finds a table above its limit', () => {
    const { checker, found } = checking((sink) => new BoundedTables(sink));
    const node = (size: number) => ({ index: 1, isAlive: true, tables: () => [table(size)] });
    checker.inspect({ nodes: [node(3)] });
    expect(found).toEqual([]);
    checker.inspect({ nodes: [node(4)] });
    expect(found).toHaveLength(1);
  });
});

describe('deadlines', () => {
  it('finds pending entries that nothing will ever wake', () => {
    const { checker, found } = checking((sink) => new Deadlines(sink));
    const node = (next: number | undefined, size = 1) => ({
      index: 1,
      isAlive: true,
      clock: 1_000,
      tables: () => [table(size, true)],
      machine: { nextWakeAt: () => next },
    });
    checker.inspect({ nodes: [node(2_000), node(undefined, 0)] });
    expect(found).toEqual([]);
    checker.inspect({ nodes: [node(undefined), node(10 ** 9)] });
    expect(found).toHaveLength(2);
  });
});

describe('wake-progress', () => {
  it('finds a machine that wants to be woken at once again', () => {
    const { checker, found } = checking((sink) => new WakeProgress(sink));
    checker.woken({ index: 1, clock: 1_000 }, 1_001);
    checker.woken({ index: 1, clock: 1_000 }, undefined);
    expect(found).toEqual([]);
    checker.woken({ index: 1, clock: 1_000 }, 1_000);
    expect(found).toHaveLength(1);
  });
});

describe('link-budget', () => {
  it('finds a node with too many links', () => {
    const { checker, found } = checking((sink) => new LinkBudget(sink));
    checker.linkAdded({ index: 1, linkCount: LIMITS.maxConnections, isHonest: true });
    checker.linkAdded({ index: 2, linkCount: LIMITS.maxConnections + 1, isHonest: false });
    expect(found).toEqual([]);
    checker.linkAdded({ index: 1, linkCount: LIMITS.maxConnections + 1, isHonest: true });
    expect(found).toHaveLength(1);
  });
});

describe('convergence', () => {
  it('finds connected nodes that know different things, and lets those alone that cannot reach each other', () => {
    const { checker, found } = checking((sink) => new Convergence(sink));
    const node = (index: number, peers: readonly string[], digest: string) =>
      ({ index, id: `n${index}`, sessions: new Set(peers), replicas: () => ({ registry: digest }) }) as unknown as SimNode;
    checker.ended({ honest: () => [node(0, ['n1'], 'x'), node(1, ['n0'], 'x'), node(2, [], 'y')] });
    expect(found).toEqual([]);
    checker.ended({ honest: () => [node(0, ['n1'], 'x'), node(1, ['n0'], 'z')] });
    expect(found).toHaveLength(1);
  });
});

describe('made-up-nodes', () => {
  it('finds a node that was told of more nodes that never were than its neighbours may tell of', () => {
    const { checker, found } = checking((sink) => new MadeUpNodes(sink));
    const known = 'known' as NodeId;
    const honest = (ghosts: number) => ({
      index: 1,
      isHonest: true,
      isRunning: true,
      present: [known, ...Array.from({ length: ghosts }, (_, index) => `ghost ${index}` as NodeId)],
    });
    const hostile = { index: 2, isHonest: false, isRunning: true, present: [] };
    const inspect = (...nodes: readonly ReturnType<typeof honest>[]) =>
      checker.inspect({ now: 0, nodes, nodeById: (id) => (id === known ? nodes[0] : undefined) });
    inspect(honest(80), hostile);
    expect(found).toEqual([]);
    inspect(honest(81), hostile);
    expect(found).toHaveLength(1);
  });
});

describe('violations', () => {
  it('keep the first few of each checker and count the rest', () => {
    const violations = new Violations(() => 5);
    for (let count = 0; count < 100; count++) violations.report({ checker: 'one', detail: `${count}` });
    violations.report({ checker: 'other', detail: 'x' });
    expect(violations.all()).toHaveLength(12);
    expect(violations.all().at(-1)?.detail).toContain('100');
  });
});
