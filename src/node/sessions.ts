import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier, WAKE } from '../base/machine.ts';
import type { ProvenIdentity } from '../crypto/channel.ts';
import type { SecureChannelFactory } from '../crypto/secure-channel.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { LinkKind } from '../ports/link.ts';
import type { Path, PeerIdentity } from './api.ts';
import type { StreamOpening } from './circuits.ts';
import { Connection, type ConnectionInput, type ConnectionOutput } from './connection.ts';
import type { MeshInput } from './mesh.ts';
import type { NodeOutput } from './node-io.ts';
import type { PathsInput } from './paths.ts';
import type { PeerTable } from './peer-table.ts';
import {
  carryingLink,
  SessionLinks,
  type LinkFacts,
  type LinkInput,
  type LinkOptions,
  type LinkUse,
  type SessionLinksOutput,
} from './session-links.ts';
import type { MovableSession } from './session-moves.ts';
import { SessionTable, type KnownConnection } from './session-table.ts';
import { WaitingOpens } from './waiting-opens.ts';

/** What part of the present path's round-trip time another may take, for a session to go there: below what times differ by from one moment to the next. */
const BETTER_PATH = 0.75;

/** What sessions need of the node around them. All of it happens at once: whoever asks afterwards sees it done. */
export interface SessionsHost {
  output(output: NodeOutput): void;
  toMesh(input: MeshInput, now: number): void;
  toPaths(input: PathsInput, now: number): void;
  isCircuit(link: number): boolean;
  /** Whether an event of a stream was one of the mesh's own, or of a circuit. */
  takesStream(connection: number, event: Extract<ConnectionOutput, { readonly type: 'stream' }>['output'], now: number): boolean;
  /** Whether nothing is wanted of the node or its person. */
  refuses(node: NodeId, person: ProvenIdentity['person'], now: number): boolean;
  /** There is a session with the node; `isFar`: over relays. */
  sessionBegan(node: NodeId, connection: number, isFar: boolean, now: number): void;
  /** The session with the node has lost its circuit, which went over this relay. */
  sessionStranded(node: NodeId, session: StrandedSession, now: number): void;
  /** The session with the node has another link. */
  sessionMoved(node: NodeId): void;
  sessionEnded(node: NodeId, end: SessionEnd, now: number): void;
  /** A connection to the node ended before there was a session, or for another that counts. */
  attemptFailed(node: NodeId, code: ErrorCode, now: number): void;
  didNotCount(node: NodeId, code: ErrorCode, now: number): void;
  viaOf(link: number): NodeId | undefined;
  pathOf(connection: number): Path;
  /** Whether this node gives up its links of that kind. */
  isLeft(kind: LinkKind): boolean;
  /** Somebody wants a stream to a node without a session. */
  want(node: NodeId, now: number): void;
  fault(code: ErrorCode, detail: string, node?: NodeId): void;
}

/** `via`: the relay next to this end. */
export type SessionEnd = {
  readonly code: ErrorCode;
  readonly isFar: boolean;
  readonly isInitiator: boolean;
  readonly wasStranded: boolean;
  readonly via: NodeId | undefined;
};

export type StrandedSession = { readonly connection: number; readonly isInitiator: boolean; readonly via: NodeId | undefined };

export type SessionsOptions = {
  readonly me: NodeId;
  readonly channels: SecureChannelFactory;
  readonly entropy: Entropy;
  readonly peers: PeerTable;
  readonly host: SessionsHost;
};

/**
 * All connections of the node: on which link each is, which one counts for each other node, and what programs opened on them.
 * A part of the node's machine, which drains it.
 */
