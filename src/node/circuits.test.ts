import { describe, expect, it } from 'vitest';
import { joinNodes, localNode, peerUp } from '../../test/doubles/local-nodes.ts';
import { ask, echo, meshOf, settled, tapMessages, untilPath } from '../../test/doubles/relay-world.ts';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';
import { fromUtf8, utf8 } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { SeededRandom } from '../base/seeded-random.ts';
import { memoryLinkPair } from '../transport/memory-link.ts';
import type { Stream } from './api.ts';
import type { Node } from './node.ts';

const LINE = [
  [0, 1],
  [1, 2],
] as const;
/** Two ways from the first to the last node. */
const DIAMOND = [
  [0, 1],
  [0, 2],
  [1, 3],
  [2, 3],
] as const;

function link(a: Node, b: Node): void {
  const [left, right] = memoryLinkPair();
  a.attachLink(left, 'initiator', b.id);
  b.attachLink(right, 'responder');
}

/** Virtual time, and a moment of the real one for the ciphers of large frames, which work in threads of their own. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  await clock.advance(ms);
  await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('a circuit', () => {
  it('carries a stream to a node without a link over one relay, which sees sealed frames only', async () => {
    const seen: Uint8Array[] = [];
    const tap = (payload: Uint8Array) => {
      seen.push(payload.slice());
      return [payload];
    };
    const { nodes } = await meshOf(3, LINE, { taps: { 1: tap } });
    const [a, b, c] = nodes as [Node, Node, Node];
    echo(c);
    const stream = await a.open(c.id, 'echo/1', { header: utf8('canary') });
    expect(stream.peer.node).toBe(c.id);
    expect(stream.peer.person).toBe(c.identity.person);
    expect(stream.path).toEqual({ kind: 'relayed', via: [b.id] });
    expect(fromUtf8(await ask(stream, utf8('canary of a message')))).toBe('canary of a message');
    expect(b.relayFigures()).toMatchObject({ circuits: 1, served: 1 });
    expect(seen.length).toBeGreaterThan(10);
    for (const payload of seen) {
      expect(Buffer.from(payload).includes('canary')).toBe(false);
      expect(Buffer.from(payload).includes('echo/1')).toBe(false);
    }
    stream.end();
    expect(await stream.closed).toEqual({ clean: true });
  });

  it('goes over two and over three relays, and no further', { timeout: 60_000 }, async () => {
    for (const count of [4, 5, 6]) {
      const edges = Array.from({ length: count - 1 }, (_, index) => [index, index + 1] as const);
      const clock = new VirtualClock();
      const { nodes } = await settled(clock, meshOf(count, edges, { nodes: { clock } }));
      const [first, last] = [nodes[0] as Node, nodes.at(-1) as Node];
      echo(last);
      await clock.advance(2_000);
      const opening = settled(clock, first.open(last.id, 'echo/1'));
      if (count === 6) {
        await expect(opening).rejects.toMatchObject({ code: 'unreachable' });
        continue;
      }
      const message = new SeededRandom(count).bytes(50_000);
      expect(Buffer.compare(await settled(clock, ask(await opening, message)), message)).toBe(0);
    }
  });

  it('slows its sender when the receiver does not read, and the relay holds little', async () => {
    const { nodes } = await meshOf(3, LINE);
    const [a, b, c] = nodes as [Node, Node, Node];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let read = 0;
    c.serve('slow/1', (stream) => {
      stream.onMessage(async (message) => {
        await held;
        read += message.length;
      });
    });
    echo(c);
    const slow = await a.open(c.id, 'slow/1', { priority: 'bulk' });
    let sent = 0;
    const sending = (async () => {
      for (let index = 0; index < 12; index++) {
        await slow.send(new Uint8Array(1_000_000));
        sent++;
      }
    })();
    const chat = await a.open(c.id, 'echo/1');
    expect(fromUtf8(await ask(chat, utf8('in time')))).toBe('in time');
    expect(sent).toBeLessThan(4);
    expect(b.relayFigures().heldBytes).toBeLessThan(2 * (LIMITS.circuitWindowBytes + LIMITS.maxCircuitFrameBytes));
    release();
    await sending;
    expect(sent).toBe(12);
    slow.end();
    await slow.closed;
    expect(read).toBe(12_000_000);
  });

  it('that loses its relay is replaced by one over another: calls, transfers and what is said meanwhile go on', async () => {
    const { nodes } = await meshOf(4, DIAMOND);
    const [a, b, d, c] = nodes as [Node, Node, Node, Node];
    const ended: string[] = [];
    for (const node of [a, c]) node.on('peer-down', ({ peer }) => ended.push(peer.node));
    let answer: () => void = () => undefined;
    c.serve('slow/1', (stream) => {
      stream.onMessage((message) => void new Promise<void>((resolve) => (answer = resolve)).then(() => stream.send(message)));
    });
    echo(c);
    const call = await a.open(c.id, 'slow/1');
    const called = ask(call, utf8('in flight'));
    const transfer = await a.open(c.id, 'echo/1');
    const back: number[] = [];
    const all = new Promise<void>((resolve) => {
      transfer.onMessage((message) => {
        back.push(new DataView(message.buffer, message.byteOffset).getUint32(0));
        if (back.length === 200) resolve();
      });
    });
    const [first, other] = call.path.via[0] === b.id ? [b, d] : [d, b];
    const random = new SeededRandom(2);
    for (let index = 0; index < 200; index++) {
      const message = new Uint8Array(4 + random.below(30_000));
      new DataView(message.buffer).setUint32(0, index);
      if (index === 100) void first.close();
      await transfer.send(message);
    }
    await all;
    answer();
    expect(fromUtf8(await called)).toBe('in flight');
    expect(back).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(call.path).toEqual({ kind: 'relayed', via: [other.id] });
    expect(ended).toEqual([first.id, first.id]);
  });

  it(
    'that is lost at any moment of a transfer, by a relay that closes or one that falls silent, costs no message and repeats none',
    { timeout: 240_000 },
    async () => {
      for (const how of ['closes', 'falls silent'] as const) {
        for (let round = 0; round < 6; round++) {
          const clock = new VirtualClock();
          const dead = new Set<number>();
          const carry = (frame: Uint8Array, deliver: (frame: Uint8Array) => void, from: number, to: number) => {
            clock.wakeAt(clock.now() + 20, () => dead.has(from) || dead.has(to) || deliver(frame));
          };
          const links = (from: number, to: number) => ({
            carry: (frame: Uint8Array, deliver: (frame: Uint8Array) => void) => carry(frame, deliver, from, to),
          });
          const { nodes } = await settled(clock, meshOf(4, DIAMOND, { nodes: { clock }, links }));
          const [a, b, d, c] = nodes as [Node, Node, Node, Node];
          await clock.advance(2_000);
          const received: number[] = [];
          c.serve('count/1', (stream) => {
            stream.onMessage((message) => {
              received.push(new DataView(message.buffer, message.byteOffset).getUint32(0));
              return stream.send(message);
            });
          });
          const stream = await settled(clock, a.open(c.id, 'count/1'));
          const back: number[] = [];
          stream.onMessage((message) => void back.push(new DataView(message.buffer, message.byteOffset).getUint32(0)));
          let end: unknown;
          void stream.closed.then((reason) => (end = reason));
          const [first, index] = stream.path.via[0] === b.id ? [b, 1] : [d, 2];
          const random = new SeededRandom(round + 10);
          for (let number = 0; number < 60; number++) {
            const message = new Uint8Array(4 + random.below(20_000));
            new DataView(message.buffer).setUint32(0, number);
            stream.send(message).catch(() => undefined);
            if (number === 20 + round * 3) {
              if (how === 'closes') void first.close();
              else dead.add(index);
            }
            await pass(clock, 7 + round);
          }
          // A relay that says nothing is noticed by the silence, after at most 39 seconds.
          for (let waited = 0; back.length < 60 && waited < 60_000; waited += 500) await pass(clock, 500);
          const all = Array.from({ length: 60 }, (_, number) => number);
          expect([how, round, end, received, back]).toEqual([how, round, undefined, all, all]);
        }
      }
    },
  );

  it(
    'gives way to one over a relay that is much nearer, in the midst of a transfer, and to none that only seems to be',
    { timeout: 60_000 },
    async () => {
      for (const [isNearToBoth, farMs] of [
        [true, 10],
        [false, 400],
      ] as const) {
        const clock = new VirtualClock();
        const delays: Readonly<Record<string, number>> = { '0 1': 120, '1 3': 20, '0 2': 10, '2 3': farMs };
        const links = (from: number, to: number) => ({
          carry: (frame: Uint8Array, deliver: (frame: Uint8Array) => void) => {
            clock.wakeAt(clock.now() + (delays[`${Math.min(from, to)} ${Math.max(from, to)}`] ?? 1), () => deliver(frame));
          },
        });
        const edges = [
          [0, 1],
          [1, 3],
          [2, 3],
        ] as const;
        const { nodes } = await settled(clock, meshOf(4, edges, { nodes: { clock }, links }));
        const [a, b, d, c] = nodes as [Node, Node, Node, Node];
        await clock.advance(2_000);
        const received: number[] = [];
        c.serve('count/1', (stream) =>
          stream.onMessage((message) => void received.push(new DataView(message.buffer, message.byteOffset).getUint32(0))),
        );
        const stream = await settled(clock, a.open(c.id, 'count/1'));
        expect(stream.path.via).toEqual([b.id]);
        await settled(clock, joinNodes(a, d, links(0, 2)));
        let sent = 0;
        for (; sent < 400; sent++) {
          const message = new Uint8Array(5_000);
          new DataView(message.buffer).setUint32(0, sent);
          stream.send(message).catch(() => undefined);
          await pass(clock, 200);
        }
        for (let waited = 0; received.length < sent && waited < 5_000; waited += 100) await pass(clock, 100);
        expect(received).toEqual(Array.from({ length: sent }, (_, number) => number));
        expect(stream.path.via).toEqual([isNearToBoth ? d.id : b.id]);
        expect([b.relayFigures().circuits, d.relayFigures().circuits]).toEqual(isNearToBoth ? [0, 1] : [1, 0]);
        expect(d.relayFigures().served).toBeGreaterThan(0);
      }
    },
  );

  it('that is lost for good ends its streams with the reason, after a bounded wait', { timeout: 60_000 }, async () => {
    const clock = new VirtualClock();
    const { nodes } = await settled(clock, meshOf(3, LINE, { nodes: { clock } }));
    const [a, b, c] = nodes as [Node, Node, Node];
    echo(c);
    const stream = await settled(clock, a.open(c.id, 'echo/1'));
    const lostAt = clock.now();
    void b.close();
    stream.send(utf8('never read')).catch(() => undefined);
    expect(await settled(clock, stream.closed)).toMatchObject({ clean: false, code: expect.stringMatching(/^(relay-lost|peer-closed)$/) });
    expect(clock.now() - lostAt).toBeGreaterThanOrEqual(LIMITS.sessionResumeTimeoutMs - 100);
    expect(clock.now() - lostAt).toBeLessThan(LIMITS.sessionResumeTimeoutMs + 1_000);
  });

  it('is looked for again with each new neighbour, as a page needs it that was just opened', async () => {
    const { nodes } = await meshOf(3, [[1, 2]]);
    const [a, b, c] = nodes as [Node, Node, Node];
    echo(c);
    const opening = a.open(c.id, 'echo/1');
    link(a, b);
    expect((await opening).path).toEqual({ kind: 'relayed', via: [b.id] });
  });

  it('is refused with a reason when nobody knows the node', async () => {
    const clock = new VirtualClock();
    const { nodes } = await settled(clock, meshOf(3, LINE, { nodes: { clock } }));
    const [a] = nodes as [Node, Node, Node];
    const stranger = await localNode(9);
    await expect(settled(clock, a.open(stranger.id, 'echo/1'))).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('of strangers ends after its bytes and after its minutes', { timeout: 60_000 }, async () => {
    for (const how of ['bytes', 'minutes'] as const) {
      const clock = new VirtualClock();
      const { nodes } = await settled(clock, meshOf(3, LINE, { nodes: { clock } }));
      const [a, b, c] = nodes as [Node, Node, Node];
      b.setRelayTrust(new Set());
      c.serve('sink/1', (stream) => stream.onMessage(() => undefined));
      const stream = await settled(clock, a.open(c.id, 'sink/1'));
      const before = clock.now();
      if (how === 'bytes') for (let sent = 0; sent < 200_000; sent += 10_000) stream.send(new Uint8Array(10_000)).catch(() => undefined);
      const end = await settled(clock, stream.closed, LIMITS.strangerCircuitMs + LIMITS.sessionResumeTimeoutMs + 1_000);
      expect(end).toEqual({ clean: false, code: 'rate-limited' });
      const tookMs = clock.now() - before;
      if (how === 'minutes') expect(tookMs).toBeGreaterThanOrEqual(LIMITS.strangerCircuitMs - 2_000);
      else expect(tookMs).toBeLessThan(LIMITS.strangerCircuitMs / 2 + LIMITS.sessionResumeTimeoutMs);
    }
  });

  it('of contacts has no such bounds', async () => {
    const { nodes } = await meshOf(3, LINE);
    const [a, b, c] = nodes as [Node, Node, Node];
    b.setRelayTrust(new Set([a.identity.person]));
    echo(c);
    const stream = await a.open(c.id, 'echo/1');
    expect((await ask(stream, new Uint8Array(1_000_000))).length).toBe(1_000_000);
  });
});

describe('a session over relays', () => {
  it('moves to a direct link as soon as there is one: its streams go on, and the circuit is given back', async () => {
    const { nodes } = await meshOf(3, LINE);
    const [a, b, c] = nodes as [Node, Node, Node];
    const sessions: string[] = [];
    for (const node of [a, c]) {
      node.on('peer-up', (peer) => sessions.push(`up ${peer.node}`));
      node.on('peer-down', ({ peer }) => sessions.push(`down ${peer.node}`));
    }
    const received: number[] = [];
    let done: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (done = resolve));
    c.serve('count/1', (stream) => {
      stream.onMessage((message) => {
        received.push(new DataView(message.buffer, message.byteOffset).getUint32(0));
        if (received.length === 300) done();
        return stream.send(message);
      });
    });
    const stream = await a.open(c.id, 'count/1');
    const echoed: number[] = [];
    stream.onMessage((message) => void echoed.push(new DataView(message.buffer, message.byteOffset).getUint32(0)));
    const random = new SeededRandom(1);
    for (let index = 0; index < 300; index++) {
      const message = new Uint8Array(4 + random.below(30_000));
      new DataView(message.buffer).setUint32(0, index);
      if (index === 100) link(a, c);
      await stream.send(message);
    }
    await all;
    await untilPath(a, c, 'memory');
    await untilPath(c, a, 'memory');
    expect(received).toEqual(Array.from({ length: 300 }, (_, index) => index));
    expect(stream.path).toEqual({ kind: 'memory', via: [] });
    expect(sessions).toEqual([`up ${c.id}`, `up ${a.id}`].toSorted((x, y) => sessions.indexOf(x) - sessions.indexOf(y)));
    const answer = ask(await a.open(c.id, 'count/1'), new Uint8Array(8));
    expect((await answer).length).toBe(8);
    expect(b.relayFigures().circuits).toBe(0);
    expect(echoed.length).toBe(300);
    // The node at the other end of a link is a neighbour: others find relays through it.
    const d = await localNode(7);
    link(d, c);
    await peerUp(d);
    echo(d);
    expect(fromUtf8(await ask(await a.open(d.id, 'echo/1'), utf8('over c')))).toBe('over c');
  });

  it('moves whoever dials the link', async () => {
    const { nodes } = await meshOf(3, LINE);
    const [a, , c] = nodes as [Node, Node, Node];
    echo(c);
    const stream = await a.open(c.id, 'echo/1');
    link(c, a);
    await untilPath(a, c, 'memory');
    expect(fromUtf8(await ask(stream, utf8('still here')))).toBe('still here');
  });

  it('gives way to a new session where the other side has lost it', async () => {
    const { nodes } = await meshOf(3, LINE);
    const [a, , c] = nodes as [Node, Node, Node];
    echo(c);
    const stream = await a.open(c.id, 'echo/1');
    const reborn = await localNode(3);
    echo(reborn);
    const up = peerUp(reborn);
    link(a, reborn);
    await up;
    expect(await stream.closed).toEqual({ clean: false, code: 'replaced' });
    expect(fromUtf8(await ask(await a.open(reborn.id, 'echo/1'), utf8('new')))).toBe('new');
  });
});

/** Frames of circuits among what a relay's sessions deliver: small sealed frames of the session inside. */
function isSealedFrame(body: Uint8Array): boolean {
  return body.length > 24 && body[0] === 3;
}

