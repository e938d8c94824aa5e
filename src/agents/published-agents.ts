import { agentAddress, type AgentId, type NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { AgentClients } from '../mcp/agent-clients.ts';
import type { AgentHost } from '../mcp/agent-host.ts';
import { definitionHashes, type DefinitionHash } from '../mcp/definition-digests.ts';
import type { PublishedAgent } from './directory.ts';

export type PublishedAgentsOptions = { readonly node: NodeId; readonly host: AgentHost; readonly clients: AgentClients };

/** What this node's agents are to the network: those that are switched on, with hashes of what they offer once those were computed. */
export class PublishedAgents {
  readonly #options: PublishedAgentsOptions;
  readonly #hashes = new Map<AgentId, readonly DefinitionHash[]>();
  /** Called when there is something new to publish. */
  onChange: () => void = () => undefined;

  constructor(options: PublishedAgentsOptions) {
    this.#options = options;
  }

  list(): readonly PublishedAgent[] {
    const { host } = this.#options;
    return host
      .agents()
      .filter(({ id }) => host.isEnabled(id))
      .map(({ id, title, description }) => ({ id, title, description, definitions: this.#hashes.get(id) ?? [] }));
  }

  /** Asks each agent what it offers. It loads the MCP SDK: not for the start. */
  async describe(): Promise<void> {
    for (const { id } of this.#options.host.agents()) await this.#describe(id);
  }

  async #describe(id: AgentId): Promise<void> {
    const { clients, node } = this.#options;
    try {
      const { client } = await clients.session(agentAddress(node, id));
      this.#hashes.set(id, (await definitionHashes(client)).slice(0, LIMITS.maxAgentDefinitions));
      this.onChange();
    } catch {
      // An agent that cannot be described is published without hashes; whoever calls it reads its definitions anyway.
    }
  }
}
