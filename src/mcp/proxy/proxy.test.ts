import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { type InMemoryTransport as ServerMemoryTransport, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod/v4';
import { describe, expect, it } from 'vitest';
import { joinTransports } from './pipe.ts';
import { Upstream } from './upstream.ts';

function stepsServer(onNever: () => void = () => undefined): McpServer {
  const server = new McpServer({ name: 'steps', version: '1' });
  server.registerTool('steps', { inputSchema: z.object({}) }, async (_args, ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken ?? 0;
    for (let progress = 1; progress <= 3; progress++)
      await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress } });
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerTool('never', { inputSchema: z.object({}) }, () => {
    onNever();
    return new Promise<never>(() => undefined);
  });
  return server;
}

/** A server by hand that says everything about a call in one turn, as when it arrives in one piece. */
function serveInOneTurn(end: InMemoryTransport): void {
  const answer = (id: string | number, result: Record<string, unknown>) => void end.send({ jsonrpc: '2.0', id, result });
  end.onmessage = (message) => {
    if (!('method' in message) || !('id' in message)) return;
    const { id, method, params } = message;
    if (method === 'initialize') {
      answer(id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'hand', version: '1' } });
    } else if (method === 'tools/call') {
      const { progressToken } = (params as { _meta: { progressToken: number } })._meta;
      void end.send({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } });
      answer(id, { content: [] });
    } else void end.send({ jsonrpc: '2.0', id, error: { code: -32_601, message: 'Method not found' } });
  };
}

describe('an upstream', () => {
  it('loses no progress that comes right before its answer', async () => {
    const [here, there] = InMemoryTransport.createLinkedPair();
    serveInOneTurn(there);
    await there.start();
    const upstream = await Upstream.open(here, { capabilities: {} });
    const seen: unknown[] = [];
    await upstream.forward({ method: 'tools/call', params: { name: 'steps', arguments: {} } }, { onProgress: ({ progress }) => seen.push(progress) });
    expect(seen).toEqual([1]);
    await upstream.close();
  });
});

describe('two joined sessions', () => {
  async function joined(onNever?: () => void) {
    const [caller, callerEnd] = InMemoryTransport.createLinkedPair();
    const [serverEnd, server] = InMemoryTransport.createLinkedPair();
    await stepsServer(onNever).connect(server as unknown as ServerMemoryTransport);
    await joinTransports(callerEnd, serverEnd, { whyEnded: () => 'It fell over.' });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(caller);
    return { client, server };
  }

  it('pass requests, answers and progress', async () => {
    const { client } = await joined();
    const seen: unknown[] = [];
    const call = client.callTool({ name: 'steps', arguments: {} }, { onprogress: ({ progress }) => seen.push(progress) });
    expect((await call).content).toEqual([{ type: 'text', text: 'done' }]);
    expect(seen.slice(0, 2)).toEqual([1, 2]);
    await client.close();
  });

  it('answer what is under way when the server ends, and end with it', async () => {
    let isCalled: () => void = () => undefined;
    const called = new Promise<void>((resolve) => (isCalled = resolve));
    const { client, server } = await joined(() => isCalled());
    const closed = new Promise<void>((resolve) => (client.onclose = resolve));
    const call = expect(client.callTool({ name: 'never', arguments: {} })).rejects.toMatchObject({ code: -32_000, message: 'It fell over.' });
    await called;
    await server.close();
    await call;
    await closed;
  });

  it('end the server when the caller ends', async () => {
    const { client, server } = await joined();
    const closed = new Promise<void>((resolve) => {
      const passOn = server.onclose;
      server.onclose = () => {
        passOn?.();
        resolve();
      };
    });
    await client.close();
    await closed;
  });
});
