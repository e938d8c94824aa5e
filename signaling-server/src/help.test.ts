import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/app/system-clock.ts';
import { joinMessage } from '../../src/crypto/join.ts';
import { makeCard } from '../../src/crypto/peer-card.ts';
import type { Node } from '../../src/node/node.ts';
import type { SignalingHelp } from '../../src/ports/signaling.ts';
import { WebSocketSignaling, type WebSocketConstructor } from '../../src/transport/signaling-websocket.ts';
import { openNetworkId, roomOf } from '../../src/wire/networks.ts';
import { localNode } from '../../test/doubles/local-nodes.ts';
import { MemoryRtc } from '../../test/doubles/memory-rtc.ts';
import { seededIdentity } from '../../test/support/seeded-identity.ts';
import { LIMITS } from './limits.ts';
import { Logger } from './logger.ts';
import { Nearby } from './nearby.ts';
import { OptionsError, parseOptions } from './options.ts';
import { startServer, type RunningServer } from './server.ts';
import { turnCredentials } from './turn-credentials.ts';

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

async function start(...args: string[]): Promise<RunningServer> {
  const command = parseOptions(['--port', '0', '--no-stun', '--host', '127.0.0.1', ...args], {});
  if (command.run !== 'server') throw new Error('no server');
  const log = new Logger({ level: 'error', format: 'json', addressesInClear: false, write: () => undefined });
  const server = await startServer(command.options, '1.2.3', log);
  toStop.push(() => server.stop());
  return server;
}

function signalingTo(url: string): WebSocketSignaling {
  return new WebSocketSignaling(url, systemClock, WebSocket as unknown as WebSocketConstructor);
}

/** Joins as a node does and answers what the server tells first; whoever wants to hear more stays. */
async function helpOf(server: RunningServer, hear?: (help: SignalingHelp) => void): Promise<SignalingHelp> {
  const identity = await seededIdentity(1, systemClock.now());
  const networkId = openNetworkId('test');
  const card = await makeCard(identity, networkId, systemClock.now());
  const room = roomOf(networkId);
  return new Promise((resolve, reject) => {
    const connection = signalingTo(`ws://127.0.0.1:${server.port}/signal`).connect({
      challenged: async (challenge) => {
        const signature = await identity.nodeSigner.sign(joinMessage(challenge, room, card));
        connection.join({ room, nodeKey: identity.nodeSigner.publicKey, card, signature });
      },
      welcomed: () => undefined,
      helped: (help) => {
        resolve(help);
        if (!hear) return connection.close();
        hear(help);
      },
      relayed: () => undefined,
      absent: () => undefined,
      closed: ({ detail }) => reject(new Error(detail)),
    });
  });
}

/** Stays at the server; what it tells of hosts, and when that is as wanted. */
function listener(server: RunningServer): {
  readonly heard: (readonly string[])[];
  hostsOnce(holds: (hosts: readonly string[]) => boolean): Promise<void>;
} {
  const heard: (readonly string[])[] = [];
  const told: (() => void)[] = [];
  void helpOf(server, ({ hosts = [] }) => {
    heard.push(hosts);
    told.splice(0).forEach((resolve) => resolve());
  });
  const hostsOnce = async (holds: (hosts: readonly string[]) => boolean) => {
    for (let last = heard.at(-1); !last || !holds(last); last = heard.at(-1)) await new Promise<void>((resolve) => told.push(resolve));
  };
  return { heard, hostsOnce };
}

function nearbyHost(interfaceAddress: string, port: number): Nearby {
  const own = { kind: 'host', port, isTls: false, listensOn: undefined } as const;
  const host = new Nearby({ interfaceAddress, own, onChange: () => undefined, onTrouble: () => undefined });
  toStop.push(() => host.stop());
  return host;
}

function connected(node: Node): Promise<void> {
  return new Promise((resolve) => {
    const check = () => node.state().connectedPeers > 0 && (off(), resolve());
    const off = node.on('state', () => void check());
    check();
  });
}

