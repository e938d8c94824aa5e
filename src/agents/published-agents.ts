import { toBase64url } from '../base/bytes.ts';
import { Emitter } from '../base/emitter.ts';
import { agentAddress, type AgentId, type NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { AgentClients } from '../mcp/agent-clients.ts';
import type { AgentHost } from '../mcp/agent-host.ts';
import { definitionHashes, type DefinitionHash } from '../mcp/definition-digests.ts';
import type { CallRequest } from '../mcp/incoming-call.ts';
import type { Clock } from '../ports/clock.ts';
import type { Visibility } from '../registry/records.ts';
import type { PublishedAgent } from './directory.ts';

export type PublishedAgentsOptions = {
  readonly node: NodeId;
  readonly host: AgentHost;
  readonly clients: AgentClients;
  readonly clock: Clock;
  /** Who may call anything of an agent at all. */
  visibilityOf(agent: AgentId): Visibility;
};

/** What this node's agents are to the network: those that are switched on, with hashes of what they offer once those were computed. */
export class PublishedAgents {
  readonly #options: PublishedAgentsOptions;
  readonly #hashes = new Map<AgentId, Promise<readonly DefinitionHash[]>>();
  readonly #known = new Map<AgentId, readonly DefinitionHash[]>();
  readonly #troubles = new Map<AgentId, unknown>();
  readonly #events = new Emitter<{ described: AgentId }>();
  /** Agents of which something was published a moment ago, and whether there is more since. */
  readonly #resting = new Map<AgentId, boolean>();
  #isDescribing = false;
  /** Called when there is something new to publish. */
  onChange: () => void = () => undefined;

  constructor(options: PublishedAgentsOptions) {
    this.#options = options;
    const { host, clients, node } = options;
    host.on('agents', (agents) => {
      for (const id of this.#known.keys()) if (!agents.some((agent) => agent.id === id)) this.#forget(id);
      if (this.#isDescribing) void this.describe();
    });
    clients.on('list-changed', (address) => {
      const agent = host.agents().find(({ id }) => agentAddress(node, id) === address);
      if (!agent) return;
      // Grants ask what it offers now; the network learns of it in a moment.
      this.#hashes.delete(agent.id);
      if (this.#resting.has(agent.id)) this.#resting.set(agent.id, true);
      else void this.#describe(agent.id);
    });
  }

  list(): readonly PublishedAgent[] {
    const { host, visibilityOf } = this.#options;
    return host
      .agents()
      .filter(({ id }) => host.isEnabled(id) && visibilityOf(id) !== 'private')
      .map((agent) => {
        const { id, title, description, kind = 'built-in', isPlaintext } = agent;
        return {
          id,
          title,
          description,
          kind,
          visibility: visibilityOf(id),
          definitions: this.#known.get(id) ?? [],
          ...(isPlaintext ? { isPlaintext } : {}),
        };
      });
  }

  /** The names of an agent's tools; `undefined` while they are not known. */
  tools(id: AgentId): readonly string[] | undefined {
    return this.#known.get(id)?.flatMap(({ kind, name }) => (kind === 'tool' ? [name] : []));
  }

  /** Why an agent could not be asked, the last time. */
  troubleOf(id: AgentId): unknown {
    return this.#troubles.get(id);
  }

  onDescribed(listener: (id: AgentId) => void): () => void {
    return this.#events.on('described', listener);
  }

  /** Asks one agent again. */
  async check(id: AgentId): Promise<void> {
    this.#hashes.delete(id);
    await this.#describe(id);
  }

  /** Asks each agent what it offers, also those that are added later. It loads the MCP SDK: not for the start. */
  async describe(): Promise<void> {
    this.#isDescribing = true;
    for (const { id } of this.#options.host.agents()) await this.#describe(id);
  }

  /** The hash of what is called as it is defined now, base64url: for grants, which hold for that definition only. Resources have none. */
  async definitionOf(id: AgentId, { kind, tool }: Pick<CallRequest, 'kind' | 'tool'>): Promise<string | undefined> {
    if (kind !== 'tool' && kind !== 'prompt') return undefined;
    const found = (await this.#describe(id)).find((definition) => definition.kind === kind && definition.name === tool);
    return found && toBase64url(found.sha256);
  }

  /** What is published travels to everybody: an agent that changes all the time is published now and then. */
  #changed(id: AgentId): void {
    if (this.#resting.has(id)) return void this.#resting.set(id, true);
    this.#resting.set(id, false);
    this.onChange();
    const { clock } = this.#options;
    clock.wakeAt(clock.now() + LIMITS.republishAgentMs, () => {
      const hasMore = this.#resting.get(id);
      this.#resting.delete(id);
      if (!hasMore) return;
      if (this.#hashes.has(id)) this.#changed(id);
      else void this.#describe(id);
    });
  }

  #forget(id: AgentId): void {
    this.#hashes.delete(id);
    this.#known.delete(id);
    this.#troubles.delete(id);
  }

  #describe(id: AgentId): Promise<readonly DefinitionHash[]> {
    const known = this.#hashes.get(id);
    if (known) return known;
    const asking = this.#ask(id);
    this.#hashes.set(id, asking);
    return asking;
  }

  async #ask(id: AgentId): Promise<readonly DefinitionHash[]> {
    const { clients, node } = this.#options;
    try {
      const { client } = await clients.session(agentAddress(node, id));
      const hashes = await definitionHashes(client);
      this.#known.set(id, hashes.slice(0, LIMITS.maxAgentDefinitions));
      this.#troubles.delete(id);
      this.#changed(id);
      this.#events.emit('described', id);
      return hashes;
    } catch (thrown) {
      // An agent that cannot be described is published without hashes, and asked again when they are needed.
      this.#hashes.delete(id);
      this.#troubles.set(id, thrown);
      this.#events.emit('described', id);
      return [];
    }
  }
}
