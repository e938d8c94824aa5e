import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LateTurns } from '../base/late-turns.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier, WAKE, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import type { TableSize } from '../base/table-size.ts';
import { CARD_FLAGS, type PeerCard } from '../crypto/peer-card.ts';
import type { JoinState } from '../p2p/dialling/join-exchange.ts';
import { candidateOf } from '../p2p/overlay/known-nodes.ts';
import type { RelayFigures } from '../p2p/routing/relay-desk.ts';
import type { LinkKind } from '../ports/link.ts';
import type { NodeState, Path, PeerInfo, SignalingState } from './api.ts';
import type { Connection } from './connection.ts';
import { Dialling, type DiallingInput, type DiallingOutput } from './dialling.ts';
import { Mesh, type MeshInput, type MeshOutput } from './mesh.ts';
import { LeftLinks, type Mode } from './left-links.ts';
import { LANES } from './neighbour-lanes.ts';
import type { NodeInput, NodeMachineOptions, NodeOutput } from './node-io.ts';
import { Paths, type PathsOutput } from './paths.ts';
import { PeerTable } from './peer-table.ts';
import { CIRCUIT_FACTS, type LinkOptions } from './session-links.ts';
import { Sessions, type SessionEnd, type SessionsHost, type StrandedSession } from './sessions.ts';
import { StrandedSessions } from './stranded-sessions.ts';

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

const PATH_KINDS: Readonly<Record<LinkKind, Path['kind']>> = {
  webrtc: 'direct',
  tab: 'tab',
  websocket: 'host',
  memory: 'memory',
  circuit: 'relayed',
};

/**
 * The whole node without any input or output of its own: {@link Dialling}, {@link Sessions}, {@link Mesh} and {@link Paths}, wired to each other.
 * It only passes on what one of them says to those whom it concerns.
 */
export class NodeMachine implements Machine<NodeInput, NodeOutput> {
  readonly peers = new PeerTable();
  readonly #outputs = new Queue<NodeOutput>();
  readonly #dialling: Dialling;
  readonly #sessions: Sessions;
  readonly #mesh: Mesh;
  readonly #paths: Paths;
  readonly #neighbours = new Set<NodeId>();
  readonly #stranded = new StrandedSessions();
  readonly #left = new LeftLinks();
  readonly #turns = new LateTurns();
  #hostUrls: readonly string[] | undefined;
  #isLeaf = false;
  #mode: Mode;
  /** The time of the input that is being handled. */
  #now: number;
  #problem: NodeState['problem'];
  #lastState = '';
  #isClosed = false;

