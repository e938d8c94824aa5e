import { partsOf } from './nat.ts';
import type { ErrorCode } from '../../src/base/errors.ts';
import type { NodeId } from '../../src/base/ids.ts';
import { Observer, type FinishedCall } from './observer.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

export type Distribution = { readonly p50: number; readonly p95: number; readonly max: number };

/** A figure is absent where the scenario, or the software, has nothing to measure. */
export type Figures = {
  /** From the start of a node to its first session: the server's introductions included. */
  readonly firstSessionMs?: Distribution;
  /** From a node's first link until it can use the network. */
  readonly joinUsableMs?: Distribution;
  readonly agentKnown99Ms?: Distribution;
  readonly agentKnownAllMs?: Distribution;
  /** Share of deliveries that came, of all that should have. */
  readonly gossipDelivery?: number;
  /** From the moment when links are allowed again until every node can reach every other over sessions, and all know the same. */
  readonly healMs?: Distribution;
  /** From a node's death until one that had counted on it no longer does. */
  readonly deadGoneMs?: Distribution;
  readonly maxLinks?: number;
  readonly linksPerNode?: Distribution;
  /** Sent by a node, frames and introductions, while nobody does anything. */
  readonly idleBytesPerSecond?: Distribution;
  readonly idleFramesPerSecond?: Distribution;
  /** From a call to its answer, on a stream that was open. */
  readonly directCallMs?: Distribution;
  /** Over one relay. */
  readonly relayedCallMs?: Distribution;
  /** Over two or three. */
  readonly farCallMs?: Distribution;
  /** With the search for a way, the handshake, and the stream's opening. */
  readonly firstCallMs?: Distribution;
  /** Share of the calls that were answered. */
  readonly callsAnswered?: number;
  /** What adversaries cost the honest: inputs that were refused, and sessions between two honest nodes that broke. */
  readonly faults?: number;
  readonly honestSessionsLost?: number;
  /** How often an honest node took an honest one that ran for gone. */
  readonly falselyGone?: number;
  /** The same of nodes that never were. */
  readonly ghosts?: number;
  /** Sent by an honest node, and by an adversary, over the whole run. */
  readonly honestBytesPerSecond?: number;
  readonly hostileBytesPerSecond?: number;
  /** Components of the graph of sessions at the end, and the fewest that the NATs of its nodes allow. */
  readonly components?: number;
  readonly fewestComponents?: number;
};

export function distributionOf(samples: readonly number[]): Distribution | undefined {
  if (samples.length === 0) return undefined;
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] as number);
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

/** Measures a run from what observers see. */
export class FigureRecorder extends Observer {
  readonly #world: () => World;
  readonly #firstSession = new Map<SimNode, number>();
  readonly #firstLink = new Map<SimNode, number>();
  readonly #usable: number[] = [];
  readonly #died = new Map<NodeId, number>();
  readonly #deadGone: number[] = [];
  readonly #agents = new Map<string, { readonly publishedAt: number; readonly knownAt: number[]; readonly audience: number }>();
  readonly #gossip = new Map<string, Set<SimNode>>();
  readonly #heals: number[] = [];
  readonly #direct: number[] = [];
  readonly #relayed: number[] = [];
  readonly #far: number[] = [];
  readonly #first: number[] = [];
  readonly #idle = new Map<SimNode, { readonly bytes: number; readonly frames: number }>();
  #idleSince = 0;
  #idleBytes: number[] = [];
  #idleFrames: number[] = [];
  #healedAt: number | undefined;
  #maxLinks = 0;
  #linksPerNode: number[] = [];
  #components: number | undefined;
  #fewestComponents: number | undefined;
  #deliveries = 0;
  #faults = 0;
  #honestSessionsLost = 0;
  #falselyGone = 0;
  readonly #ghosts = new Set<NodeId>();
  #expectedDeliveries = 0;

  constructor(world: () => World) {
    super();
    this.#world = world;
  }

