import { Emitter } from '../base/emitter.ts';
import { asParleyError, ParleyError } from '../base/errors.ts';
import { parseAgentId, type AgentId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { isPlaintextUrl } from '../base/loopback.ts';
import type { AgentHost } from '../mcp/agent-host.ts';
import { DEFAULT_PERMISSIONS, ASKABLE_PERMISSIONS, type AgentPermissions } from '../mcp/permissions.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records } from '../ports/records.ts';
import type { SecretWrapper } from '../ports/vault.ts';
import { AgentConfigs } from './agent-configs.ts';
import { AGENT_KINDS, type AgentConfig, type AgentFactories, type AgentFactory, type AgentKind } from './agent-kinds.ts';
import { cleanName } from './directory.ts';

export type AgentDraft = Pick<AgentConfig, 'kind'> & Partial<Pick<AgentConfig, 'title' | 'description' | 'url' | 'token' | 'code' | 'folder'>>;

export type ManagedAgentsOptions = {
  readonly host: AgentHost;
  readonly records: Records;
  readonly secrets: SecretWrapper;
  readonly clock: Clock;
  readonly factories: AgentFactories;
  /** Those that every browser has until they are removed. */
  readonly builtIn: readonly AgentKind[];
};

type Kept = AgentConfig | { readonly removed: true };

/** The agents of this browser: added, set up, renamed and removed while it runs, the same in all its tabs. */
export class ManagedAgents {
  readonly #options: ManagedAgentsOptions;
  readonly #kept: AgentConfigs;
  readonly #events = new Emitter<{ changed: undefined; removed: AgentId }>();
  readonly #configs = new Map<AgentId, AgentConfig>();

  constructor(options: ManagedAgentsOptions) {
    this.#options = options;
    this.#kept = new AgentConfigs(options.records, options.secrets);
    for (const kind of options.builtIn) this.#host(builtInConfig(kind, options.factories));
    options.records.onForeignChange((name, key) => {
      if (name === 'agents' && key !== undefined) void this.#changedElsewhere(key as AgentId).catch(() => undefined);
    });
  }

  on(name: 'changed', listener: () => void): () => void;
  on(name: 'removed', listener: (id: AgentId) => void): () => void;
  on(name: 'changed' | 'removed', listener: (id: AgentId) => void): () => void {
    return this.#events.on(name, (id) => listener(id as AgentId));
  }

  /** Hosts what was set up in earlier runs. @throws ParleyError a storage code */
  async start(): Promise<void> {
    for (const [id, kept] of await this.#kept.all()) this.#take(id, kept);
    this.#events.emit('changed', undefined);
  }

  list(): readonly AgentConfig[] {
    return [...this.#configs.values()];
  }

  /** What holds for an agent until the person says something else. */
  defaultsOf(id: AgentId): AgentPermissions {
    const kind = this.#configs.get(id)?.kind;
    return kind && this.#options.factories[kind]?.isHarmless ? ASKABLE_PERMISSIONS : DEFAULT_PERMISSIONS;
  }

  /** Kinds that can be added. */
  kinds(): readonly AgentKind[] {
    const { factories } = this.#options;
    return AGENT_KINDS.filter((kind) => factories[kind] && !(this.#isSingle(kind) && this.list().some((config) => config.kind === kind)));
  }

  /** @throws ParleyError `bad-argument`, `too-large`, `overloaded`, or a storage code */
  async add(draft: AgentDraft): Promise<AgentId> {
    const factory = this.#options.factories[draft.kind];
    if (!factory) throw new ParleyError('platform-missing', 'This browser cannot have such an agent.');
    if (!this.kinds().includes(draft.kind)) throw new ParleyError('bad-argument', 'There is such an agent already.');
    if (this.#configs.size >= LIMITS.maxAgentsPerNode) throw new ParleyError('overloaded', `A node hosts at most ${LIMITS.maxAgentsPerNode} agents.`);
    const title = cleanName(draft.title ?? '') || factory.title;
    const config = checked({
      ...draft,
      id: this.#freeId(this.#isSingle(draft.kind) ? draft.kind : title),
      title,
      description: draft.description || factory.description,
      addedAt: this.#options.clock.now(),
    });
    await this.#kept.put(config);
    this.#host(config);
    this.#events.emit('changed', undefined);
    return config.id;
  }

  /** Renames an agent or sets it up anew; its sessions end only when what it does changed. @throws ParleyError as `add` */
  async change(id: AgentId, change: Omit<AgentDraft, 'kind'>): Promise<void> {
    const before = this.#configs.get(id);
    if (!before) throw new ParleyError('agent-unknown', 'This node hosts no such agent.');
    const title = change.title === undefined ? before.title : cleanName(change.title) || before.title;
    if (change.url !== undefined) checkUrl(change.url);
    const { token, isTokenLost, ...kept } = before;
    // A token is for the server that it was given for.
    const isSameServer = change.url === undefined || new URL(change.url).origin === new URL(before.url ?? change.url).origin;
    const oldToken = isSameServer && change.token === undefined ? { ...(token ? { token } : {}), ...(isTokenLost ? { isTokenLost } : {}) } : {};
    const config = checked({ ...kept, ...oldToken, ...change, title });
    await this.#kept.put(config);
    this.#apply(before, config);
    this.#events.emit('changed', undefined);
  }

  /** Ends the agent's sessions at once; its data, where it has any of its own, stays until somebody adds it again. @throws ParleyError a storage code */
  async remove(id: AgentId): Promise<void> {
    const config = this.#configs.get(id);
    if (!config) return;
    this.#unhost(id);
    this.#events.emit('removed', id);
    this.#events.emit('changed', undefined);
    if (this.#isSingle(config.kind)) await this.#kept.putRemoved(id);
    else await this.#kept.delete(id);
  }

  /** Kinds over data of this browser, of which two would be the same. */
  #isSingle(kind: AgentKind): boolean {
    return kind !== 'remote' && kind !== 'module' && kind !== 'folder';
  }

  #freeId(wanted: string): AgentId {
    const base =
      wanted
        .normalize('NFKD')
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 24) || 'agent';
    for (let number = 1; ; number++) {
      const id = parseAgentId(number === 1 ? base : `${base}-${number}`);
      if (!this.#configs.has(id)) return id;
    }
  }

  #take(id: AgentId, kept: Kept): void {
    if ('removed' in kept) return this.#unhost(id);
    try {
      const config = checked({ ...kept, id: parseAgentId(id) });
      const before = this.#configs.get(config.id);
      if (before) this.#apply(before, config);
      else this.#host(config);
    } catch {
      // An entry that this version cannot use stays for the one that wrote it.
    }
  }

  #apply(before: AgentConfig, config: AgentConfig): void {
    const isSame = before.url === config.url && before.token === config.token && before.code === config.code && before.folder === config.folder;
    this.#configs.set(config.id, config);
    if (isSame) this.#options.host.describe(config.id, config);
    else this.#host(config);
  }

  #host(config: AgentConfig): void {
    const factory = this.#options.factories[config.kind];
    if (!factory) return;
    const { id, title, description } = config;
    const kind = config.kind === 'remote' || config.kind === 'folder' ? config.kind : 'built-in';
    const isPlaintext = config.url !== undefined && isPlaintextUrl(config.url);
    this.#options.host.add({ id, title, description, kind, ...(isPlaintext ? { isPlaintext } : {}), ...servedBy(factory.make(config)) });
    this.#configs.set(id, config);
  }

  #unhost(id: AgentId): void {
    this.#configs.delete(id);
    this.#options.host.remove(id);
  }

  async #changedElsewhere(id: AgentId): Promise<void> {
    const kept = await this.#kept.get(id);
    if (kept) this.#take(id, kept);
    else this.#unhost(id);
    this.#events.emit('changed', undefined);
  }
}

