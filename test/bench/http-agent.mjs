import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod/v4';

/** The echo agent as the official SDK serves it over Streamable HTTP: a handler for node:http. */
export function httpAgent() {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'echo', version: '1' });
    server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({ content: [{ type: 'text', text }] }));
    return server;
  });
  return toNodeHandler(handler);
}
