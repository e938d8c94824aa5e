import { describe, expect, it } from 'vitest';
import { MemoryHosts, ModeWorld, Talk } from '../../test/doubles/mode-world.ts';
import { seededEntropy, seededIdentity } from '../../test/support/seeded-identity.ts';
import { LIMITS } from '../base/limits.ts';
import { makeCard } from '../crypto/peer-card.ts';
import type { Node } from '../node/node.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import { openNetworkId } from '../wire/networks.ts';
import { HostLinks } from './host-links.ts';
import { ModeKeeper, type DirectDials, type ModeKeeperOptions } from './mode-keeper.ts';

const URL_ONE = 'wss://one.example/';
const URL_TWO = 'wss://two.example/';

type Kept = { readonly keeper: ModeKeeper; readonly links: HostLinks; readonly dials: DirectDials & { failures: number } };

function keep(world: ModeWorld, node: Node, hosts: MemoryHosts, options: Partial<ModeKeeperOptions> = {}): Kept {
  const links = new HostLinks({ node, dialer: hosts, clock: world.clock, entropy: seededEntropy(77) });
  const dials = { failures: 0, onChange: () => undefined };
  const keeper = new ModeKeeper({
    node,
    links,
    records: new MemoryRecords(),
    network: 'test',
    chosen: 'decentralised',
    hasWebRtc: true,
    dials,
    isHub: true,
    invitedBy: undefined,
    ...options,
  });
  return { keeper, links, dials };
}

/** A page and somebody else, both linked with a host that says where its sockets are. */
async function place(options: Partial<ModeKeeperOptions> = {}) {
  const world = new ModeWorld();
  const [page, other, host] = await Promise.all([world.node(1), world.node(2), world.node(3, { hostUrls: [URL_ONE] })]);
  world.link(page, host, 'webrtc');
  world.link(page, other, 'webrtc');
  world.link(other, host, 'webrtc');
  await world.clock.advance(2_000);
  const hosts = new MemoryHosts(world, { [URL_ONE]: host });
  return { world, page, other, host, hosts, ...keep(world, page, hosts, options) };
}

describe('the mode of a node', () => {
  it('is as chosen, remembered, and what runs goes on through every change', { timeout: 60_000 }, async () => {
    const records = new MemoryRecords();
    const { world, page, other, keeper, hosts } = await place({ records });
    const talk = new Talk(await world.until(page.open(other.id, 'echo/1')));
    expect(keeper.state).toMatchObject({ chosen: 'decentralised', mode: 'decentralised' });
    const paths: string[] = [];
    for (const mode of ['centralised', 'hybrid', 'decentralised', 'centralised', 'decentralised'] as const) {
      await keeper.choose(mode);
      for (let step = 0; step < 300; step++) {
        talk.say(200 + step);
        await world.clock.advance(20);
      }
      expect(keeper.state).toMatchObject({ chosen: mode, mode });
      paths.push(talk.path);
    }
    await world.clock.advance(1_000);
    talk.expectAllBack();
    expect(paths).toEqual(['relayed', 'direct', 'direct', 'relayed', 'direct']);
    expect(await records.table('settings').get('mode')).toBe('decentralised');
    expect(await records.table('peers').get('hosts:test')).toEqual([URL_ONE]);
    expect(new Set(hosts.dialled)).toEqual(new Set([URL_ONE]));
  });

  it('waits for a host before it closes what there is, and says so', async () => {
    const { world, keeper, hosts, page } = await place();
    hosts.isDown = true;
    await keeper.choose('centralised');
    await world.clock.advance(LIMITS.leaveLinkMs * 2);
    expect(keeper.state).toMatchObject({ chosen: 'centralised', mode: 'hybrid', reason: 'no-host', need: 'looking' });
    expect(page.state().connectedPeers).toBe(2);
    expect(hosts.dialled.length).toBeGreaterThan(2);
    expect(hosts.dialled.length).toBeLessThan(20);
    hosts.isDown = false;
    keeper.retryNow();
    await world.clock.advance(5_000);
    expect(keeper.state).toMatchObject({ mode: 'centralised', need: 'met' });
    expect(page.peers().map(({ path }) => path?.kind)).toEqual(expect.arrayContaining(['host', 'relayed']));
  });

  it('is centralised at once where the browser has no WebRTC, and says why', async () => {
    const world = new ModeWorld();
    const [page, host] = await Promise.all([world.node(1, { mode: 'centralised' }), world.node(3, { hostUrls: [URL_ONE] })]);
    const { keeper } = keep(world, page, new MemoryHosts(world, { [URL_ONE]: host }), { hasWebRtc: false, invitedBy: URL_ONE });
    await world.clock.advance(1_000);
    expect(keeper.state).toMatchObject({ chosen: 'decentralised', mode: 'centralised', reason: 'no-webrtc', need: 'met' });
    expect(keeper.linkedHost).toBe(URL_ONE);
    const other = await world.node(2);
    world.link(other, host, 'webrtc');
    page.meet(await makeCard(await seededIdentity(2, world.clock.now()), openNetworkId('test'), world.clock.now()));
    await world.clock.advance(10_000);
    expect(page.nodes().map(({ node }) => node)).toContain(other.id);
    expect(page.peers().filter(({ reason }) => reason)).toEqual([]);
    expect(world.rtc.dials).toBe(0);
  });

  it('takes hosts to help when direct links fail one after the other, until one opens', async () => {
    const { world, keeper, dials } = await place();
    dials.failures = LIMITS.hopelessDials;
    dials.onChange();
    await world.clock.advance(1_000);
    expect(keeper.state).toMatchObject({ chosen: 'decentralised', mode: 'hybrid', reason: 'no-direct-links', need: 'met' });
    dials.failures = 0;
    dials.onChange();
    await world.clock.advance(LIMITS.leaveLinkMs);
    expect(keeper.state).toMatchObject({ mode: 'decentralised' });
    expect(keeper.linkedHost).toBeUndefined();
  });

  it('is the hub’s matter: a leaf links with no host', async () => {
    const { world, keeper, hosts } = await place({ isHub: false });
    await keeper.choose('hybrid');
    await world.clock.advance(5_000);
    expect(hosts.dialled).toEqual([]);
    keeper.setHub(true);
    await world.clock.advance(1_000);
    expect(hosts.dialled).toEqual([URL_ONE]);
  });
});

