import type { ErrorCode } from '../base/errors.ts';
import type { DeviceId, NodeId, PersonId } from '../base/ids.ts';
import type { Machine } from '../base/machine.ts';
import type { JoinInput, JoinState } from '../p2p/dialling/join-exchange.ts';
import type { Link } from '../ports/link.ts';
import type { IceServer } from '../ports/rtc.ts';
import type { RegistryInput, RegistryOutput, RegistryCommand } from '../registry/registry-io.ts';
import type { Mode } from './left-links.ts';

/** Who is at the other end, proven by the handshake. */
export type PeerIdentity = { readonly node: NodeId; readonly device: DeviceId; readonly person: PersonId };

/** How frames reach a peer. `via` names the relaying nodes of a circuit, nearest first. */
export type Path = { readonly kind: 'direct' | 'tab' | 'host' | 'relayed' | 'memory'; readonly via: readonly NodeId[] };

export type PeerState = 'connecting' | 'connected' | 'away';

export type PeerInfo = {
  readonly node: NodeId;
  /** Absent until the first handshake with the node completed. */
  readonly identity?: PeerIdentity;
  readonly state: PeerState;
  readonly path?: Path;
  /** Smoothed round-trip time. */
  readonly rttMs?: number;
  readonly connectedAt?: number;
  readonly lastSeenAt?: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Why the last dial or session ended. */
  readonly reason?: ErrorCode;
};

export type SignalingState = 'off' | 'connecting' | 'connected' | 'unreachable' | 'refused';

/** A signaling server that this node uses. */
export type ServerInfo = {
  readonly host: string;
  /** The one that the app came from, and not one that was told of by another. */
  readonly isOwn: boolean;
  readonly state: SignalingState;
  readonly hasStun: boolean;
  readonly hasTurn: boolean;
};

/** What this node carries for others; it sees none of it. */
export type RelayInfo = { readonly circuits: number; readonly served: number; readonly bytes: number };

/** A node of the network that is there, whether or not there is a session with it. */
export type NodeInfo = {
  readonly node: NodeId;
  /** A claim of the node's, until a session or the registry proves it. */
  readonly person: PersonId;
  /** Another tab of a browser, reached through the one that has the links. */
  readonly isLeaf: boolean;
  readonly isHost: boolean;
  /** It takes no direct links, and is reached over the hosts that it is linked with. */
  readonly isBehindHosts: boolean;
  /** A host whose MCP clients may reach it over networks, unencrypted. */
  readonly hasPlaintextClients: boolean;
  /** Of a host: WebSocket URLs at which nodes without WebRTC link with it. Its own word. */
  readonly hostUrls?: readonly string[];
  /** Unix milliseconds of its own clock: when it last said that it is there. */
  readonly issuedAt: number;
};

/** The address of a host's sockets; `node` where the host itself says it, and not a server. */
export type KnownHost = { readonly url: string; readonly node?: NodeId };

export type NodeState = {
  readonly phase: 'offline' | 'connecting' | 'connected' | 'closed';
  readonly signaling: SignalingState;
  /** Peers with an open session. */
  readonly connectedPeers: number;
  /** The newest reason for which somebody could not be reached, until a session opens. */
  readonly problem?: { readonly code: ErrorCode; readonly node?: NodeId };
};

/** The stream scheduler's classes: a lower class never waits for a higher one. */
export type StreamPriority = 'control' | 'interactive' | 'bulk';

export type StreamEnd = { readonly clean: boolean; readonly code?: ErrorCode };

/**
 * A flow-controlled stream of whole messages to one peer, over whichever session there is with it at the time of opening.
 * It ends with its session.
 */
export interface Stream {
  readonly protocol: string;
  readonly peer: PeerIdentity;
  /** What the opener sent along, e.g. an agent's id in UTF-8. */
  readonly header: Uint8Array;
  /** How its messages travel now; a session moves to a better path when there is one. */
  readonly path: Path;
  /**
   * Queues one message of up to `maxMessageBytes`. Resolves when the peer's credit took it all: await it before
   * producing more. @throws ParleyError `too-large`, or the stream's end.
   */
  send(message: Uint8Array): Promise<void>;
  /**
   * Sets the receiver; messages that came before are delivered first, in order, one at a time. Credit for a message returns to the
   * sender when the handler's promise resolves.
   */
  onMessage(handler: (message: Uint8Array) => void | Promise<void>): void;
  /** No more messages from here. The peer gets those before it, then its side ends as well and both see a clean end. */
  end(): void;
  /** Ends both directions at once; the peer sees `code`. */
  reset(code: ErrorCode): void;
  /** Resolves once, when both directions ended or the stream broke. */
  readonly closed: Promise<StreamEnd>;
}

