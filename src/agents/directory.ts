import { Emitter } from '../base/emitter.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { AgentAddress, AgentId, NodeId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { onceATurn } from '../base/once-a-turn.ts';
import type { NodeApi, RegistryCommand, RegistryEvent } from '../node/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records, Table } from '../ports/records.ts';
import type { DocumentEngine } from '../registry/engine/document-engine.ts';
import type { Liveness, RegistryEntry } from '../registry/entries.ts';
import type { HistoryItem } from '../registry/history.ts';
import type { AgentKind, DefinitionDigest, Visibility } from '../registry/records.ts';
import type { Registry } from '../registry/registry.ts';

export type { HistoryItem };

export type AgentEntry = {
  readonly address: AgentAddress;
  readonly node: NodeId;
  readonly agent: AgentId;
  readonly owner: PersonId;
  readonly title: string;
  readonly description: string;
  readonly kind: AgentKind;
  /** Names of its tools as its owner published them: not all, where there are very many, and none until they are known. */
  readonly tools: readonly string[];
  /** Whether its owner published what it offers. */
  readonly isDescribed: boolean;
  /** Who may call anything of it, as its owner published it. */
  readonly visibility: Visibility;
  /** Behind its node, calls cross a network unencrypted. */
  readonly isPlaintext?: true;
};

export type PublishedAgent = {
  readonly id: AgentId;
  readonly title: string;
  readonly description: string;
  readonly definitions: readonly DefinitionDigest[];
  /** Default: `everyone`. */
  readonly visibility?: Visibility;
  /** Default: `built-in`. */
  readonly kind?: AgentKind;
  readonly isPlaintext?: true;
};
type Published = { readonly name: string; readonly agents: readonly PublishedAgent[] };

type DirectoryEvents = {
  people: undefined;
  agents: undefined;
  /** Something about a person's documents that its reader should hear of. */
  alarm: { readonly person: PersonId; readonly code: ErrorCode; readonly detail: string };
};

export type DirectoryOptions = {
  readonly node: NodeApi;
  /** Where the documents are kept. Of several tabs one writes: what the others could not store, that one does. */
  readonly records: Pick<Records, 'table'>;
  readonly clock: Clock;
  /** The registry's code and its engine are large: they are loaded once the node runs. */
  load(): Promise<{ readonly registry: Registry; readonly engine: DocumentEngine }>;
};

/** Control, bidirectional and other invisible characters let one text pass for another. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu;

/** A name that a person typed or a peer sent, as it may be shown: one line, nothing invisible, bounded. */
export function cleanName(text: string): string {
  return text.normalize('NFC').replace(INVISIBLE, '').replace(/\s+/g, ' ').trim().slice(0, LIMITS.maxDisplayNameLength);
}

const UNKNOWN: Liveness = { state: 'unknown', lastSeenAt: undefined, person: undefined };

/**
 * Who is called what, which nodes are whose and which agents they have: the registry's documents, kept in storage, beside what presence says of who is
 * there now. What this node offers is written into its person's document.
 */
