import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { asParleyError } from '../base/errors.ts';

/** JSON-RPC 2.0 §5.1. */
const INTERNAL_ERROR = -32_603;

/**
 * Makes two MCP transports one: each message of one side goes to the other as it is, so both ends agree on an era by themselves. A request that
 * the server's side does not take is answered with an error, and when either side ends the other ends with it.
 */
export async function joinTransports(caller: Transport, server: Transport): Promise<void> {
  caller.onmessage = (message) => void server.send(message).catch((thrown: unknown) => refuse(message, thrown));
  server.onmessage = (message) => {
    followVersion(server, message);
    void caller.send(message).catch(() => undefined);
  };
  caller.onclose = () => void server.close().catch(() => undefined);
  server.onclose = () => void caller.close().catch(() => undefined);
  await server.start();
  await caller.start();

  function refuse(message: JSONRPCMessage, thrown: unknown): void {
    if (!('method' in message) || !('id' in message)) return;
    const { message: words } = asParleyError(thrown);
    void caller.send({ jsonrpc: '2.0', id: message.id, error: { code: codeOf(thrown), message: words } }).catch(() => undefined);
  }
}

/** The era before 2026-07-28 has HTTP transports repeat the version that `initialize` agreed on. */
function followVersion(server: Transport, message: JSONRPCMessage): void {
  const version = 'result' in message ? (message.result as { protocolVersion?: unknown; serverInfo?: unknown }).protocolVersion : undefined;
  if (typeof version === 'string') server.setProtocolVersion?.(version);
}

function codeOf(thrown: unknown): number {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'number' && code < -32_000 ? code : INTERNAL_ERROR;
}
