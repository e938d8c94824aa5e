import { createSocket } from 'node:dgram';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { localNode } from '../../test/doubles/local-nodes.ts';
import { MemoryRtc } from '../../test/doubles/memory-rtc.ts';
import { systemClock } from '../../src/app/system-clock.ts';
import type { Node, NodeOptions } from '../../src/node/node.ts';
import { WebSocketSignaling, type WebSocketConstructor } from '../../src/transport/signaling-websocket.ts';
import { Logger } from './logger.ts';
import { parseOptions } from './options.ts';
import { startServer, type RunningServer } from './server.ts';

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

async function start(...args: string[]): Promise<{ readonly server: RunningServer; readonly lines: string[] }> {
  const command = parseOptions(['--port', '0', '--stun-port', '0', '--host', '127.0.0.1', ...args], {});
  if (command.run !== 'server') throw new Error('no server');
  const lines: string[] = [];
  const log = new Logger({ level: 'debug', format: 'json', addressesInClear: false, write: (line) => lines.push(line) });
  const server = await startServer(command.options, '1.2.3', log);
  toStop.push(() => server.stop());
  return { server, lines };
}

async function join2(server: RunningServer, rtc: MemoryRtc, seed: number, options: Partial<NodeOptions> = {}): Promise<Node> {
  const signaling = new WebSocketSignaling(`ws://127.0.0.1:${server.port}/signal`, systemClock, WebSocket as unknown as WebSocketConstructor);
  const node = await localNode(seed, { signaling, rtc, ...options });
  toStop.push(() => node.close());
  return node;
}

function until(node: Node, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = () => holds() && (off(), resolve());
    const off = node.on('state', () => void check());
    check();
  });
}