export class Directory {
  readonly #options: DirectoryOptions;
  readonly #documents: Table<Uint8Array>;
  readonly #events = new Emitter<DirectoryEvents>();
  readonly #names = new Map<PersonId, string>();
  #registry: Registry | undefined;
  #command: (command: RegistryCommand) => void = () => undefined;
  #entries: readonly RegistryEntry[] = [];
  #published: Published | undefined;
  #written = new Set<AgentId>();
  readonly #scheduleRefresh = onceATurn(() => this.#refresh());
  /** Writes of one document stay in order. */
  #storing: Promise<unknown> = Promise.resolve();

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#documents = options.records.table<Uint8Array>('registry');
    const { node } = options;
    node.on('node-up', () => this.#scheduleRefresh());
    node.on('node-down', () => this.#scheduleRefresh());
    node.on('peer-up', () => this.#scheduleRefresh());
    node.on('peer-down', () => this.#scheduleRefresh());
  }

  /** Loads the registry, gives it what storage has, and lets it meet the network. */
  async start(): Promise<void> {
    const [{ registry, engine }, stored] = await Promise.all([
      this.#options.load(),
      this.#documents.all().catch(() => new Map<string, Uint8Array>()),
    ]);
    this.#registry = registry;
    this.#command = this.#options.node.attachRegistry(registry, (event) => this.#event(event, engine));
    for (const bytes of stored.values()) this.#command({ type: 'loaded', bytes });
    this.#command({ type: 'loaded-all' });
    this.#write();
    this.#scheduleRefresh();
  }

  on<Name extends keyof DirectoryEvents>(name: Name, listener: (payload: DirectoryEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** What the person is called, where they said so. */
  nameOf(person: PersonId): string | undefined {
    return this.#names.get(person);
  }

  people(): readonly PersonId[] {
    return [...this.#names.keys()];
  }

  /** Whether a node that the person's own document names is there now. */
  isHere(person: PersonId): boolean {
    return this.#entries.some((entry) => entry.person === person && isThere(entry));
  }

  /** The person's nodes that are there now. */
  nodesOf(person: PersonId): readonly NodeId[] {
    return this.#entries.filter((entry) => entry.person === person && isThere(entry)).map(({ node }) => node);
  }

  /** What the person's devices published, change by change, oldest first. */
  history(person: PersonId): Promise<readonly HistoryItem[]> {
    if (!this.#registry) return Promise.resolve([]);
    return new Promise((resolve) => this.#command({ type: 'history', person, answer: resolve }));
  }

  /** The agents of all nodes that are there now, but for this one. */
  agents(): readonly AgentEntry[] {
    return this.#entries
      .filter((entry) => entry.node !== this.#options.node.id && isThere(entry))
      .flatMap((entry) =>
        entry.agents
          .filter(({ visibility }) => this.#isShown(visibility, entry.person))
          .map((agent) => ({
            address: agent.address,
            node: entry.node,
            agent: agent.id,
            owner: entry.person,
            title: cleanName(agent.title) || agent.id,
            description: agent.description.replace(INVISIBLE, ''),
            kind: agent.kind,
            visibility: agent.visibility,
            isDescribed: agent.definitions.length > 0,
            ...(agent.isPlaintext ? { isPlaintext: true } : {}),
            tools: agent.definitions.flatMap(({ kind, name }) => (kind === 'tool' ? [name] : [])),
          })),
      );
  }

  /** What somebody keeps for their own devices is none of anybody else's list; whether it may be called, its owner's node decides. */
  #isShown(visibility: Visibility, owner: PersonId): boolean {
    return owner === this.#options.node.identity.person || (visibility !== 'private' && visibility !== 'devices');
  }

  /** Says what this node's person is called and which agents it has; told to the network as soon as the registry is there. */
  publish(published: Published): void {
    this.#published = published;
    if (this.#registry) this.#write();
  }

  #write(): void {
    const { node } = this.#options;
    if (!this.#published) return;
    const { name, agents } = this.#published;
    this.#command({ type: 'edit', edit: { type: 'set-name', name } });
    this.#command({ type: 'edit', edit: { type: 'put-node', node: node.id, title: '' } });
    const wanted = new Set(agents.map(({ id }) => id));
    const before = this.#registry?.entries(() => UNKNOWN, this.#options.clock.now()).find((entry) => entry.node === node.id)?.agents ?? [];
    for (const id of new Set([...before.map((agent) => agent.id), ...this.#written])) {
      if (!wanted.has(id)) this.#command({ type: 'edit', edit: { type: 'remove-agent', node: node.id, agent: id } });
    }
    for (const { visibility = 'everyone', kind = 'built-in', ...facts } of agents) {
      const agent = { ...facts, version: '1', visibility, kind } as const;
      this.#command({ type: 'edit', edit: { type: 'put-agent', node: node.id, agent } });
    }
    this.#written = wanted;
  }

  #event(event: RegistryEvent, engine: DocumentEngine): void {
    switch (event.type) {
      case 'engine':
        void Promise.resolve(engine.run(event.work)).then((result) => this.#command({ type: 'engine-done', job: event.job, result }));
        return;
      case 'store':
        return this.#store(event.document, event.bytes);
      case 'changed':
        return this.#scheduleRefresh();
      case 'alarm':
        return this.#events.emit('alarm', event);
    }
  }

  /** What cannot be stored is asked of others again after the next start: nothing depends on it meanwhile. */
  #store(document: string, bytes: Uint8Array | undefined): void {
    this.#storing = this.#storing
      .then(() => (bytes ? this.#documents.put(document, bytes) : this.#documents.delete(document)))
      .catch((thrown: unknown) => thrown);
  }

  #refresh(): void {
    const registry = this.#registry;
    if (!registry) return;
    const { node, clock } = this.#options;
    const life = this.#liveness();
    this.#entries = registry.entries((id) => life.get(id) ?? UNKNOWN, clock.now());
    let haveNamesChanged = false;
    for (const person of registry.persons()) {
      const name = cleanName(registry.nameOf(person) ?? '');
      if (person === node.identity.person || name === '' || this.#names.get(person) === name) continue;
      this.#names.set(person, name);
      haveNamesChanged = true;
    }
    if (haveNamesChanged) this.#events.emit('people', undefined);
    this.#events.emit('agents', undefined);
  }

  /** Who is there, as presence and sessions have it; what a session proved outweighs what a card claims. */
  #liveness(): ReadonlyMap<NodeId, Liveness> {
    const { node } = this.#options;
    const life = new Map<NodeId, Liveness>();
    for (const { node: id, person, issuedAt } of node.nodes()) life.set(id, { state: 'up', lastSeenAt: issuedAt, person });
    for (const { node: id, identity, state, lastSeenAt } of node.peers()) {
      const isUp = state === 'connected' || life.has(id);
      if (identity) life.set(id, { state: isUp ? 'up' : 'gone', lastSeenAt, person: identity.person });
    }
    life.set(node.id, { state: 'up', lastSeenAt: undefined, person: node.identity.person });
    return life;
  }
}

function isThere({ state }: RegistryEntry): boolean {
  return state === 'live' || state === 'stale';
}
