import * as automerge from '@automerge/automerge';
import { BoundedMap } from '../../src/base/bounded-map.ts';
import { toHex } from '../../src/base/bytes.ts';
import { agentAddress, type AgentId, type NodeId, type PersonId } from '../../src/base/ids.ts';
import type { RegistryCommand, RegistryEvent } from '../../src/node/api.ts';
import type { Entropy } from '../../src/ports/entropy.ts';
import type { DocumentContent } from '../../src/registry/document-content.ts';
import { AutomergeEngine } from '../../src/registry/engine/automerge-engine.ts';
import type { Liveness } from '../../src/registry/entries.ts';
import type { AgentRecord } from '../../src/registry/records.ts';
import { Registry } from '../../src/registry/registry.ts';
import type { LocalEdit } from '../../src/registry/registry-io.ts';
import { MemoisedEngine } from '../doubles/memoised-engine.ts';
import type { SimIdentity } from './sim-identity.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

const MAX_SHARED = 20_000;
const UP: Liveness = { state: 'up', lastSeenAt: undefined, person: undefined };
const UNKNOWN: Liveness = { state: 'unknown', lastSeenAt: undefined, person: undefined };

/** What the registries of one simulation share: equal documents are computed once and held once, as all nodes are one process. */
export class SharedDocuments {
  readonly engine = new MemoisedEngine(new AutomergeEngine(automerge));
  readonly #contents = new BoundedMap<string, DocumentContent>(MAX_SHARED);

  share(version: string, content: DocumentContent): DocumentContent {
    const known = this.#contents.get(version);
    if (known) return known;
    this.#contents.set(version, content);
    return content;
  }
}

/** The registry of one simulated node, its engine answered at once, and what its program knows of agents. */
export class SimRegistry {
  readonly registry: Registry;
  readonly #node: SimNode;
  readonly #world: World;
  /** Agents that were told to the observers as known, by the person whose document names them. */
  readonly #known = new Set<string>();
  readonly #nodes = new Set<NodeId>();

  constructor(node: SimNode, world: World, identity: SimIdentity, networkId: Uint8Array, entropy: Entropy) {
    this.#node = node;
    this.#world = world;
    const { node: id, device, person, chain } = identity.local;
    this.registry = new Registry({
      networkId,
      node: id,
      device,
      person,
      chain,
      entropy,
      shareContent: (version, content) => world.documents.share(version, content),
    });
  }

  start(): void {
    this.#node.tell({ type: 'mesh', input: { type: 'attach-registry', machine: this.registry } });
    this.#command({ type: 'loaded-all' });
    this.edit({ type: 'set-name', name: `person ${this.#node.index}` });
    this.edit({ type: 'put-node', node: this.#node.id, title: 'browser' });
    this.edit({ type: 'put-agent', node: this.#node.id, agent: simAgent('notes') });
  }

  /** The node offers an agent from now on. */
  publish(id: string): void {
    this.#world.observers.forEach((observer) => observer.agentPublished(agentAddress(this.#node.id, id as AgentId)));
    this.edit({ type: 'put-agent', node: this.#node.id, agent: simAgent(id) });
  }

  edit(edit: LocalEdit): void {
    this.#command({ type: 'edit', edit });
  }

  event(event: RegistryEvent): void {
    if (event.type === 'engine') this.#command({ type: 'engine-done', job: event.job, result: this.#world.documents.engine.run(event.work) });
    else if (event.type === 'changed') for (const person of event.persons) this.#changed(person);
    else if (event.type === 'alarm') for (const observer of this.#world.observers) observer.fault(this.#node, event.code, event.detail);
  }

  /** An agent is known to be there once its node is. */
  presenceChanged(person: PersonId): void {
    this.#changed(person);
  }

  /** Names the documents in their versions: equal where the same is known. */
  digest(): string {
    return toHex(this.registry.digest());
  }

  knows(address: string): boolean {
    return this.#known.has(address);
  }

  /** Nodes with an agent here. */
  get nodeCount(): number {
    return this.#nodes.size;
  }

  #changed(person: PersonId): void {
    const { present, id, clock } = this.#node;
    for (const entry of this.registry.entriesOf(person, (node) => (node === id || present.has(node) ? UP : UNKNOWN), clock)) {
      if (entry.state !== 'live') continue;
      for (const { address } of entry.agents) {
        if (this.#known.has(address)) continue;
        this.#known.add(address);
        this.#nodes.add(entry.node);
        for (const observer of this.#world.observers) observer.agentKnown(this.#node, address);
      }
    }
  }

  #command(input: RegistryCommand): void {
    this.#node.tell({ type: 'mesh', input: { type: 'registry', input } });
  }
}

function simAgent(id: string): AgentRecord {
  return {
    id: id as AgentId,
    title: id,
    description: 'An agent of the simulation',
    version: '1',
    visibility: 'everyone',
    kind: 'built-in',
    definitions: [{ kind: 'tool', name: 'echo', sha256: new Uint8Array(32).fill(7) }],
  };
}
