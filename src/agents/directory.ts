import { Emitter } from '../base/emitter.ts';
import { asParleyError } from '../base/errors.ts';
import { agentAddress, parseAgentId, type AgentAddress, type AgentId, type NodeId, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { NodeApi, PeerIdentity, Stream } from '../node/api.ts';
import type { Records, Table } from '../ports/records.ts';
import { decode, encode } from '../wire/codec.ts';
import { readArray, readList, readOneOf, readText } from '../wire/readers.ts';

export const DIRECTORY_PROTOCOL = 'directory/1';
const VERSION = 1;

export type AgentEntry = {
  readonly address: AgentAddress;
  readonly node: NodeId;
  readonly agent: AgentId;
  readonly owner: PersonId;
  readonly title: string;
  readonly description: string;
};

type Published = { readonly name: string; readonly agents: readonly { readonly id: string; readonly title: string; readonly description: string }[] };

type DirectoryEvents = { people: undefined; agents: undefined };

/** Control, bidirectional and other invisible characters let one text pass for another. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu;

/** A name that a person typed or a peer sent, as it may be shown: one line, nothing invisible, bounded. */
export function cleanName(text: string): string {
  return text.normalize('NFC').replace(INVISIBLE, '').replace(/\s+/g, ' ').trim().slice(0, LIMITS.maxDisplayNameLength);
}

/**
 * Who is called what, and which agents there are: each node tells every peer its person's name and its agents, over their session, and again
 * when they change. Names are remembered for when their people are away; agents are known as long as their node is connected.
 */
export class Directory {
  readonly #node: NodeApi;
  readonly #names: Table<string>;
  readonly #events = new Emitter<DirectoryEvents>();
  readonly #known = new Map<PersonId, string>();
  readonly #agents = new Map<NodeId, readonly AgentEntry[]>();
  readonly #outgoing = new Map<NodeId, Stream>();
  #published: Published = { name: '', agents: [] };

  constructor(node: NodeApi, records: Records) {
    this.#node = node;
    this.#names = records.table<string>('people');
    node.serve(DIRECTORY_PROTOCOL, (stream) => this.#serve(stream));
    records.onForeignChange((table, key) => table === 'people' && key !== undefined && void this.#learnedElsewhere(key as PersonId));
    node.on('peer-up', (peer) => void this.#tell(peer));
    node.on('peer-down', ({ peer }) => this.#forget(peer.node));
  }

  async load(): Promise<void> {
    for (const [person, name] of await this.#names.all()) this.#known.set(person as PersonId, name);
    this.#events.emit('people', undefined);
  }

  on<Name extends keyof DirectoryEvents>(name: Name, listener: () => void): () => void {
    return this.#events.on(name, listener);
  }

  /** What the person is called, where they said so. */
  nameOf(person: PersonId): string | undefined {
    return this.#known.get(person);
  }

  people(): readonly PersonId[] {
    return [...this.#known.keys()];
  }

  /** The agents of all nodes that are connected now. */
  agents(): readonly AgentEntry[] {
    return [...this.#agents.values()].flat();
  }

  publish(published: Published): void {
    this.#published = published;
    for (const stream of this.#outgoing.values()) void stream.send(this.#encoded()).catch(() => undefined);
  }

  async #tell(peer: PeerIdentity): Promise<void> {
    try {
      const stream = await this.#node.open(peer.node, DIRECTORY_PROTOCOL);
      this.#outgoing.set(peer.node, stream);
      void stream.closed.then(() => this.#outgoing.get(peer.node) === stream && this.#outgoing.delete(peer.node));
      await stream.send(this.#encoded());
    } catch {
      // The session ended first: the next one begins with this again.
    }
  }

  #encoded(): Uint8Array {
    const { name, agents } = this.#published;
    return encode([VERSION, name, agents.map(({ id, title, description }) => [id, title, description])]);
  }

  #serve(stream: Stream): void {
    stream.onMessage(async (message) => {
      try {
        await this.#received(stream.peer, message);
      } catch (thrown) {
        stream.reset(asParleyError(thrown).code);
      }
    });
  }

  async #received(peer: PeerIdentity, message: Uint8Array): Promise<void> {
    const [version, name, agents] = readArray(decode(message, LIMITS.maxDirectoryBytes), 'A directory entry', 3);
    readOneOf(version, 'The version', [VERSION]);
    const shownName = cleanName(readText(name, 'The name', 4 * LIMITS.maxDisplayNameLength));
    const entries = readList(agents, 'The agents', LIMITS.maxAgentsPerNode, (item): AgentEntry => {
      const [id, title, description] = readArray(item, 'An agent', 3);
      const agent = parseAgentId(readText(id, 'An agent’s id', 32));
      return {
        address: agentAddress(peer.node, agent),
        node: peer.node,
        agent,
        owner: peer.person,
        title: cleanName(readText(title, 'An agent’s title', LIMITS.maxAgentTitleLength)) || agent,
        description: readText(description, 'An agent’s description', LIMITS.maxAgentDescriptionLength).replace(INVISIBLE, ''),
      };
    });
    this.#agents.set(peer.node, entries);
    this.#events.emit('agents', undefined);
    if (shownName && peer.person !== this.#node.identity.person && this.#known.get(peer.person) !== shownName) {
      this.#known.set(peer.person, shownName);
      this.#events.emit('people', undefined);
      await this.#names.put(peer.person, shownName).catch(() => undefined);
    }
  }

  /** Another tab of this browser was told the name. */
  async #learnedElsewhere(person: PersonId): Promise<void> {
    const name = await this.#names.get(person).catch(() => undefined);
    if (name === undefined || this.#known.get(person) === name) return;
    this.#known.set(person, name);
    this.#events.emit('people', undefined);
  }

  #forget(node: NodeId): void {
    if (this.#agents.delete(node)) this.#events.emit('agents', undefined);
  }
}
