import type { IncomingHttpHeaders } from 'node:http';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/client';
import { classifyInboundRequest, isJsonContentType } from '@modelcontextprotocol/server';

type Request = Extract<JSONRPCMessage, { method: string; id: RequestId }>;

/** For whom a request is: the revisions with sessions, or MCP 2026-07-28. */
export type Classified = {
  readonly isLegacy: boolean;
  /** A request of 2026-07-28 in order, headers included, which an agent of that revision can have as it is; what is not in order the SDK answers. */
  readonly passable?: Request;
};

/** The members that the header `Mcp-Name` repeats (MCP 2026-07-28, Streamable HTTP, standard headers). */
const NAMED_BY: Readonly<Record<string, 'name' | 'uri'>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' };
const MODERN_VERSION = '2026-07-28';

export function classify(httpMethod: string, headers: IncomingHttpHeaders, body: unknown): Classified {
  const [version, method, name] = ['mcp-protocol-version', 'mcp-method', 'mcp-name'].map((header) => headers[header] as string | undefined);
  const outcome = classifyInboundRequest({
    httpMethod,
    body,
    ...(version === undefined ? {} : { protocolVersionHeader: version }),
    ...(method === undefined ? {} : { mcpMethodHeader: method }),
    ...(name === undefined ? {} : { mcpNameHeader: name }),
  });
  if (outcome.kind === 'legacy') return { isLegacy: true };
  if (outcome.kind !== 'modern' || outcome.messageKind !== 'request' || !isJsonContentType(headers['content-type'] ?? null))
    return { isLegacy: false };
  const request = outcome.message as Request;
  const member = NAMED_BY[request.method];
  const isNamed = member === undefined || (request.params as Readonly<Record<string, unknown>> | undefined)?.[member] === name;
  const isInOrder = version === MODERN_VERSION && method === request.method && isNamed;
  return { isLegacy: false, ...(isInOrder ? { passable: body as Request } : {}) };
}