export type OpenOptions = {
  readonly header?: Uint8Array;
  readonly priority?: StreamPriority;
  /** Gives up after this long, dialling included. Default 10 s. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
};

export type NodeEvents = {
  state: NodeState;
  /** A peer's record changed. */
  peer: PeerInfo;
  /** A session opened; every protocol may open its streams now. */
  'peer-up': PeerIdentity;
  /** The last session with the node ended. */
  /** A node is there, or changed what it is. */
  'node-up': NodeInfo;
  /** A host with sockets was heard of, see {@link NodeApi.hosts}. */
  host: KnownHost;
  /** A node left or died. */
  'node-down': { readonly node: NodeId };
  /** An exchange of join codes went on. */
  join: JoinState;
  'peer-down': { readonly peer: PeerIdentity; readonly code: ErrorCode };
  /** Something that a peer or a server did was refused. For the log and the connection check; nothing to act on. */
  fault: { readonly code: ErrorCode; readonly node?: NodeId; readonly detail: string };
};

/** What some node of the network published; its signature was checked. */
export type Publication = {
  readonly topic: string;
  readonly author: NodeId;
  /** The author's clock, within two minutes of ours. */
  readonly sentAt: number;
  readonly payload: Uint8Array;
};

/** What the registry's machine wants of whoever runs it. */
export type { RegistryCommand };
export type RegistryEvent = Extract<RegistryOutput, { readonly type: 'store' | 'changed' | 'engine' | 'alarm' }>;

/** A running node, as everything above the protocol machines sees it. */
export interface NodeApi {
  readonly id: NodeId;
  readonly identity: PeerIdentity;
  readonly networkId: Uint8Array;
  state(): NodeState;
  peers(): readonly PeerInfo[];
  /** All other nodes of the network that are there. */
  nodes(): readonly NodeInfo[];
  /** One of them, if it is there. */
  nodeInfo(node: NodeId): NodeInfo | undefined;
  /** Links of others, as far as neighbours tell. Costs a hash for each node: ask when somebody looks. */
  links(): readonly { readonly from: NodeId; readonly to: NodeId }[];
  servers(): readonly ServerInfo[];
  /** STUN and TURN in use. */
  iceServers(): readonly IceServer[];
  /** What this node relays for others now, and did. */
  relaying(): RelayInfo;
  /** The exchange of codes that links two nodes without a server; its steps come as `join`. */
  joinState(): JoinState;
  /** `begin` makes a code to give; `paste` takes the other's: an offer, which is answered by a code, or the answer to ours. */
  join(command: Extract<JoinInput, { readonly type: 'begin' | 'paste' | 'cancel' }>): void;
  /**
   * Opens a stream to a node, dialling it if there is no session.
   * @throws ParleyError `unreachable`, `timed-out`, `cancelled`, `protocol-unknown`, `overloaded`, or why the handshake failed.
   */
  open(node: NodeId, protocol: string, options?: OpenOptions): Promise<Stream>;
  /** Serves a protocol to every peer; answers how to stop. One handler per protocol. The handler may `reset` to refuse. */
  serve(protocol: string, handler: (stream: Stream) => void): () => void;
  on<Name extends keyof NodeEvents>(name: Name, listener: (payload: NodeEvents[Name]) => void): () => void;
  /**
   * Publishes to every node of the network that subscribed to the topic, signed by this node. Delivery is best effort: who is away misses it.
   * @throws ParleyError `bad-argument` for the topic, `too-large` above 15 KiB, `overloaded`
   */
  publish(topic: string, payload: Uint8Array): void;
  /** Listens to a topic; answers how to stop. What this node publishes is not delivered back. */
  subscribe(topic: string, listener: (publication: Publication) => void): () => void;
  /** Nodes with which a direct link is worth more than with others: those of people who are talked to. The first few count. */
  prefer(nodes: readonly NodeId[]): void;
  /** For whom this node relays without a stranger's bounds. Everybody in a private network, which is where it begins there. */
  setRelayTrust(trust: 'everybody' | ReadonlySet<PersonId>): void;
  /** Gives the registry's machine to the mesh; answers how to command it. Once. */
  attachRegistry(machine: Machine<RegistryInput, RegistryOutput>, onEvent: (event: RegistryEvent) => void): (command: RegistryCommand) => void;
  /** Hosts with sockets that presence and the servers told of, the newest last. */
  hosts(): readonly KnownHost[];
  /** Which links this node has. */
  readonly mode: Mode;
  /** Changes that: sessions move to other links before those that the mode does without are closed. */
  setMode(mode: Mode): void;
  /** Runs a session over a link that needed no introduction, or brings the present one there: another tab, a host, a test. */
  attachLink(link: Link, role: 'initiator' | 'responder', expectedNode?: NodeId): void;
  /** Something happened to the platform: check every session at once, reconnect what is down. */
  nudge(why: 'online' | 'offline' | 'resume' | 'network-change'): void;
  /** Says goodbye to every peer and stops. */
  close(): Promise<void>;
}
