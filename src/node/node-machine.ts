import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier, WAKE, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { BoundedMap } from '../base/bounded-map.ts';
import type { TableSize } from '../base/table-size.ts';
import type { ProvenIdentity } from '../crypto/channel.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import { CARD_FLAGS, type PeerCard } from '../crypto/peer-card.ts';
import type { SecureChannelFactory } from '../crypto/secure-channel.ts';
import { SignalingServers, type SignalingServersOutput } from '../p2p/bootstrap/signaling-servers.ts';
import type { SignalingSessionInput } from '../p2p/bootstrap/signaling-session.ts';
import { DialBook, type DialBookInput, type DialBookOutput } from '../p2p/dialling/dial-book.ts';
import { JoinExchange, type JoinInput, type JoinOutput, type JoinState } from '../p2p/dialling/join-exchange.ts';
import { candidateOf } from '../p2p/overlay/overlay.ts';
import type { RelayFigures, RelayTrust } from '../p2p/routing/relay-desk.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import type { LinkKind } from '../ports/link.ts';
import type { NodeState, Path, PeerIdentity, PeerInfo, SignalingState } from './api.ts';
import { Connection, type ConnectionInput, type ConnectionOutput } from './connection.ts';
import { IntroductionInbox, type InboxOutput } from './introduction-inbox.ts';
import { IntroductionRoutes } from './introduction-routes.ts';
import { Mesh, type MeshInput, type MeshOptions, type MeshOutput } from './mesh.ts';
import { LANES } from './neighbour-lanes.ts';
import type { StreamOpening } from './circuits.ts';
import { Paths, type PathsOutput } from './paths.ts';
import { PeerTable } from './peer-table.ts';
import { CIRCUIT_FACTS, SessionLinks, type LinkFacts, type LinkInput, type LinkOptions, type SessionLinksOutput } from './session-links.ts';
import type { MovableSession } from './session-moves.ts';
import { WaitingOpens, type OpenRequest, type WaitingOpensOutput } from './waiting-opens.ts';

export type NodeInput =
  /** Signaling servers are numbers here; the first is the app's own. */
  | { readonly type: 'signaling'; readonly server: number; readonly input: Exclude<SignalingSessionInput, { readonly type: 'welcomed' }> }
  | { readonly type: 'welcomed'; readonly server: number; readonly peerCards: readonly Uint8Array[] }
  | { readonly type: 'relayed'; readonly server: number; readonly sealed: Uint8Array }
  | { readonly type: 'verified'; readonly job: number; readonly valid: boolean }
  | {
      readonly type: 'mesh';
      readonly input: Extract<
        MeshInput,
        { readonly type: 'verified' | 'signed' | 'overlay' | 'subscribe' | 'unsubscribe' | 'publish' | 'attach-registry' | 'registry' }
      >;
    }
  /** People exchange codes to link two nodes without any server. */
  | { readonly type: 'join'; readonly input: JoinInput }
  | { readonly type: 'dials'; readonly input: Extract<DialBookInput, { readonly type: 'rtc-signal' | 'rtc-failed' | 'absent' }> }
  | { readonly type: 'rtc-linked'; readonly dial: number; readonly link: LinkFacts }
  /** A link that needed no introduction. `connection` comes from `allocateConnection`. */
  | {
      readonly type: 'attach';
      readonly connection: number;
      readonly link: LinkFacts;
      readonly role: 'initiator' | 'responder';
      readonly expectedNode?: NodeId;
    }
  /** `connection` is the number of the link where the input is a link's, and else of the connection. */
  | {
      readonly type: 'connection';
      readonly connection: number;
      readonly input: LinkInput | Exclude<ConnectionInput, { readonly type: LinkInput['type'] | 'move' }>;
    }
  /** An introduction is signed and sealed: it goes the way that leads to the node. */
  | { readonly type: 'sealed'; readonly to: NodeId; readonly sealed: Uint8Array }
  /** A node's card, from wherever. */
  | { readonly type: 'card'; readonly card: Uint8Array; readonly isRemembered?: boolean }
  /** For whom this node relays without a stranger's bounds. */
  | { readonly type: 'relay-trust'; readonly trust: RelayTrust }
  | ({ readonly type: 'open' } & OpenRequest)
  | { readonly type: 'cancel-open'; readonly request: number }
  /** Whether this node has links of its own, or is a leaf behind the hub of its browser. */
  | { readonly type: 'role'; readonly role: 'hub' | 'leaf' }
  | { readonly type: 'nudge'; readonly why: 'online' | 'offline' | 'resume' | 'network-change' }
  | { readonly type: 'close' };

export type NodeOutput =
  | ({ readonly type: 'signaling' } & SignalingServersOutput)
  | { readonly type: 'signaling-list' }
  | { readonly type: 'signaling-look-up'; readonly node: NodeId }
  | { readonly type: 'signaling-announce'; readonly on: boolean }
  | Extract<DialBookOutput, { readonly type: 'introduce' | 'rtc-signal' | 'rtc-abandon' }>
  | { readonly type: 'rtc-dial'; readonly dial: number; readonly initiator: boolean; readonly isPatient?: boolean }
  | Extract<JoinOutput, { readonly type: 'compose' | 'code-verify' | 'join' }>
  | { readonly type: 'verify' | 'mesh-verify'; readonly job: number; readonly checks: readonly SignatureCheck[] }
  | Extract<MeshOutput, { readonly type: 'sign' | 'published' | 'registry' | 'node-up' | 'node-down' }>
  /** To be carried by a signaling server: the one through which the node was met, where that is known. */
  | { readonly type: 'relay'; readonly server: number | undefined; readonly to: NodeId; readonly sealed: Uint8Array }
  /** Nothing goes over the link any more; the session that it carried may be elsewhere. */
  | { readonly type: 'drop-link'; readonly link: number }
  /** The link of a dial now belongs to this connection. */
  | { readonly type: 'adopt'; readonly dial: number; readonly connection: number }
  | {
      readonly type: 'connection';
      readonly connection: number;
      readonly output: Exclude<ConnectionOutput, { readonly type: 'established' | 'fault' | 'round-trip' | 'moving' | 'link-done' | 'move-failed' }>;
    }
  | Extract<WaitingOpensOutput, { readonly type: 'opened' | 'open-failed' }>
  | { readonly type: 'peer-up'; readonly peer: PeerIdentity }
  | { readonly type: 'peer-down'; readonly peer: PeerIdentity; readonly code: ErrorCode }
  | { readonly type: 'peer'; readonly peer: PeerInfo }
  | { readonly type: 'state'; readonly state: NodeState }
  | { readonly type: 'fault'; readonly code: ErrorCode; readonly node?: NodeId; readonly detail: string };

