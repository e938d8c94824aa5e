import type { Transport } from '@modelcontextprotocol/client';
import { ParleyError } from '../base/errors.ts';
import { StreamableHTTPClientTransport } from '../mcp/runtime.ts';

/** A remote MCP server (Streamable HTTP) as its owner set it up. */
export type RemoteServer = { readonly url: string; readonly token?: string };

/**
 * A transport to the server, for messages to pass through as they are. What browsers hide behind "Failed to fetch" is told apart, in words.
 * The token goes to this server only: redirects are not followed.
 */
export function connectRemote({ url, token }: RemoteServer, request: typeof fetch = fetch): Transport {
  return new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { credentials: 'omit', redirect: 'error', ...(token ? { headers: { Authorization: `Bearer ${token}` } } : {}) },
    fetch: async (input, init) => {
      try {
        return await request(input, init);
      } catch (thrown) {
        if (!(thrown instanceof TypeError)) throw thrown;
        throw await fetchFailure(new URL(url), request, thrown);
      }
    },
  });
}

/** Why a fetch failed: an answer that may not be read is no missing server. */
async function fetchFailure(url: URL, request: typeof fetch, cause: TypeError): Promise<ParleyError> {
  const isThere = await request(url, { mode: 'no-cors', credentials: 'omit', cache: 'no-store' }).then(
    () => true,
    () => false,
  );
  if (!isThere) return new ParleyError('unreachable', `${url.host} does not answer. Is its address right, and is it running?`, { cause });
  return new ParleyError(
    'refused',
    `${url.host} answers, but does not let web pages use it (CORS). Whoever runs it has to allow this page: Access-Control-Allow-Origin: ${globalThis.location?.origin ?? 'the page’s origin'}, with the headers Content-Type, Authorization, Mcp-Protocol-Version, Mcp-Session-Id, Last-Event-ID, Mcp-Method and Mcp-Name, and expose Mcp-Session-Id. A host program (see the documentation) needs none of that.`,
    { cause },
  );
}
