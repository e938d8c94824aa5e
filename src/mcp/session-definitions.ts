import type { Client } from '@modelcontextprotocol/client';
import { ParleyError } from '../base/errors.ts';
import type { AgentAddress } from '../base/ids.ts';
import type { AgentClients, AgentSession } from './agent-clients.ts';
import type { Definition, DefinitionKind, DefinitionPins } from './definition-pins.ts';

export type SessionDefinitionsOptions = {
  readonly clients: AgentClients;
  readonly pins?: DefinitionPins;
  isBuiltIn?(address: AgentAddress): boolean;
};

type CalledKind = Extract<DefinitionKind, 'tool' | 'prompt'>;

/** Compares what agents say of themselves with what was pinned, once for each session and again when an agent says that it changed. */
export class SessionDefinitions {
  readonly #options: SessionDefinitionsOptions;
  /** Which kinds were compared in which session. */
  readonly #compared = new WeakMap<Client, Map<DefinitionKind, Promise<void>>>();
  readonly #current = new Map<AgentAddress, Client>();

  constructor(options: SessionDefinitionsOptions) {
    this.#options = options;
    options.clients.on('list-changed', (address) => {
      const client = this.#current.get(address);
      if (client) this.#compared.delete(client);
    });
  }

  /** @throws ParleyError `definition-changed` when this one is not what the person accepted */
  async ensure(address: AgentAddress, session: AgentSession, kind: CalledKind, name: string): Promise<void> {
    const { pins, isBuiltIn } = this.#options;
    if (!pins || isBuiltIn?.(address)) return;
    await this.#compare(address, session.client, kind);
    if (!pins.isHeldBack(address, kind, name)) return;
    throw new ParleyError('definition-changed', `“${name}” is not described as it was when you accepted it. Look at the difference first.`);
  }

  async read(address: AgentAddress, { client }: AgentSession): Promise<void> {
    if (!this.#options.pins || this.#options.isBuiltIn?.(address)) return;
    this.#compared.delete(client);
    await Promise.all((['tool', 'prompt', 'template', 'instructions'] as const).map((kind) => this.#compare(address, client, kind)));
  }

  #compare(address: AgentAddress, client: Client, kind: DefinitionKind): Promise<void> {
    this.#current.set(address, client);
    let compared = this.#compared.get(client);
    if (!compared) this.#compared.set(client, (compared = new Map()));
    const known = compared.get(kind);
    if (known) return known;
    const comparing = definitionsOf(client, kind).then((definitions) => this.#options.pins?.check(address, [kind], definitions));
    compared.set(kind, comparing);
    comparing.catch(() => compared.delete(kind));
    return comparing;
  }
}

async function definitionsOf(client: Client, kind: DefinitionKind): Promise<readonly Definition[]> {
  const can = client.getServerCapabilities();
  switch (kind) {
    case 'tool':
      return can?.tools
        ? (await client.listTools(undefined, { cacheMode: 'refresh' })).tools.map((value) => ({ kind, name: value.name, value }))
        : [];
    case 'prompt':
      return can?.prompts
        ? (await client.listPrompts(undefined, { cacheMode: 'refresh' })).prompts.map((value) => ({ kind, name: value.name, value }))
        : [];
    case 'template':
      return can?.resources
        ? (await client.listResourceTemplates(undefined, { cacheMode: 'refresh' })).resourceTemplates.map((value) => ({
            kind,
            name: value.name,
            value,
          }))
        : [];
    case 'instructions': {
      const value = client.getInstructions();
      return value === undefined ? [] : [{ kind, name: '', value }];
    }
  }
}
