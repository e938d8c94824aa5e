import type { ErrorCode } from '../base/errors.ts';
import type { NodeId, PersonId } from '../base/ids.ts';
import type { LateTurns } from '../base/late-turns.ts';
import { earlier, WAKE, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { CARD_FLAGS, type PeerCard } from '../crypto/peer-card.ts';
import { overlayPlace } from '../crypto/overlay-place.ts';
import { Gossip, type GossipInput, type GossipOutput } from '../p2p/gossip/gossip.ts';
import { Publications, programTopic, wireTopic, type PublicationsInput, type PublicationsOutput } from '../p2p/gossip/publications.ts';
import type { NeighbourInput, NeighbourOutput, SignOutput, VerifyOutput } from '../p2p/neighbours.ts';
import { PRESENCE_TOPIC, type GoneReason, type PresenceInput, type PresenceOptions, type PresenceOutput } from '../p2p/presence/presence-io.ts';
import { Presence } from '../p2p/presence/presence.ts';
import { PeerScores, type PeerScoresOutput } from '../p2p/scores/peer-scores.ts';
import { candidateOf } from '../p2p/overlay/known-nodes.ts';
import { Overlay, type OverlayInput, type OverlayOutput } from '../p2p/overlay/overlay.ts';
import type { Reachability } from '../p2p/overlay/reach-evidence.ts';
import type { MuxOutput } from '../p2p/streams/stream-mux.ts';
import { REGISTRY_TOPIC, type RegistryCommand, type RegistryInput, type RegistryOutput } from '../registry/registry-io.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { LinkKind } from '../ports/link.ts';
import { MeshJobs } from './mesh-jobs.ts';
import { LANES, NeighbourLanes, type Lane, type LaneInput, type LaneOutput } from './neighbour-lanes.ts';

export type MeshInput =
  /** A session over a link of our own is established. `stream` is allocated by the side that opens the mesh stream. */
  | {
      readonly type: 'session';
      readonly node: NodeId;
      readonly person: PersonId;
      readonly kind: LinkKind;
      readonly connection: number;
      readonly stream: number | undefined;
    }
  /** It goes over a link of another kind from now on. */
  | { readonly type: 'session-moved'; readonly node: NodeId; readonly connection: number; readonly kind: LinkKind }
  /** It ended, or goes over relays: then the code is `not-needed`. */
  | { readonly type: 'session-ended'; readonly node: NodeId; readonly connection: number; readonly code: ErrorCode }
  | Extract<LaneInput, { readonly type: 'send' }>
  | { readonly type: 'overlay'; readonly input: Exclude<OverlayInput, { readonly type: 'connected' | 'disconnected' }> }
  | { readonly type: 'subscribe' | 'unsubscribe'; readonly topic: string }
  /** Whether this node has links of its own. */
  | { readonly type: 'role'; readonly role: 'hub' | 'leaf' }
  /** Whether this node is reached over hosts only. */
  | { readonly type: 'behind-hosts'; readonly isBehindHosts: boolean }
  | Extract<PresenceInput, { readonly type: 'host-urls' }>
  /** A neighbour did wrong in a protocol outside of the mesh's own. */
  | Extract<NeighbourOutput, { readonly type: 'misbehaved' }>
  /** The registry is there: it meets the neighbours. */
  | { readonly type: 'attach-registry'; readonly machine: RegistryMachine }
  | {
      readonly type: 'registry';
      readonly input: RegistryCommand;
    }
  | Extract<PublicationsInput, { readonly type: 'publish' | 'verified' | 'signed' }>;

export type MeshOutput =
  | Exclude<OverlayOutput, { readonly type: 'reachability' }>
  | LaneOutput
  | Extract<NeighbourOutput, { readonly type: 'misbehaved' }>
  /** The neighbour misbehaved once too often: its session is to end. */
  | Extract<PeerScoresOutput, { readonly type: 'disconnect' | 'refuse' }>
  /** What the registry wants of the program around the node. */
  | { readonly type: 'registry'; readonly output: Extract<RegistryOutput, { readonly type: 'store' | 'changed' | 'engine' | 'alarm' }> }
  /** Presence: a node is there, or changed what it is; or it left. */
  | { readonly type: 'node-up'; readonly card: PeerCard }
  | { readonly type: 'node-down'; readonly node: NodeId; readonly why: GoneReason }
  | VerifyOutput
  | SignOutput
  /** Something was published on a program's topic. */
  | { readonly type: 'published'; readonly topic: string; readonly author: NodeId; readonly sentAt: number; readonly payload: Uint8Array };

type Part = 'publications' | 'presence' | 'registry';

/** The registry's machine, which is loaded later than the node starts (Automerge is large). */
export type RegistryMachine = Machine<RegistryInput, RegistryOutput>;

/** Ends of sessions after which presence says that the node may be dead. */
const LOST: ReadonlySet<ErrorCode> = new Set(['link-lost', 'ice-failed', 'peer-silent', 'timed-out', 'decrypt-failed']);

/** Links that the overlay does not choose. */
const LINKED_BY: Partial<Record<LinkKind, 'tab' | 'socket'>> = { tab: 'tab', websocket: 'socket' };

export type MeshOptions = {
  readonly me: NodeId;
  readonly networkId: Uint8Array;
  readonly entropy: Entropy;
  readonly person: PersonId;
  /** To which introductions to this node are sealed. */
  readonly sealingKey: Uint8Array;
  readonly now: number;
  readonly isBehindHosts: boolean;
  readonly hasPlaintextClients?: boolean;
  /** Present on a host. */
  readonly hostUrls?: readonly string[];
  /** For simulations, whose nodes share what they read. */
  readonly readPresenceItem?: PresenceOptions['readItem'];
  /** Whether programs have streams on the session with the node. */
  isInUse(node: NodeId): boolean;
  /** How many links the neighbour says to have with others. */
  linkCountOf(node: NodeId): number | undefined;
  readonly turns: Pick<LateTurns, 'areComing'>;
};

/** Everything that neighbours do for each other, wired together: which links there are, and the protocols on the lanes between them. */
export class Mesh implements Machine<MeshInput, MeshOutput> {
  readonly #outputs = new Queue<MeshOutput>();
  readonly #overlay: Overlay;
  readonly #lanes = new NeighbourLanes();
  readonly #gossip: Gossip;
  readonly #publications: Publications;
  readonly #presence: Presence;
  readonly #scores = new PeerScores();
  readonly #neighbours = new Set<NodeId>();
  #reachability: Reachability = { isConfined: false, isOpen: false };
  #registry: RegistryMachine | undefined;
  readonly #jobs = new MeshJobs<Part>();
  readonly #hostFlags: number;
  #isBehindHosts: boolean;
  #isLeaf = false;
  readonly #sessions = new Map<NodeId, { readonly person: PersonId; readonly kind: LinkKind; readonly connection: number }>();

  constructor(options: MeshOptions) {
    const { me, networkId, entropy, isInUse, linkCountOf, turns } = options;
    const hostFlags = CARD_FLAGS.host | (options.hasPlaintextClients ? CARD_FLAGS.plaintextClients : 0);
    this.#hostFlags = options.hostUrls ? hostFlags : 0;
    this.#isBehindHosts = options.isBehindHosts;
    this.#overlay = new Overlay({ me, placeOf: (node) => overlayPlace(networkId, node), isInUse, linkCountOf, entropy, turns });
    this.#gossip = new Gossip(entropy, [PRESENCE_TOPIC, REGISTRY_TOPIC]);
    this.#publications = new Publications(me, networkId);
    this.#presence = new Presence({
      node: me,
      person: options.person,
      sealingKey: options.sealingKey,
      networkId,
      entropy,
      now: options.now,
      flags: this.cardFlags,
      ...(options.hostUrls ? { hostUrls: options.hostUrls } : {}),
      ...(options.readPresenceItem ? { readItem: options.readPresenceItem } : {}),
    });
    this.#gossip.handle({ type: 'subscribe', topic: PRESENCE_TOPIC }, options.now);
  }

  /** What this node's card says that it is. */
  get cardFlags(): number {
    if (this.#isLeaf) return CARD_FLAGS.leaf;
    const { isConfined, isOpen } = this.#reachability;
    const reach = (isConfined ? CARD_FLAGS.confined : 0) | (isOpen ? CARD_FLAGS.open : 0);
    return CARD_FLAGS.relay | this.#hostFlags | (this.#isBehindHosts ? CARD_FLAGS.behindHosts : 0) | reach;
  }

  /** Whether there is room for a link with the node, and nothing against it. */
  mayAccept(node: NodeId, now: number): boolean {
    return this.#overlay.mayAccept(node) && !this.#scores.refuses(node, undefined, now);
  }

  /** Whether a session with the node and person is out of the question, for what they did. */
  refuses(node: NodeId, person: PersonId | undefined, now: number): boolean {
    return this.#scores.refuses(node, person, now);
  }

  /** The cards of all nodes that are there. */
  nodes(): Iterable<PeerCard> {
    return this.#presence.live();
  }

  /** The same, as its node signed it. */
  cardBytesOf(node: NodeId): Uint8Array | undefined {
    return this.#presence.bytesOf(node);
  }

  cardOf(node: NodeId): PeerCard | undefined {
    return this.#presence.get(node);
  }

  handle(input: MeshInput | Wake, now: number): void {
    switch (input.type) {
      case 'session':
        this.#sessions.set(input.node, { person: input.person, kind: input.kind, connection: input.connection });
        this.#overlay.handle({ type: 'connected', node: input.node, by: LINKED_BY[input.kind] ?? 'link' }, now);
        this.#lanes.handle({ type: 'session', node: input.node, connection: input.connection, stream: input.stream });
        break;
      case 'session-moved':
        this.#sessionMoved(input, now);
        break;
      case 'session-ended':
        this.#sessionEnded(input, now);
        break;
      case 'send':
        this.#lanes.handle(input);
        break;
      case 'role':
        this.#isLeaf = input.role === 'leaf';
        this.#tellFlags(now);
        break;
      case 'behind-hosts':
        this.#isBehindHosts = input.isBehindHosts;
        this.#tellFlags(now);
        break;
      case 'host-urls':
        this.#toPresence(input, now);
        break;
      case 'misbehaved':
        this.#misbehaved(input, now);
        break;
      case 'attach-registry':
        this.#attachRegistry(input.machine, now);
        break;
      case 'registry':
        this.#toRegistry(input.input, now);
        break;
      case 'overlay':
        this.#overlay.handle(input.input, now);
        break;
      case 'subscribe':
      case 'unsubscribe':
        this.#toGossip({ type: input.type, topic: wireTopic(input.topic) }, now);
        break;
      case 'publish':
        this.#toPublications(input, now);
        break;
      case 'verified':
      case 'signed':
        this.#answered(input, now);
        break;
      case 'wake':
        this.#overlay.handle(WAKE, now);
        this.#toGossip(WAKE, now);
        this.#toPresence(WAKE, now);
        this.#toRegistry(WAKE, now);
    }
    this.#drain(now);
  }

  /** Takes what happened on a stream, if it is one of the mesh's; answers whether it was. */
  handleStream(connection: number, output: MuxOutput, now: number): boolean {
    const isOurs = this.#lanes.handleStream(connection, output);
    if (isOurs) this.#drain(now);
    return isOurs;
  }

  poll(): MeshOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    const next = earlier(this.#overlay.nextWakeAt(), earlier(this.#gossip.nextWakeAt(), this.#presence.nextWakeAt()));
    return earlier(next, this.#registry?.nextWakeAt());
  }

  #sessionMoved({ node, connection, kind }: Extract<MeshInput, { readonly type: 'session-moved' }>, now: number): void {
    const session = this.#sessions.get(node);
    if (session?.connection !== connection) return;
    this.#sessions.set(node, { ...session, kind });
    this.#overlay.handle({ type: 'connected', node, by: LINKED_BY[kind] ?? 'link' }, now);
  }

  #sessionEnded({ node, connection, code }: Extract<MeshInput, { readonly type: 'session-ended' }>, now: number): void {
    this.#lanes.handle({ type: 'session-ended', connection, code });
    // A session over relays, or one that another replaced, says nothing of whether its node is there.
    if (this.#sessions.get(node)?.connection !== connection) return;
    this.#sessions.delete(node);
    this.#overlay.handle({ type: 'disconnected', node, code }, now);
    if (LOST.has(code)) this.#toPresence({ type: 'lost', node }, now);
    else if (code === 'peer-closed') this.#toPresence({ type: 'said-goodbye', node }, now);
  }

  #answered(input: Extract<MeshInput, { readonly type: 'verified' | 'signed' }>, now: number): void {
    const waiting = this.#jobs.close(input.job);
    if (waiting?.part === 'publications') this.#toPublications({ ...input, job: waiting.job }, now);
    else if (waiting?.part === 'presence') this.#toPresence({ ...input, job: waiting.job }, now);
    else if (waiting?.part === 'registry') this.#toRegistry({ ...input, job: waiting.job }, now);
  }

  #drain(now: number): void {
    for (let output = this.#lanes.poll(); output; output = this.#lanes.poll()) this.#laneOutput(output, now);
    for (let output = this.#overlay.poll(); output; output = this.#overlay.poll()) {
      if (output.type !== 'reachability') {
        this.#outputs.push(output);
        continue;
      }
      this.#reachability = output.reachability;
      this.#tellFlags(now);
    }
  }

  /** What this node is to others stands on its card. */
  #tellFlags(now: number): void {
    this.#toPresence({ type: 'flags', flags: this.cardFlags }, now);
  }

  #laneOutput(output: LaneOutput, now: number): void {
    switch (output.type) {
      case 'up': {
        const session = this.#sessions.get(output.node);
        if (session) this.#toAll({ type: 'neighbour-up', node: output.node, person: session.person, kind: session.kind }, now);
        return this.#outputs.push(output);
      }
      case 'down':
        this.#toAll({ type: 'neighbour-down', node: output.node, code: output.code }, now);
        return this.#outputs.push(output);
      case 'message':
        return this.#message(output, now);
      default:
        this.#outputs.push(output);
    }
  }

  #message(output: Extract<LaneOutput, { readonly type: 'message' }>, now: number): void {
    const { from, bytes, lane } = output;
    if (lane === LANES.registry) return this.#toRegistry({ type: 'message', from, bytes }, now);
    if (lane === LANES.presence) return this.#toPresence({ type: 'message', from, bytes }, now);
    if (lane !== LANES.gossip) return this.#outputs.push(output);
    if (!this.#scores.ignoresGossip(from, this.#sessions.get(from)?.person, now)) this.#toGossip({ type: 'message', from, bytes }, now);
  }

  #toAll(input: Extract<NeighbourInput, { readonly type: 'neighbour-up' | 'neighbour-down' }>, now: number): void {
    this.#toGossip(input, now);
    this.#toPresence(input, now);
    this.#toRegistry(input, now);
    if (input.type === 'neighbour-up') this.#neighbours.add(input.node);
    else this.#neighbours.delete(input.node);
  }

  /** What every lane's machine may ask for. */
  #neighbourOutput(lane: Lane, output: NeighbourOutput, now: number): void {
    if (output.type === 'misbehaved') return this.#misbehaved(output, now);
    this.#lanes.handle({ type: 'send', to: output.to, lane, bytes: output.bytes });
  }

  #misbehaved(output: Extract<NeighbourOutput, { readonly type: 'misbehaved' }>, now: number): void {
    const { node, offence } = output;
    const person = this.#sessions.get(node)?.person;
    this.#outputs.push(output);
    this.#scores.handle({ type: 'misbehaved', node, offence, ...(person ? { person } : {}) }, now);
    for (let act = this.#scores.poll(); act; act = this.#scores.poll()) if (act.type !== 'ignore-gossip') this.#outputs.push(act);
  }

  // ── gossip ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #toGossip(input: GossipInput | Wake, now: number): void {
    this.#gossip.handle(input, now);
    for (let output = this.#gossip.poll(); output; output = this.#gossip.poll()) this.#gossipOutput(output, now);
  }

  #gossipOutput(output: GossipOutput, now: number): void {
    switch (output.type) {
      case 'validate': {
        const { job, topic, bytes, from } = output;
        if (topic === PRESENCE_TOPIC) return this.#toPresence({ type: 'item', job, bytes, from }, now);
        if (topic === REGISTRY_TOPIC && this.#registry) return this.#toRegistry({ type: 'item', job, bytes, from }, now);
        if (programTopic(topic) === undefined) return this.#toGossip({ type: 'verdict', job, verdict: 'ignore' }, now);
        return this.#toPublications({ type: 'item', job, topic, bytes }, now);
      }
      case 'deliver': {
        const topic = programTopic(output.topic);
        if (topic === undefined) return;
        const { author, sentAt, payload } = this.#publications.read(output.topic, output.bytes);
        return this.#outputs.push({ type: 'published', topic, author, sentAt, payload });
      }
      default:
        return this.#neighbourOutput(LANES.gossip, output, now);
    }
  }

  // ── presence ───────────────────────────────────────────────────────────────────────────────────────────────────

  #toPresence(input: PresenceInput | Wake, now: number): void {
    this.#presence.handle(input, now);
    for (let output = this.#presence.poll(); output; output = this.#presence.poll()) this.#presenceOutput(output, now);
  }

  #presenceOutput(output: PresenceOutput, now: number): void {
    switch (output.type) {
      case 'verify':
      case 'sign':
        return this.#outputs.push({ ...output, job: this.#jobs.open('presence', output.job) });
      case 'publish':
        return this.#toGossip({ type: 'publish', topic: PRESENCE_TOPIC, bytes: output.bytes }, now);
      case 'verdict':
        return this.#toGossip(output, now);
      case 'appeared':
      case 'changed':
        this.#overlay.handle({ type: 'candidate', candidate: candidateOf(output.card), source: 'mesh' }, now);
        return this.#outputs.push({ type: 'node-up', card: output.card });
      case 'gone':
        this.#overlay.handle({ type: 'gone', node: output.node }, now);
        return this.#outputs.push({ type: 'node-down', node: output.node, why: output.why });
      default:
        return this.#neighbourOutput(LANES.presence, output, now);
    }
  }

  // ── registry ───────────────────────────────────────────────────────────────────────────────────────────────────

  #attachRegistry(machine: RegistryMachine, now: number): void {
    this.#registry = machine;
    this.#toGossip({ type: 'subscribe', topic: REGISTRY_TOPIC }, now);
    for (const node of this.#neighbours) {
      const session = this.#sessions.get(node);
      if (session) this.#toRegistry({ type: 'neighbour-up', node, person: session.person, kind: session.kind }, now);
    }
  }

  #toRegistry(input: RegistryInput | Wake, now: number): void {
    this.#registry?.handle(input, now);
    for (let output = this.#registry?.poll(); output; output = this.#registry?.poll()) this.#registryOutput(output, now);
  }

  #registryOutput(output: RegistryOutput, now: number): void {
    switch (output.type) {
      case 'verify':
      case 'sign':
        return this.#outputs.push({ ...output, job: this.#jobs.open('registry', output.job) });
      case 'publish':
        return this.#toGossip({ type: 'publish', topic: REGISTRY_TOPIC, bytes: output.bytes }, now);
      case 'verdict':
        return this.#toGossip(output, now);
      case 'send':
      case 'misbehaved':
        return this.#neighbourOutput(LANES.registry, output, now);
      default:
        return this.#outputs.push({ type: 'registry', output });
    }
  }

  // ── programs ───────────────────────────────────────────────────────────────────────────────────────────────────

  #toPublications(input: PublicationsInput, now: number): void {
    this.#publications.handle(input, now);
    for (let output = this.#publications.poll(); output; output = this.#publications.poll()) this.#publicationsOutput(output, now);
  }

  #publicationsOutput(output: PublicationsOutput, now: number): void {
    switch (output.type) {
      case 'verify':
      case 'sign':
        return this.#outputs.push({ ...output, job: this.#jobs.open('publications', output.job) });
      default:
        return this.#toGossip(output, now);
    }
  }
}
