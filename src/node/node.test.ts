import { describe, expect, it } from 'vitest';
import { connectedNodes, joinNodes, localNode, peerUp } from '../../test/doubles/local-nodes.ts';
import { utf8, fromUtf8 } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { SeededRandom } from '../base/seeded-random.ts';
import { newPrivateNetwork, pskOf } from '../wire/networks.ts';
import { seededEntropy, seededIdentity } from '../../test/support/seeded-identity.ts';
import type { Stream } from './api.ts';

function nextMessage(stream: Stream): Promise<Uint8Array> {
  return new Promise((resolve) => stream.onMessage(resolve));
}

describe('a node over a link', () => {
  it('opens streams, carries messages both ways and ends them cleanly on both sides', async () => {
    const [a, b] = await connectedNodes();
    const served = new Promise<Stream>((resolve) => b.serve('echo/1', resolve));
    const stream = await a.open(b.id, 'echo/1', { header: utf8('hello') });
    const other = await served;
    expect(fromUtf8(other.header)).toBe('hello');
    expect(other.peer.node).toBe(a.id);
    expect(stream.peer.person).toBe(b.identity.person);
    other.onMessage((message) => other.send(message));
    const answer = nextMessage(stream);
    await stream.send(utf8('ping'));
    expect(fromUtf8(await answer)).toBe('ping');
    stream.end();
    expect(await stream.closed).toEqual({ clean: true });
    expect(await other.closed).toEqual({ clean: true });
  });

  it('carries messages of every size up to the limit, in order', async () => {
    const [a, b] = await connectedNodes();
    const random = new SeededRandom(5);
    const sizes = [0, 1, 1000, 4095, 4096, 4097, 65_535, 65_536, 300_000, LIMITS.maxStreamMessageBytes];
    const messages = sizes.map((size) => random.bytes(size));
    const received: Uint8Array[] = [];
    const done = new Promise<void>((resolve) => {
      b.serve('bulk/1', (stream) => {
        stream.onMessage((message) => {
          received.push(message.slice());
          if (received.length === sizes.length) resolve();
        });
      });
    });
    const stream = await a.open(b.id, 'bulk/1', { priority: 'bulk' });
    for (const message of messages) await stream.send(message);
    await done;
    expect(received.map((message) => message.length)).toEqual(sizes);
    for (const [index, message] of messages.entries()) expect(Buffer.compare(message, received[index] as Uint8Array)).toBe(0);
    await expect(stream.send(new Uint8Array(LIMITS.maxStreamMessageBytes + 1))).rejects.toMatchObject({ code: 'too-large' });
  });

  it('sends the answers of a program that works through its messages one by one in few frames', async () => {
    const [a, b] = await Promise.all([localNode(1), localNode(2)]);
    const [, right] = await joinNodes(a, b);
    b.serve('work/1', (stream) => {
      let before = Promise.resolve();
      stream.onMessage((message) => {
        before = before.then(async () => {
          for (let turn = 0; turn < 3; turn++) await Promise.resolve();
          void stream.send(message);
        });
      });
    });
    const stream = await a.open(b.id, 'work/1');
    let answers = 0;
    const done = new Promise<void>((resolve) =>
      stream.onMessage(() => {
        if (++answers === 50) resolve();
      }),
    );
    let frames = 0;
    const send = right.send.bind(right);
    right.send = (frame) => (frames++, send(frame));
    for (let index = 0; index < 50; index++) void stream.send(new Uint8Array(200));
    await done;
    expect(frames).toBeLessThan(5);
  });

  it('stops the sender when the receiver does not consume, and lets other streams pass', async () => {
    const [a, b] = await connectedNodes();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    b.serve('slow/1', (stream) => stream.onMessage(() => held));
    b.serve('chat/1', (stream) => stream.onMessage((message) => stream.send(message)));
    const slow = await a.open(b.id, 'slow/1', { priority: 'bulk' });
    let sent = 0;
    const sending = (async () => {
      for (let i = 0; i < 8; i++) {
        await slow.send(new Uint8Array(1_000_000));
        sent++;
      }
    })();
    const chat = await a.open(b.id, 'chat/1');
    const answer = nextMessage(chat);
    await chat.send(utf8('in time'));
    expect(fromUtf8(await answer)).toBe('in time');
    expect(sent).toBeLessThan(4);
    release();
    await sending;
    expect(sent).toBe(8);
  });

  it('gets back the credit of messages that nobody reads any more, however their stream ended', async () => {
    const [a, b] = await connectedNodes();
    b.serve('echo/1', (stream) => stream.onMessage((message) => stream.send(message)));
    const echo = await a.open(b.id, 'echo/1');
    const roundTrip = async (bytes: number) => {
      const answer = nextMessage(echo);
      await echo.send(new Uint8Array(bytes));
      return (await answer).length;
    };
    for (const end of ['reset here', 'reset there', 'ended'] as const) {
      for (let round = 0; round < 5; round++) {
        let release: () => void = () => undefined;
        const held = new Promise<void>((resolve) => (release = resolve));
        const served = new Promise<Stream>((resolve) => b.serve('held/1', resolve));
        const stream = await a.open(b.id, 'held/1');
        const other = await served;
        other.onMessage(() => held);
        for (let index = 0; index < 4; index++) await stream.send(new Uint8Array(500_000));
        await roundTrip(1);
        if (end === 'reset here') other.reset('cancelled');
        else if (end === 'reset there') stream.reset('cancelled');
        else [stream, other].forEach((side) => side.end());
        await roundTrip(1);
        release();
        await Promise.all([stream.closed, other.closed]);
      }
    }
    expect(await roundTrip(LIMITS.maxStreamMessageBytes)).toBe(LIMITS.maxStreamMessageBytes);
  });

  it('answers an unknown protocol, a refusal and a missing node with their codes', async () => {
    const [a, b] = await connectedNodes();
    const stranger = await localNode(9);
    await expect(a.open(b.id, 'nothing/1')).rejects.toMatchObject({ code: 'protocol-unknown' });
    b.serve('no/1', (stream) => stream.reset('refused'));
    const refused = await a.open(b.id, 'no/1').then(
      (stream) => stream.closed,
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({ code: 'refused' });
    await expect(a.open(stranger.id, 'echo/1', { deadlineMs: 20 })).rejects.toMatchObject({ code: 'timed-out' });
    await expect(a.open(a.id, 'echo/1')).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('ends every stream with the link, and tells why', async () => {
    const [a, b] = await Promise.all([localNode(1), localNode(2)]);
    const [link] = await joinNodes(a, b);
    b.serve('echo/1', () => undefined);
    const stream = await a.open(b.id, 'echo/1');
    const down = new Promise((resolve) => b.on('peer-down', resolve));
    link.fail();
    expect(await stream.closed).toEqual({ clean: false, code: 'link-lost' });
    expect(await down).toMatchObject({ code: 'link-lost' });
    expect(a.peers()[0]).toMatchObject({ node: b.id, state: 'away', reason: 'link-lost' });
  });

  it('says goodbye when it closes', async () => {
    const [a, b] = await connectedNodes();
    const down = new Promise((resolve) => b.on('peer-down', resolve));
    await a.close();
    expect(await down).toMatchObject({ code: 'peer-closed', peer: { node: a.id } });
    await expect(a.open(b.id, 'echo/1', { deadlineMs: 50 })).rejects.toMatchObject({ code: 'closed-here' });
  });

  it('lets a newer session of a returned peer replace the old one', async () => {
    const [a, b] = await connectedNodes();
    const downs: string[] = [];
    b.on('peer-down', ({ code }) => downs.push(code));
    const again = await localNode(1);
    const up = peerUp(b);
    await joinNodes(again, b);
    await up;
    expect(downs).toEqual(['replaced']);
    expect(b.state().connectedPeers).toBe(1);
    expect(a.state().connectedPeers).toBe(0);
  });

  it('keeps the session with a node that started anew, however soon, and whoever dialled', async () => {
    for (const [left, right] of [
      [1, 2],
      [2, 1],
    ] as const) {
      for (const first of ['crashed', 'other'] as const) {
        const [crashed, other] = await Promise.all([localNode(left), localNode(right)]);
        await (first === 'crashed' ? joinNodes(crashed, other) : joinNodes(other, crashed));
        const again = await localNode(left, { identity: await seededIdentity(left, Date.now(), 1) });
        expect(again.id).toBe(crashed.id);
        await (first === 'crashed' ? joinNodes(other, again) : joinNodes(again, other));
        again.serve('echo/1', () => undefined);
        await expect(other.open(again.id, 'echo/1', { deadlineMs: 2_000 })).resolves.toBeDefined();
        expect(again.state().connectedPeers).toBe(1);
      }
    }
  });

  it('does not let a node without the private network’s secret in, and says so to both', async () => {
    const network = newPrivateNetwork(seededEntropy(3), 'private');
    const a = await localNode(1, { networkId: network.networkId, psk: pskOf(network.secret) });
    const b = await localNode(2, { networkId: network.networkId, psk: new Uint8Array(32).fill(1) });
    const { memoryLinkPair } = await import('../transport/memory-link.ts');
    const [left, right] = memoryLinkPair();
    const problem = new Promise<string | undefined>((resolve) => a.on('state', (state) => state.problem && resolve(state.problem.code)));
    a.attachLink(left, 'initiator', b.id);
    b.attachLink(right, 'responder', a.id);
    expect(await problem).toBe('wrong-network-secret');
    expect(a.state().connectedPeers + b.state().connectedPeers).toBe(0);
  });
});