export type NodeMachineOptions = {
  readonly identity: LocalIdentity;
  readonly networkId: Uint8Array;
  readonly channels: SecureChannelFactory;
  readonly entropy: Entropy;
  readonly now: number;
  /** For simulations, whose nodes share what they read. */
  readonly readPresenceItem?: MeshOptions['readPresenceItem'];
};

/** The stream of the mesh is on every session with a neighbour. */
const MESH_STREAMS = 1;

/** Why a circuit ends although the node at its other end is probably there: another relay may do. */
const CIRCUIT_LOST: ReadonlySet<ErrorCode> = new Set([
  'relay-lost',
  'link-lost',
  'peer-silent',
  'rate-limited',
  'timed-out',
  'overloaded',
  'unreachable',
]);

type KnownConnection = { readonly machine: Connection; kind: LinkKind; wakeAt: number | undefined };

/** Two sessions of the same two nodes that are this young were dialled at the same time; older ones are a peer that came back. */
const SIMULTANEOUS_MS = 5_000;

const PATH_KINDS: Readonly<Record<LinkKind, Path['kind']>> = {
  webrtc: 'direct',
  tab: 'tab',
  websocket: 'host',
  memory: 'memory',
  circuit: 'relayed',
};

/**
 * The whole node without any input or output of its own: signaling, dialling, the mesh and one {@link Connection} for each link,
 * wired to each other. It decides which session counts when there are two with the same node.
 */
export class NodeMachine implements Machine<NodeInput, NodeOutput> {
  readonly peers = new PeerTable();
  readonly #me: NodeId;
  readonly #channels: SecureChannelFactory;
  readonly #outputs = new Queue<NodeOutput>();
  readonly #signaling: SignalingServers;
  /** Through which server a node was met. */
  readonly #metThrough = new BoundedMap<NodeId, number>(LIMITS.maxKnownPeers);
  #isCarrierUp = false;
  #isLeaf = false;
  readonly #dials: DialBook;
  readonly #join: JoinExchange;
  readonly #mesh: Mesh;
  readonly #inbox: IntroductionInbox;
  readonly #routes = new IntroductionRoutes();
  readonly #paths: Paths;
  /** Each connection has the number of its first link; it may move to others. */
  readonly #connections = new Map<number, KnownConnection>();
  readonly #links: SessionLinks;
  readonly #neighbours = new Set<NodeId>();
  readonly #sealingKeys = new BoundedMap<NodeId, Uint8Array>(LIMITS.maxKnownPeers);
  /** Connections whose streams were given something by the machine itself. */
  readonly #unflushed = new Set<number>();
  /** The connection that counts, for each node with a session. */
  readonly #sessions = new Map<NodeId, number>();
  readonly #opens = new WaitingOpens((connection) => this.connectionOf(connection)?.allocateStream());
  #nextConnection = 1;
  /** The time of the input that is being handled. */
  #now: number;
  #problem: NodeState['problem'];
  #lastState = '';
  #isClosed = false;

