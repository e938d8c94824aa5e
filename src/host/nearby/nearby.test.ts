import { describe, expect, it } from 'vitest';
import { systemEntropy } from '../../crypto/entropy.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { NodeId } from '../../base/ids.ts';
import type { NodeEvents, PeerInfo } from '../../node/api.ts';
import type { HostDialHandlers } from '../../ports/host-dialer.ts';
import type { Link } from '../../ports/link.ts';
import type { SignalingClient, SignalingConnection, SignalingEnd, SignalingHandlers, SignalingHelp } from '../../ports/signaling.ts';
import { VirtualClock } from '../../../test/doubles/virtual-clock.ts';
import { SignalingWithOthers } from '../headless-node.ts';
import { NearbyHosts } from './nearby-hosts.ts';
import { NearbyServers } from './nearby-servers.ts';

const urlOf = (n: number): string => `ws://192.168.1.${n}:8787/signal`;

/** Servers that answer nothing; what was opened, with the handlers. */
function openServers(known: readonly string[] = []) {
  const opened: { readonly url: string; readonly handlers: SignalingHandlers }[] = [];
  const open = (url: string): SignalingClient => ({
    url,
    host: new URL(url).hostname,
    connect(handlers) {
      opened.push({ url, handlers });
      const nothing = (): void => undefined;
      return { join: nothing, relay: nothing, list: nothing, lookUp: nothing, announce: nothing, close: nothing };
    },
  });
  return { opened, servers: new NearbyServers(open, known) };
}

function handlers(closed: (end: SignalingEnd) => void = () => undefined): SignalingHandlers {
  const nothing = (): void => undefined;
  return { challenged: nothing, welcomed: nothing, helped: nothing, relayed: nothing, absent: nothing, closed };
}

describe('nearby signaling servers', () => {
  it('are told once each, a few at most, and none that the node has or that is no server', () => {
    const { servers } = openServers([urlOf(1)]);
    let tellings = 0;
    servers.onNew = () => tellings++;
    servers.set([urlOf(1), 'http://192.168.1.9/', urlOf(2)]);
    servers.set([urlOf(2)]);
    expect([servers.urls, tellings]).toEqual([[urlOf(2)], 1]);
    servers.set(Array.from({ length: 20 }, (_, n) => urlOf(n + 2)));
    expect(servers.urls).toHaveLength(HOST_LIMITS.maxNearbyServers);
    expect(tellings).toBe(2);
  });

  it('are told beside what the own server says, which stays as it was', async () => {
    const { servers, opened } = openServers();
    const inner: SignalingClient & { readonly url: string } = {
      url: urlOf(0),
      host: '192.168.1.0',
      connect: (all) => {
        opened.push({ url: urlOf(0), handlers: all });
        return {} as SignalingConnection;
      },
    };
    const heard: SignalingHelp[] = [];
    new SignalingWithOthers(inner, [urlOf(1)], servers).connect({ ...handlers(), helped: (help) => heard.push(help) });
    await Promise.resolve();
    const turn = { urls: ['turn:t'], username: 'u', credential: 'c' };
    opened[0]?.handlers.helped({ servers: [urlOf(2)], turn, hosts: ['wss://chat.example/link'] });
    servers.set([urlOf(3)]);
    expect(heard).toEqual([
      { servers: [urlOf(1)] },
      { servers: [urlOf(1), urlOf(2)], turn, hosts: ['wss://chat.example/link'] },
      { servers: [urlOf(1), urlOf(2), urlOf(3)], turn, hosts: ['wss://chat.example/link'] },
    ]);
  });

  it('take the seats of those that went', () => {
    const { servers, opened } = openServers();
    const full = Array.from({ length: HOST_LIMITS.maxNearbyServers }, (_, n) => urlOf(n));
    servers.set(full);
    servers.set([...full.slice(1), urlOf(99)]);
    expect(servers.urls).toEqual(full);
    servers.clientFor(urlOf(0))?.connect(handlers());
    expect(opened.map(({ url }) => url)).toEqual([urlOf(99)]);
  });

  it('are left, when they turn out to be a server that the node is at already', async () => {
    const { servers, opened } = openServers();
    servers.set([urlOf(1)]);
    const ends: SignalingEnd[] = [];
    const seat = servers.clientFor(urlOf(1));
    seat?.connect(handlers((end) => ends.push(end)));
    opened[0]?.handlers.closed({ code: 'signaling-refused', detail: '', wasReplaced: true });
    servers.set([urlOf(1)]);
    const closedAgain = new Promise<SignalingEnd>((resolve) => seat?.connect(handlers(resolve)));
    expect(await closedAgain).toMatchObject({ code: 'signaling-unreachable' });
    expect([ends.length, opened.length]).toEqual([1, 1]);
    servers.set([urlOf(1), urlOf(2)]);
    seat?.connect(handlers());
    expect(opened[1]?.url).toBe(urlOf(2));
  });
});