describe('the signaling server', () => {
  it('introduces nodes of one network to each other, and strangers to nobody', async () => {
    const { server, lines } = await start();
    const rtc = new MemoryRtc();
    const a = await join2(server, rtc, 1);
    await until(a, () => a.state().signaling === 'connected');
    const b = await join2(server, rtc, 2);
    const c = await join2(server, rtc, 3, { networkId: new Uint8Array(32).fill(9) });
    await Promise.all([
      until(a, () => a.state().connectedPeers === 1),
      until(b, () => b.state().connectedPeers === 1),
      until(c, () => c.state().signaling === 'connected'),
    ]);
    expect(a.peers().map((peer) => peer.node)).toEqual([b.id]);
    expect(c.peers()).toEqual([]);
    const text = lines.join('\n');
    expect(text).not.toContain('127.0.0.1');
    expect(text).not.toContain(a.id);
  });

  it('is not needed any more by nodes that have met, and takes them back when it returns', async () => {
    const { server } = await start();
    const { port } = server;
    const rtc = new MemoryRtc();
    const a = await join2(server, rtc, 1);
    const b = await join2(server, rtc, 2);
    await Promise.all([a, b].map((node) => until(node, () => node.state().connectedPeers === 1)));
    b.serve('echo/1', (stream) => stream.onMessage((message) => stream.send(message)));
    await server.stop();
    await until(a, () => a.state().signaling !== 'connected');
    const stream = await a.open(b.id, 'echo/1');
    const answer = new Promise<Uint8Array>((resolve) => stream.onMessage(resolve));
    await stream.send(Uint8Array.of(7));
    expect([...(await answer)]).toEqual([7]);
    expect(a.state().phase).toBe('connected');
    await start('--port', String(port));
    a.nudge('online');
    b.nudge('online');
    await Promise.all([a, b].map((node) => until(node, () => node.state().signaling === 'connected')));
    expect(a.state().connectedPeers).toBe(1);
  });

  it('lets two nodes that dial each other at once end with one session', async () => {
    const { server } = await start();
    const rtc = new MemoryRtc();
    const nodes = await Promise.all([1, 2, 3].map((seed) => join2(server, rtc, seed)));
    await Promise.all(nodes.map((node) => until(node, () => node.state().connectedPeers === 2)));
    const [a, , c] = nodes as [Node, Node, Node];
    c.serve('echo/1', (stream) => stream.onMessage((message) => stream.send(message)));
    const stream = await a.open(c.id, 'echo/1');
    const answer = new Promise<Uint8Array>((resolve) => stream.onMessage(resolve));
    await stream.send(Uint8Array.of(1));
    expect([...(await answer)]).toEqual([1]);
  });

  it('says why two nodes could not connect', async () => {
    const { server } = await start();
    const rtc = new MemoryRtc();
    const a = await join2(server, rtc, 1);
    await until(a, () => a.state().signaling === 'connected');
    const b = await join2(server, rtc, 2, { psk: new Uint8Array(32).fill(1) });
    await until(b, () => b.state().problem !== undefined);
    expect(['wrong-network-secret', 'handshake-failed']).toContain(b.state().problem?.code);
  });

  it('serves the app with its security headers, and nothing outside its folder', async () => {
    const app = mkdtempSync(join(tmpdir(), 'parley-app-'));
    writeFileSync(join(app, 'index.html'), '<!doctype html><title>Parley</title>');
    const { server } = await start('--app', app);
    const base = `http://127.0.0.1:${server.port}`;
    const page = await fetch(`${base}/`);
    expect(await page.text()).toContain('Parley');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval'");
    expect(page.headers.get('content-security-policy')).toContain("require-trusted-types-for 'script'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await fetch(`${base}/..%2f..%2fetc%2fpasswd`)).status).toBe(404);
    expect((await fetch(`${base}/missing.js`)).status).toBe(404);
    expect((await fetch(`${base}/`, { method: 'POST' })).status).toBe(405);
    expect(await (await fetch(`${base}/health`)).json()).toMatchObject({ status: 'ok', version: '1.2.3' });
  });

  it('refuses sockets of strange origins, paths and protocols', async () => {
    const { server } = await start();
    const refusal = (path: string, protocol: string, origin?: string) =>
      new Promise<number>((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, protocol, origin ? { origin } : {});
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
        socket.on('open', () => reject(new Error('it opened')));
        socket.on('error', () => undefined);
      });
    expect(await refusal('/signal', 'parley-signal.1', 'https://evil.example')).toBe(403);
    expect(await refusal('/other', 'parley-signal.1')).toBe(404);
    expect(await refusal('/signal', 'something')).toBe(400);
  });

  it('answers garbage on a socket with a refusal and lives on', async () => {
    const { server } = await start();
    const rtc = new MemoryRtc();
    const closed = await Promise.all(
      [new Uint8Array(0), Uint8Array.of(0xff), new Uint8Array(20_000), new TextEncoder().encode('{"type":"join"}')].map(
        (bytes) =>
          new Promise<number>((resolve) => {
            const socket = new WebSocket(`ws://127.0.0.1:${server.port}/signal`, 'parley-signal.1');
            socket.on('message', () => socket.send(bytes));
            socket.on('error', () => undefined);
            socket.on('close', resolve);
          }),
      ),
    );
    expect(closed).toHaveLength(4);
    const a = await join2(server, rtc, 1);
    await until(a, () => a.state().signaling === 'connected');
  });

  it('answers STUN binding requests by RFC 8489, ignores garbage and never amplifies', async () => {
    const { server } = await start();
    const socket = createSocket('udp4');
    toStop.push(() => new Promise((resolve) => socket.close(() => resolve())));
    const transaction = Buffer.from('0102030405060708090a0b0c', 'hex');
    const request = Buffer.concat([Buffer.from('000100002112a442', 'hex'), transaction]);
    const answer = new Promise<Buffer>((resolve) => socket.once('message', resolve));
    for (const garbage of [Buffer.alloc(0), Buffer.alloc(19), Buffer.alloc(600, 7), Buffer.from('010100002112a442', 'hex')])
      socket.send(garbage, server.stunPort, '127.0.0.1');
    socket.send(request, server.stunPort, '127.0.0.1');
    const response = await answer;
    expect(response.readUInt16BE(0)).toBe(0x0101);
    expect(response.subarray(8, 20)).toEqual(transaction);
    expect(response.length).toBeLessThan(100);
    // XOR-MAPPED-ADDRESS, §14.2: the port XOR the cookie's first half, the address XOR the cookie.
    const at = response.indexOf(Buffer.from('00200008', 'hex'));
    expect(at).toBeGreaterThan(0);
    expect(response.readUInt16BE(at + 6) ^ 0x2112).toBe(socket.address().port);
    expect((response.readUInt32BE(at + 8) ^ 0x2112a442) >>> 0).toBe(0x7f000001);
  });

  it('answers STUN on an address of its own when the app is behind a proxy on the same machine', async () => {
    const { server } = await start('--stun-host', '127.0.0.2');
    const socket = createSocket('udp4');
    toStop.push(() => new Promise((resolve) => socket.close(() => resolve())));
    const answeredBy = new Promise<string>((resolve) => socket.once('message', (_bytes, from) => resolve(from.address)));
    socket.send(Buffer.from('000100002112a4420102030405060708090a0b0c', 'hex'), server.stunPort, '127.0.0.2');
    expect(await answeredBy).toBe('127.0.0.2');
    expect((await fetch(`http://127.0.0.1:${server.port}/health`)).status).toBe(200);
  });
});
