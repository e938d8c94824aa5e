import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, inputRequired, inputResponse, McpServer, type Icon, type ServerContext } from '@modelcontextprotocol/server';
import * as z from 'zod/v4';

const HEADERS = 'Content-Type, Authorization, Mcp-Protocol-Version, Mcp-Session-Id, Last-Event-ID, Mcp-Method, Mcp-Name';

/** An ordinary MCP server on the web, by the official SDK, as people would use it as a remote agent. */
export class McpWebServer {
  /** What its tool `greet` says of itself. */
  description = 'Greets whoever calls.';
  /** Whether it lets web pages use it. */
  allowsPages = true;
  /** Icons of the server and of its tool `greet`. */
  icons: Icon[] = [];
  toolIcons: Icon[] = [];
  readonly asked: (string | undefined)[] = [];
  readonly tokens = new Set<string | undefined>();
  readonly #http: Server;

  private constructor(http: Server) {
    this.#http = http;
  }

  static async start(): Promise<McpWebServer> {
    const http = createServer();
    const server = new McpWebServer(http);
    const handle = toNodeHandler(createMcpHandler(() => server.#make()));
    http.on('request', (request, response) => {
      if (server.allowsPages) {
        response.setHeader('Access-Control-Allow-Origin', '*');
        response.setHeader('Access-Control-Allow-Headers', HEADERS);
        response.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE, OPTIONS');
        response.setHeader('Access-Control-Expose-Headers', 'Mcp-Session-Id, WWW-Authenticate');
      }
      if (request.method === 'OPTIONS') return void response.writeHead(204).end();
      server.asked.push(request.url);
      server.tokens.add(request.headers.authorization);
      void handle(request as Parameters<typeof handle>[0], response);
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/mcp`;
  }

  stop(): Promise<void> {
    this.#http.closeAllConnections();
    return new Promise((resolve) => this.#http.close(() => resolve()));
  }

  #make(): McpServer {
    const server = new McpServer({ name: 'web', version: '1', icons: this.icons }, { capabilities: { logging: {} } });
    const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });
    server.registerTool('greet', { description: this.description, icons: this.toolIcons, inputSchema: z.object({}) }, () => text('Good day'));
    server.registerTool('brew', { description: 'Logs what it does.', inputSchema: z.object({}) }, async (_, { mcpReq }: ServerContext) => {
      await mcpReq.log('info', 'The water boils');
      await mcpReq.log('warning', { cups: 'only two' }, 'kitchen');
      return text('Tea is ready');
    });
    server.registerTool('survey', { description: 'Asks back.', inputSchema: z.object({}) }, (_, { mcpReq }: ServerContext) => {
      const view = inputResponse(mcpReq.inputResponses, 'tea');
      if (view.kind === 'elicit') return text(`Tea: ${JSON.stringify(view.action === 'accept' ? view.content : view.action)}`);
      const requestedSchema = {
        type: 'object' as const,
        properties: {
          cups: { type: 'integer' as const, title: 'Cups', minimum: 1, maximum: 9 },
          kind: { type: 'string' as const, title: 'Kind', enum: ['green', 'black'] },
          milk: { type: 'boolean' as const, title: 'Milk' },
        },
        required: ['cups'],
      };
      return inputRequired({ inputRequests: { tea: inputRequired.elicit({ message: 'How do you like your tea?', requestedSchema }) } });
    });
    server.registerTool('sign_in', { description: 'Sends to a page.', inputSchema: z.object({}) }, (_, { mcpReq }: ServerContext) => {
      const view = inputResponse(mcpReq.inputResponses, 'page');
      if (view.kind === 'elicit') return text(`You said ${view.action}`);
      return inputRequired({
        inputRequests: { page: inputRequired.elicitUrl({ message: 'Sign in there', url: 'https://xn--exmple-cua.org/in?to=web' }) },
      });
    });
    return server;
  }
}