describe('the hosts of a node', () => {
  it('are two at most, the person’s own before those that the network tells of', async () => {
    const world = new ModeWorld();
    const [page, one, two, three] = await Promise.all([1, 3, 4, 5].map((seed) => world.node(seed, seed > 1 ? { hostUrls: [] } : {})));
    const hosts = new MemoryHosts(world, { [URL_ONE]: one as Node, [URL_TWO]: two as Node, 'wss://own.example/link': three as Node });
    const { keeper, links } = keep(world, page as Node, hosts);
    links.add(URL_ONE, 'network');
    links.add(URL_TWO, 'server');
    expect(await keeper.addHost(' own.example/link ')).toBeUndefined();
    await keeper.choose('hybrid');
    await world.clock.advance(3_000);
    expect(hosts.dialled).toEqual(['wss://own.example/link', URL_TWO]);
    expect(keeper.state.hosts.map(({ url, state }) => [url, state])).toEqual([
      ['wss://own.example/link', 'linked'],
      [URL_TWO, 'linked'],
      [URL_ONE, 'unused'],
    ]);
    hosts.sockets.get(URL_TWO)?.fail();
    hosts.isDown = true;
    await world.clock.advance(100);
    expect(hosts.dialled.at(-1)).toBe(URL_ONE);
  });

  it('of two addresses are linked once', async () => {
    const world = new ModeWorld();
    const [page, host] = await Promise.all([world.node(1), world.node(3, { hostUrls: [] })]);
    const { keeper, links } = keep(world, page, new MemoryHosts(world, { [URL_ONE]: host, [URL_TWO]: host }));
    links.add(URL_ONE, 'server');
    links.add(URL_TWO, 'server');
    await keeper.choose('hybrid');
    await world.clock.advance(60_000);
    expect(keeper.state.hosts.filter(({ state }) => state === 'linked').length).toBe(1);
    expect(page.peers().length).toBe(1);
  });

  it('are refused in words when their address is none, or none for this page, and may be taken back', async () => {
    const world = new ModeWorld();
    const page = await world.node(1);
    const records = new MemoryRecords();
    const { keeper } = keep(world, page, new MemoryHosts(world, {}), { records });
    for (const text of ['', '  ', 'https://', 'a b c']) expect(await keeper.addHost(text)).toBe('no-url');
    expect(await keeper.addHost('ws://insecure.example/')).toBe('insecure');
    expect(keeper.state.hosts).toEqual([]);
    for (let index = 0; index < LIMITS.maxOwnHosts; index++) expect(await keeper.addHost(`https://h${index}.example`)).toBeUndefined();
    await expect(keeper.addHost('one.too.many')).rejects.toMatchObject({ code: 'overloaded' });
    await keeper.removeHost('wss://h0.example/');
    expect(await records.table<readonly string[]>('settings').get('hosts')).toHaveLength(LIMITS.maxOwnHosts - 1);
    expect(keeper.state.hosts.some(({ url }) => url === 'wss://h0.example/')).toBe(false);
  });

  it('that anybody may say to be are kept few, and never drive out better ones', async () => {
    const world = new ModeWorld();
    const page = await world.node(1);
    const { links } = keep(world, page, new MemoryHosts(world, {}));
    links.add(URL_ONE, 'own');
    for (let index = 0; index < 200; index++) links.add(`wss://made-up-${index}.example/`, 'network');
    links.add(URL_TWO, 'server');
    expect(links.hosts.length).toBe(LIMITS.maxKnownHosts);
    expect(links.hosts.slice(0, 2).map(({ url }) => url)).toEqual([URL_ONE, URL_TWO]);
  });
});
