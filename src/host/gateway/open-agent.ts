import { InMemoryTransport, type Transport } from '@modelcontextprotocol/client';
import { utf8 } from '../../base/bytes.ts';
import { parseAgentAddress, type AgentAddress } from '../../base/ids.ts';
import { MCP_PROTOCOL, type AgentHost } from '../../mcp/agent-host.ts';
import { StreamTransport } from '../../mcp/stream-transport.ts';
import type { NodeApi } from '../../node/api.ts';

/** Opens a session with an agent of this host or of any other node. */
export type OpenAgent = (address: AgentAddress) => Promise<Transport>;

/** @throws ParleyError why the agent cannot be reached */
export function agentOpener(node: NodeApi, host: AgentHost): OpenAgent {
  return async (address) => {
    const { node: id, agent } = parseAgentAddress(address);
    if (id !== node.id) return new StreamTransport(await node.open(id, MCP_PROTOCOL, { header: utf8(agent) }));
    const [here, there] = InMemoryTransport.createLinkedPair();
    await host.serveLocally(agent, there);
    return here;
  };
}
