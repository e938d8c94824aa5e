import type { AgentAddress } from '../../base/ids.ts';
import { asParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { onceATurn } from '../../base/once-a-turn.ts';
import { Emitter } from '../../base/emitter.ts';
import type { McpNotification, Upstream } from '../../mcp/proxy/upstream.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../logger.ts';

/** A definition as its agent sent it. */
export type Definition = Readonly<Record<string, unknown>>;

export const LIST_KINDS = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const;
export type ListKind = (typeof LIST_KINDS)[number];

/** What one agent offers. */
export type AgentLists = { readonly address: AgentAddress } & Readonly<Record<ListKind, readonly Definition[]>>;

export type CatalogOptions = {
  /** The session in which the agent is asked; what it tells comes by `notified` and `closed`. */
  session(address: AgentAddress): Promise<Upstream>;
  readonly clock: Clock;
  readonly log: Logger;
  /** The agents that are there now. */
  agents(): readonly AgentAddress[];
};

/** What all agents of the network offer, for clients that want it in one list. It asks nobody before there is such a client. */
export class Catalog {
  readonly #options: CatalogOptions;
  readonly #events = new Emitter<{ changed: ListKind }>();
  readonly #agents = new Map<AgentAddress, CatalogEntry>();
  readonly #loading = new Set<Promise<void>>();
  #isStarted = false;
  #sorted: readonly AgentLists[] | undefined;
  readonly #scheduleSync = onceATurn(() => this.#sync());

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  onChanged(listener: (kind: ListKind) => void): () => void {
    return this.#events.on('changed', listener);
  }

  /** Agents came, went, or changed what they offer. */
  agentsChanged(): void {
    if (this.#isStarted) this.#scheduleSync();
  }

  /** In the order of their addresses: the same for everybody and every time. Agents that take long to answer come with a later change. */
  async lists(): Promise<readonly AgentLists[]> {
    this.#isStarted = true;
    this.#sync();
    if (this.#loading.size > 0) await this.#loaded();
    // The same array until something changes: what is made of it can be kept.
    return (this.#sorted ??= [...this.#agents].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, { lists }]) => lists ?? []));
  }

  /** What an agent told in its session. */
  notified(address: AgentAddress, { method }: McpNotification): void {
    const kinds = KINDS_OF[method];
    const entry = kinds && this.#agents.get(address);
    if (entry) this.#follow(entry, entry.reload(kinds));
  }

  /** The session with an agent ended. */
  closed(address: AgentAddress): void {
    this.#agents.get(address)?.closed();
  }

  #sync(): void {
    const now = this.#options.clock.now();
    const there = new Set(this.#options.agents());
    for (const [address, entry] of this.#agents) {
      if (there.has(address)) continue;
      this.#agents.delete(address);
      for (const kind of LIST_KINDS) if (entry.lists?.[kind].length) this.#changed(kind);
    }
    for (const address of there) {
      let entry = this.#agents.get(address);
      if (!entry) this.#agents.set(address, (entry = new CatalogEntry(address, this.#options, (kind) => this.#changed(kind))));
      if (!entry.isOpen && now >= entry.retryAt) this.#follow(entry, entry.open());
    }
  }

  #follow(entry: CatalogEntry, work: Promise<void>): void {
    const loading = work.catch((thrown: unknown) => this.#options.log.debug(`${entry.address}: ${asParleyError(thrown).message}`));
    this.#loading.add(loading);
    void loading.finally(() => this.#loading.delete(loading));
  }

  /** Resolves when all agents that are being asked answered, or when it took too long. */
  #loaded(): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.wakeAt(clock.now() + HOST_LIMITS.catalogWaitMs, () => resolve());
      void Promise.allSettled(this.#loading).then(() => {
        cancel();
        resolve();
      });
    });
  }

  #changed(kind: ListKind): void {
    this.#sorted = undefined;
    this.#events.emit('changed', kind);
  }
}

class CatalogEntry {
  readonly address: AgentAddress;
  readonly #options: CatalogOptions;
  readonly #onChanged: (kind: ListKind) => void;
  #upstream: Upstream | undefined;
  /** The last that is known: an agent that is away for a moment keeps its tools. */
  lists: AgentLists | undefined;
  isOpen = false;
  retryAt = 0;

  constructor(address: AgentAddress, options: CatalogOptions, onChanged: (kind: ListKind) => void) {
    this.address = address;
    this.#options = options;
    this.#onChanged = onChanged;
  }

  async open(): Promise<void> {
    this.isOpen = true;
    try {
      this.#upstream = await this.#options.session(this.address);
      await this.reload(LIST_KINDS);
    } catch (thrown) {
      this.closed();
      throw thrown;
    }
  }

  closed(): void {
    this.isOpen = false;
    this.#upstream = undefined;
    this.retryAt = this.#options.clock.now() + HOST_LIMITS.catalogRetryMs;
  }

  async reload(kinds: readonly ListKind[]): Promise<void> {
    const upstream = this.#upstream;
    if (!upstream) return;
    const loaded = await Promise.all(kinds.map(async (kind) => [kind, await listAll(upstream, kind)] as const));
    const before = this.lists;
    this.lists = { ...EMPTY_LISTS, ...before, address: this.address, ...Object.fromEntries(loaded) };
    for (const [kind, items] of loaded) if (JSON.stringify(items) !== JSON.stringify(before?.[kind] ?? [])) this.#onChanged(kind);
  }
}

const EMPTY_LISTS = { tools: [], prompts: [], resources: [], resourceTemplates: [] } as const;
const KINDS_OF: Readonly<Record<string, readonly ListKind[]>> = {
  'notifications/tools/list_changed': ['tools'],
  'notifications/prompts/list_changed': ['prompts'],
  'notifications/resources/list_changed': ['resources', 'resourceTemplates'],
};
const METHOD_OF = {
  tools: 'tools/list',
  prompts: 'prompts/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
} as const;
const CAPABILITY_OF = { tools: 'tools', prompts: 'prompts', resources: 'resources', resourceTemplates: 'resources' } as const;

/** All pages of a list, within limits: an agent that never ends its list, or repeats a page, does not keep anybody waiting. */
async function listAll(upstream: Upstream, kind: ListKind): Promise<readonly Definition[]> {
  if (!upstream.client.getServerCapabilities()?.[CAPABILITY_OF[kind]]) return [];
  const items: Definition[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < HOST_LIMITS.maxListPages && items.length < HOST_LIMITS.maxCatalogDefinitions; page++) {
    const result = (await upstream.forward({ method: METHOD_OF[kind], params: cursor === undefined ? {} : { cursor } })) as Record<string, unknown>;
    const found = Array.isArray(result[kind]) ? (result[kind] as unknown[]) : [];
    items.push(...(found.filter((item) => typeof item === 'object' && item !== null) as Definition[]));
    const next = result['nextCursor'];
    if (typeof next !== 'string' || next === cursor) break;
    cursor = next;
  }
  return items.slice(0, HOST_LIMITS.maxCatalogDefinitions);
}
