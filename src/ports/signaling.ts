import type { ErrorCode } from '../base/errors.ts';

/** What the signaling server told after a join. Nothing in it is trusted beyond "somebody may be there". */
export type SignalingWelcome = {
  /** Signed peer cards, as their nodes made them. */
  readonly peerCards: readonly Uint8Array[];
  /** UDP port of the server's STUN on the host of its URL; 0 when it offers none. */
  readonly stunPort: number;
};

/** What else the server knows that helps to reach others. Nothing in it is trusted: the worst it can do is not to help. */
export type SignalingHelp = {
  /** WebSocket URLs of other servers that introduce the same people. */
  readonly servers: readonly string[];
  /** WebSocket URLs of hosts. */
  readonly hosts?: readonly string[];
  readonly turn?: { readonly urls: readonly string[]; readonly username: string; readonly credential: string };
};

export type SignalingEnd = {
  readonly code: Extract<ErrorCode, 'closed-here' | 'signaling-unreachable' | 'signaling-refused'>;
  readonly detail: string;
  /** The same node joined over a newer socket: this server is known under another URL, too, or the node runs twice. */
  readonly wasReplaced?: true;
};

export interface SignalingHandlers {
  /** The server's 32-byte challenge: answer with `join`. */
  challenged(challenge: Uint8Array): void;
  welcomed(welcome: SignalingWelcome): void;
  helped(help: SignalingHelp): void;
  /** An introduction from a node (its 32-byte public key, as the server claims). */
  relayed(from: Uint8Array, body: Uint8Array): void;
  /** The target of an introduction, or the node that was looked up, is not connected to this server. */
  absent(to: Uint8Array): void;
  /** Called once; nothing follows. */
  closed(end: SignalingEnd): void;
}

export type SignalingJoin = {
  /** SHA-256 of a label and the network id: the server never sees the network's name or secret. */
  readonly room: Uint8Array;
  readonly nodeKey: Uint8Array;
  readonly card: Uint8Array;
  /** By the node key; see signaling-server/PROTOCOL.md. */
  readonly signature: Uint8Array;
};

export interface SignalingConnection {
  join(join: SignalingJoin): void;
  relay(to: Uint8Array, body: Uint8Array): void;
  /** Asks for another sample of peers; answered by `welcomed`. */
  list(): void;
  /** Asks for one node's card, by its key; answered by `welcomed` or `absent`. */
  lookUp(node: Uint8Array): void;
  /** Stop (or start again) handing our card to newcomers. */
  announce(on: boolean): void;
  close(): void;
}

/** Connects to one signaling server. `connect` never throws: failure arrives as `closed`. */
export interface SignalingClient {
  connect(handlers: SignalingHandlers): SignalingConnection;
  /** Host name of the server, for STUN and for words on the screen. */
  readonly host: string;
  readonly url?: string;
}