  constructor(options: NodeMachineOptions) {
    this.#me = options.identity.node;
    this.#now = options.now;
    this.#channels = options.channels;
    this.#signaling = new SignalingServers(options.entropy);
    this.#dials = new DialBook(this.#me, options.entropy);
    this.#join = new JoinExchange(this.#me, options.networkId, options.entropy);
    this.#mesh = new Mesh({
      me: this.#me,
      networkId: options.networkId,
      entropy: options.entropy,
      person: options.identity.person,
      sealingKey: options.identity.sealing.publicKey,
      now: options.now,
      ...(options.readPresenceItem ? { readPresenceItem: options.readPresenceItem } : {}),
      isInUse: (node) => (this.connectionOf(this.#sessions.get(node) ?? -1)?.streamCount ?? 0) > MESH_STREAMS,
    });
    this.#inbox = new IntroductionInbox(options.identity, options.networkId, options.now);
    this.#links = new SessionLinks(
      {
        movable: (node, kind) => this.#movable(node, kind),
        all: () => this.#movableSessions(),
        isEstablished: (connection) => this.connectionOf(connection)?.identity !== undefined,
      },
      options.entropy,
    );
    this.#paths = new Paths({
      me: this.#me,
      networkId: options.networkId,
      entropy: options.entropy,
      now: options.now,
      allocateLink: () => this.allocateConnection(),
      openStream: (connection, open) => this.#openStream(connection, open),
      isOwn: (node) => this.peers.get(node)?.identity?.person === options.identity.person,
      connectionWith: (node) => this.#linkedConnection(node),
    });
  }

  allocateConnection(): number {
    return this.#nextConnection++;
  }

  connectionOf(key: number): Connection | undefined {
    return this.#connections.get(key)?.machine;
  }

  /** A peer's record with the bytes of its present session counted in. */
  withTraffic(peer: PeerInfo): PeerInfo {
    const machine = this.#connections.get(this.#sessions.get(peer.node) ?? -1)?.machine;
    if (!machine) return peer;
    return { ...peer, bytesSent: peer.bytesSent + machine.bytesSent, bytesReceived: peer.bytesReceived + machine.bytesReceived };
  }

  pathOf(key: number): Path {
    const connection = this.#connections.get(key);
    const via = connection && this.#paths.viaOf(connection.machine.link);
    return { kind: PATH_KINDS[connection?.kind ?? 'memory'], via: via ? [via] : [] };
  }

  signalingStateOf(server: number): SignalingState {
    return this.#signaling.stateOf(server);
  }

  joinState(): JoinState {
    return this.#join.state;
  }

  /** What neighbours say of their links: each with a node that this one knows. */
  *links(): Iterable<{ readonly from: NodeId; readonly to: NodeId }> {
    for (const { node } of this.#mesh.nodes()) for (const from of this.#paths.holdersOf(node)) yield { from, to: node };
  }

  /** The cards of the neighbours that this node has now: whom to look for at the next start. */
  neighbourCards(): readonly Uint8Array[] {
    // Tabs of the same browser find each other by themselves.
    const far = [...this.#neighbours].filter((node) => this.#connections.get(this.#sessions.get(node) ?? -1)?.kind !== 'tab');
    return far.flatMap((node) => this.#mesh.cardBytesOf(node) ?? []).slice(0, LIMITS.maxAnchors);
  }

  /** The cards of all nodes that are there. */
  nodes(): Iterable<PeerCard> {
    return this.#mesh.nodes();
  }

  /** What this node does for circuits of others; `heldBytes` are on their way through it. */
  relayFigures(): RelayFigures & { readonly heldBytes: number } {
    return { ...this.#paths.relayFigures, heldBytes: this.#paths.heldBytes };
  }

  state(): NodeState {
    const signaling = this.#signaling.state;
    const connectedPeers = this.#sessions.size;
    const isUp = connectedPeers > 0 || signaling === 'connected';
    const phase = this.#isClosed ? 'closed' : isUp ? 'connected' : signaling === 'connecting' ? 'connecting' : 'offline';
    return { phase, signaling, connectedPeers, ...(this.#problem ? { problem: this.#problem } : {}) };
  }

  /** What the node's tables hold at this moment. */
  tables(): readonly TableSize[] {
    const handshakes = this.#connections.size - this.#sessions.size;
    return [
      { name: 'known peers', size: this.peers.size, limit: LIMITS.maxKnownPeers, isPending: false },
      { name: 'handshakes', size: handshakes, limit: LIMITS.maxDials + LIMITS.maxPendingHandshakes, isPending: true },
      { name: 'dials', size: this.#dials.size, limit: LIMITS.maxDials, isPending: true },
      { name: 'waiting opens', size: this.#opens.size, limit: LIMITS.maxWaitingOpens, isPending: true },
      { name: 'unverified introductions', size: this.#inbox.size, limit: LIMITS.introductionsBurst, isPending: false },
    ];
  }

  handle(input: NodeInput | Wake, now: number): void {
    if (this.#isClosed) {
      if (input.type === 'open') this.#outputs.push({ type: 'open-failed', request: input.request, code: 'closed-here' });
      return;
    }
    this.#now = now;
    this.#dispatch(input, now);
    this.#drain(now);
  }

  poll(): NodeOutput | undefined {
    return this.#outputs.shift();
  }

  /** Takes what connections sealed lazily; called by the pump before it polls. */
  flush(connection: number, now: number): void {
    this.#now = now;
    this.#drainConnection(connection, now);
    this.#drain(now);
  }

  nextWakeAt(): number | undefined {
    if (this.#isClosed) return undefined;
    let next = earlier(this.#signaling.nextWakeAt(), earlier(this.#dials.nextWakeAt(), this.#mesh.nextWakeAt()));
    next = earlier(next, earlier(this.#paths.nextWakeAt(), earlier(this.#links.nextWakeAt(), this.#join.nextWakeAt())));
    for (const { wakeAt } of this.#connections.values()) next = earlier(next, wakeAt);
    return earlier(next, this.#opens.nextWakeAt());
  }

  #dispatch(input: NodeInput | Wake, now: number): void {
    switch (input.type) {
      case 'connection':
        return this.#fromPump(input.connection, input.input, now);
      case 'signaling':
        return this.#signaling.handle({ type: 'server', server: input.server, input: input.input }, now);
      case 'welcomed':
        this.#signaling.handle({ type: 'server', server: input.server, input: { type: 'welcomed' } }, now);
        for (const card of input.peerCards) this.#inbox.card(card, input.server, now);
        return;
      case 'relayed':
        return this.#inbox.relayed(input.sealed, { server: input.server }, now);
      case 'mesh':
        return this.#toMesh(input.input, now);
      case 'verified':
        return this.#inbox.verified(input.job, input.valid);
      case 'dials':
        return this.#toDials(input.input, now);
      case 'join':
        return this.#join.handle(input.input, now);
      case 'sealed':
        return this.#sealed(input.to, input.sealed, now);
      case 'card':
        return this.#inbox.card(input.card, undefined, now, input.isRemembered);
      case 'relay-trust':
        return this.#paths.handle({ type: 'trust', trust: input.trust }, now);
      case 'rtc-linked':
        return this.#linked(input.dial, input.link, now);
      case 'attach':
        return this.#connect(
          input.connection,
          input.link,
          { role: input.role, ...(input.expectedNode ? { expectedNode: input.expectedNode } : {}) },
          now,
        );
      case 'open':
        return this.#opens.open(input, this.#sessions.get(input.node));
      case 'cancel-open':
        return this.#opens.cancel(input.request);
      case 'role':
        return this.#become(input.role, now);
      case 'nudge':
        return this.#nudge(input.why, now);
      case 'close':
        return this.#close(now);
      case 'wake':
        return this.#wake(now);
    }
  }

  #wake(now: number): void {
    this.#signaling.handle(WAKE, now);
    this.#dials.handle(WAKE, now);
    this.#join.handle(WAKE, now);
    this.#mesh.handle(WAKE, now);
    this.#paths.handle(WAKE, now);
    this.#links.wake(now);
    for (const [key, { machine, wakeAt }] of this.#connections) {
      if (wakeAt === undefined || now < wakeAt) continue;
      machine.handle(WAKE, now);
      this.#drainConnection(key, now);
    }
    this.#opens.wake(now);
  }

  #nudge(why: Extract<NodeInput, { readonly type: 'nudge' }>['why'], now: number): void {
    for (const [key, { machine }] of this.#connections) {
      machine.handle({ type: 'check' }, now);
      this.#drainConnection(key, now);
    }
    if (why === 'offline') return;
    this.#signaling.handle({ type: 'retry-now' }, now);
    this.#toOverlay({ type: 'retry-now' }, now);
    for (const [node, key] of this.#sessions) this.#dialDirectly(node, key, now);
  }

  #become(role: 'hub' | 'leaf', now: number): void {
    this.#isLeaf = role === 'leaf';
    this.#toMesh({ type: 'role', role }, now);
    this.#toOverlay({ type: 'budget', maxLinks: role === 'hub' ? LIMITS.maxConnections : 0 }, now);
    this.#signaling.handle({ type: role === 'hub' ? 'start-all' : 'stop-all' }, now);
    // A hub that steps back says goodbye to everybody: it may be about to freeze. The tabs link anew with the next hub, and a newer card follows over it.
    for (const key of this.#connections.keys()) this.#toConnection(key, { type: 'close', reason: 'peer-closed' }, now);
    if (role === 'leaf') this.#dials.abandonAll();
  }

  #close(now: number): void {
    this.#opens.failAll('closed-here');
    this.#drainOpens(now);
    // Goodbyes over circuits go before those to the relays that carry them.
    const far = [...this.#connections].filter(([, { kind }]) => kind === 'circuit').map(([key]) => key);
    for (const key of far) this.#toConnection(key, { type: 'close', reason: 'peer-closed' }, now);
    this.#drain(now);
    for (const key of this.#connections.keys()) this.#toConnection(key, { type: 'close', reason: 'peer-closed' }, now);
    this.#dials.abandonAll();
    this.#join.handle({ type: 'cancel' }, now);
    this.#signaling.handle({ type: 'stop-all' }, now);
    this.#drain(now);
    this.#isClosed = true;
    this.#outputs.push({ type: 'state', state: this.state() });
  }

  // ── links ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #linkedFacts: { readonly dial: number; readonly link: LinkFacts } | undefined;

  #linked(dial: number, link: LinkFacts, now: number): void {
    this.#linkedFacts = { dial, link };
    if (this.#join.owns(dial)) this.#join.handle({ type: 'rtc-linked', dial }, now);
    else this.#dials.handle({ type: 'rtc-linked', dial }, now);
    this.#drainDials(now);
    this.#drainJoin(now);
    this.#linkedFacts = undefined;
  }

  #adopt(output: Omit<Extract<DialBookOutput, { readonly type: 'linked' }>, 'type'>, now: number): void {
    const facts = this.#linkedFacts;
    if (!facts || facts.dial !== output.dial) return;
    const connection = this.allocateConnection();
    this.#outputs.push({ type: 'adopt', dial: output.dial, connection });
    const role = output.isInitiator ? 'initiator' : 'responder';
    this.#connect(connection, facts.link, { role, expectedNode: output.node, remoteHello: output.remoteHello }, now);
  }

  #connect(key: number, facts: LinkFacts, options: LinkOptions, now: number): void {
    // Whoever has a link of its own needs no relay.
    const { expectedNode } = options;
    if (expectedNode && facts.kind !== 'circuit') this.#paths.handle({ type: 'reached', node: expectedNode, link: key }, now);
    this.#links.add(key, facts, options, now);
    this.#drainLinks(now);
  }

  /** A new session on a link. */
  #begin(key: number, now: number): void {
    const known = this.#links.get(key);
    if (!known) return;
    const { facts, options } = known;
    if (options.role === 'responder' && this.#pendingHandshakes >= LIMITS.maxPendingHandshakes) return this.#turnAway(key, options, now);
    const { kind, maxFrameBytes, localFingerprint, remoteFingerprint } = facts;
    const link = { link: key, maxFrameBytes };
    const machine = new Connection(this.#channels, { ...options, localFingerprint, remoteFingerprint }, link, now);
    this.#connections.set(key, { machine, kind, wakeAt: undefined });
    if (options.expectedNode && !this.#sessions.has(options.expectedNode)) this.peers.update(options.expectedNode, { state: 'connecting' });
    this.#drainConnection(key, now);
  }

  /** From a link to the connection that it carries, or straight to a connection. */
  #fromPump(key: number, input: Extract<NodeInput, { readonly type: 'connection' }>['input'], now: number): void {
    if (input.type === 'frame' || input.type === 'link-buffer' || input.type === 'link-closed') this.#fromLink(key, input, now);
    else this.#toConnection(key, input, now);
  }

  #fromLink(link: number, input: LinkInput, now: number): void {
    const routed = this.#links.route(link, input);
    if (routed) this.#toConnection(routed.connection, routed.input, now);
  }

  /** Links on which others have yet to prove who they are. */
  get #pendingHandshakes(): number {
    let pending = 0;
    for (const { machine } of this.#connections.values()) if (!machine.isInitiator && !machine.identity) pending++;
    return pending;
  }

  #turnAway(link: number, { expectedNode }: LinkOptions, now: number): void {
    this.#fault('overloaded', 'Too many others have yet to prove who they are.');
    this.#dropLink(link, now);
    if (expectedNode) this.#dialFailed(expectedNode, 'overloaded', now);
  }

  #toConnection(key: number, input: ConnectionInput, now: number): void {
    const connection = this.#connections.get(key);
    if (!connection) return;
    connection.machine.handle(input, now);
    // What was put on streams waits for `flush`, so that the messages of one moment share a frame.
    if (input.type !== 'stream') this.#drainConnection(key, now);
  }

  #transmit(link: number, frame: Uint8Array, now: number): void {
    if (this.#paths.isCircuit(link)) this.#paths.handle({ type: 'transmit', link, frame }, now);
    else this.#outputs.push({ type: 'connection', connection: link, output: { type: 'transmit', link, frame } });
  }

  #dropLink(link: number, now: number): void {
    this.#links.forget(link);
    if (this.#paths.isCircuit(link)) this.#paths.handle({ type: 'close', link }, now);
    else this.#outputs.push({ type: 'drop-link', link });
  }

  #openStream(key: number, open: StreamOpening): number | undefined {
    const machine = this.#connections.get(key)?.machine;
    const stream = machine?.allocateStream();
    if (!machine || stream === undefined) return undefined;
    machine.handle({ type: 'stream', input: { ...open, stream } }, this.#now);
    this.#unflushed.add(key);
    return stream;
  }

  /** The connection with a neighbour: over a link of our own. */
  #linkedConnection(node: NodeId): number | undefined {
    const key = this.#sessions.get(node);
    return key !== undefined && this.#connections.get(key)?.kind !== 'circuit' ? key : undefined;
  }

  // ── moving sessions ────────────────────────────────────────────────────────────────────────────────────────────

  /** The session with the node, if it goes over relays and a link of this kind is better. */
  #movable(node: NodeId, kind: LinkKind): MovableSession | undefined {
    const key = this.#sessions.get(node);
    const connection = key === undefined ? undefined : this.#connections.get(key);
    const claimable = connection?.machine.claimable;
    if (key === undefined || !claimable || connection.kind !== 'circuit' || kind === 'circuit' || connection.machine.isMoving) return undefined;
    return { connection: key, claimable, isMoving: false };
  }

  *#movableSessions(): Iterable<MovableSession> {
    for (const [connection, { machine }] of this.#connections) {
      if (machine.claimable) yield { connection, claimable: machine.claimable, isMoving: machine.isMoving };
    }
  }

  /** Answers whether there was anything to do. */
  #drainLinks(now: number): boolean {
    let isAny = false;
    for (let output = this.#links.poll(); output; output = this.#links.poll()) {
      isAny = true;
      this.#linksOutput(output, now);
    }
    return isAny;
  }

  #linksOutput(output: SessionLinksOutput, now: number): void {
    switch (output.type) {
      case 'transmit':
        return this.#transmit(output.link, output.frame, now);
      case 'begin':
        this.#begin(output.link, now);
        return output.early && this.#fromLink(output.link, { type: 'frame', bytes: output.early }, now);
      case 'move':
        this.#connections.delete(output.link);
        return this.#toConnection(output.connection, output.input, now);
      case 'useless':
        if (!this.connectionOf(output.link)?.identity) this.#connections.delete(output.link);
        this.#dropLink(output.link, now);
        return output.node && this.#toOverlay({ type: 'dial-failed', node: output.node, code: output.code }, now);
    }
  }

  /** The session has another link from now on. */
  #moved(key: number, to: number, now: number): void {
    const connection = this.#connections.get(key);
    const kind = this.#links.get(to)?.facts.kind;
    const identity = connection?.machine.identity;
    if (!connection || !kind || !identity) return;
    const wasFar = connection.kind === 'circuit';
    connection.kind = kind;
    this.peers.clear(identity.node, 'rttMs');
    this.peers.update(identity.node, { path: this.pathOf(key) });
    if (wasFar && kind !== 'circuit') this.#becomeNeighbour(key, identity, now);
  }

  #becomeNeighbour(key: number, { node, person }: ProvenIdentity, now: number): void {
    const connection = this.#connections.get(key);
    if (!connection) return;
    const stream = connection.machine.isInitiator ? connection.machine.allocateStream() : undefined;
    this.#toMesh({ type: 'session', node, person, kind: connection.kind, connection: key, stream }, now);
  }

  #drainConnection(key: number, now: number): void {
    const connection = this.#connections.get(key);
    if (!connection) return;
    for (let output = connection.machine.poll(); output; output = connection.machine.poll()) this.#connectionOutput(key, output, now);
    // Asked here and not for all connections whenever the node is asked: hardly any changed since.
    connection.wakeAt = connection.machine.nextWakeAt();
  }

  #connectionOutput(key: number, output: ConnectionOutput, now: number): void {
    switch (output.type) {
      case 'established':
        return this.#established(key, output.identity, now);
      case 'round-trip':
        return this.#roundTrip(key, output.smoothedMs, now);
      case 'fault':
        return this.#fault(output.code, output.detail, this.connectionOf(key)?.identity?.node);
      case 'closed':
        this.#outputs.push({ type: 'connection', connection: key, output });
        // What this node tells others when it leaves is not what they told it.
        return this.#connectionClosed(key, output.code === 'peer-closed' && !output.remote ? 'closed-here' : output.code, now);
      case 'transmit':
        return this.#transmit(output.link, output.frame, now);
      case 'moving':
        return this.#moved(key, output.to, now);
      case 'link-done':
        return this.#dropLink(output.link, now);
      case 'move-failed':
        return this.#links.moveFailed(output.to);
      case 'stream': {
        const { output: event } = output;
        if (this.#mesh.handleStream(key, event, now)) return this.#drainMesh(now);
        if (this.#paths.handleStream(key, this.#neighbourAt(key), event, now)) return;
        if (event.type === 'accepted' && this.#opens.accepted(key, event.stream)) return this.#drainOpens(now);
        if (event.type === 'closed' && this.#opens.refused(key, event.stream, event.code ?? 'peer-closed')) return this.#drainOpens(now);
        break;
      }
    }
    this.#outputs.push({ type: 'connection', connection: key, output });
  }

  // ── sessions ───────────────────────────────────────────────────────────────────────────────────────────────────

  #established(key: number, identity: ProvenIdentity, now: number): void {
    const { node } = identity;
    const connection = this.#connections.get(key);
    if (!connection) return;
    if (node === this.#me) return this.#toConnection(key, { type: 'close', reason: 'wrong-node' }, now);
    if (this.#mesh.refuses(node, identity.person, now)) return this.#toConnection(key, { type: 'close', reason: 'refused' }, now);
    const olderKey = this.#sessions.get(node);
    if (olderKey !== undefined) {
      const loser = this.#loserOf(node, olderKey, key, now);
      if (loser === key) return this.#toConnection(key, { type: 'close', reason: 'replaced' }, now);
      this.#opens.sessionReplaced(olderKey, key);
      this.#toConnection(olderKey, { type: 'close', reason: 'replaced' }, now);
    }
    this.#sessions.set(node, key);
    this.#paths.handle({ type: 'reached', node, link: key }, now);
    this.#problem = undefined;
    const peer: PeerIdentity = { node, device: identity.device, person: identity.person };
    this.peers.clear(node, 'reason', 'rttMs');
    this.peers.update(node, { identity: peer, state: 'connected', path: this.pathOf(key), connectedAt: now, lastSeenAt: now });
    this.#outputs.push({ type: 'peer-up', peer });
    if (connection.kind !== 'circuit') this.#becomeNeighbour(key, identity, now);
    else this.#dialDirectly(node, key, now);
    this.#opens.sessionOpened(node, key);
    this.#drainOpens(now);
  }

  /** Which of two sessions with one node has to go: both sides must say the same. */
  #loserOf(node: NodeId, olderKey: number, newerKey: number, now: number): number {
    const older = this.connectionOf(olderKey);
    const newer = this.connectionOf(newerKey);
    if (!older || !newer) return olderKey;
    const isYoung = now - older.openedAt < SIMULTANEOUS_MS;
    const isNewerFar = this.#connections.get(newerKey)?.kind === 'circuit';
    if (isYoung && isNewerFar !== (this.#connections.get(olderKey)?.kind === 'circuit')) return isNewerFar ? newerKey : olderKey;
    if (!isYoung || older.isInitiator === newer.isInitiator) return olderKey;
    const keepOurs = this.#me < node;
    return older.isInitiator === keepOurs ? newerKey : olderKey;
  }

  #connectionClosed(key: number, code: ErrorCode, now: number): void {
    const connection = this.#connections.get(key);
    if (!connection) return;
    const via = this.#paths.viaOf(connection.machine.link);
    this.#connections.delete(key);
    this.#unflushed.delete(key);
    for (const link of this.#links.forgetConnection(key)) this.#dropLink(link, now);
    this.#paths.handle({ type: 'connection-closed', connection: key }, now);
    const isFar = connection.kind === 'circuit';
    const { identity, dialledNode, bytesSent, bytesReceived } = connection.machine;
    this.#opens.connectionClosed(key, code);
    this.#drainOpens(now);
    const node = identity?.node ?? dialledNode;
    if (!node) return;
    const before = this.peers.get(node);
    this.peers.update(node, { bytesSent: (before?.bytesSent ?? 0) + bytesSent, bytesReceived: (before?.bytesReceived ?? 0) + bytesReceived });
    if (!identity) return isFar ? this.#paths.handle({ type: 'circuit-failed', link: key, code }, now) : this.#dialFailed(node, code, now);
    if (this.#sessions.get(node) !== key) {
      this.#toMesh({ type: 'session-ended', node, connection: key, code }, now);
      return this.#didNotCount(dialledNode ?? node, code, now);
    }
    this.#sessions.delete(node);
    this.peers.clear(node, 'path', 'rttMs', 'connectedAt');
    this.peers.update(node, { state: 'away', lastSeenAt: now, reason: code });
    this.#outputs.push({ type: 'peer-down', peer: { node, device: identity.device, person: identity.person }, code });
    this.#toMesh({ type: 'session-ended', node, connection: key, code }, now);
    if (!isFar || !connection.machine.isInitiator || !CIRCUIT_LOST.has(code)) return;
    if (via) this.#paths.handle({ type: 'did-not-lead', node, via }, now);
    this.#paths.handle({ type: 'want', node }, now);
  }

  /** A session ended that never counted: another one does, or there is none, and the attempt that led to it is over. */
  #didNotCount(dialled: NodeId, code: ErrorCode, now: number): void {
    if (this.#sessions.has(dialled) || this.#dials.isDialling(dialled)) return;
    this.#toOverlay({ type: 'dial-failed', node: dialled, code }, now);
  }

  /** A session over relays is for until there is a link, for which there must be room; leaves have none. */
  #dialDirectly(node: NodeId, key: number, now: number): void {
    const flags = this.#mesh.cardOf(node)?.flags ?? 0;
    if (this.#isLeaf || (flags & CARD_FLAGS.leaf) !== 0) return;
    const connection = this.#connections.get(key);
    const sealingKey = this.#sealingKeys.get(node);
    if (connection?.kind !== 'circuit' || !connection.machine.isInitiator || !sealingKey || this.#dials.isDialling(node)) return;
    if (!this.#mesh.mayAccept(node, now)) return;
    this.#dials.handle({ type: 'dial', node, sealingKey }, now);
  }

  /** Who is at the other end of a connection, if it is a neighbour. */
  #neighbourAt(key: number): ProvenIdentity | undefined {
    const connection = this.#connections.get(key);
    return connection?.kind === 'circuit' ? undefined : connection?.machine.identity;
  }

  #roundTrip(key: number, smoothedMs: number, now: number): void {
    const node = this.connectionOf(key)?.identity?.node;
    if (!node || this.#sessions.get(node) !== key) return;
    this.peers.update(node, { rttMs: smoothedMs });
    this.#paths.handle({ type: 'round-trip', node, rttMs: smoothedMs }, now);
  }

  #dialFailed(node: NodeId, code: ErrorCode, now: number): void {
    const session = this.#sessions.get(node);
    if (session !== undefined) {
      if (this.#connections.get(session)?.kind === 'circuit') this.#toOverlay({ type: 'dial-failed', node, code }, now);
      return;
    }
    this.#problem = { code, node };
    this.peers.update(node, { state: 'away', reason: code });
    this.#toOverlay({ type: 'dial-failed', node, code }, now);
    if (!this.#paths.isTrying(node)) this.#unreachable(node, code, now);
  }

  #unreachable(node: NodeId, code: ErrorCode, now: number): void {
    if (this.#dials.isDialling(node) || this.#sessions.has(node)) return;
    this.#opens.unreachable(node, code);
    this.#drainOpens(now);
  }

  // ── between the parts ──────────────────────────────────────────────────────────────────────────────────────────

  #drain(now: number): void {
    do {
      this.#drainOpens(now);
      this.#drainSignaling(now);
      this.#drainInbox(now);
      this.#drainDials(now);
      this.#drainJoin(now);
      this.#drainMesh(now);
    } while (this.#drainPaths(now));
    for (const peer of this.peers.takeChanged()) this.#outputs.push({ type: 'peer', peer });
    const state = this.state();
    const summary = `${state.phase} ${state.signaling} ${state.connectedPeers} ${state.problem?.code ?? ''} ${state.problem?.node ?? ''}`;
    if (summary === this.#lastState) return;
    this.#lastState = summary;
    this.#outputs.push({ type: 'state', state });
  }

  #drainOpens(now: number): void {
    for (let output = this.#opens.poll(); output; output = this.#opens.poll()) {
      if (output.type === 'want') this.#want(output.node, now);
      else if (output.type === 'stream') {
        this.#toConnection(output.connection, output, now);
        this.#drainConnection(output.connection, now);
      } else this.#outputs.push(output);
    }
  }

  #drainSignaling(now: number): void {
    for (let output = this.#signaling.poll(); output; output = this.#signaling.poll()) this.#outputs.push({ type: 'signaling', ...output });
    const isUp = this.#signaling.state === 'connected';
    if (isUp === this.#isCarrierUp) return;
    this.#isCarrierUp = isUp;
    this.#toOverlay({ type: 'carrier', isUp }, now);
  }

  #drainInbox(now: number): void {
    for (let output = this.#inbox.poll(); output; output = this.#inbox.poll()) {
      if (output.type === 'verify') this.#outputs.push(output);
      else if (output.type === 'fault') this.#fault(output.code, output.detail, output.node);
      else if (output.type === 'card') this.#card(output, now);
      else this.#introduction(output, now);
    }
  }

  #card({ card, server, isRemembered }: Extract<InboxOutput, { readonly type: 'card' }>, now: number): void {
    if (server !== undefined) this.#metThrough.set(card.node, server);
    this.#sealingKeys.set(card.node, card.sealingKey);
    this.#toOverlay({ type: 'candidate', candidate: candidateOf(card), source: isRemembered ? 'remembered' : 'signaling' }, now);
  }

  #introduction(output: Extract<InboxOutput, { readonly type: 'introduction' }>, now: number): void {
    const { from, path, sealingKey, server } = output;
    if (server !== undefined) this.#metThrough.set(from, server);
    if (sealingKey) this.#sealingKeys.set(from, sealingKey);
    this.#routes.cameFrom(from, path !== undefined);
    if (path !== undefined) this.#paths.handle({ type: 'came-from', node: from, path }, now);
    const isWelcome = this.#mesh.mayAccept(from, now);
    this.#dials.handle({ ...output, isWelcome }, now);
    if (isWelcome && this.#dials.isDialling(from)) this.#toOverlay({ type: 'incoming', node: from }, now);
  }

  #drainDials(now: number): void {
    for (let output = this.#dials.poll(); output; output = this.#dials.poll()) {
      if (output.type === 'linked') this.#adopt(output, now);
      else if (output.type === 'failed') this.#dialFailed(output.node, output.code, now);
      else if (output.type === 'fault') this.#fault(output.code, output.detail, output.node);
      else this.#outputs.push(output);
    }
  }

  #toDials(input: Extract<NodeInput, { readonly type: 'dials' }>['input'], now: number): void {
    if (input.type === 'absent') this.#absent(input.node, now);
    else if (this.#join.owns(input.dial)) this.#join.handle(input, now);
    else this.#dials.handle(input, now);
  }

  #drainJoin(now: number): void {
    for (let output = this.#join.poll(); output; output = this.#join.poll()) {
      if (output.type === 'rtc-dial') this.#outputs.push({ ...output, isPatient: true });
      else if (output.type === 'linked') {
        const { card, dial, isInitiator, remoteHello } = output;
        this.#sealingKeys.set(card.node, card.sealingKey);
        this.#toOverlay({ type: 'incoming', node: card.node }, now);
        this.#adopt({ dial, node: card.node, isInitiator, remoteHello }, now);
      } else this.#outputs.push(output);
    }
  }

  #toOverlay(input: Extract<MeshInput, { readonly type: 'overlay' }>['input'], now: number): void {
    this.#toMesh({ type: 'overlay', input }, now);
  }

  #toMesh(input: MeshInput, now: number): void {
    this.#mesh.handle(input, now);
    this.#drainMesh(now);
  }

  #drainMesh(now: number): void {
    for (let output = this.#mesh.poll(); output; output = this.#mesh.poll()) {
      switch (output.type) {
        case 'list':
          this.#outputs.push({ type: 'signaling-list' });
          break;
        case 'look-up':
          this.#outputs.push({ type: 'signaling-look-up', node: output.node });
          break;
        case 'announce':
          this.#outputs.push({ type: 'signaling-announce', on: output.on });
          break;
        case 'hang-up':
          this.#toConnection(this.#sessions.get(output.node) ?? -1, { type: 'close', reason: 'not-needed' }, now);
          break;
        case 'dial':
          if (!this.#sessions.has(output.node)) this.peers.update(output.node, { state: 'connecting' });
          this.#dials.handle(output, now);
          this.#drainDials(now);
          break;
        case 'verify':
          this.#outputs.push({ type: 'mesh-verify', job: output.job, checks: output.checks });
          break;
        case 'node-up':
          this.#sealingKeys.set(output.card.node, output.card.sealingKey);
          this.#outputs.push(output);
          break;
        case 'sign':
        case 'published':
        case 'registry':
        case 'node-down':
          this.#outputs.push(output);
          break;
        case 'disconnect':
        case 'refuse':
          this.#toConnection(this.#sessions.get(output.node) ?? -1, { type: 'close', reason: 'protocol-violation' }, now);
          break;
        case 'misbehaved':
          this.#fault('protocol-violation', `A neighbour misbehaved (${output.offence}). ${output.detail}`, output.node);
          break;
        case 'mux':
          this.#toConnection(output.connection, { type: 'stream', input: output.input }, now);
          this.#drainConnection(output.connection, now);
          break;
        case 'up':
          this.#neighbours.add(output.node);
          this.#neighbourUp(output.node, now);
          break;
        case 'down':
          this.#neighbours.delete(output.node);
          this.#paths.handle({ type: 'neighbour-down', node: output.node }, now);
          break;
        case 'message':
          if (output.lane === LANES.routing) this.#paths.handle({ type: 'message', from: output.from, bytes: output.bytes }, now);
          break;
        case 'violation':
          this.#fault('protocol-violation', output.detail, this.connectionOf(output.connection)?.identity?.node);
          this.#toConnection(output.connection, { type: 'close', reason: 'protocol-violation' }, now);
      }
    }
  }

  /** The session's first round trip was measured before the lanes were open. */
  #neighbourUp(node: NodeId, now: number): void {
    this.#paths.handle({ type: 'neighbour-up', node }, now);
    const rttMs = this.peers.get(node)?.rttMs;
    if (rttMs !== undefined) this.#paths.handle({ type: 'round-trip', node, rttMs }, now);
    // Who asked before there was anybody to ask, as a page does that was just opened, or before anybody knew a way.
    for (const wanted of this.#opens.wanted())
      if (wanted !== node && !this.#sessions.has(wanted)) this.#paths.handle({ type: 'want', node: wanted }, now);
  }

  // ── beyond the neighbours ──────────────────────────────────────────────────────────────────────────────────────

  /** Directly and over relays at the same time: the first session counts, and moves when the link is there. */
  #want(node: NodeId, now: number): void {
    this.#toOverlay({ type: 'want', node }, now);
    if (this.#neighbours.size > 0) this.#paths.handle({ type: 'want', node }, now);
  }

  #sealed(to: NodeId, sealed: Uint8Array, now: number): void {
    const route = this.#routes.routeTo(to, sealed, this.#signaling.state === 'connected');
    if (route === 'server') this.#outputs.push({ type: 'relay', server: this.#metThrough.get(to), to, sealed });
    else this.#paths.handle({ type: 'carry', to, body: sealed }, now);
  }

  #absent(node: NodeId, now: number): void {
    const sent = this.#routes.absent(node);
    if (sent.length === 0 || this.#neighbours.size === 0) return this.#dials.handle({ type: 'absent', node }, now);
    for (const body of sent) this.#paths.handle({ type: 'carry', to: node, body }, now);
  }

  /** Does what paths and moves want, and seals what they put on streams; answers whether there was anything. */
  #drainPaths(now: number): boolean {
    let isAny = this.#drainLinks(now);
    for (let output = this.#paths.poll(); output; output = this.#paths.poll()) {
      isAny = true;
      this.#pathsOutput(output, now);
    }
    for (const key of this.#unflushed) {
      isAny = true;
      this.#unflushed.delete(key);
      this.#drainConnection(key, now);
    }
    return isAny;
  }

  #pathsOutput(output: PathsOutput, now: number): void {
    switch (output.type) {
      case 'mux':
        this.#unflushed.add(output.connection);
        return this.#toConnection(output.connection, { type: 'stream', input: output.input }, now);
      case 'send':
        return this.#toMesh({ type: 'send', to: output.to, lane: LANES.routing, bytes: output.bytes }, now);
      case 'circuit': {
        const options: LinkOptions = output.node ? { role: 'initiator', expectedNode: output.node } : { role: 'responder' };
        return this.#connect(output.link, CIRCUIT_FACTS, options, now);
      }
      case 'frame':
        return this.#fromLink(output.link, output, now);
      case 'buffer':
        return this.#fromLink(output.link, { type: 'link-buffer', bytes: output.bytes }, now);
      case 'closed':
        return this.#fromLink(output.link, { type: 'link-closed', code: output.code, detail: output.detail }, now);
      case 'unreached':
        return this.#unreachable(output.node, output.code, now);
      case 'introduction':
        return this.#inbox.relayed(output.body, { server: undefined, path: output.path }, now);
      case 'undeliverable':
        this.#routes.undeliverable(output.to);
        return this.#dials.handle({ type: 'absent', node: output.to }, now);
      case 'misbehaved':
        return this.#toMesh(output, now);
    }
  }

  #fault(code: ErrorCode, detail: string, node?: NodeId): void {
    this.#outputs.push({ type: 'fault', code, detail, ...(node ? { node } : {}) });
  }
}
