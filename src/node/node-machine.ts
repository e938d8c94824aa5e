import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier, WAKE, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import type { ProvenIdentity } from '../crypto/channel.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import type { SecureChannelFactory } from '../crypto/secure-channel.ts';
import { SignalingSession, type SignalingSessionInput, type SignalingSessionOutput } from '../p2p/bootstrap/signaling-session.ts';
import { DialBook, type DialBookInput, type DialBookOutput } from '../p2p/dialling/dial-book.ts';
import { Membership, type MembershipInput } from '../p2p/membership/membership.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import type { LinkKind } from '../ports/link.ts';
import type { NodeState, Path, PeerIdentity, PeerInfo } from './api.ts';
import { Connection, type ConnectionInput, type ConnectionOutput } from './connection.ts';
import { IntroductionInbox } from './introduction-inbox.ts';
import { PeerTable } from './peer-table.ts';
import { WaitingOpens, type OpenRequest, type WaitingOpensOutput } from './waiting-opens.ts';

/** What the machine needs to know of a link; the link itself stays with the pump. */
export type LinkFacts = { readonly kind: LinkKind; readonly localFingerprint: Uint8Array; readonly remoteFingerprint: Uint8Array };

export type NodeInput =
  | { readonly type: 'signaling'; readonly input: Exclude<SignalingSessionInput, { readonly type: 'welcomed' }> }
  | { readonly type: 'welcomed'; readonly peerCards: readonly Uint8Array[] }
  | { readonly type: 'relayed'; readonly sealed: Uint8Array }
  | { readonly type: 'verified'; readonly job: number; readonly valid: boolean }
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
  | { readonly type: 'connection'; readonly connection: number; readonly input: ConnectionInput }
  | ({ readonly type: 'open' } & OpenRequest)
  | { readonly type: 'cancel-open'; readonly request: number }
  | { readonly type: 'nudge'; readonly why: 'online' | 'offline' | 'resume' | 'network-change' }
  | { readonly type: 'close' };

export type NodeOutput =
  | { readonly type: 'signaling'; readonly output: Exclude<SignalingSessionOutput, { readonly type: 'state' }> }
  | { readonly type: 'signaling-list' }
  | { readonly type: 'signaling-announce'; readonly on: boolean }
  | Extract<DialBookOutput, { readonly type: 'introduce' | 'rtc-dial' | 'rtc-signal' | 'rtc-abandon' }>
  | { readonly type: 'verify'; readonly job: number; readonly checks: readonly SignatureCheck[] }
  /** The link of a dial now belongs to this connection. */
  | { readonly type: 'adopt'; readonly dial: number; readonly connection: number }
  | {
      readonly type: 'connection';
      readonly connection: number;
      readonly output: Exclude<ConnectionOutput, { readonly type: 'established' | 'fault' | 'round-trip' }>;
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
};

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
 * The whole node without any input or output of its own: signaling, dialling, membership and one {@link Connection} for each link,
 * wired to each other. It decides which session counts when there are two with the same node.
 */
export class NodeMachine implements Machine<NodeInput, NodeOutput> {
  readonly peers = new PeerTable();
  readonly #me: NodeId;
  readonly #channels: SecureChannelFactory;
  readonly #outputs = new Queue<NodeOutput>();
  readonly #signaling: SignalingSession;
  readonly #dials: DialBook;
  readonly #membership: Membership;
  readonly #inbox: IntroductionInbox;
  readonly #connections = new Map<number, { readonly machine: Connection; readonly kind: LinkKind }>();
  /** The connection that counts, for each node with a session. */
  readonly #sessions = new Map<NodeId, number>();
  readonly #opens = new WaitingOpens((connection) => this.connectionOf(connection)?.allocateStream());
  #nextConnection = 1;
  #problem: NodeState['problem'];
  #lastState = '';
  #isClosed = false;

