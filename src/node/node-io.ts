import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import type { SecureChannelFactory } from '../crypto/secure-channel.ts';
import type { SignalingServersOutput } from '../p2p/bootstrap/signaling-servers.ts';
import type { SignalingSessionInput } from '../p2p/bootstrap/signaling-session.ts';
import type { DialBookInput, DialBookOutput } from '../p2p/dialling/dial-book.ts';
import type { JoinInput, JoinOutput } from '../p2p/dialling/join-exchange.ts';
import type { RelayTrust } from '../p2p/routing/relay-desk.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import type { NodeState, PeerIdentity, PeerInfo } from './api.ts';
import type { ConnectionInput, ConnectionOutput } from './connection.ts';
import type { Mode } from './left-links.ts';
import type { MeshInput, MeshOptions, MeshOutput } from './mesh.ts';
import type { LinkFacts, LinkInput } from './session-links.ts';
import type { OpenRequest, WaitingOpensOutput } from './waiting-opens.ts';

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
      readonly input: LinkInput | Exclude<ConnectionInput, { readonly type: LinkInput['type'] | 'move' | 'resume' }>;
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
  /** Which links this node has from now on; sessions on others move, and then those links go. */
  | { readonly type: 'mode'; readonly mode: Mode }
  /** Of a host: where its sockets are from now on. */
  | { readonly type: 'host-urls'; readonly urls: readonly string[] }
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
      readonly output: Exclude<
        ConnectionOutput,
        { readonly type: 'established' | 'fault' | 'round-trip' | 'moving' | 'link-done' | 'move-failed' | 'stranded' }
      >;
    }
  | Extract<WaitingOpensOutput, { readonly type: 'opened' | 'open-failed' }>
  | { readonly type: 'peer-up'; readonly peer: PeerIdentity }
  /** A node says that it is a host, or a server of one, with sockets at these addresses. */
  | { readonly type: 'host'; readonly node?: NodeId; readonly urls: readonly string[] }
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
  /** Present on a host: the addresses of its sockets. */
  readonly hostUrls?: readonly string[];
  readonly mode?: Mode;
  readonly hasPlaintextClients?: boolean;
  /** For simulations, whose nodes share what they read. */
  readonly readPresenceItem?: MeshOptions['readPresenceItem'];
};
