import { BoundedMap } from '../base/bounded-map.ts';
import { EMPTY_BYTES } from '../base/bytes.ts';
import { Emitter } from '../base/emitter.ts';
import { ParleyError, type ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { ChannelFactory } from '../crypto/channel.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import { CARD_FLAGS, type PeerCard } from '../crypto/peer-card.ts';
import { createSecureChannelFactory } from '../crypto/secure-channel.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { BulkCipher, Verifier } from '../ports/keys.ts';
import type { Link } from '../ports/link.ts';
import type { IceServer, RtcDialer } from '../ports/rtc.ts';
import type { JoinState } from '../p2p/dialling/join-exchange.ts';
import type { SignalingClient } from '../ports/signaling.ts';
import type { RelayTrust } from '../p2p/routing/relay-desk.ts';
import type { PriorityClass } from '../p2p/streams/priority-scheduler.ts';
import type { MuxOutput } from '../p2p/streams/stream-mux.ts';
import type {
  KnownHost,
  NodeApi,
  NodeEvents,
  NodeInfo,
  NodeState,
  OpenOptions,
  PeerIdentity,
  PeerInfo,
  Publication,
  RegistryCommand,
  RegistryEvent,
  RelayInfo,
  ServerInfo,
  Stream,
  StreamPriority,
} from './api.ts';
import type { Mode } from './left-links.ts';
import type { RegistryMachine } from './mesh.ts';
import { NodeMachine } from './node-machine.ts';
import { NodeStream, type StreamInput } from './node-stream.ts';
import type { QuietTurnsOptions } from './quiet-turns.ts';
import { factsOf, Pump, type PumpEvents } from './pump.ts';

export type NodeOptions = {
  readonly identity: LocalIdentity;
  readonly networkId: Uint8Array;
  /** The private network's key; absent in open networks. */
  readonly psk?: Uint8Array;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly verifier: Verifier;
  readonly bulkCipher: BulkCipher;
  /** Without it the node meets others only through attached links. */
  readonly signaling?: SignalingClient;
  /** How to reach a further server, by the URL that the first one told. Without it there is none. */
  signalingFor?(url: string): SignalingClient | undefined;
  readonly rtc?: RtcDialer;
  /** When what programs say is sent ({@link QuietTurnsOptions}). Default: after a few empty turns of the microtask queue. */
  readonly endOfTurn?: QuietTurnsOptions['endOfTurn'];
  /** A leaf has no links of its own. Default `hub`. */
  readonly role?: 'hub' | 'leaf';
  /** Default `decentralised`. */
  readonly mode?: Mode;
  /** Makes it a host: WebSocket URLs at which nodes without WebRTC reach it, at most two, possibly none. */
  readonly hostUrls?: readonly string[];
  /** Whether its card says that MCP clients reach it unencrypted. */
  readonly hasPlaintextClients?: boolean;
  /** For tests and benchmarks: channels other than the secure ones. Nothing that a peer says can choose them. */
  readonly channels?: ChannelFactory;
};

const PRIORITIES: Readonly<Record<StreamPriority, PriorityClass>> = { control: 0, interactive: 1, bulk: 2 };

/** Makes a node and starts it: it joins the signaling server and meets who is there. */
export function createNode(options: NodeOptions): Node {
  return new Node(options);
}

type PendingOpen = {
  readonly protocol: string;
  readonly header: Uint8Array;
  resolve(stream: Stream): void;
  reject(error: ParleyError): void;
};

/** The {@link NodeApi} over the node's machine and its pump. */
export class Node implements NodeApi {
  readonly id: NodeId;
  readonly identity: PeerIdentity;
  readonly networkId: Uint8Array;
  readonly #machine: NodeMachine;
  readonly #pump: Pump;
  readonly #clock: Clock;
  readonly #events = new Emitter<NodeEvents>();
  readonly #protocols = new Map<string, (stream: Stream) => void>();
  readonly #streams = new Map<number, Map<number, NodeStream>>();
  readonly #opens = new Map<number, PendingOpen>();
  readonly #subscribers = new Map<string, Set<(publication: Publication) => void>>();
  readonly #hosts = new BoundedMap<string, KnownHost>(LIMITS.maxKnownHosts);
  readonly #hasSignaling: boolean;
  #role: 'hub' | 'leaf' | undefined;
  #nextRequest = 1;
  #onRegistry: (event: RegistryEvent) => void = () => undefined;

  constructor(options: NodeOptions) {
    const { identity, networkId, clock, entropy } = options;
    this.id = identity.node;
    this.identity = { node: identity.node, device: identity.device, person: identity.person };
    this.networkId = networkId;
    this.#clock = clock;
    const secure = createSecureChannelFactory({ identity, networkId, entropy, ...(options.psk ? { psk: options.psk } : {}) });
    const channels = options.channels ? Object.assign(options.channels, { localHello: secure.localHello }) : secure;
    const { mode, hostUrls, hasPlaintextClients = false } = options;
    const traits = { ...(mode ? { mode } : {}), ...(hostUrls ? { hostUrls } : {}), hasPlaintextClients };
    this.#machine = new NodeMachine({ identity, networkId, channels, entropy, now: clock.now(), ...traits });
    this.#pump = new Pump({
      machine: this.#machine,
      identity,
      networkId,
      localHello: channels.localHello,
      clock,
      entropy,
      verifier: options.verifier,
      bulkCipher: options.bulkCipher,
      ...(options.signaling ? { signaling: options.signaling } : {}),
      ...(options.signalingFor ? { signalingFor: options.signalingFor } : {}),
      ...(options.rtc ? { rtc: options.rtc } : {}),
      endOfTurn: options.endOfTurn,
      onEvent: (event) => this.#pumpEvent(event),
      onStream: (connection, output) => this.#streamOutput(connection, output),
      onConnectionClosed: (connection, code) => this.#connectionClosed(connection, code),
    });
    // Whoever has the secret of a private network is one of its own.
    if (options.psk) this.setRelayTrust('everybody');
    this.#hasSignaling = options.signaling !== undefined;
    this.setRole(options.role ?? 'hub');
  }

  state(): NodeState {
    return this.#machine.state();
  }

  peers(): readonly PeerInfo[] {
    return this.#machine.peers.all().map((peer) => this.#machine.withTraffic(peer));
  }

  nodes(): readonly NodeInfo[] {
    const nodes: NodeInfo[] = [];
    for (const card of this.#machine.nodes()) if (card.node !== this.id) nodes.push(infoOf(card));
    return nodes;
  }

  nodeInfo(node: NodeId): NodeInfo | undefined {
    const card = node === this.id ? undefined : this.#machine.cardOf(node);
    return card && infoOf(card);
  }

  links(): readonly { readonly from: NodeId; readonly to: NodeId }[] {
    return [...this.#machine.links()];
  }

  servers(): readonly ServerInfo[] {
    return this.#pump.servers();
  }

  iceServers(): readonly IceServer[] {
    return this.#pump.iceServers();
  }

  relaying(): RelayInfo {
    const { circuits, served, bytes } = this.#machine.relayFigures();
    return { circuits, served, bytes };
  }

  joinState(): JoinState {
    return this.#machine.joinState();
  }

  join(input: Parameters<NodeApi['join']>[0]): void {
    this.#pump.dispatch({ type: 'join', input });
  }

  /** The cards of present neighbours, to be kept for the next start. */
  neighbourCards(): readonly Uint8Array[] {
    return this.#machine.neighbourCards();
  }

  open(node: NodeId, protocol: string, options: OpenOptions = {}): Promise<Stream> {
    if (node === this.id) return Promise.reject(new ParleyError('bad-argument', 'A node opens no streams to itself.'));
    if (options.signal?.aborted) return Promise.reject(openError('cancelled'));
    const { header = EMPTY_BYTES, priority = 'interactive', deadlineMs = LIMITS.openTimeoutMs } = options;
    const request = this.#nextRequest++;
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#pump.dispatch({ type: 'cancel-open', request });
      options.signal?.addEventListener('abort', onAbort, { once: true });
      const settled = () => options.signal?.removeEventListener('abort', onAbort);
      this.#opens.set(request, {
        protocol,
        header,
        resolve: (stream) => (settled(), resolve(stream)),
        reject: (error) => (settled(), reject(error)),
      });
      const deadline = this.#clock.now() + deadlineMs;
      this.#pump.dispatch({ type: 'open', request, node, protocol, header, priority: PRIORITIES[priority], deadline });
    });
  }

  serve(protocol: string, handler: (stream: Stream) => void): () => void {
    this.#protocols.set(protocol, handler);
    return () => {
      if (this.#protocols.get(protocol) === handler) this.#protocols.delete(protocol);
    };
  }

  publish(topic: string, payload: Uint8Array): void {
    this.#pump.dispatch({ type: 'mesh', input: { type: 'publish', topic, payload } });
  }

  subscribe(topic: string, listener: (publication: Publication) => void): () => void {
    let listeners = this.#subscribers.get(topic);
    if (!listeners) {
      this.#pump.dispatch({ type: 'mesh', input: { type: 'subscribe', topic } });
      this.#subscribers.set(topic, (listeners = new Set()));
    }
    const mine = (publication: Publication) => listener(publication);
    listeners.add(mine);
    return () => {
      if (!listeners.delete(mine) || listeners.size > 0) return;
      this.#subscribers.delete(topic);
      this.#pump.dispatch({ type: 'mesh', input: { type: 'unsubscribe', topic } });
    };
  }

  attachRegistry(machine: RegistryMachine, onEvent: (event: RegistryEvent) => void): (command: RegistryCommand) => void {
    this.#onRegistry = onEvent;
    this.#pump.dispatch({ type: 'mesh', input: { type: 'attach-registry', machine } });
    return (input) => this.#pump.dispatch({ type: 'mesh', input: { type: 'registry', input } });
  }

  on<Name extends keyof NodeEvents>(name: Name, listener: (payload: NodeEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  nudge(why: 'online' | 'offline' | 'resume' | 'network-change'): void {
    this.#pump.dispatch({ type: 'nudge', why });
  }

  async close(): Promise<void> {
    this.#pump.dispatch({ type: 'close' });
    // At once: a page that goes away gets no microtask of its own for this.
    this.#pump.drain();
    this.#pump.stop();
    await Promise.resolve();
  }

  prefer(nodes: readonly NodeId[]): void {
    this.#pump.dispatch({ type: 'mesh', input: { type: 'overlay', input: { type: 'prefer', nodes } } });
  }

  /** For whom this node relays without a stranger's bounds: contacts. Everybody in a private network, which is where it begins there. */
  setRelayTrust(trust: RelayTrust): void {
    this.#pump.dispatch({ type: 'relay-trust', trust });
  }

  /** What this node does for circuits of others. */
  relayFigures(): ReturnType<NodeMachine['relayFigures']> {
    return this.#machine.relayFigures();
  }

  /** Learns of a node by its card, as from a signaling server; a remembered one was a neighbour before and is tried first. */
  meet(card: Uint8Array, isRemembered = false): void {
    this.#pump.dispatch({ type: 'card', card, isRemembered });
  }

  /** A leaf gives up its own links: it is reached through the hub of its browser. */
  setRole(role: 'hub' | 'leaf'): void {
    const isFirstHub = role === 'hub' && this.#role === undefined;
    if (role === this.#role) return;
    this.#role = role;
    if (!isFirstHub) this.#pump.dispatch({ type: 'role', role });
    if (role === 'hub' && this.#hasSignaling) this.#pump.dispatch({ type: 'signaling', server: 0, input: { type: 'start' } });
    // At once: a page that freezes gets no microtask of its own for the goodbyes.
    if (!isFirstHub) this.#pump.drain();
  }

  hosts(): readonly KnownHost[] {
    return [...this.#hosts].map(([, host]) => host);
  }

  get mode(): Mode {
    return this.#machine.mode;
  }

  setMode(mode: Mode): void {
    this.#pump.dispatch({ type: 'mode', mode });
  }

  /** Of a host: the addresses of its sockets from now on, as {@link NodeOptions.hostUrls}; its card says so within seconds. */
  setHostUrls(urls: readonly string[]): void {
    this.#pump.dispatch({ type: 'host-urls', urls });
  }

  attachLink(link: Link, role: 'initiator' | 'responder', expectedNode?: NodeId): void {
    const connection = this.#machine.allocateConnection();
    this.#pump.dispatch({ type: 'attach', connection, link: factsOf(link), role, ...(expectedNode ? { expectedNode } : {}) });
    this.#pump.bind(connection, link);
  }

  #pumpEvent(event: PumpEvents): void {
    switch (event.type) {
      case 'opened':
        return this.#opened(event.request, event.connection, event.stream);
      case 'open-failed': {
        const open = this.#opens.get(event.request);
        this.#opens.delete(event.request);
        return open?.reject(openError(event.code));
      }
      case 'peer-up':
        return this.#events.emit('peer-up', event.peer);
      case 'peer-down':
        return this.#events.emit('peer-down', { peer: event.peer, code: event.code });
      case 'peer':
        return this.#events.emit('peer', this.#machine.withTraffic(event.peer));
      case 'state':
        return this.#events.emit('state', event.state);
      case 'registry':
        return this.#onRegistry(event.output);
      case 'node-up':
        return this.#events.emit('node-up', infoOf(event.card));
      case 'host':
        return this.#toldOfHosts(event);
      case 'node-down':
        return this.#events.emit('node-down', { node: event.node });
      case 'join':
        return this.#events.emit('join', event.state);
      case 'published':
        for (const listener of this.#subscribers.get(event.topic) ?? []) listener(event);
        return;
      case 'fault':
        return this.#events.emit('fault', { code: event.code, detail: event.detail, ...(event.node ? { node: event.node } : {}) });
    }
  }

  #toldOfHosts({ node, urls }: { readonly node?: NodeId; readonly urls: readonly string[] }): void {
    // What a host says of itself is all that holds of it.
    for (const [url, known] of [...this.#hosts]) if (node && known.node === node && !urls.includes(url)) this.#hosts.delete(url);
    for (const url of urls) this.#toldOfHost({ url, ...(node ? { node } : {}) });
  }

  #toldOfHost(host: KnownHost): void {
    const known = this.#hosts.get(host.url);
    if (known && (known.node === host.node || !host.node)) return;
    this.#hosts.set(host.url, host);
    this.#events.emit('host', host);
  }

  #opened(request: number, connection: number, id: number): void {
    const open = this.#opens.get(request);
    this.#opens.delete(request);
    if (!open) return this.#streamInput(connection, { type: 'reset', stream: id, code: 'cancelled' });
    const stream = this.#addStream(connection, id, open.protocol, open.header);
    if (stream) open.resolve(stream);
    else open.reject(openError('link-lost'));
  }

  #addStream(connection: number, id: number, protocol: string, header: Uint8Array): NodeStream | undefined {
    const identity = this.#machine.connectionOf(connection)?.identity;
    if (!identity) return undefined;
    const peer: PeerIdentity = { node: identity.node, device: identity.device, person: identity.person };
    const path = () => this.#machine.pathOf(connection);
    const stream = new NodeStream({ id, protocol, header, peer, path }, (input) => this.#streamInput(connection, input));
    let streams = this.#streams.get(connection);
    if (!streams) this.#streams.set(connection, (streams = new Map()));
    streams.set(id, stream);
    return stream;
  }

  #streamInput(connection: number, input: StreamInput): void {
    this.#pump.dispatch({ type: 'connection', connection, input: { type: 'stream', input } });
  }

  #streamOutput(connection: number, output: Exclude<MuxOutput, { readonly type: 'pong' | 'violation' }>): void {
    if (output.type === 'incoming') return this.#incoming(connection, output);
    const streams = this.#streams.get(connection);
    const stream = streams?.get(output.stream);
    if (!stream) return;
    switch (output.type) {
      case 'message':
        return stream.received(output.message);
      case 'sent':
        return stream.sent();
      case 'ended':
        return stream.peerEnded();
      case 'closed':
        streams?.delete(output.stream);
        return stream.finish(output.code ? { clean: false, code: output.code } : { clean: true });
      case 'accepted':
        return;
    }
  }

  #incoming(connection: number, { stream: id, protocol, header }: Extract<MuxOutput, { readonly type: 'incoming' }>): void {
    const handler = this.#protocols.get(protocol);
    const stream = handler && this.#addStream(connection, id, protocol, header);
    if (!handler || !stream) return this.#streamInput(connection, { type: 'reset', stream: id, code: 'protocol-unknown' });
    this.#streamInput(connection, { type: 'accept', stream: id });
    handler(stream);
  }

  #connectionClosed(connection: number, code: ErrorCode): void {
    const streams = this.#streams.get(connection);
    this.#streams.delete(connection);
    for (const stream of streams?.values() ?? []) stream.finish({ clean: false, code });
  }
}

function infoOf({ node, person, flags, issuedAt, hostUrls }: PeerCard): NodeInfo {
  const is = (flag: number): boolean => (flags & flag) !== 0;
  const kinds = { isLeaf: is(CARD_FLAGS.leaf), isHost: is(CARD_FLAGS.host), isBehindHosts: is(CARD_FLAGS.behindHosts) };
  const hasPlaintextClients = is(CARD_FLAGS.plaintextClients);
  return { node, person, ...kinds, hasPlaintextClients, issuedAt, ...(hostUrls ? { hostUrls } : {}) };
}

function openError(code: ErrorCode): ParleyError {
  return new ParleyError(code, SENTENCES[code] ?? 'The other node could not be reached.');
}

const SENTENCES: Partial<Record<ErrorCode, string>> = {
  cancelled: 'The caller gave up.',
  'timed-out': 'The other node did not answer in time.',
  overloaded: 'Too many streams are open or waiting.',
  'protocol-unknown': 'The other node does not speak this protocol.',
  refused: 'The other node refused.',
  'closed-here': 'This node has stopped.',
};
