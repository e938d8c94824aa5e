import type { ErrorCode } from '../base/errors.ts';

export type LinkKind = 'webrtc' | 'tab' | 'websocket' | 'memory' | 'circuit';

/** Why a link ended. `clean` means that one side closed it in order. */
export type LinkEnd = {
  readonly clean: boolean;
  readonly code: Extract<ErrorCode, 'closed-here' | 'peer-closed' | 'link-lost' | 'ice-failed' | 'too-large' | 'timed-out'>;
  readonly detail?: string;
};

export interface LinkHandlers {
  /** One whole frame, in the order in which the peer sent it. The bytes belong to the receiver. */
  frame(bytes: Uint8Array): void;
  /** `bufferedBytes` fell to `lowWaterBytes` or below after it was above. */
  drained(): void;
  /** Called once; nothing follows. */
  closed(end: LinkEnd): void;
}

/**
 * A raw, ordered pipe of binary frames between two nodes. It is already open. Frames up to `maxFrameBytes`
 * are delivered whole and in order, or the link ends. It knows nothing of encryption.
 */
export interface Link {
  readonly kind: LinkKind;
  /** The largest frame that `send` takes; the other end may take less or more. */
  readonly maxFrameBytes: number;
  /** sha2-256 multihash (0x12 0x20 ‖ 32 bytes) of each side's DTLS certificate; empty where there is no DTLS. */
  readonly localFingerprint: Uint8Array;
  readonly remoteFingerprint: Uint8Array;
  /** Bytes accepted by `send` that have not left yet. */
  readonly bufferedBytes: number;
  /** When `drained` is told; may be changed at any time. */
  lowWaterBytes: number;

  /** Sets the handlers; frames and the end that came before are delivered first. Called once. */
  bind(handlers: LinkHandlers): void;
  /** Never throws: on a closed link it does nothing, and a frame over `maxFrameBytes` ends the link with `too-large`. The bytes are not changed afterwards by the caller. */
  send(frame: Uint8Array): void;
  /** Ends the link in order after what is buffered was sent, as far as the platform can; the peer sees `peer-closed`. */
  close(): void;
}
