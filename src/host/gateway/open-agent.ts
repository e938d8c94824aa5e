import { InMemoryTransport, type Transport } from '@modelcontextprotocol/client';
import { utf8 } from '../../base/bytes.ts';
import { parseAgentAddress, type AgentAddress } from '../../base/ids.ts';
import { MCP_PROTOCOL, type AgentHost } from '../../mcp/agent-host.ts';
import { answerFetcher } from '../../mcp/answers/answer-offers.ts';
import { StreamTransport } from '../../mcp/stream-transport.ts';
import type { NodeApi } from '../../node/api.ts';

/** Opens a session with an agent of this host or of any other node. Large results come in pieces (`answers/answer-text.ts`). */
export type OpenAgent = (address: AgentAddress) => Promise<Transport>;

/** @throws ParleyError why the agent cannot be reached */
export function agentOpener(node: NodeApi, host: AgentHost): OpenAgent {
  return async (address) => {
    const { node: id, agent } = parseAgentAddress(address);
    if (id !== node.id) {
      const stream = await node.open(id, MCP_PROTOCOL, { header: utf8(agent) });
      return new StreamTransport(stream, { fetch: answerFetcher(node, id) });
    }
    const [here, there] = InMemoryTransport.createLinkedPair();
    await host.serveLocally(agent, there);
    return here;
  };
}