  override linked(node: SimNode): void {
    if (!this.#firstLink.has(node)) this.#firstLink.set(node, this.#now);
  }

  override linkAdded(node: SimNode): void {
    if (node.isHonest) this.#maxLinks = Math.max(this.#maxLinks, node.linkCount);
  }

  override sessionUp(node: SimNode): void {
    if (this.#firstSession.has(node)) return;
    this.#firstSession.set(node, this.#now - node.startedAt);
  }

  override usable(node: SimNode): void {
    const linkedAt = this.#firstLink.get(node);
    if (linkedAt !== undefined) this.#usable.push(this.#now - linkedAt);
  }

  override gone(node: SimNode): void {
    this.#died.set(node.id, this.#now);
    this.#idle.delete(node);
    // What was under way to it can be delivered no more.
    for (const missing of this.#gossip.values()) if (missing.delete(node)) this.#expectedDeliveries--;
  }

  override started(node: SimNode): void {
    this.#died.delete(node.id);
  }

  override sessionDown(node: SimNode, peer: NodeId, code: ErrorCode): void {
    const other = this.#world().nodeById(peer);
    if (code !== 'replaced' && code !== 'not-needed' && node.isHonest && other?.isHonest && other.isAlive) this.#honestSessionsLost++;
  }

  override fault(node: SimNode): void {
    if (node.isHonest) this.#faults++;
  }

  override presenceLost(node: SimNode, peer: NodeId): void {
    const diedAt = this.#died.get(peer);
    if (diedAt !== undefined) this.#deadGone.push(this.#now - diedAt);
    const other = this.#world().nodeById(peer);
    if (node.isHonest && other?.isHonest && other.isRunning) this.#falselyGone++;
  }

  override presenceGained(_node: SimNode, peer: NodeId): void {
    if (!this.#world().nodeById(peer)) this.#ghosts.add(peer);
  }

  override agentPublished(address: string): void {
    this.#agents.set(address, { publishedAt: this.#now, knownAt: [], audience: this.#world().honest().length });
  }

  override agentKnown(_node: SimNode, address: string): void {
    this.#agents.get(address)?.knownAt.push(this.#now);
  }

  override gossipPublished(id: string, audience: readonly SimNode[]): void {
    this.#gossip.set(id, new Set(audience));
    this.#expectedDeliveries += audience.length;
  }

  override gossipDelivered(node: SimNode, id: string): void {
    if (this.#gossip.get(id)?.delete(node)) this.#deliveries++;
  }

  override called({ relays, isFirst, tookMs }: FinishedCall): void {
    if (isFirst) this.#first.push(tookMs);
    else [this.#direct, this.#relayed, this.#far][relays]?.push(tookMs);
  }

  override healed(): void {
    this.#healedAt = this.#now;
  }

  override idleBegan(world: World): void {
    this.#idleSince = this.#now;
    for (const node of world.honest()) this.#idle.set(node, { bytes: node.bytesSent, frames: node.framesSent });
  }

  override idleEnded(): void {
    const seconds = (this.#now - this.#idleSince) / 1000;
    if (seconds <= 0) return;
    this.#idleBytes = [...this.#idle].map(([node, before]) => (node.bytesSent - before.bytes) / seconds);
    this.#idleFrames = [...this.#idle].map(([node, before]) => (node.framesSent - before.frames) / seconds);
  }

  override inspect(world: World): void {
    if (this.#healedAt === undefined || componentsOf(world.honest()) > 1 || !knowTheSame(world.honest())) return;
    this.#heals.push(this.#now - this.#healedAt);
    this.#healedAt = undefined;
  }

  override ended(world: World): void {
    const nodes = world.honest();
    this.#linksPerNode = nodes.map((node) => node.linkCount);
    this.#components = componentsOf(nodes);
    this.#fewestComponents = partsOf(nodes.map((node) => node.nat));
  }

  figures(): Figures {
    const agents = [...this.#agents.values()];
    return withoutAbsent({
      firstSessionMs: distributionOf([...this.#firstSession.values()]),
      joinUsableMs: distributionOf(this.#usable),
      agentKnown99Ms: distributionOf(agents.flatMap((agent) => timeUntil(0.99, agent))),
      agentKnownAllMs: distributionOf(agents.flatMap((agent) => timeUntil(1, agent))),
      gossipDelivery: this.#expectedDeliveries === 0 ? undefined : this.#deliveries / this.#expectedDeliveries,
      healMs: distributionOf(this.#heals),
      deadGoneMs: distributionOf(this.#deadGone),
      maxLinks: this.#maxLinks,
      linksPerNode: distributionOf(this.#linksPerNode),
      idleBytesPerSecond: distributionOf(this.#idleBytes),
      idleFramesPerSecond: distributionOf(this.#idleFrames),
      directCallMs: distributionOf(this.#direct),
      relayedCallMs: distributionOf(this.#relayed),
      farCallMs: distributionOf(this.#far),
      firstCallMs: distributionOf(this.#first),
      callsAnswered: this.#callsAnswered,
      ...(this.#world().options.adversary ? this.#cost() : {}),
      components: this.#components,
      fewestComponents: this.#fewestComponents,
    });
  }

  get #callsAnswered(): number | undefined {
    const asked = this.#world().nodes.reduce((sum, node) => sum + node.application.callCount, 0);
    return asked === 0 ? undefined : (this.#direct.length + this.#relayed.length + this.#far.length + this.#first.length) / asked;
  }

  #cost(): Pick<Figures, 'faults' | 'honestSessionsLost' | 'falselyGone' | 'ghosts' | 'honestBytesPerSecond' | 'hostileBytesPerSecond'> {
    const { nodes } = this.#world();
    return {
      faults: this.#faults,
      honestSessionsLost: this.#honestSessionsLost,
      falselyGone: this.#falselyGone,
      ghosts: this.#ghosts.size,
      honestBytesPerSecond: this.#bytesPerSecond(nodes.filter((node) => node.isHonest)),
      hostileBytesPerSecond: this.#bytesPerSecond(nodes.filter((node) => !node.isHonest)),
    };
  }

  /** On average, from the start of each node. */
  #bytesPerSecond(nodes: readonly SimNode[]): number {
    const seconds = nodes.reduce((sum, node) => sum + (this.#now - node.startedAt) / 1000, 0);
    return seconds === 0 ? 0 : Math.round(nodes.reduce((sum, node) => sum + node.bytesSent, 0) / seconds);
  }

  get #now(): number {
    return this.#world().now;
  }
}

/** How long it took until that share of the audience knew; nothing where it never did. */
function timeUntil(
  share: number,
  { publishedAt, knownAt, audience }: { readonly publishedAt: number; readonly knownAt: readonly number[]; readonly audience: number },
): number[] {
  const needed = Math.ceil(share * audience);
  const last = knownAt[needed - 1];
  return needed > 0 && last !== undefined ? [last - publishedAt] : [];
}

/** Into how many parts the graph of sessions falls. */
export function componentsOf(nodes: readonly SimNode[]): number {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const rest = new Set(nodes);
  let components = 0;
  for (const first of nodes) {
    if (!rest.delete(first)) continue;
    components++;
    const frontier = [first];
    for (let node = frontier.pop(); node; node = frontier.pop()) {
      for (const peer of node.sessions) {
        const other = byId.get(peer);
        if (other && rest.delete(other)) frontier.push(other);
      }
    }
  }
  return components;
}

/** Whether all have equal replicas, and everybody is there for everybody. */
function knowTheSame(nodes: readonly SimNode[]): boolean {
  if (nodes.some((node) => node.present.size < nodes.length - 1)) return false;
  const first = JSON.stringify(nodes[0]?.replicas());
  return nodes.every((node) => JSON.stringify(node.replicas()) === first);
}

function withoutAbsent(figures: { readonly [Name in keyof Figures]: Figures[Name] | undefined }): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) as Figures;
}
