import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler, type NodeIncomingMessageLike } from '@modelcontextprotocol/node';
import { asParleyError, ParleyError } from '../../base/errors.ts';
import { agentAddress, parseAgentId, parseNodeId } from '../../base/ids.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../logger.ts';
import type { ListenAddress } from '../options.ts';
import type { Endpoint, Gateway } from './gateway.ts';
import { mayPass, refuse, type GuardOptions } from './http-guard.ts';
import { HttpReply } from './http-reply.ts';
import { HttpSessions } from './http-sessions.ts';
import { classify } from './passed-request.ts';
import { asksToWatch } from './watched-resources.ts';

export type HttpEndpointOptions = {
  readonly gateway: Gateway;
  readonly address: ListenAddress;
  readonly token: string | undefined;
  readonly allowedHosts: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
};

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const AGGREGATE_PATH = '/mcp';
const PARSE_ERROR = -32_700;

/** Streamable HTTP for MCP clients: `/mcp` is the aggregate, `/mcp/<nodeId>/<agentId>` one agent. */
export class HttpEndpoint {
  readonly url: string;
  readonly #server: HttpServer;
  readonly #sessions: HttpSessions;

  /** @throws ParleyError `bad-argument` when the address cannot be listened on */
  static async listen(options: HttpEndpointOptions): Promise<HttpEndpoint> {
    const sessions = new HttpSessions(options.gateway, options.clock);
    const { address, allowedHosts, token } = options;
    const own = address.host.includes(':') ? `[${address.host}]` : address.host.toLowerCase();
    const guard: GuardOptions = { token, hosts: new Set([...LOOPBACK_NAMES, own, ...allowedHosts.map((name) => name.toLowerCase())]) };
    const server = createServer((request, response) => {
      handle(options, sessions, guard, request, response).catch((thrown: unknown) => {
        const { message } = asParleyError(thrown);
        options.log.warn(`MCP over HTTP: ${message}`);
        if (response.headersSent) response.destroy();
        // Above all: the agent cannot be reached, and why.
        else refuse(response, 502, message);
      });
    });
    const port = await listenOn(server, address);
    return new HttpEndpoint(`http://${own}:${port}${AGGREGATE_PATH}`, server, sessions);
  }

  private constructor(url: string, server: HttpServer, sessions: HttpSessions) {
    this.url = url;
    this.#server = server;
    this.#sessions = sessions;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#sessions.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

async function handle(options: HttpEndpointOptions, sessions: HttpSessions, guard: GuardOptions, request: IncomingMessage, response: ServerResponse) {
  if (!mayPass(request, response, guard)) return;
  const endpoint = endpointOf(request.url ?? '');
  if (!endpoint) return void refuse(response, 404, 'MCP is served at /mcp and /mcp/<nodeId>/<agentId>.');
  let body: unknown;
  if (request.method === 'POST') {
    const text = await readBody(request);
    if (text === undefined) return void refuse(response, 413, `A message has at most ${HOST_LIMITS.maxHttpBodyBytes / 2 ** 20} MiB.`);
    try {
      body = JSON.parse(text);
    } catch {
      return void refuse(response, 400, 'The message is not JSON.', PARSE_ERROR);
    }
  } else if (request.method !== 'GET' && request.method !== 'DELETE') {
    response.setHeader('allow', 'GET, POST, DELETE, OPTIONS');
    return void refuse(response, 405, 'This method is not part of Streamable HTTP.');
  }
  // Only the revisions with sessions have an id for one; it says so sooner than the message does.
  if (request.headers['mcp-session-id'] !== undefined) return sessions.handle(endpoint, request, response, body);
  const { isLegacy, passable } = classify(request.method, request.headers, body);
  if (isLegacy) return sessions.handle(endpoint, request, response, body);
  const { gateway, clock } = options;
  await gateway.reach(endpoint);
  const session = passable && (await gateway.sharedSession(endpoint, passable));
  if (!session) return serveModern(gateway, endpoint, request, response, body);
  const reply = new HttpReply(response, { requests: [passable.id], headers: {}, clock, isModern: true });
  const giveUp = session.ask({ request: passable, send: (answer) => reply.send(answer) });
  // A client that goes has cancelled its request (MCP 2026-07-28, Streamable HTTP).
  await reply.closed;
  giveUp();
}

/** A request of MCP 2026-07-28 that is answered here: of the aggregate, and where the agent speaks an older revision. */
async function serveModern(gateway: Gateway, endpoint: Endpoint, request: IncomingMessage, response: ServerResponse, body: unknown) {
  const handle = toNodeHandler(gateway.modernHandler(endpoint));
  if (!asksToWatch(body)) return handle(request as NodeIncomingMessageLike, response, body);
  // The client listens again when its stream breaks.
  const watch = await gateway.watch(endpoint, body, () => response.destroy());
  response.once('close', () => watch.release());
  if (response.destroyed) return watch.release();
  return handle(request as NodeIncomingMessageLike, response, watch.body);
}

function endpointOf(target: string): Endpoint | undefined {
  const { pathname } = new URL(target, 'http://host');
  if (pathname === AGGREGATE_PATH) return 'aggregate';
  const [, node, agent] = /^\/mcp\/([^/]+)\/([^/]+)$/.exec(pathname) ?? [];
  if (node === undefined || agent === undefined) return undefined;
  try {
    return agentAddress(parseNodeId(node), parseAgentId(agent));
  } catch {
    return undefined;
  }
}

/** `undefined` when it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > HOST_LIMITS.maxHttpBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function listenOn(server: HttpServer, { host, port }: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new ParleyError('bad-argument', `--mcp-http cannot listen on ${host}:${port}: ${cause.message}`, { cause })),
    );
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
