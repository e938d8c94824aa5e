import type { Link, LinkEnd } from './link.ts';

/** What two sides of one WebRTC dial must tell each other. */
export type RtcSignal =
  | { readonly type: 'offer' | 'answer'; readonly sdp: string }
  | { readonly type: 'candidate'; readonly candidate: string; readonly sdpMid: string; readonly sdpMLineIndex: number };

export type IceServer = { readonly urls: readonly string[]; readonly username?: string; readonly credential?: string };

export type RtcDialOptions = {
  readonly initiator: boolean;
  readonly iceServers: readonly IceServer[];
  /** Goes on when ICE gives up: when the other side begins is in people's hands. Whoever dials ends it with `abandon`. */
  readonly isPatient?: boolean;
  /** To be carried to the peer, in order. */
  onSignal(signal: RtcSignal): void;
  /** No further candidates come. */
  onGathered?(): void;
  /** The data channel is open. */
  onLink(link: Link): void;
  /** It did not open; called at most once, and never after `onLink`. */
  onFailed(end: LinkEnd): void;
};

export interface RtcDial {
  /** A signal from the peer. Bad ones end the dial through `onFailed`, they never throw. */
  signal(remote: RtcSignal): void;
  /** Gives up; no callback follows. */
  abandon(): void;
}

/** Opens WebRTC data channels as links. */
export interface RtcDialer {
  dial(options: RtcDialOptions): RtcDial;
}