describe('a hostile relay', () => {
  it('that alters, repeats, drops or swaps what it carries delivers nothing false, and is noticed', { timeout: 60_000 }, async () => {
    const kept: Uint8Array[] = [];
    const crimes: Readonly<Record<string, (body: Uint8Array) => readonly Uint8Array[]>> = {
      alter: (body) => [body.map((byte, index) => (index === body.length - 1 ? byte ^ 1 : byte))],
      repeat: (body) => [body, body],
      drop: () => [],
      swap: (body) => (kept.push(body.slice()) % 2 === 0 ? [body, kept.at(-2) as Uint8Array] : []),
    };
    for (const [name, crime] of Object.entries(crimes)) {
      let isHostile = false;
      const tap = tapMessages(({ body }) => (isHostile && isSealedFrame(body) ? crime(body) : [body]));
      const clock = new VirtualClock();
      const { nodes } = await settled(clock, meshOf(3, LINE, { nodes: { clock }, taps: { 1: tap } }));
      const [a, , c] = nodes as [Node, Node, Node];
      const delivered: string[] = [];
      const faults: string[] = [];
      c.on('fault', ({ code }) => faults.push(code));
      const served = new Promise<Stream>((resolve) => {
        c.serve('sink/1', (stream) => {
          stream.onMessage((message) => void delivered.push(fromUtf8(message)));
          resolve(stream);
        });
      });
      const stream = await settled(clock, a.open(c.id, 'sink/1'));
      const other = await served;
      isHostile = true;
      let end: unknown;
      for (const side of [stream, other]) void side.closed.then((reason) => (end ??= reason));
      for (let index = 0; index < 130; index++) {
        stream.send(utf8(String(index))).catch(() => undefined);
        await clock.advance(500);
      }
      expect(delivered, name).toEqual(delivered.map((_, index) => String(index)));
      if (name === 'repeat') {
        expect(delivered.length).toBe(130);
        expect(faults).toContain('replayed');
      } else {
        expect(end, name).toMatchObject({ clean: false });
        expect(delivered.length, name).toBeLessThan(3);
      }
    }
  });

  it('that falls silent while its links stay open costs a call a few seconds, whichever way it was going', { timeout: 60_000 }, async () => {
    for (const swallows of ['the call', 'the answer'] as const) {
      const clock = new VirtualClock();
      let silent: number | undefined;
      const tap = (relay: number) => tapMessages(({ body }) => (silent === relay && isSealedFrame(body) ? [] : [body]));
      const carry = (frame: Uint8Array, deliver: (frame: Uint8Array) => void) => void clock.wakeAt(clock.now() + 75, () => deliver(frame));
      const { nodes } = await settled(clock, meshOf(4, DIAMOND, { nodes: { clock }, taps: { 1: tap(1), 2: tap(2) }, links: () => ({ carry }) }));
      const [a, b, , c] = nodes as [Node, Node, Node, Node];
      const ended: string[] = [];
      for (const node of [a, c]) node.on('peer-down', ({ peer }) => ended.push(peer.node));
      let answer: () => void = () => undefined;
      c.serve('call/1', (stream) => {
        stream.onMessage((message) => {
          answer = () => void stream.send(message);
          if (swallows === 'the call') answer();
        });
      });
      const stream = await settled(clock, a.open(c.id, 'call/1'));
      // The look for a faster path is over, and there was none.
      await pass(clock, LIMITS.comparePathsFirstMs + 1_000);
      const fallSilent = () => (silent = a.peers().find(({ node }) => node === c.id)?.path?.via[0] === b.id ? 1 : 2);
      if (swallows === 'the call') fallSilent();
      const called = ask(stream, utf8('is anybody there?'));
      if (swallows === 'the answer') {
        await pass(clock, 500);
        fallSilent();
        answer();
      }
      const startedAt = clock.now();
      expect(fromUtf8(await settled(clock, called)), swallows).toBe('is anybody there?');
      expect(clock.now() - startedAt, swallows).toBeLessThan(LIMITS.minAnswerWaitMs + LIMITS.urgentPingTimeoutMs + 2_000);
      expect(ended, swallows).not.toContain(c.id);
      await Promise.all(nodes.map((node) => node.close()));
    }
  });

  it('that takes circuits and carries nothing costs two seconds: another is tried beside it', async () => {
    const clock = new VirtualClock();
    // Hellos are the first frames of the session inside.
    const hole = tapMessages(({ body }) => (body[0] === 0 ? [] : [body]));
    const three = [1, 2, 3].flatMap((relay) => [[0, relay] as const, [relay, 4] as const]);
    const carry = (frame: Uint8Array, deliver: (frame: Uint8Array) => void) => void clock.wakeAt(clock.now() + 60, () => deliver(frame));
    // The honest relay is the slowest: it comes last.
    const links = (from: number, to: number) => (from === 3 || to === 3 ? { carry } : {});
    const { nodes } = await settled(clock, meshOf(5, three, { nodes: { clock }, taps: { 1: hole, 2: hole }, links }));
    const [a, first, second, honest, c] = nodes as [Node, Node, Node, Node, Node];
    echo(c);
    await clock.advance(2_000);
    const before = clock.now();
    const stream = await settled(clock, a.open(c.id, 'echo/1'));
    expect(stream.path.via).toEqual([honest.id]);
    expect([first.relayFigures().served, second.relayFigures().served]).toEqual([1, 1]);
    expect(clock.now() - before).toBeLessThanOrEqual(2 * LIMITS.nextRelayAfterMs + 1_000);
  });

  it('cannot open a circuit to itself, or in a ring', async () => {
    const ring = [
      [0, 1],
      [1, 2],
      [2, 0],
    ] as const;
    const clock = new VirtualClock();
    const { nodes } = await settled(clock, meshOf(3, ring, { nodes: { clock } }));
    const nobody = await localNode(9);
    await expect(settled(clock, (nodes[0] as Node).open(nobody.id, 'echo/1'))).rejects.toMatchObject({ code: 'unreachable' });
    for (const node of nodes) expect(node.relayFigures()).toMatchObject({ circuits: 0, served: 0 });
  });
});
