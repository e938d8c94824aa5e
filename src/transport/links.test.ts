import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { testLinkContract } from '../../test/contracts/link-contract.ts';
import { systemClock } from '../app/system-clock.ts';
import { memoryLinkPair } from './memory-link.ts';
import { MessagePortLink, type PortLike } from './message-port-link.ts';
import type { WebSocketLike } from './signaling-websocket.ts';
import { fingerprintOf } from './webrtc-dialer.ts';
import { WebSocketLink } from './websocket-link.ts';

describe('links', () => {
  testLinkContract('memory', async () => ({ links: memoryLinkPair() }), it);

  testLinkContract(
    'message port',
    async () => {
      const { port1, port2 } = new MessageChannel();
      return { links: [new MessagePortLink(port1 as unknown as PortLike), new MessagePortLink(port2 as unknown as PortLike)] };
    },
    it,
  );

  testLinkContract(
    'websocket',
    async () => {
      const server = createServer();
      const sockets = new WebSocketServer({ server });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const accepted = new Promise<WebSocket>((resolve) => sockets.once('connection', resolve));
      const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
      client.binaryType = 'arraybuffer';
      const link = (socket: WebSocket) => new WebSocketLink(socket as unknown as WebSocketLike, systemClock);
      const serverLink = link(await accepted);
      await new Promise((resolve) => client.once('open', resolve));
      return {
        links: [link(client), serverLink],
        release: () => {
          client.terminate();
          server.close();
        },
      };
    },
    it,
  );

  it('reads the certificate fingerprint of a session description, and refuses one without', () => {
    const hex = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, '0').toUpperCase()).join(':');
    expect([...fingerprintOf(`v=0\r\na=fingerprint:sha-256 ${hex}\r\na=setup:actpass\r\n`)]).toEqual([
      0x12,
      0x20,
      ...Array.from({ length: 32 }, (_, index) => index),
    ]);
    expect(() => fingerprintOf('v=0\r\na=fingerprint:sha-1 00:11\r\n')).toThrow('fingerprint');
    expect(() => fingerprintOf(undefined)).toThrow('fingerprint');
  });
});
