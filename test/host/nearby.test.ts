import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/app/system-clock.ts';
import type { Node } from '../../src/node/node.ts';
import { WebSocketSignaling, type WebSocketConstructor } from '../../src/transport/signaling-websocket.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { localNode } from '../doubles/local-nodes.ts';
import { startServer } from '../world/server.mjs';
import { ownServer, root, startHost, toolsOnce, type RunningHost } from './host-process.ts';

/** The signaling server and hosts as processes. Addresses of the loopback stand for local networks: who uses one hears nobody of the other. */
const [WITH_SERVER, WITHOUT_SERVER] = ['127.53.1.1', '127.53.1.2'];
const mdnsOn = (network: string): readonly string[] => ['--mdns', '--mdns-interface', network];
const listenOn = (network: string): readonly string[] => ['--listen', `${network}:0`, ...mdnsOn(network)];
/** Nobody listens there. */
const NO_SERVER = 'http://127.0.0.1:9/';

let server: Awaited<ReturnType<typeof startServer>>;
const toStop: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = await startServer([], ['--app', `${root}docs`, '--host', WITH_SERVER, '--no-stun', ...mdnsOn(WITH_SERVER)]);
}, 120_000);
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((stop) => stop()));
});
afterAll(() => server?.stop());

async function startedHost(signal: string, ...args: readonly string[]): Promise<RunningHost> {
  const host = await startHost(signal, { config: { mcpServers: { fine: ownServer('fine') } }, policy: { everyone: 'run' } }, ...args);
  toStop.push(() => host.stop());
  return host;
}

/** The node of a page at the server. */
async function visitor(): Promise<Node> {
  const signaling = new WebSocketSignaling(`${server.url.replace('http', 'ws')}signal`, systemClock, WebSocket as unknown as WebSocketConstructor);
  const node = await localNode(7, { networkId: openNetworkId('Commons'), signaling });
  toStop.push(() => node.close());
  return node;
}

function until(node: Node, event: 'host' | 'peer', holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => void (holds() && (off(), resolve()));
    const off = node.on(event, look);
    look();
  });
}

/** A host has its own agent's tools and those of so many others. */
const knows = (others: number) => (names: readonly string[]) => names.filter((name) => name.startsWith('fine')).length > others;

describe('on a local network', () => {
  it('hosts find each other without a server or an address', async () => {
    const hosts = [
      await startedHost(NO_SERVER, ...listenOn(WITHOUT_SERVER)),
      await startedHost(NO_SERVER, ...listenOn(WITHOUT_SERVER)),
      await startedHost(NO_SERVER, ...mdnsOn(WITHOUT_SERVER)),
    ];
    for (const host of hosts) await toolsOnce(host, knows(2));
  });

  it('a host uses the server that is there, which tells pages of the host', async () => {
    const page = await visitor();
    const host = await startedHost(NO_SERVER, ...listenOn(WITH_SERVER));
    await until(page, 'host', () => page.hosts().some(({ url }) => url === host.ready.listen));
    // The server introduces the two: the host was not told of it.
    await until(page, 'peer', () => page.peers().some(({ node }) => node === host.ready.nodeId));
  });

  it('a host without the switch is not found, and finds nobody', async () => {
    const quiet = await startedHost(NO_SERVER, '--listen', `${WITHOUT_SERVER}:0`);
    const found = await startedHost(NO_SERVER, ...listenOn(WITHOUT_SERVER));
    const last = await startedHost(NO_SERVER, ...listenOn(WITHOUT_SERVER));
    await last.logged(`On the local network: ${found.ready.listen}.`);
    await toolsOnce(last, knows(1));
    expect(last.log()).not.toContain(quiet.ready.listen);
    expect(quiet.log()).not.toContain('On the local network');
  });

  it('a host that is at the server under another name stays there under that one alone', async () => {
    const alias = server.url.replace(WITH_SERVER, `[::ffff:${WITH_SERVER}]`);
    const host = await startedHost(alias, ...mdnsOn(WITH_SERVER));
    await host.logged('under another name');
    const page = await visitor();
    await until(page, 'peer', () => page.peers().some(({ node }) => node === host.ready.nodeId));
    expect(host.log().split('under another name')).toHaveLength(2);
  });

  it('a host says once that multicast does not work, and runs on', async () => {
    const host = await startedHost(NO_SERVER, '--listen', '127.0.0.1:0', ...mdnsOn('203.0.113.7'));
    await host.logged('The host runs on without');
    await toolsOnce(host, knows(0));
    expect(host.log().split('by multicast DNS')).toHaveLength(2);
  });
});