const [ME, OTHER] = ['zMe' as NodeId, 'zOther' as NodeId];
const HERE = 'ws://192.168.1.5:8790/';

/** A node that has the links which the test says, and a dialer whose dials the test answers. */
function nearbyHosts() {
  const clock = new VirtualClock();
  const dials: { readonly url: string; readonly handlers: HostDialHandlers; isGivenUp: boolean }[] = [];
  const listeners = new Map<string, (payload: never) => void>();
  let peers: readonly PeerInfo[] = [];
  const attached: (NodeId | undefined)[] = [];
  const hosts = new NearbyHosts({
    node: {
      id: ME,
      peers: () => peers,
      attachLink: (_link, _role, node) => void attached.push(node),
      on(name, listener) {
        listeners.set(name, listener as (payload: never) => void);
        return () => listeners.delete(name);
      },
    },
    dialer: {
      problemOf: (url) => (url.startsWith('ws') ? undefined : 'no-url'),
      dial(url, handlersOfDial) {
        const dial = { url, handlers: handlersOfDial, isGivenUp: false };
        dials.push(dial);
        return () => (dial.isGivenUp = true);
      },
    },
    clock,
    entropy: systemEntropy,
  });
  const emit = <Name extends keyof NodeEvents>(name: Name, payload: NodeEvents[Name]): void => listeners.get(name)?.(payload as never);
  const answer = (node: NodeId): boolean => {
    let isClosed = false;
    dials.at(-1)?.handlers.linked({ close: () => (isClosed = true) } as unknown as Link, node);
    return isClosed;
  };
  const end = (): void => dials.at(-1)?.handlers.ended({ clean: false, code: 'link-lost' });
  const linkWith = (path: PeerInfo['path']): void => {
    peers = [{ node: OTHER, state: path ? 'connected' : 'away', ...(path ? { path } : {}), bytesSent: 0, bytesReceived: 0 }];
  };
  return { hosts, clock, dials, attached, emit, answer, end, linkWith };
}

const identity = { node: OTHER } as NodeEvents['peer-up'];

describe('nearby hosts', () => {
  it('are linked with, and tried again with patience when that fails, as long as they are there', async () => {
    const { hosts, clock, dials, attached, answer, end } = nearbyHosts();
    hosts.set([HERE, 'nonsense']);
    hosts.set([HERE]);
    expect(dials.map(({ url }) => url)).toEqual([HERE]);
    end();
    await clock.advance(2 * HOST_LIMITS.nearbyRetryFirstMs);
    expect(dials).toHaveLength(2);
    expect(answer(OTHER)).toBe(false);
    expect(attached).toEqual([OTHER]);
    for (let failures = 0; failures < 20; failures++) {
      end();
      await clock.advance(HOST_LIMITS.nearbyRetryMaxMs);
    }
    expect(dials).toHaveLength(22);
    end();
    await clock.advance(HOST_LIMITS.nearbyRetryMaxMs / 3);
    expect(dials).toHaveLength(22);
    hosts.set([]);
    await clock.advance(10 * HOST_LIMITS.nearbyRetryMaxMs);
    expect(dials).toHaveLength(22);
  });

  it('are left alone where there is a link, and dialled when its session ended', async () => {
    const { hosts, clock, dials, attached, emit, answer, end, linkWith } = nearbyHosts();
    linkWith({ kind: 'direct', via: [] });
    hosts.set([HERE]);
    expect(answer(OTHER)).toBe(true);
    end();
    await clock.advance(HOST_LIMITS.nearbyRetryMaxMs);
    expect([dials.length, attached]).toEqual([1, []]);
    linkWith(undefined);
    emit('peer-down', { peer: identity, code: 'link-lost' });
    await clock.advance(HOST_LIMITS.nearbyRetryFirstMs);
    expect(dials).toHaveLength(2);
  });

  it('spare a session its relays', () => {
    const { hosts, attached, answer, linkWith } = nearbyHosts();
    linkWith({ kind: 'relayed', via: [ME] });
    hosts.set([HERE]);
    expect(answer(OTHER)).toBe(false);
    expect(attached).toEqual([OTHER]);
  });

  it('are no links of a node with itself', async () => {
    const { hosts, clock, dials, answer, end } = nearbyHosts();
    hosts.set([HERE]);
    expect(answer(ME)).toBe(true);
    end();
    await clock.advance(HOST_LIMITS.nearbyRetryMaxMs);
    expect(dials).toHaveLength(1);
    hosts.close();
  });

  it('are given up when they go while they are dialled', () => {
    const { hosts, dials } = nearbyHosts();
    hosts.set([HERE]);
    hosts.set([]);
    expect(dials[0]?.isGivenUp).toBe(true);
  });
});
