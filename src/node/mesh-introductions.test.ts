import { describe, expect, it } from 'vitest';
import { localNode } from '../../test/doubles/local-nodes.ts';
import { MemoryRtc } from '../../test/doubles/memory-rtc.ts';
import { ask, echo, meshOf, settled, untilPath } from '../../test/doubles/relay-world.ts';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';
import { seededIdentity } from '../../test/support/seeded-identity.ts';
import { fromUtf8, utf8 } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { makeCard } from '../crypto/peer-card.ts';
import { openNetworkId } from '../wire/networks.ts';
import type { RtcDialer } from '../ports/rtc.ts';
import type { SignalingClient, SignalingHandlers } from '../ports/signaling.ts';
import type { Node } from './node.ts';

const LINE = [
  [0, 1],
  [1, 2],
] as const;

async function cardOf(seed: number, now = Date.now()): Promise<Uint8Array> {
  return makeCard(await seededIdentity(seed, now), openNetworkId('test'), now);
}

/** A server that everybody may join and that knows nobody. */
function lonelyServer(): SignalingClient {
  return {
    host: 'server.test',
    connect: (handlers: SignalingHandlers) => {
      queueMicrotask(() => handlers.challenged(new Uint8Array(32)));
      return {
        join: () => handlers.welcomed({ peerCards: [], stunPort: 0 }),
        relay: (to) => queueMicrotask(() => handlers.absent(to)),
        list: () => undefined,
        lookUp: () => undefined,
        announce: () => undefined,
        close: () => undefined,
      };
    },
  };
}

describe('introductions through the mesh', () => {
  it('open a direct link between the ends of a line without a server', async () => {
    for (const count of [3, 5]) {
      const rtc = new MemoryRtc();
      const edges = Array.from({ length: count - 1 }, (_, index) => [index, index + 1] as const);
      const { nodes } = await meshOf(count, edges, { nodes: { rtc } });
      const [first, last] = [nodes[0] as Node, nodes.at(-1) as Node];
      first.meet(await cardOf(count));
      await untilPath(first, last, 'memory');
      await untilPath(last, first, 'memory');
      expect(rtc.dials).toBeGreaterThanOrEqual(2);
    }
  });

  it('replace a circuit by a direct link under its streams', async () => {
    const rtc = new MemoryRtc();
    const { nodes } = await meshOf(3, LINE, { nodes: { rtc } });
    const [a, b, c] = nodes as [Node, Node, Node];
    echo(c);
    const stream = await a.open(c.id, 'echo/1');
    expect(stream.path).toEqual({ kind: 'relayed', via: [b.id] });
    a.meet(await cardOf(3));
    await untilPath(a, c, 'memory');
    expect(fromUtf8(await ask(stream, utf8('over the link')))).toBe('over the link');
    expect(stream.path).toEqual({ kind: 'memory', via: [] });
  });

  it('come to no more links than a node may have, however many sessions over relays there are at once', { timeout: 60_000 }, async () => {
    const rtc = new MemoryRtc();
    rtc.canConnect = false;
    // Of all nodes only the first one dials; the others answer.
    const idle = { signal: () => undefined, abandon: () => undefined };
    const answering: RtcDialer = { dial: (options) => (options.initiator ? idle : rtc.dial(options)) };
    const clock = new VirtualClock();
    const relays = [1, 2, 3];
    const edges = [0, ...Array.from({ length: 20 }, (_, index) => index + 4)].flatMap((node) => relays.map((relay) => [node, relay] as const));
    const { nodes } = await settled(clock, meshOf(24, edges, { nodes: { rtc: answering, clock }, rtc: { 0: rtc } }));
    const [a, ...rest] = nodes as [Node, ...Node[]];
    await clock.advance(2_000);
    const far = rest.slice(relays.length);
    for (const node of far) echo(node);
    const streams = await settled(clock, Promise.all(far.map((node) => a.open(node.id, 'echo/1'))));
    expect(new Set(streams.map(({ path }) => path.kind))).toEqual(new Set(['relayed']));
    await clock.advance(LIMITS.dialTimeoutMs + 1_000);
    const linksOf = (node: Node) => node.peers().filter(({ state, path }) => state === 'connected' && path?.kind === 'memory').length;
    let most = 0;
    rtc.canConnect = true;
    for (let step = 0; step < 80; step++) {
      // Not all may be dialled at the same moment; those that are left come next.
      if (step % 10 === 0) a.nudge('online');
      await clock.advance(500);
      most = Math.max(most, linksOf(a));
    }
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThanOrEqual(LIMITS.maxConnections);
    // What found no room stays on its circuit.
    expect(new Set(streams.map(({ path }) => path.kind))).toEqual(new Set(['relayed', 'memory']));
    for (const stream of streams) expect(fromUtf8(await settled(clock, ask(stream, utf8('still here'))))).toBe('still here');
  });

  it('leave the session on its circuit where no direct link opens', async () => {
    const rtc = new MemoryRtc();
    rtc.canConnect = false;
    const { nodes } = await meshOf(3, LINE, { nodes: { rtc } });
    const [a, , c] = nodes as [Node, Node, Node];
    echo(c);
    a.meet(await cardOf(3));
    const stream = await a.open(c.id, 'echo/1');
    expect(stream.path.kind).toBe('relayed');
    expect(fromUtf8(await ask(stream, utf8('relayed')))).toBe('relayed');
  });

  it('go through the mesh when the server does not know the node', async () => {
    const rtc = new MemoryRtc();
    const { nodes } = await meshOf(3, LINE, { nodes: { rtc, signaling: lonelyServer() } });
    const [a, , c] = nodes as [Node, Node, Node];
    a.meet(await cardOf(3));
    await untilPath(a, c, 'memory');
  });

  it('that nobody can bring fail the attempt with a reason', async () => {
    const rtc = new MemoryRtc();
    const clock = new VirtualClock();
    const { nodes } = await settled(clock, meshOf(2, [[0, 1]], { nodes: { rtc, clock } }));
    const [a] = nodes as [Node, Node];
    const nobody = await localNode(9);
    a.meet(await cardOf(9, clock.now()));
    await expect(settled(clock, a.open(nobody.id, 'echo/1'))).rejects.toMatchObject({ code: 'unreachable' });
  });
});