  constructor(options: NodeMachineOptions) {
    const { identity, networkId, entropy, now } = options;
    const me = identity.node;
    this.#now = now;
    this.#hostUrls = options.hostUrls;
    this.#mode = options.mode ?? 'decentralised';
    this.#dialling = new Dialling({
      identity,
      networkId,
      entropy,
      now,
      mayAccept: (node, at) => this.#mesh.mayAccept(node, at),
      incoming: (node, at) => this.#toOverlay({ type: 'under-way', node }, at),
      hasNeighbours: () => this.#neighbours.size > 0,
      turns: this.#turns,
    });
    this.#mesh = new Mesh({
      me,
      networkId,
      entropy,
      person: identity.person,
      sealingKey: identity.sealing.publicKey,
      now,
      isBehindHosts: this.#mode === 'centralised',
      hasPlaintextClients: options.hasPlaintextClients ?? false,
      ...(options.hostUrls ? { hostUrls: options.hostUrls } : {}),
      ...(options.readPresenceItem ? { readPresenceItem: options.readPresenceItem } : {}),
      isInUse: (node) => (this.#sessions.table.sessionWith(node)?.machine.streamCount ?? 0) > MESH_STREAMS,
      linkCountOf: (node) => this.#paths.linkCountOf(node),
      turns: this.#turns,
    });
    this.#sessions = new Sessions({ me, channels: options.channels, entropy, peers: this.peers, host: this.#host() });
    this.#paths = new Paths({
      me,
      networkId,
      entropy,
      now,
      allocateLink: () => this.#sessions.allocate(),
      openStream: (connection, open) => this.#sessions.openStream(connection, open, this.#now),
      isOwn: (node) => this.peers.get(node)?.identity?.person === identity.person,
      connectionWith: (node) => this.#sessions.table.linkedKeyOf(node),
    });
    if (this.#mode === 'centralised') this.#toOverlay({ type: 'budget', maxLinks: 0 }, now);
  }

  /** What its card says of this node beside its keys. */
  get cardFacts(): Pick<PeerCard, 'flags' | 'hostUrls'> {
    return { flags: this.#mesh.cardFlags, ...(this.#hostUrls ? { hostUrls: this.#hostUrls } : {}) };
  }

  get mode(): Mode {
    return this.#mode;
  }

  allocateConnection(): number {
    return this.#sessions.allocate();
  }

  connectionOf(key: number): Connection | undefined {
    return this.#sessions.table.get(key)?.machine;
  }

  /** A peer's record with the bytes of its present session counted in. */
  withTraffic(peer: PeerInfo): PeerInfo {
    const machine = this.#sessions.table.sessionWith(peer.node)?.machine;
    if (!machine) return peer;
    return { ...peer, bytesSent: peer.bytesSent + machine.bytesSent, bytesReceived: peer.bytesReceived + machine.bytesReceived };
  }

  pathOf(key: number): Path {
    const connection = this.#sessions.table.get(key);
    const via = connection?.via;
    return { kind: PATH_KINDS[connection?.kind ?? 'memory'], via: via ? [via] : [] };
  }

  signalingStateOf(server: number): SignalingState {
    return this.#dialling.signalingStateOf(server);
  }

  joinState(): JoinState {
    return this.#dialling.joinState;
  }

  /** What neighbours say of their links: each with a node that this one knows. */
  *links(): Iterable<{ readonly from: NodeId; readonly to: NodeId }> {
    for (const { node } of this.#mesh.nodes()) for (const from of this.#paths.holdersOf(node)) yield { from, to: node };
  }

  /** The cards of the neighbours that this node has now: whom to look for at the next start. */
  neighbourCards(): readonly Uint8Array[] {
    // Tabs of the same browser find each other by themselves.
    const far = [...this.#neighbours].filter((node) => this.#sessions.table.sessionWith(node)?.kind !== 'tab');
    return far.flatMap((node) => this.#mesh.cardBytesOf(node) ?? []).slice(0, LIMITS.maxAnchors);
  }

  /** The cards of all nodes that are there. */
  nodes(): Iterable<PeerCard> {
    return this.#mesh.nodes();
  }

  cardOf(node: NodeId): PeerCard | undefined {
    return this.#mesh.cardOf(node);
  }

  /** What this node does for circuits of others; `heldBytes` are on their way through it. */
  relayFigures(): RelayFigures & { readonly heldBytes: number } {
    return { ...this.#paths.relayFigures, heldBytes: this.#paths.heldBytes };
  }

  state(): NodeState {
    const signaling = this.#dialling.signalingState;
    const connectedPeers = this.#sessions.table.sessionCount;
    const isUp = connectedPeers > 0 || signaling === 'connected';
    const phase = this.#isClosed ? 'closed' : isUp ? 'connected' : signaling === 'connecting' ? 'connecting' : 'offline';
    return { phase, signaling, connectedPeers, ...(this.#problem ? { problem: this.#problem } : {}) };
  }

  /** What the node's tables hold at this moment. */
  tables(): readonly TableSize[] {
    const { connectionCount, sessionCount } = this.#sessions.table;
    return [
      { name: 'known peers', size: this.peers.size, limit: LIMITS.maxKnownPeers, isPending: false },
      { name: 'handshakes', size: connectionCount - sessionCount, limit: LIMITS.maxDials + LIMITS.maxPendingHandshakes, isPending: true },
      { name: 'dials', size: this.#dialling.dialCount, limit: LIMITS.maxDials, isPending: true },
      { name: 'waiting opens', size: this.#sessions.waitingOpens.size, limit: LIMITS.maxWaitingOpens, isPending: true },
      { name: 'unverified introductions', size: this.#dialling.unverifiedCount, limit: LIMITS.introductionsBurst, isPending: false },
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
    this.#sessions.drainConnection(connection, now);
    this.#drain(now);
  }

  nextWakeAt(): number | undefined {
    if (this.#isClosed) return undefined;
    const near = earlier(this.#dialling.nextWakeAt(), this.#sessions.nextWakeAt());
    const moving = earlier(this.#stranded.nextWakeAt(), this.#left.nextWakeAt());
    return earlier(earlier(near, moving), earlier(this.#mesh.nextWakeAt(), this.#paths.nextWakeAt()));
  }

  #dispatch(input: NodeInput | Wake, now: number): void {
    switch (input.type) {
      case 'connection':
        return this.#fromPump(input.connection, input.input, now);
      case 'signaling':
      case 'welcomed':
      case 'relayed':
      case 'verified':
      case 'dials':
      case 'join':
      case 'sealed':
      case 'card':
      case 'rtc-linked':
        return this.#toDialling(input, now);
      case 'mesh':
        return this.#toMesh(input.input, now);
      case 'relay-trust':
        return this.#paths.handle({ type: 'trust', trust: input.trust }, now);
      case 'attach': {
        const { connection, link, role, expectedNode } = input;
        return this.#sessions.connect(connection, link, { role, ...(expectedNode ? { expectedNode } : {}) }, now);
      }
      case 'open':
        return this.#sessions.waitingOpens.open(input, this.#sessions.table.keyOf(input.node));
      case 'cancel-open':
        return this.#sessions.waitingOpens.cancel(input.request);
      case 'role':
        return this.#become(input.role, now);
      case 'mode':
        return this.#setMode(input.mode, now);
      case 'host-urls':
        if (this.#hostUrls) this.#hostUrls = input.urls;
        return this.#hostUrls && this.#toMesh(input, now);
      case 'nudge':
        return this.#nudge(input.why, now);
      case 'close':
        return this.#close(now);
      case 'wake':
        this.#turns.woke(this.nextWakeAt(), now);
        this.#toDialling(WAKE, now);
        this.#mesh.handle(WAKE, now);
        this.#paths.handle(WAKE, now);
        this.#sessions.wake(now);
        this.#resumeStranded(now);
        return this.#leaveLinks(now);
    }
  }

  /** From a link to the connection that it carries, or straight to a connection. */
  #fromPump(key: number, input: Extract<NodeInput, { readonly type: 'connection' }>['input'], now: number): void {
    if (input.type === 'frame' || input.type === 'link-buffer' || input.type === 'link-closed') this.#sessions.fromLink(key, input, now);
    else this.#sessions.toConnection(key, input, now);
  }

  #nudge(why: Extract<NodeInput, { readonly type: 'nudge' }>['why'], now: number): void {
    this.#sessions.checkAll(now);
    if (why === 'offline') return;
    this.#toDialling({ type: 'retry-now' }, now);
    this.#toOverlay({ type: 'retry-now', isElsewhere: why !== 'resume' }, now);
    for (const [node, key] of this.#sessions.table.sessions()) this.#dialDirectly(node, key, now);
  }

  #become(role: 'hub' | 'leaf', now: number): void {
    this.#isLeaf = role === 'leaf';
    this.#toMesh({ type: 'role', role }, now);
    this.#toOverlay({ type: 'budget', maxLinks: this.#maxLinks }, now);
    // A hub that steps back says goodbye to everybody: it may be about to freeze. The tabs link anew with the next hub, and a newer card follows over it.
    // What has no path anyway waits for the one that this node may find as a hub.
    this.#sessions.closeAll(role === 'hub' ? 'carried' : 'all', now);
    this.#toDialling({ type: 'role', role }, now);
  }

  get #maxLinks(): number {
    return this.#isLeaf || this.#mode === 'centralised' ? 0 : LIMITS.maxConnections;
  }

  #setMode(mode: Mode, now: number): void {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#left.set(mode, now);
    this.#toMesh({ type: 'behind-hosts', isBehindHosts: mode === 'centralised' }, now);
    this.#toOverlay({ type: 'budget', maxLinks: this.#maxLinks }, now);
    if (mode === 'centralised') this.#toDialling({ type: 'abandon' }, now);
    this.#leaveLinks(now);
  }

  /** Sessions on links that the mode does without go elsewhere. */
  #leaveLinks(now: number): void {
    if (!this.#left.isDue(now)) return;
    const { table } = this.#sessions;
    const leaving: NodeId[] = [];
    let staying = 0;
    for (const [node, key] of table.sessions()) {
      const kind = table.get(key)?.kind;
      if (kind && this.#left.isLeft(kind)) leaving.push(node);
      else if (kind && kind !== 'circuit') staying++;
    }
    const { waiting, over } = this.#left.look(leaving, now);
    for (const node of waiting) {
      this.#paths.handle({ type: 'want', node, avoid: leaving }, now);
      this.#dialDirectly(node, table.keyOf(node) ?? -1, now);
    }
    // The last links are kept until there are others.
    if (staying > 0) for (const node of over) this.#sessions.hangUp(node, 'not-needed', now);
  }

  #close(now: number): void {
    this.#sessions.waitingOpens.failAll('closed-here');
    this.#sessions.drainOpens(now);
    // Goodbyes over circuits go before those to the relays that carry them.
    this.#sessions.closeAll('far', now);
    this.#drain(now);
    this.#sessions.closeAll('all', now);
    this.#toDialling({ type: 'close' }, now);
    this.#drain(now);
    this.#isClosed = true;
    this.#outputs.push({ type: 'state', state: this.state() });
  }

  // ── sessions ───────────────────────────────────────────────────────────────────────────────────────────────────

  #host(): SessionsHost {
    return {
      output: (output) => this.#outputs.push(output),
      toMesh: (input, now) => this.#toMesh(input, now),
      toPaths: (input, now) => this.#paths.handle(input, now),
      isCircuit: (link) => this.#paths.isCircuit(link),
      viaOf: (link) => this.#paths.viaOf(link),
      pathOf: (connection) => this.pathOf(connection),
      isLeft: (kind) => this.#left.isLeft(kind),
      takesStream: (connection, event, now) => {
        if (!this.#mesh.handleStream(connection, event, now)) {
          return this.#paths.handleStream(connection, this.#sessions.table.neighbourAt(connection), event, now);
        }
        this.#drainMesh(now);
        return true;
      },
      refuses: (node, person, now) => this.#mesh.refuses(node, person, now),
      sessionBegan: (node, connection, isFar, now) => {
        this.#problem = undefined;
        if (isFar) this.#dialDirectly(node, connection, now);
      },
      sessionStranded: (node, session, now) => this.#sessionStranded(node, session, now),
      sessionDoubtful: (node, session, now) => this.#sessionDoubtful(node, session, now),
      sessionMoved: (node) => this.#stranded.delete(node),
      sessionEnded: (node, end, now) => this.#sessionEnded(node, end, now),
      attemptFailed: (node, code, now) => this.#dialFailed(node, code, now),
      didNotCount: (node, code, now) => this.#didNotCount(node, code, now),
      want: (node, now) => this.#want(node, now),
      fault: (code, detail, node) => this.#fault(code, detail, node),
    };
  }

  #sessionStranded(node: NodeId, { connection, isInitiator, via }: StrandedSession, now: number): void {
    if (via) this.#paths.handle({ type: 'did-not-lead', node, via }, now);
    this.#stranded.add(node, isInitiator, now);
    this.#dialDirectly(node, connection, now);
    this.#resumeStranded(now);
  }

  /** Other relays are tried beside the one that seems silent, and a direct link. */
  #sessionDoubtful(node: NodeId, { connection, via }: StrandedSession, now: number): void {
    if (via) this.#paths.handle({ type: 'did-not-lead', node, via }, now);
    this.#paths.handle({ type: 'want', node }, now);
    this.#dialDirectly(node, connection, now);
  }

  /** Looks for paths for the sessions that have none. */
  #resumeStranded(now: number): void {
    for (const node of this.#stranded.takeDue(now)) this.#paths.handle({ type: 'want', node }, now);
  }

  #sessionEnded(node: NodeId, { code, isFar, isInitiator, wasStranded, via }: SessionEnd, now: number): void {
    this.#stranded.delete(node);
    if (!isFar || !isInitiator || wasStranded || !CIRCUIT_LOST.has(code)) return;
    if (via) this.#paths.handle({ type: 'did-not-lead', node, via }, now);
    this.#paths.handle({ type: 'want', node }, now);
  }

  /** A session ended that never counted: another one does, or there is none, and the attempt that led to it is over. */
  #didNotCount(dialled: NodeId, code: ErrorCode, now: number): void {
    if (this.#hasSession(dialled) || this.#dialling.isDialling(dialled)) return;
    this.#toOverlay({ type: 'dial-failed', node: dialled, code }, now);
  }

  #hasSession(node: NodeId): boolean {
    return this.#sessions.table.keyOf(node) !== undefined;
  }

  // ── reaching nodes ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Directly and over relays at the same time: the first session counts, and moves when the link is there. */
  #want(node: NodeId, now: number): void {
    if (this.#neighbours.size > 0) this.#paths.handle({ type: 'want', node }, now);
    this.#toOverlay({ type: 'want', node }, now);
  }

  /** A session over relays is for until there is a link, for which there must be room; leaves have none. */
  #dialDirectly(node: NodeId, key: number, now: number): void {
    const flags = this.#mesh.cardOf(node)?.flags ?? 0;
    if (this.#maxLinks === 0 || (flags & (CARD_FLAGS.leaf | CARD_FLAGS.behindHosts)) !== 0) return;
    const connection = this.#sessions.table.get(key);
    const sealingKey = this.#dialling.sealingKeyOf(node);
    const isOurs = connection && (this.#left.isLeft(connection.kind) || (connection.kind === 'circuit' && connection.machine.isInitiator));
    if (!isOurs || !sealingKey || this.#dialling.isDialling(node)) return;
    if (!this.#mesh.mayAccept(node, now)) return;
    // Counted from now on: several at once must not come to more links than there may be.
    this.#toOverlay({ type: 'under-way', node }, now);
    this.#toDialling({ type: 'dial', node, sealingKey }, now);
  }

  #dialFailed(node: NodeId, code: ErrorCode, now: number): void {
    const session = this.#sessions.table.sessionWith(node);
    if (session) {
      if (session.kind === 'circuit') this.#toOverlay({ type: 'dial-failed', node, code }, now);
      return;
    }
    this.#problem = { code, node };
    this.peers.update(node, { state: 'away', reason: code });
    this.#toOverlay({ type: 'dial-failed', node, code }, now);
    if (!this.#paths.isTrying(node)) this.#unreachable(node, code, now);
  }

  #unreachable(node: NodeId, code: ErrorCode, now: number): void {
    this.#stranded.unreached(node, now);
    if (this.#dialling.isDialling(node) || this.#hasSession(node)) return;
    this.#sessions.waitingOpens.unreachable(node, code);
    this.#sessions.drainOpens(now);
  }

  // ── between the parts ──────────────────────────────────────────────────────────────────────────────────────────

  #drain(now: number): void {
    do {
      this.#sessions.drainOpens(now);
      this.#drainDialling(now);
      this.#drainMesh(now);
    } while (this.#drainPaths(now));
    for (const peer of this.peers.takeChanged()) this.#outputs.push({ type: 'peer', peer });
    const state = this.state();
    const summary = `${state.phase} ${state.signaling} ${state.connectedPeers} ${state.problem?.code ?? ''} ${state.problem?.node ?? ''}`;
    if (summary === this.#lastState) return;
    this.#lastState = summary;
    this.#outputs.push({ type: 'state', state });
  }

  #toDialling(input: DiallingInput | Wake, now: number): void {
    this.#dialling.handle(input, now);
    this.#drainDialling(now);
  }

  #drainDialling(now: number): void {
    for (let output = this.#dialling.poll(); output; output = this.#dialling.poll()) this.#diallingOutput(output, now);
  }

  #diallingOutput(output: DiallingOutput, now: number): void {
    switch (output.type) {
      case 'out':
        return this.#outputs.push(output.output);
      case 'linked': {
        const connection = this.#sessions.allocate();
        this.#outputs.push({ type: 'adopt', dial: output.dial, connection });
        return this.#sessions.connect(connection, output.link, output.options, now);
      }
      case 'failed':
        return this.#dialFailed(output.node, output.code, now);
      case 'carrier':
      case 'slow':
        return this.#toOverlay(output, now);
      case 'candidate':
        this.#toldOfHost(output.card);
        return this.#toOverlay(
          { type: 'candidate', candidate: candidateOf(output.card), source: output.isRemembered ? 'remembered' : 'signaling' },
          now,
        );
      case 'carry':
      case 'came-from':
        return this.#paths.handle(output, now);
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
    for (let output = this.#mesh.poll(); output; output = this.#mesh.poll()) this.#meshOutput(output, now);
  }

  #meshOutput(output: MeshOutput, now: number): void {
    switch (output.type) {
      case 'list':
        return this.#outputs.push({ type: 'signaling-list' });
      case 'look-up':
        return this.#outputs.push({ type: 'signaling-look-up', node: output.node });
      case 'announce':
        return this.#outputs.push({ type: 'signaling-announce', on: output.on });
      case 'hang-up':
        return this.#sessions.hangUp(output.node, 'not-needed', now);
      case 'dial':
        if (!this.#hasSession(output.node)) this.peers.update(output.node, { state: 'connecting' });
        return this.#toDialling(output, now);
      case 'verify':
        return this.#outputs.push({ type: 'mesh-verify', job: output.job, checks: output.checks });
      case 'node-up':
        this.#dialling.setSealingKey(output.card.node, output.card.sealingKey);
        this.#toldOfHost(output.card);
        return this.#outputs.push(output);
      case 'sign':
      case 'published':
      case 'registry':
      case 'node-down':
        return this.#outputs.push(output);
      case 'disconnect':
      case 'refuse':
        return this.#sessions.hangUp(output.node, 'protocol-violation', now);
      case 'misbehaved':
        return this.#fault('protocol-violation', `A neighbour misbehaved (${output.offence}). ${output.detail}`, output.node);
      case 'mux':
        this.#sessions.toConnection(output.connection, { type: 'stream', input: output.input }, now);
        return this.#sessions.drainConnection(output.connection, now);
      case 'up':
        this.#neighbours.add(output.node);
        return this.#neighbourUp(output.node, now);
      case 'down':
        this.#neighbours.delete(output.node);
        return this.#paths.handle({ type: 'neighbour-down', node: output.node }, now);
      case 'message':
        if (output.lane === LANES.routing) this.#paths.handle({ type: 'message', from: output.from, bytes: output.bytes }, now);
        return;
      case 'violation':
        this.#fault('protocol-violation', output.detail, this.connectionOf(output.connection)?.identity?.node);
        this.#sessions.toConnection(output.connection, { type: 'close', reason: 'protocol-violation' }, now);
    }
  }

  /** The session's first round trip was measured before the lanes were open. */
  #neighbourUp(node: NodeId, now: number): void {
    this.#paths.handle({ type: 'neighbour-up', node }, now);
    const rttMs = this.peers.get(node)?.rttMs;
    if (rttMs !== undefined) this.#paths.handle({ type: 'round-trip', node, rttMs }, now);
    this.#stranded.retryNow(now);
    this.#resumeStranded(now);
    // Who asked before there was anybody to ask, as a page does that was just opened, or before anybody knew a way.
    for (const wanted of this.#sessions.waitingOpens.wanted())
      if (wanted !== node && !this.#hasSession(wanted)) this.#paths.handle({ type: 'want', node: wanted }, now);
  }

  /** Does what paths and moves want, and seals what they put on streams; answers whether there was anything. */
  #drainPaths(now: number): boolean {
    let isAny = this.#sessions.drainLinks(now);
    for (let output = this.#paths.poll(); output; output = this.#paths.poll()) {
      isAny = true;
      this.#pathsOutput(output, now);
    }
    return this.#sessions.flushStreams(now) || isAny;
  }

  #pathsOutput(output: PathsOutput, now: number): void {
    switch (output.type) {
      case 'mux':
        return this.#sessions.toCircuit(output.connection, output.input, now);
      case 'send':
        return this.#toMesh({ type: 'send', to: output.to, lane: LANES.routing, bytes: output.bytes }, now);
      case 'circuit': {
        const options: LinkOptions = output.node ? { role: 'initiator', expectedNode: output.node } : { role: 'responder' };
        return this.#sessions.connect(output.link, CIRCUIT_FACTS, options, now);
      }
      case 'frame':
        return this.#sessions.fromLink(output.link, output, now);
      case 'buffer':
        return this.#sessions.fromLink(output.link, { type: 'link-buffer', bytes: output.bytes }, now);
      case 'closed':
        return this.#sessions.fromLink(output.link, { type: 'link-closed', code: output.code, detail: output.detail }, now);
      case 'unreached':
        return this.#unreachable(output.node, output.code, now);
      case 'introduction':
        return this.#toDialling({ type: 'carried', body: output.body, path: output.path }, now);
      case 'undeliverable':
        return this.#toDialling({ type: 'undeliverable', node: output.to }, now);
      case 'misbehaved':
        return this.#toMesh(output, now);
    }
  }

  #toldOfHost({ node, flags, hostUrls = [] }: PeerCard): void {
    if ((flags & CARD_FLAGS.host) !== 0) this.#outputs.push({ type: 'host', node, urls: hostUrls });
  }

  #fault(code: ErrorCode, detail: string, node?: NodeId): void {
    this.#outputs.push({ type: 'fault', code, detail, ...(node ? { node } : {}) });
  }
}
