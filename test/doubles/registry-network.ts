import * as automerge from '@automerge/automerge';
import type { NodeId, PersonId } from '../../src/base/ids.ts';
import { SeededRandom } from '../../src/base/seeded-random.ts';
import { toHex } from '../../src/base/bytes.ts';
import { WAKE } from '../../src/base/machine.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import type { DocumentContent } from '../../src/registry/document-content.ts';
import { AutomergeEngine } from '../../src/registry/engine/automerge-engine.ts';
import { Registry } from '../../src/registry/registry.ts';
import type { LocalEdit, RegistryInput, RegistryOutput } from '../../src/registry/registry-io.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { checkSignature, type TestDevice, type TestPerson } from '../support/registry-people.ts';
import { MemoisedChecks, MemoisedEngine } from './memoised-engine.ts';

export const NETWORK_ID = openNetworkId('test');
export const START = 1_800_000_000_000;

type Event = { readonly at: number; readonly order: number; readonly run: () => void };

export type NetworkOptions = {
  readonly seed: number;
  /** One way. */
  readonly delayMs?: number;
  /** Part of the messages that are sent again after a timeout, and hold up those behind them. */
  readonly loss?: number;
  readonly retransmitMs?: number;
  /** A stand-in for gossip that floods over all links; without, `publish` goes nowhere. */
  readonly floods: boolean;
};

/** One node of the network: its registry, what it said, what it was accused of. */
export class RegistryNode {
  readonly registry: Registry;
  readonly node: NodeId;
  readonly person: TestPerson;
  readonly device: TestDevice;
  readonly links = new Map<NodeId, RegistryNode>();
  readonly stored = new Map<string, Uint8Array>();
  readonly outputs: RegistryOutput[] = [];
  readonly seen = new Set<string>();
  bytesSent = 0;
  wakeAt: number | undefined;

  constructor(registry: Registry, node: NodeId, person: TestPerson, device: TestDevice) {
    this.registry = registry;
    this.node = node;
    this.person = person;
    this.device = device;
  }

  outputsOf<Type extends RegistryOutput['type']>(type: Type): readonly Extract<RegistryOutput, { type: Type }>[] {
    return this.outputs.filter((output): output is Extract<RegistryOutput, { type: Type }> => output.type === type);
  }
}

