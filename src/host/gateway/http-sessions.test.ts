import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { McpServer, type Transport } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/doubles/virtual-clock.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { Gateway } from './gateway.ts';
import { HttpSessions } from './http-sessions.ts';

describe('sessions over HTTP', () => {
  const clock = new VirtualClock();
  let server: Server;
  let url: URL;
  /** Ends of the sessions that were served, as they come. */
  let ends: Promise<void>[];
  let listening: (() => void)[];

  beforeEach(async () => {
    ends = [];
    listening = [];
    const gateway = {
      async serveSession(_endpoint: unknown, transport: Transport) {
        const mcp = new McpServer({ name: 'test', version: '1' });
        ends.push(new Promise((resolve) => (mcp.server.onclose = resolve)));
        await mcp.connect(transport);
      },
    } as unknown as Gateway;
    const sessions = new HttpSessions(gateway, clock);
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        void sessions.handle('aggregate', request, response, text ? JSON.parse(text) : undefined);
        if (request.method === 'GET') response.once('close', () => listening.splice(0).forEach((tell) => tell()));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function connect(): Promise<Client> {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(url));
    await client.ping();
    return client;
  }

  it('end when their client says goodbye', async () => {
    const client = await connect();
    await (client.transport as StreamableHTTPClientTransport).terminateSession();
    await ends[0];
  });

  it('end a while after their client went without a word, and no sooner', async () => {
    const client = await connect();
    const gone = new Promise<void>((resolve) => listening.push(resolve));
    await client.close();
    await gone;
    let hasEnded = false;
    const ended = ends[0]?.then(() => (hasEnded = true));
    await clock.advance(HOST_LIMITS.httpSessionLostMs - 1);
    expect(hasEnded).toBe(false);
    await clock.advance(1);
    await ended;
  });

  it('stay for a client that is there and silent', async () => {
    const client = await connect();
    await clock.advance(10 * HOST_LIMITS.httpSessionIdleMs);
    await client.ping();
    await client.close();
  });
});
