/** Everything of the MCP SDK in one lazy chunk: it is far larger than all that is needed before the first call. */
import './zod-without-eval.ts';

export { Client, InMemoryTransport, ProtocolError } from '@modelcontextprotocol/client';
export { McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
export { serveStdio } from '@modelcontextprotocol/server/stdio';
export * as z from 'zod/v4';
