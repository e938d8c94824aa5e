/**
 * Everything of the MCP SDK in one lazy chunk: it is far larger than all that is needed before the first call. Nothing else imports values of the
 * SDK: they would stand in a chunk of their own, which runs before zod is told to do without `eval`.
 */
import './zod-without-eval.ts';

export {
  Client,
  DEFAULT_NEGOTIATED_PROTOCOL_VERSION,
  InMemoryTransport,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
  SdkHttpError,
  StreamableHTTPClientTransport,
  UriTemplate,
} from '@modelcontextprotocol/client';
export { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/client/validators/cf-worker';
export { fromJsonSchema, McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
export { serveStdio } from '@modelcontextprotocol/server/stdio';
export * as z from 'zod/v4';