export class Sessions {
  readonly table: SessionTable;
  readonly #options: SessionsOptions;
  readonly #host: SessionsHost;
  readonly #peers: PeerTable;
  readonly #links: SessionLinks;
  readonly #opens = new WaitingOpens((connection) => this.table.get(connection)?.machine.allocateStream());
  /** Connections whose streams were given something by the machine itself. */
  readonly #unflushed = new Set<number>();
  #nextConnection = 1;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#host = options.host;
    this.#peers = options.peers;
    this.table = new SessionTable(options.me);
    this.#links = new SessionLinks(
      {
        useOf: (node, kind) => this.#useOf(node, kind),
        progressOf: (connection) => this.table.get(connection)?.machine.resumable,
        all: () => this.#movableSessions(),
        isEstablished: (connection) => this.table.get(connection)?.machine.identity !== undefined,
      },
      options.entropy,
    );
  }

  /** A fresh number for a link, and for the connection that begins on it. */
  allocate(): number {
    return this.#nextConnection++;
  }

  get waitingOpens(): WaitingOpens {
    return this.#opens;
  }

  nextWakeAt(): number | undefined {
    let next = earlier(this.#links.nextWakeAt(), this.#opens.nextWakeAt());
    for (const [, { wakeAt, compareAt }] of this.table.connections()) next = earlier(next, earlier(wakeAt, compareAt));
    return next;
  }

  wake(now: number): void {
    this.#links.wake(now);
    for (const [key, { machine, wakeAt }] of this.table.connections()) {
      if (wakeAt === undefined || now < wakeAt) continue;
      machine.handle(WAKE, now);
      this.drainConnection(key, now);
    }
    this.#opens.wake(now);
    this.#comparePaths(now);
  }

  /** Something happened to the platform: everybody is asked for a sign of life. */
  checkAll(now: number): void {
    for (const [key, { machine }] of this.table.connections()) {
      machine.handle({ type: 'check' }, now);
      this.drainConnection(key, now);
    }
  }

  /** Says goodbye to everybody, to those at the ends of circuits, or to those with whom there is a path at all. */
  closeAll(which: 'all' | 'far' | 'carried', now: number): void {
    const isMeant = { all: () => true, far: ({ kind }: KnownConnection) => kind === 'circuit', carried: isCarried }[which];
    const keys = [...this.table.connections()].filter(([, connection]) => isMeant(connection)).map(([key]) => key);
    for (const key of keys) this.toConnection(key, { type: 'close', reason: 'peer-closed' }, now);
  }

  /** Ends the session with the node, if there is one. */
  hangUp(node: NodeId, reason: ErrorCode, now: number): void {
    this.toConnection(this.table.keyOf(node) ?? -1, { type: 'close', reason }, now);
  }

  // ── links ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A link is open. */
  connect(key: number, facts: LinkFacts, options: LinkOptions, now: number): void {
    // Whoever has a link of its own needs no relay.
    const { expectedNode } = options;
    if (expectedNode && facts.kind !== 'circuit') this.#host.toPaths({ type: 'reached', node: expectedNode, link: key }, now);
    this.#links.add(key, facts, options, now);
    this.drainLinks(now);
  }

  /** From a link to the connection that it carries. */
  fromLink(link: number, input: LinkInput, now: number): void {
    const routed = this.#links.route(link, input, now);
    if (routed) return this.toConnection(routed.connection, routed.input, now);
    // What a claim led to holds for the next frame already.
    this.drainLinks(now);
  }

  toConnection(key: number, input: ConnectionInput, now: number): void {
    const connection = this.table.get(key);
    if (!connection) return;
    connection.machine.handle(input, now);
    // What was put on streams waits for `flush`, so that the messages of one moment share a frame.
    if (input.type !== 'stream') this.drainConnection(key, now);
  }

  /** Puts something on a stream; sealed by {@link flushStreams}. */
  toStream(key: number, input: Extract<ConnectionInput, { readonly type: 'stream' }>['input'], now: number): void {
    this.#unflushed.add(key);
    this.toConnection(key, { type: 'stream', input }, now);
  }

  openStream(key: number, open: StreamOpening, now: number): number | undefined {
    const machine = this.table.get(key)?.machine;
    const stream = machine?.allocateStream();
    if (!machine || stream === undefined) return undefined;
    machine.handle({ type: 'stream', input: { ...open, stream } }, now);
    this.#unflushed.add(key);
    return stream;
  }

  /** Answers whether there was anything to seal. */
  flushStreams(now: number): boolean {
    const isAny = this.#unflushed.size > 0;
    for (const key of this.#unflushed) {
      this.#unflushed.delete(key);
      this.drainConnection(key, now);
    }
    return isAny;
  }

  /** A new session on a link. */
  #begin(key: number, now: number): void {
    const known = this.#links.get(key);
    if (!known) return;
    const { facts, options } = known;
    if (options.role === 'responder' && this.table.pendingHandshakes >= LIMITS.maxPendingHandshakes) return this.#turnAway(key, options, now);
    const { kind, localFingerprint, remoteFingerprint } = facts;
    const link = carryingLink(key, facts);
    const machine = new Connection(this.#options.channels, { ...options, localFingerprint, remoteFingerprint }, link, now);
    this.table.add(key, machine, kind, this.#host.viaOf(key));
    const { expectedNode } = options;
    if (expectedNode && this.table.keyOf(expectedNode) === undefined) this.#peers.update(expectedNode, { state: 'connecting' });
    this.drainConnection(key, now);
  }

  #turnAway(link: number, { expectedNode }: LinkOptions, now: number): void {
    this.#host.fault('overloaded', 'Too many others have yet to prove who they are.');
    this.#dropLink(link, now);
    if (expectedNode) this.#host.attemptFailed(expectedNode, 'overloaded', now);
  }

  #transmit(link: number, frame: Uint8Array, now: number): void {
    if (this.#host.isCircuit(link)) this.#host.toPaths({ type: 'transmit', link, frame }, now);
    else this.#host.output({ type: 'connection', connection: link, output: { type: 'transmit', link, frame } });
  }

  #dropLink(link: number, now: number): void {
    this.#links.forget(link);
    if (this.#host.isCircuit(link)) this.#host.toPaths({ type: 'close', link }, now);
    else this.#host.output({ type: 'drop-link', link });
  }

  // ── moving sessions ────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * A session over relays comes to any link of our own, one on a link that is given up to whatever there is, one between two links of different kinds to
   * the newer (the mode changed), and one that lost its link to whatever there is.
   */
  #useOf(node: NodeId, kind: LinkKind): LinkUse {
    const key = this.table.keyOf(node);
    const connection = key === undefined ? undefined : this.table.get(key);
    const claimable = connection?.machine.claimable;
    if (key === undefined || !claimable) return { how: 'begin' };
    const { machine } = connection;
    const session = { connection: key, claimable, isMoving: machine.isMoving };
    if (machine.isStranded) return { how: 'resume', session };
    const isOther = isOwnLink(kind) && isOwnLink(connection.kind) && kind !== connection.kind;
    if (isOther || (kind === 'circuit' && this.#host.isLeft(connection.kind)))
      return machine.isMoving ? { how: 'nothing' } : { how: 'claim', session };
    if (kind === 'circuit') return this.#comparison(node, session);
    if (connection.kind !== 'circuit') return { how: 'begin' };
    // What is still being sent again cannot end in order on the circuit.
    if (machine.isMoving) return machine.resumable ? { how: 'resume', session } : { how: 'begin' };
    return { how: 'claim', session };
  }

  /** Sessions over relays that are in use may have a faster way. Their initiators look for it. */
  #comparePaths(now: number): void {
    for (const [, connection] of this.table.connections()) {
      if (connection.compareAt === undefined || now < connection.compareAt) continue;
      const { kind, machine, via } = connection;
      connection.compareAt = kind === 'circuit' ? now + LIMITS.comparePathsMs : undefined;
      const node = machine.identity?.node;
      const rttMs = node && this.#peers.get(node)?.rttMs;
      if (!node || rttMs === undefined || !via || machine.streamCount === 0 || machine.isMoving) continue;
      this.#host.toPaths({ type: 'compare', node, via, fasterThanMs: rttMs * BETTER_PATH }, now);
    }
  }

  /** A circuit beside the one that the session has: it goes there if that is much faster, or the other was lost by then. */
  #comparison(node: NodeId, session: MovableSession): LinkUse {
    const rttMs = this.#peers.get(node)?.rttMs;
    if (rttMs === undefined || !this.table.isOverCircuit(session.connection)) return { how: 'nothing' };
    const isStranded = () => this.table.get(session.connection)?.machine.isStranded === true;
    return { how: 'resume', session, isWorthIt: (roundTripMs) => isStranded() || roundTripMs <= rttMs * BETTER_PATH };
  }

  *#movableSessions(): Iterable<MovableSession> {
    for (const [connection, { machine }] of this.table.connections()) {
      if (machine.claimable) yield { connection, claimable: machine.claimable, isMoving: machine.isMoving };
    }
  }

  /** Answers whether there was anything to do. */
  drainLinks(now: number): boolean {
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
        return output.early && this.fromLink(output.link, { type: 'frame', bytes: output.early }, now);
      case 'move':
        this.table.delete(output.link);
        return this.toConnection(output.connection, output.input, now);
      case 'useless':
        if (!this.table.get(output.link)?.machine.identity) this.table.delete(output.link);
        this.#dropLink(output.link, now);
        if (output.kind === 'circuit') this.#host.toPaths({ type: 'circuit-failed', link: output.link, code: output.code }, now);
        return output.node && this.#toOverlay({ type: 'dial-failed', node: output.node, code: output.code }, now);
    }
  }

  /** The session has another link from now on. */
  #moved(key: number, to: number, now: number): void {
    const connection = this.table.get(key);
    const kind = this.#links.get(to)?.facts.kind;
    const identity = connection?.machine.identity;
    if (!connection || !kind || !identity) return;
    const wasFar = connection.kind === 'circuit';
    connection.kind = kind;
    connection.via = this.#host.viaOf(to);
    this.#host.toPaths({ type: 'reached', node: identity.node, link: to }, now);
    this.#host.sessionMoved(identity.node);
    this.#peers.clear(identity.node, 'rttMs');
    this.#peers.update(identity.node, { path: this.#host.pathOf(key) });
    const isFar = kind === 'circuit';
    if (wasFar && !isFar) this.#becomeNeighbour(key, identity, now);
    else if (isFar && !wasFar) this.#ceaseToBeNeighbour(key, identity.node, now);
    else if (!isFar) this.#host.toMesh({ type: 'session-moved', node: identity.node, connection: key, kind }, now);
  }

  /** Nothing carries the session: it waits for another path. */
  #stranded(key: number, links: readonly number[], now: number): void {
    const connection = this.table.get(key);
    const node = connection?.machine.identity?.node;
    if (!connection || !node) return;
    const { via } = connection;
    for (const link of links) this.#dropLink(link, now);
    this.#links.stranded(key);
    this.#peers.clear(node, 'path', 'rttMs');
    this.#host.sessionStranded(node, { connection: key, isInitiator: connection.machine.isInitiator, via }, now);
  }

  #becomeNeighbour(key: number, { node, person }: ProvenIdentity, now: number): void {
    const connection = this.table.get(key);
    if (!connection) return;
    const stream = connection.machine.isInitiator ? connection.machine.allocateStream() : undefined;
    this.#host.toMesh({ type: 'session', node, person, kind: connection.kind, connection: key, stream }, now);
  }

  #ceaseToBeNeighbour(key: number, node: NodeId, now: number): void {
    this.#host.toMesh({ type: 'session-ended', node, connection: key, code: 'not-needed' }, now);
    const connection = this.table.get(key);
    if (connection?.machine.isInitiator) connection.compareAt = now + LIMITS.comparePathsFirstMs;
  }

  // ── connections ────────────────────────────────────────────────────────────────────────────────────────────────

  drainConnection(key: number, now: number): void {
    const connection = this.table.get(key);
    if (!connection) return;
    for (let output = connection.machine.poll(); output; output = connection.machine.poll()) this.#connectionOutput(key, output, now);
    // Asked here and not for all connections whenever the node is asked: hardly any changed since.
    connection.wakeAt = connection.machine.nextWakeAt();
  }

  drainOpens(now: number): void {
    for (let output = this.#opens.poll(); output; output = this.#opens.poll()) {
      if (output.type === 'want') this.#host.want(output.node, now);
      else if (output.type === 'stream') {
        this.toConnection(output.connection, output, now);
        this.drainConnection(output.connection, now);
      } else this.#host.output(output);
    }
  }

  #connectionOutput(key: number, output: ConnectionOutput, now: number): void {
    switch (output.type) {
      case 'established':
        return this.#established(key, output.identity, now);
      case 'round-trip':
        return this.#roundTrip(key, output.smoothedMs, now);
      case 'fault':
        return this.#host.fault(output.code, output.detail, this.table.get(key)?.machine.identity?.node);
      case 'closed':
        this.#host.output({ type: 'connection', connection: key, output });
        // What this node tells others when it leaves is not what they told it.
        return this.#closed(key, output.code === 'peer-closed' && !output.remote ? 'closed-here' : output.code, now);
      case 'transmit':
        return this.#transmit(output.link, output.frame, now);
      case 'low-water':
        // The relay's credit is what says that a circuit drained.
        if (!this.#host.isCircuit(output.link)) this.#host.output({ type: 'connection', connection: output.link, output });
        return;
      case 'moving':
        return this.#moved(key, output.to, now);
      case 'stranded':
        return this.#stranded(key, output.links, now);
      case 'link-done':
        return this.#dropLink(output.link, now);
      case 'move-failed':
        return this.#links.moveFailed(output.to);
      case 'stream': {
        const { output: event } = output;
        if (this.#host.takesStream(key, event, now)) return;
        if (event.type === 'accepted' && this.#opens.accepted(key, event.stream)) return this.drainOpens(now);
        if (event.type === 'closed' && this.#opens.refused(key, event.stream, event.code ?? 'peer-closed')) return this.drainOpens(now);
        break;
      }
    }
    this.#host.output({ type: 'connection', connection: key, output });
  }

  #established(key: number, identity: ProvenIdentity, now: number): void {
    const { node } = identity;
    const connection = this.table.get(key);
    if (!connection) return;
    if (node === this.#options.me) return this.toConnection(key, { type: 'close', reason: 'wrong-node' }, now);
    if (this.#host.refuses(node, identity.person, now)) return this.toConnection(key, { type: 'close', reason: 'refused' }, now);
    const olderKey = this.table.keyOf(node);
    if (olderKey !== undefined) {
      const loser = this.table.loserOf(node, olderKey, key, now);
      if (loser === key) return this.toConnection(key, { type: 'close', reason: 'replaced' }, now);
      this.#opens.sessionReplaced(olderKey, key);
      this.toConnection(olderKey, { type: 'close', reason: 'replaced' }, now);
    }
    this.table.setSession(node, key);
    this.#host.toPaths({ type: 'reached', node, link: key }, now);
    const peer: PeerIdentity = { node, device: identity.device, person: identity.person };
    this.#peers.clear(node, 'reason', 'rttMs');
    this.#peers.update(node, { identity: peer, state: 'connected', path: this.#host.pathOf(key), connectedAt: now, lastSeenAt: now });
    this.#host.output({ type: 'peer-up', peer });
    const isFar = connection.kind === 'circuit';
    if (!isFar) this.#becomeNeighbour(key, identity, now);
    else if (connection.machine.isInitiator) connection.compareAt = now + LIMITS.comparePathsFirstMs;
    this.#host.sessionBegan(node, key, isFar, now);
    this.#opens.sessionOpened(node, key);
    this.drainOpens(now);
  }

  #closed(key: number, code: ErrorCode, now: number): void {
    const connection = this.table.get(key);
    if (!connection) return;
    const { via } = connection;
    this.table.delete(key);
    this.#unflushed.delete(key);
    for (const link of this.#links.forgetConnection(key)) this.#dropLink(link, now);
    this.#host.toPaths({ type: 'connection-closed', connection: key }, now);
    const isFar = connection.kind === 'circuit';
    const { identity, dialledNode, isInitiator, isStranded: wasStranded, bytesSent, bytesReceived } = connection.machine;
    this.#opens.connectionClosed(key, code);
    this.drainOpens(now);
    const node = identity?.node ?? dialledNode;
    if (!node) return;
    const before = this.#peers.get(node);
    this.#peers.update(node, { bytesSent: (before?.bytesSent ?? 0) + bytesSent, bytesReceived: (before?.bytesReceived ?? 0) + bytesReceived });
    if (!identity) {
      if (isFar) return this.#host.toPaths({ type: 'circuit-failed', link: key, code }, now);
      return this.#host.attemptFailed(node, code, now);
    }
    if (this.table.keyOf(node) !== key) {
      this.#host.toMesh({ type: 'session-ended', node, connection: key, code }, now);
      return this.#host.didNotCount(dialledNode ?? node, code, now);
    }
    this.table.deleteSession(node);
    this.#peers.clear(node, 'path', 'rttMs', 'connectedAt');
    this.#peers.update(node, { state: 'away', lastSeenAt: now, reason: code });
    this.#host.output({ type: 'peer-down', peer: { node, device: identity.device, person: identity.person }, code });
    this.#host.toMesh({ type: 'session-ended', node, connection: key, code }, now);
    this.#host.sessionEnded(node, { code, isFar, isInitiator, wasStranded, via }, now);
  }

  #roundTrip(key: number, smoothedMs: number, now: number): void {
    const node = this.table.get(key)?.machine.identity?.node;
    if (!node || this.table.keyOf(node) !== key) return;
    this.#peers.update(node, { rttMs: smoothedMs });
    this.#host.toPaths({ type: 'round-trip', node, rttMs: smoothedMs }, now);
  }

  #toOverlay(input: Extract<MeshInput, { readonly type: 'overlay' }>['input'], now: number): void {
    this.#host.toMesh({ type: 'overlay', input }, now);
  }
}

/** Kinds of links between which a session moves when the mode changes. */
function isOwnLink(kind: LinkKind): boolean {
  return kind === 'webrtc' || kind === 'websocket';
}

function isCarried({ machine }: KnownConnection): boolean {
  return !machine.isStranded;
}