/** Of what a factory made only how it is served: what it is called is the person's to say. */
function servedBy(made: ReturnType<AgentFactory['make']>): ReturnType<AgentFactory['make']> {
  return 'connect' in made ? { connect: made.connect } : { createServer: made.createServer };
}

function builtInConfig(kind: AgentKind, factories: AgentFactories): AgentConfig {
  const { title = kind, description = '' } = factories[kind] ?? {};
  return { id: parseAgentId(kind), kind, title, description, addedAt: 0 };
}

/** @throws ParleyError `bad-argument`, `too-large` */
function checked(config: AgentConfig): AgentConfig {
  if (config.description.length > LIMITS.maxAgentDescriptionLength)
    throw new ParleyError('too-large', `A description has at most ${LIMITS.maxAgentDescriptionLength} characters.`);
  if (config.kind === 'remote') checkUrl(config.url ?? '');
  if (config.kind === 'module' && (config.code ?? '').trim() === '') throw new ParleyError('bad-argument', 'There is no code yet.');
  if ((config.code ?? '').length > LIMITS.maxModuleCodeLength)
    throw new ParleyError('too-large', `The code has at most ${LIMITS.maxModuleCodeLength / 1000} thousand characters.`);
  if (config.kind === 'folder' && !config.folder) throw new ParleyError('bad-argument', 'No folder was opened.');
  return config;
}

function checkUrl(text: string): void {
  let url: URL;
  try {
    url = new URL(text);
  } catch (thrown) {
    throw new ParleyError('bad-argument', 'This is no web address. It begins with https://.', { cause: asParleyError(thrown) });
  }
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal))
    throw new ParleyError('bad-argument', 'The address begins with https://; http:// works only for this computer (localhost).');
  if (url.username || url.password) throw new ParleyError('bad-argument', 'Put no password into the address; use the token.');
}