describe('what a signaling server tells beside introductions', () => {
  it('names other servers, and nodes meet across them', async () => {
    const far = await start();
    const farUrl = `ws://127.0.0.1:${far.port}/signal`;
    const near = await start('--peer-servers', farUrl);
    const rtc = new MemoryRtc();
    const a = await localNode(1, { signaling: signalingTo(farUrl), rtc });
    const b = await localNode(2, { signaling: signalingTo(`ws://127.0.0.1:${near.port}/signal`), signalingFor: signalingTo, rtc });
    toStop.push(
      () => a.close(),
      () => b.close(),
    );
    await Promise.all([connected(a), connected(b)]);
    expect(a.peers().map((peer) => peer.node)).toEqual([b.id]);
  });

  it('gives out credentials for a TURN server that expire', async () => {
    const server = await start('--turn-urls', 'turn:turn.example:3478', '--turn-secret', 'hidden');
    const { turn } = await helpOf(server);
    expect(turn?.urls).toEqual(['turn:turn.example:3478']);
    const expiry = Number(turn?.username.split(':')[0]);
    expect(expiry).toBeGreaterThan(Date.now() / 1000 + 23 * 3600);
    expect(turn?.credential).toBe(
      createHmac('sha1', 'hidden')
        .update(turn?.username ?? '')
        .digest('base64'),
    );
  });

  it('tells where hosts of the place are', async () => {
    const server = await start('--hosts', 'wss://chat.example/link,ws://192.168.1.5:8790/');
    expect(await helpOf(server)).toEqual({ servers: [], hosts: ['wss://chat.example/link', 'ws://192.168.1.5:8790/'] });
  });

  it('makes other credentials each time', () => {
    const options = { urls: ['turn:t'], secret: 's' };
    expect(turnCredentials(options, 1000, 60).username).toMatch(/^1060:[0-9a-f]{12}$/);
    expect(turnCredentials(options, 1000, 60).username).not.toBe(turnCredentials(options, 1000, 60).username);
  });

  it('refuses options that do not fit in words, without their values', () => {
    const refusal = (...args: string[]) => {
      try {
        parseOptions(args, {});
        return 'taken';
      } catch (thrown) {
        return thrown instanceof OptionsError ? thrown.message : 'another error';
      }
    };
    expect(refusal('--peer-servers', 'https://chat.example')).toContain('--peer-servers must be');
    expect(refusal('--hosts', 'https://chat.example/link')).toContain('--hosts must be');
    expect(refusal('--mdns', '--mdns-interface', 'eth0')).toContain('--mdns-interface must be');
    expect(refusal('--turn-secret', 'hidden')).toBe('--turn-urls and --turn-secret go together.');
    expect(refusal('--turn-urls', 'turn:t', '--turn-secret', 'hidden')).toBe('taken');
  });

  it('tells of hosts of the local network at once, and when they went, be it that there is nothing to tell any more', async () => {
    const server = await start('--mdns', '--mdns-interface', '127.53.0.9');
    const { hostsOnce } = listener(server);
    const host = nearbyHost('127.53.0.9', 2222);
    await hostsOnce((hosts) => hosts.join() === 'ws://127.53.0.9:2222/');
    await host.stop();
    await hostsOnce((hosts) => hosts.length === 0);
  });

  it('tells of as many as it may, its own before those of the local network', async () => {
    const own = 'wss://chat.example/link';
    const server = await start('--mdns', '--mdns-interface', '127.53.0.10', '--hosts', own);
    const { heard, hostsOnce } = listener(server);
    const hosts = [1, 2, 3, 4].map((port) => nearbyHost('127.53.0.10', port));
    await hostsOnce((urls) => urls.length > 3);
    await Promise.all(hosts.map((host) => host.stop()));
    await hostsOnce((urls) => urls.length === 1);
    expect(heard.every((urls) => urls[0] === own && urls.length <= LIMITS.maxHosts)).toBe(true);
  });
});
