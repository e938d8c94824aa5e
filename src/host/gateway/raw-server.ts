import { Server } from '@modelcontextprotocol/server';
import type { AgentAddress } from '../../base/ids.ts';
import type { Forwarder } from '../../mcp/proxy/forwarder.ts';
import type { UpstreamPool } from '../../mcp/proxy/upstream-pool.ts';
import type { McpRequest } from '../../mcp/proxy/upstream.ts';

/** Where an agent may ask its caller back, the SDK wants to know the handlers by name. */
const ASKING_HANDLERS = { tools: 'tools/call', prompts: 'prompts/get', resources: 'resources/read' } as const;

/**
 * One agent as a server of MCP 2026-07-28, with its own names: what the agent offers and answers goes through as it is, also where the agent speaks an
 * older revision. @throws ParleyError why the agent cannot be reached
 */
export async function rawServer(address: AgentAddress, pool: UpstreamPool, forwarder: Forwarder): Promise<Server> {
  const { client } = await pool.shared(address, {});
  const offered = client.getServerCapabilities() ?? {};
  const { logging: _needsSessions, ...others } = offered;
  const instructions = client.getInstructions();
  const server = new Server(client.getServerVersion() ?? { name: 'agent', version: '0' }, {
    capabilities: others as never,
    ...(instructions ? { instructions } : {}),
  });
  for (const [capability, method] of Object.entries(ASKING_HANDLERS)) {
    if (offered[capability as keyof typeof ASKING_HANDLERS] === undefined) continue;
    server.setRequestHandler(method, async (request, ctx) => (await forwarder.forward(address, request as McpRequest, server, ctx)) as never);
  }
  server.fallbackRequestHandler = (request, ctx) => forwarder.forward(address, request as McpRequest, server, ctx);
  return server;
}
