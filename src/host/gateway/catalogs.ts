import type { AgentAddress, NodeId } from '../../base/ids.ts';
import { Emitter } from '../../base/emitter.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { InputCapabilities, McpNotification, Upstream } from '../../mcp/proxy/upstream.ts';
import { AggregateIndex } from './aggregate-index.ts';
import { Catalog, type AgentLists, type CatalogOptions, type ListKind } from './catalog.ts';

export type CatalogsOptions = Omit<CatalogOptions, 'session'> & {
  readonly here: NodeId;
  session(address: AgentAddress, capabilities: InputCapabilities): Promise<Upstream>;
};

type Known = { readonly catalog: Catalog; indexed: { readonly lists: readonly AgentLists[]; readonly index: AggregateIndex } | undefined };

/** What all agents offer, to clients by what these can be asked: a server may show a tool only to those whom it can ask something for it. */
export class Catalogs {
  readonly #options: CatalogsOptions;
  readonly #events = new Emitter<{ changed: ListKind }>();
  readonly #known = new Map<string, Known>();

  constructor(options: CatalogsOptions) {
    this.#options = options;
  }

  /** Also where a change concerns only what others see: then the client asks once too often. */
  onChanged(listener: (kind: ListKind) => void): () => void {
    return this.#events.on('changed', listener);
  }

  async index(capabilities: InputCapabilities): Promise<AggregateIndex> {
    const known = this.#for(capabilities);
    const lists = await known.catalog.lists();
    if (known.indexed?.lists !== lists) known.indexed = { lists, index: new AggregateIndex(this.#options.here, lists) };
    return known.indexed.index;
  }

  agentsChanged(): void {
    for (const { catalog } of this.#known.values()) catalog.agentsChanged();
  }

  /** What an agent told in one of its sessions. */
  notified(address: AgentAddress, notification: McpNotification): void {
    for (const { catalog } of this.#known.values()) catalog.notified(address, notification);
  }

  /** One of the sessions with an agent ended. */
  closed(address: AgentAddress): void {
    for (const { catalog } of this.#known.values()) catalog.closed(address);
  }

  #for(capabilities: InputCapabilities): Known {
    const key = JSON.stringify(capabilities);
    const known = this.#known.get(key);
    if (known) return known;
    // Each costs a session with every agent: whoever comes with yet another mixture sees what is shown to everybody.
    if (this.#known.size >= HOST_LIMITS.maxCatalogs && key !== '{}') return this.#for({});
    const { session, here: _here, ...others } = this.#options;
    const catalog = new Catalog({ ...others, session: (address) => session(address, capabilities) });
    catalog.onChanged((kind) => this.#events.emit('changed', kind));
    const made: Known = { catalog, indexed: undefined };
    this.#known.set(key, made);
    return made;
  }
}
