import { systemClock } from '../../src/app/system-clock.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { agentAddress, type AgentAddress, type NodeId } from '../../src/base/ids.ts';
import { systemEntropy } from '../../src/crypto/entropy.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { createLocalIdentity, type LocalIdentity } from '../../src/crypto/identity.ts';
import { RecordsVault } from '../../src/crypto/vault.ts';
import { createHeadlessRegistry, startHeadlessNode, webRtcDialer } from '../../src/host/headless-node.ts';
import { AgentClients } from '../../src/mcp/agent-clients.ts';
import { AgentHost } from '../../src/mcp/agent-host.ts';
import type { RegistryCommand, RegistryEvent } from '../../src/node/api.ts';
import type { Node } from '../../src/node/node.ts';
import type { DocumentEngine } from '../../src/registry/engine/document-engine.ts';
import type { Liveness } from '../../src/registry/entries.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { MemoryRecords } from '../../src/storage/memory-storage.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { ECHO, echoAgent } from '../bench/echo-agent.ts';
import { WalledDialer } from './walled-dialer.ts';

const UP: Liveness = { state: 'up', lastSeenAt: undefined, person: undefined };
const UNKNOWN: Liveness = { state: 'unknown', lastSeenAt: undefined, person: undefined };

/** A node without a page: the core as it is in a tab, as a host runs it (src/host), with one agent that echoes. Nothing of it is stored. */
export class HeadlessNode {
  readonly node: Node;
  readonly dialer: WalledDialer;
  readonly #registry: Registry;
  readonly #command: (command: RegistryCommand) => void;
  readonly #clients: AgentClients;
  readonly #changed = new Set<() => void>();
  readonly #faults: string[] = [];

  /** `network` is the open network's name; `signalingUrl` like `ws://host:port/signal`. */
  static async start(signalingUrl: string, network: string, name: string): Promise<HeadlessNode> {
    const vault = new RecordsVault(new MemoryRecords(), systemEntropy);
    const identity = await createLocalIdentity({ vault, nodeName: 'node-0', now: systemClock.now(), entropy: systemEntropy });
    const dialer = new WalledDialer(webRtcDialer());
    const node = await startHeadlessNode({ identity, network: { networkId: openNetworkId(network) }, signaling: [signalingUrl], rtc: dialer });
    return new HeadlessNode(node, dialer, identity, name);
  }

  private constructor(node: Node, dialer: WalledDialer, identity: LocalIdentity, name: string) {
    this.node = node;
    this.dialer = dialer;
    const host = new AgentHost(node, { decide: async () => 'run' });
    host.add(echoAgent());
    this.#clients = new AgentClients(node, host);
    const { registry, engine } = createHeadlessRegistry(identity, node.networkId);
    this.#registry = registry;
    this.#command = node.attachRegistry(registry, (event) => this.#registryEvent(event, engine));
    this.#command({ type: 'loaded-all' });
    this.#publishAgent(name);
    node.on('fault', ({ code, detail }) => this.#faults.push(`${code}: ${detail}`));
    node.on('node-up', () => this.#tellChange());
    node.on('node-down', () => this.#tellChange());
  }

  /** Nodes whose agents are known here and that are known to be there, this one among them. */
  agents(): readonly AgentAddress[] {
    const present = new Set<NodeId>([this.node.id, ...this.node.nodes().map(({ node }) => node)]);
    const entries = this.#registry.entries((node) => (present.has(node) ? UP : UNKNOWN), systemClock.now());
    return entries.filter(({ state }) => state === 'live').flatMap(({ agents }) => agents.map(({ address }) => address));
  }

  /** How often each kind of trouble came, and why dials ended. */
  troubles(): Readonly<Record<string, number>> {
    const reasons = this.node.peers().flatMap(({ state, reason }) => (reason ? [`${state} ${reason}`] : []));
    const counts: Record<string, number> = {};
    for (const trouble of [...this.#faults, ...reasons]) counts[trouble] = (counts[trouble] ?? 0) + 1;
    return counts;
  }

  /** What the registry holds: for whoever looks for why something is not known. */
  registrySizes() {
    return { ...this.#registry.sizes(), persons: this.#registry.persons().length };
  }

  /** Resolves, with the time, when as many nodes (this one among them) and agents are known here. */
  async knowsAll(nodes: number, agents: number): Promise<number> {
    await this.#until(() => this.node.nodes().length + 1 >= nodes && this.agents().length >= agents);
    return systemClock.now();
  }

  /** Calls the echo of another node; answers how the call went there. */
  async callEcho(node: NodeId, text: string) {
    const address = agentAddress(node, ECHO);
    const before = systemClock.now();
    const { client, path } = await this.#clients.session(address);
    const { content } = await client.callTool({ name: 'echo', arguments: { text } });
    return { answer: content, path, firstCallMs: systemClock.now() - before };
  }

  #publishAgent(name: string): void {
    const { id } = this.node;
    const { id: agent, title, description } = echoAgent();
    const definitions = [{ kind: 'tool', name: 'echo', sha256: sha256(utf8('echo')) }] as const;
    this.#command({ type: 'edit', edit: { type: 'set-name', name } });
    this.#command({ type: 'edit', edit: { type: 'put-node', node: id, title: 'headless' } });
    const record = { id: agent, title, description, version: '1', visibility: 'everyone', kind: 'built-in', definitions } as const;
    this.#command({ type: 'edit', edit: { type: 'put-agent', node: id, agent: record } });
  }

  #registryEvent(event: RegistryEvent, engine: DocumentEngine): void {
    if (event.type === 'engine') {
      // The answer is an input of its own: not within the machine's turn that asked.
      void Promise.resolve().then(async () => this.#command({ type: 'engine-done', job: event.job, result: await engine.run(event.work) }));
    } else if (event.type === 'changed') this.#tellChange();
  }

  #tellChange(): void {
    for (const look of this.#changed) look();
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#changed.delete(look);
        resolve();
      };
      this.#changed.add(look);
      look();
    });
  }
}
