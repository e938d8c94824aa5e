import type { Machine } from '../base/machine.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { DeviceId, NodeId, PersonId } from '../base/ids.ts';
import type { BulkJob, SignatureCheck } from '../ports/keys.ts';

/** Who is at the other end, as the handshake proved. */
export type ProvenIdentity = {
  readonly node: NodeId;
  readonly device: DeviceId;
  readonly person: PersonId;
  /** The device list's sequence number and hash: what a store of seen lists compares. */
  readonly deviceList: { readonly seq: number; readonly hash: Uint8Array };
  /** The Noise static key, which a node makes when it starts: another one is the same node, started anew. */
  readonly run: Uint8Array;
};

export type ChannelInput =
  /** A frame from the link. */
  | { readonly type: 'frame'; readonly bytes: Uint8Array }
  /**
   * One payload to seal and transmit, at most `maxPayloadBytes`, inside the memory of its frame: `room.before` bytes, the payload, `room.after`
   * bytes. The memory is the channel's from then on. Only after `established`.
   */
  | { readonly type: 'send'; readonly frame: Uint8Array }
  /** The answer to a `verify` output. */
  | { readonly type: 'verified'; readonly job: number; readonly valid: boolean }
  /** The answer to a `bulk` output; `bytes` is absent when opening failed. */
  | { readonly type: 'bulk-done'; readonly job: number; readonly bytes?: Uint8Array }
  /** Send one more frame, which says that all others come on the link of this transcript; told by `link-switched` when it is out. */
  | { readonly type: 'switch-link'; readonly transcript: Uint8Array }
  /** Tell the peer that its last frame on the old link came: the one that named this transcript. */
  | { readonly type: 'switch-seen'; readonly transcript: Uint8Array }
  /** Tell the peer how many of its frames came. */
  | { readonly type: 'acknowledge' }
  /** There is no link for a while: the peer's frames are late, and no sign of anything. */
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** End in order: the peer is told `reason`. */
  | { readonly type: 'close'; readonly reason: ErrorCode };

export type ChannelOutput =
  | { readonly type: 'transmit'; readonly frame: Uint8Array }
  /** All of these must hold. */
  | { readonly type: 'verify'; readonly job: number; readonly checks: readonly SignatureCheck[] }
  | { readonly type: 'bulk'; readonly job: number; readonly operation: 'seal' | 'open'; readonly work: BulkJob }
  | { readonly type: 'established'; readonly identity: ProvenIdentity; readonly channelBinding: Uint8Array; readonly claimKey: Uint8Array }
  /** One payload of the peer's, in the order in which it was sent. */
  | { readonly type: 'deliver'; readonly payload: Uint8Array }
  /**
   * `sending`: every `transmit` from now on belongs on the new link. `receiving`: what the peer sent on the old link is complete. `seen`: the
   * peer knows that about us.
   */
  | { readonly type: 'link-switched'; readonly direction: 'sending' | 'receiving' | 'seen'; readonly transcript: Uint8Array }
  /** So many frames of ours came, from the first on. */
  | { readonly type: 'acknowledged'; readonly frames: number }
  /** The peer does not answer what it must: it is gone, or what the link carries does not arrive. */
  | { readonly type: 'stalled'; readonly code: ErrorCode; readonly detail: string }
  /** The peer sent something that was dropped. */
  | { readonly type: 'fault'; readonly code: ErrorCode; readonly detail: string }
  /** The end, once: drop the link. `remote` when the peer said so. */
  | { readonly type: 'closed'; readonly code: ErrorCode; readonly remote: boolean; readonly detail: string };

/** What a channel needs around a payload in one piece of memory, so that sealing copies nothing that it need not. */
export type FrameRoom = { readonly before: number; readonly after: number };

/**
 * An end-to-end channel over one link: from the first handshake byte to the last sealed frame.
 * Payloads go in and come out in order; nothing leaves it in clear but the handshake's first messages.
 */
export interface Channel extends Machine<ChannelInput, ChannelOutput> {
  readonly maxPayloadBytes: number;
  readonly room: FrameRoom;
  /** Payloads accepted by `send` whose frames are not transmitted yet (they wait for the bulk cipher). */
  readonly pendingSeals: number;
  /** How many of the peer's sealed frames came, from the first on: none of them has to come again. */
  readonly receivedFrames: number;
}

export type ChannelOptions = {
  readonly role: 'initiator' | 'responder';
  readonly localFingerprint: Uint8Array;
  readonly remoteFingerprint: Uint8Array;
  /** The peer's hello where introductions carried both; otherwise both are exchanged as the link's first frames. */
  readonly remoteHello?: Uint8Array;
  /** Refuse any other node with `wrong-node`. */
  readonly expectedNode?: NodeId;
};

/** How a node makes its channels: the secure one everywhere; tests and benchmarks may pass a plaintext double. */
export type ChannelFactory = (options: ChannelOptions, now: number) => Channel;
