import type { AgentAddress } from '../../base/ids.ts';
import { asParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { onceATurn } from '../../base/once-a-turn.ts';
import { Emitter } from '../../base/emitter.ts';
import { Upstream } from '../../mcp/proxy/upstream.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../logger.ts';
import type { OpenAgent } from './open-agent.ts';

/** A definition as its agent sent it. */
export type Definition = Readonly<Record<string, unknown>>;

export const LIST_KINDS = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const;
export type ListKind = (typeof LIST_KINDS)[number];

/** What one agent offers. */
export type AgentLists = { readonly address: AgentAddress } & Readonly<Record<ListKind, readonly Definition[]>>;

export type CatalogOptions = {
  readonly open: OpenAgent;
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

  async close(): Promise<void> {
    this.#isStarted = false;
    await Promise.allSettled([...this.#agents.values()].map((entry) => entry.close()));
    this.#agents.clear();
  }

  #sync(): void {
    const now = this.#options.clock.now();
    const there = new Set(this.#options.agents());
    for (const [address, entry] of this.#agents) {
      if (there.has(address)) continue;
      this.#agents.delete(address);
      void entry.close();
      for (const kind of LIST_KINDS) if (entry.lists?.[kind].length) this.#changed(kind);
    }
    for (const address of there) {
      let entry = this.#agents.get(address);
      if (!entry) this.#agents.set(address, (entry = new CatalogEntry(address, this.#options, (kind) => this.#changed(kind))));
      if (!entry.isOpen && now >= entry.retryAt) this.#load(entry);
    }
  }

  #load(entry: CatalogEntry): void {
    const loading = entry.open().catch((thrown: unknown) => this.#options.log.debug(`${entry.address}: ${asParleyError(thrown).message}`));
    this.#loading.add(loading);
    void loading.finally(() => this.#loading.delete(loading));
  }

  /** Resolves when all agents that are being asked answered, or when it took too long. */
  #loaded(): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.wakeAt(clock.now() + LIMITS.catalogWaitMs, () => resolve());
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
      const upstream = await Upstream.open(await this.#options.open(this.address), { capabilities: {} });
      this.#upstream = upstream;
      upstream.onClosed = () => this.#closed();
      upstream.onNotification = ({ method }) => {
        const kinds = KINDS_OF[method];
        if (kinds) void this.#reload(upstream, kinds).catch(() => undefined);
      };
      await this.#reload(upstream, LIST_KINDS);
    } catch (thrown) {
      this.#closed();
      throw thrown;
    }
  }

  async close(): Promise<void> {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (upstream) upstream.onClosed = () => undefined;
    await upstream?.close();
  }

  #closed(): void {
    this.isOpen = false;
    this.#upstream = undefined;
    this.retryAt = this.#options.clock.now() + LIMITS.catalogRetryMs;
  }

  async #reload(upstream: Upstream, kinds: readonly ListKind[]): Promise<void> {
    const before = this.lists;
    const lists: AgentLists = { ...EMPTY_LISTS, ...before, address: this.address };
    const loaded = await Promise.all(kinds.map(async (kind) => [kind, await listAll(upstream, kind)] as const));
    this.lists = { ...lists, ...Object.fromEntries(loaded) };
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
  for (let page = 0; page < LIMITS.maxListPages && items.length < LIMITS.maxListedDefinitions; page++) {
    const result = (await upstream.forward({ method: METHOD_OF[kind], params: cursor === undefined ? {} : { cursor } })) as Record<string, unknown>;
    const found = Array.isArray(result[kind]) ? (result[kind] as unknown[]) : [];
    items.push(...(found.filter((item) => typeof item === 'object' && item !== null) as Definition[]));
    const next = result['nextCursor'];
    if (typeof next !== 'string' || next === cursor) break;
    cursor = next;
  }
  return items.slice(0, LIMITS.maxListedDefinitions);
}
