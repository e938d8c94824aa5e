import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concatBytes, fromUtf8 } from '../../base/bytes.ts';
import { textOf } from '../../mcp/answers/answer-text.ts';
import { UrlServer } from './url-server.ts';

const LARGE = 'x'.repeat(5 * 2 ** 20);
const RESULT = { content: [{ type: 'text', text: LARGE }] };

describe('a server by HTTP', () => {
  let http: Server;
  let answer: (response: ServerResponse, id: unknown) => void;
  let server: UrlServer;
  let messages: JSONRPCMessage[];
  let onMessage: () => void;

  beforeEach(async () => {
    messages = [];
    onMessage = () => undefined;
    http = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => answer(response, (JSON.parse(Buffer.concat(chunks).toString()) as { id: unknown }).id));
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    server = new UrlServer({ kind: 'url', url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`, headers: {} });
    server.onmessage = (message) => {
      messages.push(message);
      onMessage();
    };
    await server.start();
  });
  afterEach(async () => {
    await server.close();
    http.closeAllConnections();
    http.close();
  });

  /** Asks, and waits for so many messages. */
  async function ask(count = 1): Promise<void> {
    const came = new Promise<void>((resolve) => (onMessage = () => messages.length >= count && resolve()));
    await server.send({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'x' } });
    await came;
  }

  async function resultOf(message: JSONRPCMessage | undefined): Promise<unknown> {
    const text = message && textOf(message);
    if (!text) throw new Error('The answer came whole.');
    const pieces: Uint8Array[] = [];
    for (let piece = await text.read(); piece; piece = await text.read()) pieces.push(piece);
    return JSON.parse(fromUtf8(concatBytes(...pieces)));
  }

  it.each([undefined, 2])('passes a large answer on in pieces, as JSON with indentation %s', async (indentation) => {
    answer = (response, id) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ result: RESULT, jsonrpc: '2.0', id }, undefined, indentation));
    };
    await ask();
    expect(messages).toMatchObject([{ id: 3 }]);
    expect(await resultOf(messages[0])).toEqual(RESULT);
  });

  it('passes a large answer on in pieces in a stream of events, and the events before it as they are', async () => {
    answer = (response, id) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': hello\n\nevent: message\r\ndata: {"jsonrpc":"2.0",\r\ndata: "method":"notifications/x"}\r\n\r\n');
      response.end(`event: message\nid: 7\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result: RESULT })}\n\n`);
    };
    await ask(2);
    expect(messages[0]).toMatchObject({ method: 'notifications/x' });
    expect(await resultOf(messages[1])).toEqual(RESULT);
  });

  it('has small answers whole', async () => {
    answer = (response, id) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result: { a: 1 } }));
    await ask();
    expect(messages).toEqual([{ jsonrpc: '2.0', id: 3, result: { a: 1 } }]);
  });

  it.each(['application/json', 'text/event-stream'])('takes no answer for whole that breaks off, %s', async (type) => {
    answer = (response, id) => {
      response.writeHead(200, { 'content-type': type });
      response.write(`${type === 'application/json' ? '' : 'data: '}{"jsonrpc":"2.0","id":${String(id)},"result":{"text":"${LARGE}`, () =>
        response.destroy(),
      );
    };
    await ask();
    await expect(resultOf(messages[0])).rejects.toThrow();
  });

  it('makes nobody warn of listeners, however often it is asked', async () => {
    const warnings: string[] = [];
    const noted = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', noted);
    answer = (response, id) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
    for (let round = 0; round < 32; round++) {
      messages = [];
      const came = new Promise<void>((resolve) => (onMessage = () => messages.length === 50 && resolve()));
      await Promise.all(Array.from({ length: 50 }, (_, index) => server.send({ jsonrpc: '2.0', id: index, method: 'ping' })));
      await came;
    }
    process.off('warning', noted);
    expect(warnings).toEqual([]);
  }, 60_000);
});
