import { describe, expect, it } from 'vitest';
import { localNode } from '../../test/doubles/local-nodes.ts';
import { MemoryRtc } from '../../test/doubles/memory-rtc.ts';
import { echo, settled, untilPath } from '../../test/doubles/relay-world.ts';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';
import { LIMITS } from '../base/limits.ts';
import type { LinkKind } from '../ports/link.ts';
import { memoryLinkPair, type MemoryLink } from '../transport/memory-link.ts';
import type { Stream } from './api.ts';
import type { Node, NodeOptions } from './node.ts';

const DELAY_MS = 20;

/** Nodes in virtual time, whose links stand for data channels and for sockets of the host. */
class Scene {
  readonly clock = new VirtualClock();
  readonly rtc = new MemoryRtc(() => ({ kind: 'webrtc', carry: this.#carry }));

  readonly #carry = (frame: Uint8Array, deliver: (frame: Uint8Array) => void): void =>
    void this.clock.wakeAt(this.clock.now() + DELAY_MS, () => deliver(frame));

  async node(seed: number, options: Partial<NodeOptions> = {}): Promise<Node> {
    const node = await localNode(seed, { clock: this.clock, rtc: this.rtc, ...options });
    node.setRelayTrust('everybody');
    echo(node);
    return node;
  }

  link(a: Node, b: Node, kind: LinkKind): readonly [MemoryLink, MemoryLink] {
    const pair = memoryLinkPair({ kind, carry: this.#carry });
    a.attachLink(pair[0], 'initiator', b.id);
    b.attachLink(pair[1], 'responder');
    return pair;
  }

  until<T>(promise: Promise<T>): Promise<T> {
    return settled(this.clock, promise);
  }
}

/** Numbers that go to an echo one after the other; all of them must come back, each once and in order. */
class Talk {
  readonly #stream: Stream;
  readonly #back: number[] = [];
  #sent = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.onMessage((message) => void this.#back.push(new DataView(message.buffer, message.byteOffset).getUint32(0)));
  }

  say(bytes: number): void {
    const message = new Uint8Array(bytes);
    new DataView(message.buffer).setUint32(0, this.#sent++);
    void this.#stream.send(message);
  }

  get path(): string {
    return this.#stream.path.kind;
  }

  expectAllBack(): void {
    expect(this.#back).toEqual(Array.from({ length: this.#sent }, (_, index) => index));
  }
}

/** A, B and a host, each linked with each by a data channel, and A in the middle of conversations with both. */
async function triangle(): Promise<{ scene: Scene; a: Node; b: Node; host: Node; withB: Talk; withHost: Talk; talk(ms: number): Promise<void> }> {
  const scene = new Scene();
  const [a, b, host] = await Promise.all([scene.node(1), scene.node(2), scene.node(3, { hostUrls: [] })]);
  for (const [from, to] of [
    [a, b],
    [a, host],
    [b, host],
  ] as const)
    scene.link(from, to, 'webrtc');
  const [toB, toHost] = await scene.until(Promise.all([a.open(b.id, 'echo/1'), a.open(host.id, 'echo/1')]));
  await scene.clock.advance(2_000);
  const [withB, withHost] = [new Talk(toB), new Talk(toHost)];
  const talk = async (ms: number): Promise<void> => {
    for (let waited = 0; waited < ms; waited += 10) {
      withB.say(4 + (waited % 700));
      withHost.say(4 + (waited % 500));
      await scene.clock.advance(10);
    }
  };
  return { scene, a, b, host, withB, withHost, talk };
}

describe('a node that changes its mode', () => {
  it('takes its sessions along to the host and back, and loses, repeats and reorders nothing', { timeout: 60_000 }, async () => {
    const { scene, a, b, host, withB, withHost, talk } = await triangle();
    expect([withB.path, withHost.path]).toEqual(['direct', 'direct']);
    const downs: string[] = [];
    for (const node of [a, b, host]) node.on('peer-down', ({ code }) => downs.push(code));

    const [socket] = scene.link(a, host, 'websocket');
    await talk(500);
    expect([withB.path, withHost.path]).toEqual(['direct', 'host']);
    a.setMode('centralised');
    await talk(2_000);
    expect([withB.path, withHost.path]).toEqual(['relayed', 'host']);
    expect(a.peers().find(({ node }) => node === b.id)?.path?.via).toEqual([host.id]);
    expect(b.peers().find(({ node }) => node === a.id)?.path?.kind).toBe('relayed');
    expect(b.nodes().find(({ node }) => node === a.id)?.isBehindHosts).toBe(true);
    const { dials } = scene.rtc;
    for (const node of [a, b]) node.nudge('online');
    await talk(2_000);
    expect(scene.rtc.dials).toBe(dials);

    a.setMode('decentralised');
    await talk(4_000);
    expect([withB.path, withHost.path]).toEqual(['direct', 'direct']);
    expect(b.nodes().find(({ node }) => node === a.id)?.isBehindHosts).toBe(false);
    expect(await ended(socket)).toBe(true);
    await scene.clock.advance(2_000);
    withB.expectAllBack();
    withHost.expectAllBack();
    expect(downs).toEqual([]);
  });

  it('keeps its last links until there are others', async () => {
    const { scene, a, withB, withHost, talk } = await triangle();
    a.setMode('centralised');
    await talk(LIMITS.leaveLinkMs + 5_000);
    expect([withB.path, withHost.path]).toEqual(['direct', 'direct']);
    await scene.clock.advance(1_000);
    withB.expectAllBack();
  });

  it('has in the end only links of its mode: what finds no other way ends', async () => {
    const scene = new Scene();
    scene.rtc.canConnect = false;
    const [a, b, host] = await Promise.all([scene.node(1), scene.node(2), scene.node(3)]);
    scene.link(a, b, 'webrtc');
    scene.link(a, host, 'websocket');
    await scene.clock.advance(1_000);
    const down = new Promise<string>((resolve) => a.on('peer-down', ({ peer }) => resolve(peer.node)));
    a.setMode('centralised');
    expect(await settled(scene.clock, down)).toBe(b.id);
    expect(a.peers().find(({ node }) => node === host.id)?.path?.kind).toBe('host');
  });
});

describe('a session over a socket', () => {
  it('goes on over the next one when the socket breaks', async () => {
    const { scene, a, host, withHost, talk } = await triangle();
    const [socket] = scene.link(a, host, 'websocket');
    await scene.until(untilPath(a, host, 'host'));
    await talk(300);
    socket.fail();
    await talk(300);
    scene.link(a, host, 'websocket');
    await talk(500);
    expect(withHost.path).toBe('host');
    await scene.clock.advance(1_000);
    withHost.expectAllBack();
  });
});

async function ended(link: MemoryLink): Promise<boolean> {
  await Promise.resolve();
  const before = link.bufferedBytes;
  link.send(new Uint8Array(1));
  return link.bufferedBytes === before;
}