/** Registries that talk to each other in virtual time; links keep their order and lose nothing for good, as streams do. */
export class RegistryNetwork {
  readonly nodes: RegistryNode[] = [];
  readonly engine = new MemoisedEngine(new AutomergeEngine(automerge));
  readonly random: SeededRandom;
  now = START;
  /** Whether outputs are kept for tests to look at. */
  keepsOutputs = true;
  readonly #contents = new Map<string, DocumentContent>();
  readonly #checks = new MemoisedChecks(checkSignature);
  readonly #options: NetworkOptions;
  readonly #events: Event[] = [];
  readonly #linkFreeAt = new Map<string, number>();
  #order = 0;
  #jobs = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.random = new SeededRandom(options.seed);
  }

  add(person: TestPerson, device: TestDevice = person.devices[0] as TestDevice, isLoaded = true): RegistryNode {
    const { node, chain } = person.node(device, this.now);
    const random = new SeededRandom(this.random.uint32());
    const registry = new Registry({
      networkId: NETWORK_ID,
      node,
      device: device.id,
      person: person.id,
      chain,
      entropy: { bytes: (length) => random.bytes(length) },
      shareContent: (version, content) => this.#share(version, content),
    });
    const member = new RegistryNode(registry, node, person, device);
    this.nodes.push(member);
    if (isLoaded) this.give(member, { type: 'loaded-all' });
    return member;
  }

  connect(a: RegistryNode, b: RegistryNode): void {
    if (a === b || a.links.has(b.node)) return;
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      one.links.set(other.node, other);
      this.give(one, { type: 'neighbour-up', node: other.node, person: other.person.id, kind: 'memory' });
    }
  }

  disconnect(a: RegistryNode, b: RegistryNode): void {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      one.links.delete(other.node);
      this.give(one, { type: 'neighbour-down', node: other.node, code: 'link-lost' });
    }
  }

  edit(member: RegistryNode, edit: LocalEdit): void {
    this.give(member, { type: 'edit', edit });
  }

  /** Gives an item to the node as gossip would, from a neighbour. */
  gossip(member: RegistryNode, bytes: Uint8Array, from: NodeId): void {
    this.give(member, { type: 'item', job: this.#jobs++, bytes, from });
  }

  give(member: RegistryNode, input: RegistryInput): void {
    member.registry.handle(input, this.now);
    this.#drain(member);
  }

  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const event = this.#events[0];
      if (!event || event.at > end) break;
      popEvent(this.#events);
      this.now = Math.max(this.now, event.at);
      event.run();
    }
    this.now = end;
  }

  areEqual(nodes: readonly RegistryNode[] = this.nodes): boolean {
    return new Set(nodes.map(({ registry }) => toHex(registry.digest()))).size <= 1;
  }

  #share(version: string, content: DocumentContent): DocumentContent {
    const known = this.#contents.get(version) ?? content;
    this.#contents.set(version, known);
    return known;
  }

  #drain(member: RegistryNode): void {
    for (let output = member.registry.poll(); output; output = member.registry.poll()) this.#do(member, output);
    const at = member.registry.nextWakeAt();
    if (at === undefined || (member.wakeAt !== undefined && member.wakeAt <= at)) return;
    member.wakeAt = at;
    this.#at(at, () => {
      if (member.wakeAt !== at) return;
      member.wakeAt = undefined;
      member.registry.handle(WAKE, this.now);
      this.#drain(member);
    });
  }

  #do(member: RegistryNode, output: RegistryOutput): void {
    if (this.keepsOutputs) member.outputs.push(output);
    switch (output.type) {
      case 'send':
        return this.#send(member, output.to, output.bytes);
      case 'verify':
        return member.registry.handle({ type: 'verified', job: output.job, valid: this.#checks.all(output.checks) }, this.now);
      case 'sign':
        return member.registry.handle({ type: 'signed', job: output.job, signature: member.device.key.sign(output.message) }, this.now);
      case 'engine':
        return member.registry.handle({ type: 'engine-done', job: output.job, result: this.engine.run(output.work) }, this.now);
      case 'publish':
        return this.#flood(member, output.bytes, undefined);
      case 'store':
        if (!this.keepsOutputs) return;
        if (output.bytes) member.stored.set(output.document, output.bytes);
        else member.stored.delete(output.document);
    }
  }

  #send(from: RegistryNode, to: NodeId, bytes: Uint8Array): void {
    const other = from.links.get(to);
    if (!other) return;
    from.bytesSent += bytes.length;
    this.#carry(from, other, () => this.give(other, { type: 'message', from: from.node, bytes }));
  }

  /** As gossip does, but over every link: validated first, then passed on. */
  #flood(member: RegistryNode, bytes: Uint8Array, except: NodeId | undefined): void {
    if (!this.#options.floods) return;
    member.seen.add(toHex(sha256(bytes)));
    for (const other of member.links.values()) {
      if (other.node === except) continue;
      this.#carry(member, other, () => this.#flooded(other, bytes, member.node));
    }
  }

  #flooded(member: RegistryNode, bytes: Uint8Array, from: NodeId): void {
    const id = toHex(sha256(bytes));
    if (member.seen.has(id)) return;
    member.seen.add(id);
    const before = member.registry.digest();
    this.gossip(member, bytes, from);
    if (toHex(before) !== toHex(member.registry.digest())) this.#flood(member, bytes, from);
  }

  #carry(from: RegistryNode, to: RegistryNode, deliver: () => void): void {
    const { delayMs = 75, loss = 0, retransmitMs = 250 } = this.#options;
    const pair = `${from.node}${to.node}`;
    const isLost = this.random.float() < loss;
    const at = Math.max(this.#linkFreeAt.get(pair) ?? 0, this.now + delayMs + (isLost ? retransmitMs : 0));
    this.#linkFreeAt.set(pair, at);
    this.#at(at, () => from.links.get(to.node) === to && deliver());
  }

  #at(at: number, run: () => void): void {
    pushEvent(this.#events, { at, order: this.#order++, run });
  }
}

/** A ring with chords: `degree` links for each node, about. */
export function connectRandomly(network: RegistryNetwork, nodes: readonly RegistryNode[], degree: number): void {
  nodes.forEach((node, index) => network.connect(node, nodes[(index + 1) % nodes.length] as RegistryNode));
  for (let left = (nodes.length * (degree - 2)) / 2; left > 0; left--) {
    network.connect(network.random.pick(nodes) as RegistryNode, network.random.pick(nodes) as RegistryNode);
  }
}

export function hasAgent(member: RegistryNode, person: PersonId, title: string): boolean {
  const up = { state: 'up', lastSeenAt: undefined, person: undefined } as const;
  return member.registry.entries(() => up, 0).some((entry) => entry.person === person && entry.agents.some((agent) => agent.title === title));
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

function pushEvent(heap: Event[], event: Event): void {
  let index = heap.push(event) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(event, heap[parent] as Event)) break;
    heap[index] = heap[parent] as Event;
    index = parent;
  }
  heap[index] = event;
}

function popEvent(heap: Event[]): void {
  const last = heap.pop() as Event;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
    if (!isBefore(heap[child] as Event, last)) break;
    heap[index] = heap[child] as Event;
    index = child;
  }
  heap[index] = last;
}
