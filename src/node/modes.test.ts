import { describe, expect, it } from 'vitest';
import { ModeWorld, Talk } from '../../test/doubles/mode-world.ts';
import { settled, untilPath } from '../../test/doubles/relay-world.ts';
import { LIMITS } from '../base/limits.ts';
import type { MemoryLink } from '../transport/memory-link.ts';
import type { Node } from './node.ts';

/** A, B and a host, each linked with each by a data channel, and A in the middle of conversations with both. */
async function triangle(): Promise<{ scene: ModeWorld; a: Node; b: Node; host: Node; withB: Talk; withHost: Talk; talk(ms: number): Promise<void> }> {
  const scene = new ModeWorld();
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

describe('a host that is reached elsewhere', () => {
  it('says so, and what it said before does not hold any more', async () => {
    const scene = new ModeWorld();
    const [host, other, plain] = await Promise.all([scene.node(1, { hostUrls: ['wss://old.example/'] }), scene.node(2), scene.node(3)]);
    scene.link(host, other, 'webrtc');
    scene.link(plain, other, 'webrtc');
    await scene.clock.advance(2_000);
    const known = () => other.hosts().map(({ url, node }) => [url, node]);
    expect(known()).toEqual([['wss://old.example/', host.id]]);
    const told: string[] = [];
    other.on('host', ({ url }) => told.push(url));
    for (const urls of [['ws://203.0.113.5:4000/', 'wss://old.example/'], ['ws://203.0.113.6:4000/'], []]) {
      host.setHostUrls(urls);
      await scene.clock.advance(5_000);
      expect(new Set(known())).toEqual(new Set(urls.map((url) => [url, host.id])));
      expect(other.nodeInfo(host.id)?.hostUrls ?? []).toEqual(urls);
    }
    expect(told).toEqual(['ws://203.0.113.5:4000/', 'ws://203.0.113.6:4000/']);
    plain.setHostUrls(['wss://no-host.example/']);
    await scene.clock.advance(5_000);
    expect(other.nodeInfo(plain.id)).toMatchObject({ isHost: false });
    expect(known()).toEqual([]);
  });
});

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
    const scene = new ModeWorld();
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
