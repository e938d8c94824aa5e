import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export type GuardOptions = {
  /** `undefined`: whoever reaches the port may call. */
  readonly token: string | undefined;
  /** Host names under which the endpoint is reached, and whose pages may call it; IPv6 addresses in brackets. */
  readonly hosts: ReadonlySet<string>;
};

/** What a page needs to be let see (Streamable HTTP in browsers, both revisions). */
const CORS_HEADERS = {
  'access-control-allow-methods': 'POST, GET, DELETE, OPTIONS',
  'access-control-allow-headers': 'Content-Type, Accept, Authorization, Mcp-Protocol-Version, Mcp-Session-Id, Last-Event-ID, Mcp-Method, Mcp-Name',
  'access-control-expose-headers': 'Mcp-Session-Id, WWW-Authenticate',
  'access-control-max-age': '600',
} as const;

/**
 * Lets through who may speak with the endpoint, and answers everybody else. The names of host and origin are checked against DNS rebinding, by which a page of
 * anybody would reach a port of this machine; the token is asked for on loopback as well, where other accounts and programs are. Answers whether the request may go on.
 */
export function mayPass(request: IncomingMessage, response: ServerResponse, { token, hosts }: GuardOptions): boolean {
  const { host = '', origin, authorization } = request.headers;
  if (!hosts.has(hostNameOf(`http://${host}`))) return refuse(response, 403, 'This host name is not one of this endpoint’s; see --allow-host.');
  if (origin !== undefined) {
    if (!hosts.has(hostNameOf(origin))) return refuse(response, 403, 'Pages of this origin may not call this endpoint; see --allow-host.');
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('vary', 'Origin');
    for (const [name, value] of Object.entries(CORS_HEADERS)) response.setHeader(name, value);
  }
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end();
    return false;
  }
  if (token === undefined || isToken(authorization, token)) return true;
  const wrong = authorization === undefined ? '' : ', error="invalid_token"';
  response.setHeader('www-authenticate', `Bearer realm="parley"${wrong}`);
  return refuse(
    response,
    401,
    authorization === undefined ? 'This endpoint needs a bearer token.' : 'The bearer token is not the one of this endpoint.',
  );
}

/** Answers an error as clients of Streamable HTTP expect it. The rest of the request may be unread: its connection is used no further. */
export function refuse(response: ServerResponse, status: number, message: string, code = -32_000): false {
  const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } });
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', connection: 'close' }).end(body);
  return false;
}

function hostNameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase() : '';
}

function isToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  // Hashes have one length, which the comparison in constant time needs.
  return given !== undefined && timingSafeEqual(hashOf(given), hashOf(token));
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
