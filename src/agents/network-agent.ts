import type { McpServer } from '@modelcontextprotocol/server';
import { LIMITS } from '../base/limits.ts';
import { withoutInvisible } from '../base/visible-text.ts';
import { McpServer as Server, z } from '../mcp/runtime.ts';

export type KnownAgent = { readonly address: string; readonly title: string; readonly description: string; readonly owner: string };
export type KnownTool = { readonly name: string; readonly description: string };

/** What this node knows of its network. It tells; it never calls an agent for somebody else. */
export type NetworkView = {
  agents(): readonly KnownAgent[];
  people(): readonly { readonly name: string; readonly isHere: boolean }[];
  /** Asks an agent for its tools. @throws ParleyError */
  tools(address: string): Promise<readonly KnownTool[]>;
};

const agent = z.object({ address: z.string(), title: z.string(), description: z.string(), owner: z.string() });
const readOnly = { readOnlyHint: true, openWorldHint: true };

/** The network agent's server: who is here, and which agents there are. What others say of themselves is handed on as text without invisible characters. */
export function networkServer(network: NetworkView): McpServer {
  const server = new Server({ name: 'network', title: 'Network', version: '1.0.0' });
  const structured = <Value extends Record<string, unknown>>(value: Value) => ({
    content: [{ type: 'text' as const, text: JSON.stringify(value) }],
    structuredContent: value,
  });
  server.registerTool(
    'find_agents',
    {
      title: 'Find agents',
      description: 'Agents of the network whose title, description or owner contains all of the words; without words, all.',
      inputSchema: z.object({ query: z.string().max(200).optional() }),
      outputSchema: z.object({ agents: z.array(agent), total: z.number() }),
      annotations: readOnly,
    },
    ({ query }) => {
      const words = (query ?? '').toLowerCase().split(/\s+/).filter(Boolean);
      const found = network.agents().filter(({ title, description, owner, address }) => {
        const text = `${title}\n${description}\n${owner}\n${address}`.toLowerCase();
        return words.every((word) => text.includes(word));
      });
      return structured({ agents: found.slice(0, LIMITS.maxNetworkAnswer).map((each) => ({ ...each })), total: found.length });
    },
  );
  server.registerTool(
    'describe_agent',
    {
      title: 'Tools of an agent',
      description: 'Which tools an agent has, as it says itself.',
      inputSchema: z.object({ address: z.string().max(200).describe('As find_agents gave it') }),
      outputSchema: z.object({ tools: z.array(z.object({ name: z.string(), description: z.string() })) }),
      annotations: readOnly,
    },
    async ({ address }) => {
      const known = network.agents().some((each) => each.address === address);
      if (!known) return { content: [{ type: 'text', text: 'No such agent is there.' }], isError: true };
      const tools = (await network.tools(address)).slice(0, LIMITS.maxNetworkAnswer);
      return structured({
        tools: tools.map(({ name, description }) => ({
          name: withoutInvisible(name),
          description: withoutInvisible(description).slice(0, LIMITS.maxAgentDescriptionLength),
        })),
      });
    },
  );
  server.registerTool(
    'list_people',
    {
      title: 'People',
      description: 'Who is known here by name, and who is here now.',
      inputSchema: z.object({}),
      outputSchema: z.object({ people: z.array(z.object({ name: z.string(), isHere: z.boolean() })), total: z.number() }),
      annotations: readOnly,
    },
    () => {
      const people = network.people();
      return structured({ people: people.slice(0, LIMITS.maxNetworkAnswer).map((each) => ({ ...each })), total: people.length });
    },
  );
  return server;
}