  constructor(options: NodeMachineOptions) {
    this.#me = options.identity.node;
    this.#channels = options.channels;
    this.#signaling = new SignalingSession(options.entropy);
    this.#dials = new DialBook(this.#me, options.entropy);
    this.#membership = new Membership(this.#me, options.entropy);
    this.#inbox = new IntroductionInbox(options.identity, options.networkId, options.now);
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
    return { kind: PATH_KINDS[this.#connections.get(key)?.kind ?? 'memory'], via: [] };
  }

  state(): NodeState {
    const signaling = this.#signaling.state;
    const connectedPeers = this.#sessions.size;
    const isUp = connectedPeers > 0 || signaling === 'connected';
    const phase = this.#isClosed ? 'closed' : isUp ? 'connected' : signaling === 'connecting' ? 'connecting' : 'offline';
    return { phase, signaling, connectedPeers, ...(this.#problem ? { problem: this.#problem } : {}) };
  }

  handle(input: NodeInput | Wake, now: number): void {
    if (this.#isClosed) {
      if (input.type === 'open') this.#outputs.push({ type: 'open-failed', request: input.request, code: 'closed-here' });
      return;
    }
    this.#dispatch(input, now);
    this.#drain(now);
  }

  poll(): NodeOutput | undefined {
    return this.#outputs.shift();
  }

  /** Takes what connections sealed lazily; called by the pump before it polls. */
  flush(connection: number, now: number): void {
    this.#drainConnection(connection, now);
    this.#drain(now);
  }

  nextWakeAt(): number | undefined {
    if (this.#isClosed) return undefined;
    let next = earlier(this.#signaling.nextWakeAt(), earlier(this.#dials.nextWakeAt(), this.#membership.nextWakeAt()));
    for (const { machine } of this.#connections.values()) next = earlier(next, machine.nextWakeAt());
    return earlier(next, this.#opens.nextWakeAt());
  }

  #dispatch(input: NodeInput | Wake, now: number): void {
    switch (input.type) {
      case 'connection':
        return this.#toConnection(input.connection, input.input, now);
      case 'signaling':
        return this.#signaling.handle(input.input, now);
      case 'welcomed':
        this.#signaling.handle({ type: 'welcomed' }, now);
        for (const card of input.peerCards) this.#inbox.card(card, now);
        return;
      case 'relayed':
        return this.#inbox.relayed(input.sealed, now);
      case 'verified':
        return this.#inbox.verified(input.job, input.valid);
      case 'dials':
        return this.#dials.handle(input.input, now);
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
    this.#membership.handle(WAKE, now);
    for (const [key, { machine }] of this.#connections) {
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
    this.#membership.handle({ type: 'retry-now' }, now);
  }

  #close(now: number): void {
    this.#opens.failAll('closed-here');
    this.#drainOpens(now);
    for (const key of this.#connections.keys()) this.#toConnection(key, { type: 'close', reason: 'peer-closed' }, now);
    this.#dials.abandonAll();
    this.#signaling.handle({ type: 'stop' }, now);
    this.#drain(now);
    this.#isClosed = true;
    this.#outputs.push({ type: 'state', state: this.state() });
  }

  // ── links ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #linkedFacts: { readonly dial: number; readonly link: LinkFacts } | undefined;

  #linked(dial: number, link: LinkFacts, now: number): void {
    this.#linkedFacts = { dial, link };
    this.#dials.handle({ type: 'rtc-linked', dial }, now);
    this.#drainDials(now);
    this.#linkedFacts = undefined;
  }

  #adopt(output: Extract<DialBookOutput, { readonly type: 'linked' }>, now: number): void {
    const facts = this.#linkedFacts;
    if (!facts || facts.dial !== output.dial) return;
    const connection = this.allocateConnection();
    this.#outputs.push({ type: 'adopt', dial: output.dial, connection });
    const role = output.isInitiator ? 'initiator' : 'responder';
    this.#connect(connection, facts.link, { role, expectedNode: output.node, remoteHello: output.remoteHello }, now);
  }

  #connect(
    key: number,
    link: LinkFacts,
    options: { readonly role: 'initiator' | 'responder'; readonly expectedNode?: NodeId; readonly remoteHello?: Uint8Array },
    now: number,
  ): void {
    if (options.role === 'responder' && this.#pendingHandshakes >= LIMITS.maxPendingHandshakes) return this.#turnAway(key);
    const { kind, localFingerprint, remoteFingerprint } = link;
    const machine = new Connection(this.#channels, { ...options, localFingerprint, remoteFingerprint }, now);
    this.#connections.set(key, { machine, kind });
    if (options.expectedNode && !this.#sessions.has(options.expectedNode)) this.peers.update(options.expectedNode, { state: 'connecting' });
    this.#drainConnection(key, now);
  }

  /** Links on which others have yet to prove who they are. */
  get #pendingHandshakes(): number {
    let pending = 0;
    for (const { machine } of this.#connections.values()) if (!machine.isInitiator && !machine.identity) pending++;
    return pending;
  }

  #turnAway(key: number): void {
    const detail = 'Too many others have yet to prove who they are.';
    this.#fault('overloaded', detail);
    this.#outputs.push({ type: 'connection', connection: key, output: { type: 'closed', code: 'overloaded', remote: false, detail } });
  }

  #toConnection(key: number, input: ConnectionInput, now: number): void {
    const connection = this.#connections.get(key);
    if (!connection) return;
    connection.machine.handle(input, now);
    // What was put on streams waits for `flush`, so that the messages of one moment share a frame.
    if (input.type !== 'stream') this.#drainConnection(key, now);
  }

  #drainConnection(key: number, now: number): void {
    const machine = this.#connections.get(key)?.machine;
    for (let output = machine?.poll(); output; output = machine?.poll()) this.#connectionOutput(key, output, now);
  }

  #connectionOutput(key: number, output: ConnectionOutput, now: number): void {
    switch (output.type) {
      case 'established':
        return this.#established(key, output.identity, now);
      case 'round-trip':
        return this.#roundTrip(key, output.smoothedMs);
      case 'fault':
        return this.#fault(output.code, output.detail, this.connectionOf(key)?.identity?.node);
      case 'closed':
        this.#outputs.push({ type: 'connection', connection: key, output });
        return this.#connectionClosed(key, output.code, now);
      case 'stream': {
        const { output: event } = output;
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
    const olderKey = this.#sessions.get(node);
    if (olderKey !== undefined) {
      const loser = this.#loserOf(node, olderKey, key, now);
      if (loser === key) return this.#toConnection(key, { type: 'close', reason: 'replaced' }, now);
      this.#toConnection(olderKey, { type: 'close', reason: 'replaced' }, now);
    }
    this.#sessions.set(node, key);
    this.#problem = undefined;
    this.#membership.handle({ type: 'connected', node }, now);
    const peer: PeerIdentity = { node, device: identity.device, person: identity.person };
    this.peers.clear(node, 'reason', 'rttMs');
    this.peers.update(node, { identity: peer, state: 'connected', path: this.pathOf(key), connectedAt: now, lastSeenAt: now });
    this.#outputs.push({ type: 'peer-up', peer });
    this.#opens.sessionOpened(node, key);
    this.#drainOpens(now);
  }

  /** Which of two sessions with one node has to go: both sides must say the same. */
  #loserOf(node: NodeId, olderKey: number, newerKey: number, now: number): number {
    const older = this.connectionOf(olderKey);
    const newer = this.connectionOf(newerKey);
    if (!older || !newer) return olderKey;
    const isSimultaneous = older.isInitiator !== newer.isInitiator && now - older.openedAt < SIMULTANEOUS_MS;
    if (!isSimultaneous) return olderKey;
    const keepOurs = this.#me < node;
    return older.isInitiator === keepOurs ? newerKey : olderKey;
  }

  #connectionClosed(key: number, code: ErrorCode, now: number): void {
    const connection = this.#connections.get(key);
    if (!connection) return;
    this.#connections.delete(key);
    const { identity, dialledNode, bytesSent, bytesReceived } = connection.machine;
    this.#opens.connectionClosed(key, code);
    this.#drainOpens(now);
    const node = identity?.node ?? dialledNode;
    if (!node) return;
    const before = this.peers.get(node);
    this.peers.update(node, { bytesSent: (before?.bytesSent ?? 0) + bytesSent, bytesReceived: (before?.bytesReceived ?? 0) + bytesReceived });
    if (!identity) return this.#dialFailed(node, code, now);
    if (this.#sessions.get(node) !== key) return;
    this.#sessions.delete(node);
    this.peers.clear(node, 'path', 'rttMs', 'connectedAt');
    this.peers.update(node, { state: 'away', lastSeenAt: now, reason: code });
    this.#outputs.push({ type: 'peer-down', peer: { node, device: identity.device, person: identity.person }, code });
    if (code !== 'replaced') this.#membership.handle({ type: 'disconnected', node, code }, now);
  }

  #roundTrip(key: number, smoothedMs: number): void {
    const node = this.connectionOf(key)?.identity?.node;
    if (node && this.#sessions.get(node) === key) this.peers.update(node, { rttMs: smoothedMs });
  }

  #dialFailed(node: NodeId, code: ErrorCode, now: number): void {
    if (this.#sessions.has(node)) return;
    this.#problem = { code, node };
    this.peers.update(node, { state: 'away', reason: code });
    this.#membership.handle({ type: 'dial-failed', node, code }, now);
    if (this.#dials.isDialling(node)) return;
    this.#opens.unreachable(node, code);
    this.#drainOpens(now);
  }

  // ── between the parts ──────────────────────────────────────────────────────────────────────────────────────────

  #drain(now: number): void {
    this.#drainOpens(now);
    this.#drainSignaling(now);
    this.#drainInbox(now);
    this.#drainDials(now);
    this.#drainMembership(now);
    for (const peer of this.peers.takeChanged()) this.#outputs.push({ type: 'peer', peer });
    const state = this.state();
    const summary = `${state.phase} ${state.signaling} ${state.connectedPeers} ${state.problem?.code ?? ''} ${state.problem?.node ?? ''}`;
    if (summary === this.#lastState) return;
    this.#lastState = summary;
    this.#outputs.push({ type: 'state', state });
  }

  #drainOpens(now: number): void {
    for (let output = this.#opens.poll(); output; output = this.#opens.poll()) {
      if (output.type === 'want') this.#membership.handle(output, now);
      else if (output.type === 'stream') {
        this.#toConnection(output.connection, output, now);
        this.#drainConnection(output.connection, now);
      } else this.#outputs.push(output);
    }
  }

  #drainSignaling(now: number): void {
    for (let output = this.#signaling.poll(); output; output = this.#signaling.poll()) {
      if (output.type !== 'state') this.#outputs.push({ type: 'signaling', output });
      else this.#toMembership({ type: 'carrier', isUp: output.state === 'connected' }, now);
    }
  }

  #drainInbox(now: number): void {
    for (let output = this.#inbox.poll(); output; output = this.#inbox.poll()) {
      if (output.type === 'verify') this.#outputs.push(output);
      else if (output.type === 'fault') this.#fault(output.code, output.detail, output.node);
      else if (output.type === 'card') this.#toMembership(output, now);
      else this.#dials.handle(output, now);
    }
  }

  #drainDials(now: number): void {
    for (let output = this.#dials.poll(); output; output = this.#dials.poll()) {
      if (output.type === 'linked') this.#adopt(output, now);
      else if (output.type === 'failed') this.#dialFailed(output.node, output.code, now);
      else if (output.type === 'fault') this.#fault(output.code, output.detail, output.node);
      else this.#outputs.push(output);
    }
  }

  #toMembership(input: MembershipInput, now: number): void {
    this.#membership.handle(input, now);
    this.#drainMembership(now);
  }

  #drainMembership(now: number): void {
    for (let output = this.#membership.poll(); output; output = this.#membership.poll()) {
      if (output.type === 'list') this.#outputs.push({ type: 'signaling-list' });
      else if (output.type === 'announce') this.#outputs.push({ type: 'signaling-announce', on: output.on });
      else {
        if (!this.#sessions.has(output.node)) this.peers.update(output.node, { state: 'connecting' });
        this.#dials.handle(output, now);
        this.#drainDials(now);
      }
    }
  }

  #fault(code: ErrorCode, detail: string, node?: NodeId): void {
    this.#outputs.push({ type: 'fault', code, detail, ...(node ? { node } : {}) });
  }
}
