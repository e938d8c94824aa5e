import type SimplePeer from 'simple-peer';
import { concatBytes, fromHex } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import type { LinkEnd } from '../ports/link.ts';
import type { RtcDial, RtcDialer, RtcDialOptions, RtcSignal } from '../ports/rtc.ts';
import { BaseLink } from './base-link.ts';

/** `simple-peer`'s class, given from outside: its bundle is no ES module. */
export type SimplePeerClass = typeof SimplePeer;

/** What is used of simple-peer's inner objects: its own stream interface costs most of the throughput. */
type Inner = { readonly _pc: RTCPeerConnection; readonly _channel: RTCDataChannel | null };

const SHA2_256_MULTIHASH = Uint8Array.of(0x12, 0x20);
/** How long a closing channel may take to deliver what it holds. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Opens WebRTC data channels through simple-peer. */
export class WebRtcDialer implements RtcDialer {
  readonly #loading: Promise<SimplePeerClass>;

  /** `load` is called at once: the class arrives while the node looks for others, and dials wait for it. */
  constructor(load: () => Promise<SimplePeerClass>) {
    this.#loading = load();
    // A dial says why it failed; until there is one, nobody has to hear of it.
    this.#loading.catch(() => undefined);
  }

  dial(options: RtcDialOptions): RtcDial {
    return new WebRtcDial(this.#loading, options);
  }
}

class WebRtcDial implements RtcDial {
  readonly #options: RtcDialOptions;
  #peer: SimplePeer.Instance | undefined;
  #isOver = false;
  /** Signals that came before there was anything to take them. */
  readonly #early: RtcSignal[] = [];

  constructor(loading: Promise<SimplePeerClass>, options: RtcDialOptions) {
    this.#options = options;
    loading.then(
      (Peer) => this.#open(Peer),
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  #open(Peer: SimplePeerClass): void {
    if (this.#isOver) return;
    const options = this.#options;
    try {
      const peer = new Peer({
        initiator: options.initiator,
        channelName: 'parley',
        config: { iceServers: options.iceServers.map((server) => ({ ...server, urls: [...server.urls] })) },
      });
      this.#peer = peer;
      this.#listen(peer);
      this.#watch((peer as unknown as Inner)._pc);
    } catch (thrown) {
      return this.#fail(thrown);
    }
    for (const remote of this.#early.splice(0)) this.signal(remote);
  }

  signal(remote: RtcSignal): void {
    if (this.#isOver) return;
    if (!this.#peer) {
      if (this.#early.length < LIMITS.maxSignalsPerIntroduction) this.#early.push(remote);
      return;
    }
    try {
      this.#peer.signal(toSimplePeer(remote));
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  abandon(): void {
    this.#isOver = true;
    this.#peer?.destroy();
  }

  #listen(peer: SimplePeer.Instance): void {
    // Flowing from the start, so that nothing waits in simple-peer's stream when the link takes the channel over.
    const early: Uint8Array[] = [];
    peer.on('data', (data: Uint8Array) => early.push(data));
    peer.on('signal', (data) => {
      const signal = fromSimplePeer(data);
      if (signal && !this.#isOver) this.#options.onSignal(signal);
    });
    peer.on('error', (error) => this.#fail(error));
    peer.on('close', () => this.#fail(undefined));
    peer.on('connect', () => {
      if (this.#isOver) return;
      try {
        const link = new WebRtcLink(peer, early);
        this.#isOver = true;
        this.#options.onLink(link);
      } catch (thrown) {
        this.#fail(thrown);
      }
    });
  }

  /** simple-peer gives up when ICE does; a patient dial lets checks of the other side that come later begin it anew. */
  #watch(connection: RTCPeerConnection): void {
    const { onGathered, isPatient } = this.#options;
    if (onGathered) {
      connection.addEventListener('icegatheringstatechange', () => {
        if (connection.iceGatheringState === 'complete' && !this.#isOver) this.#options.onGathered?.();
      });
    }
    if (!isPatient) return;
    const { oniceconnectionstatechange: onIce, onconnectionstatechange: onConnection } = connection;
    connection.oniceconnectionstatechange = (event) => {
      if (this.#isOver || connection.iceConnectionState !== 'failed') onIce?.call(connection, event);
    };
    connection.onconnectionstatechange = (event) => {
      if (this.#isOver || connection.connectionState !== 'failed') onConnection?.call(connection, event);
    };
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#peer?.destroy();
    this.#options.onFailed({
      clean: false,
      code: 'ice-failed',
      detail: thrown instanceof Error ? thrown.message : 'The connection closed before it was open.',
    });
  }
}

/** A data channel as a link. It takes simple-peer's channel over and leaves the connection's life to simple-peer. */
export class WebRtcLink extends BaseLink {
  readonly kind = 'webrtc';
  override readonly maxFrameBytes: number;
  override readonly localFingerprint: Uint8Array;
  override readonly remoteFingerprint: Uint8Array;
  readonly #peer: SimplePeer.Instance;
  readonly #channel: RTCDataChannel;

  constructor(peer: SimplePeer.Instance, early: readonly Uint8Array[]) {
    super();
    const { _pc: connection, _channel: channel } = peer as unknown as Inner;
    if (!channel) throw new Error('The peer connection has no data channel.');
    this.maxFrameBytes = Math.min(LIMITS.maxFrameBytes, connection.sctp?.maxMessageSize ?? LIMITS.portableFrameBytes);
    this.localFingerprint = fingerprintOf(connection.localDescription?.sdp);
    this.remoteFingerprint = fingerprintOf(connection.remoteDescription?.sdp);
    this.#peer = peer;
    this.#channel = channel;
    for (const frame of early) this.received(new Uint8Array(frame));
    peer.on('error', (error) => this.finish({ clean: false, code: 'link-lost', detail: error.message }));
    peer.on('close', () => this.finish({ clean: true, code: 'peer-closed' }));
    channel.binaryType = 'arraybuffer';
    this.lowWaterChanged();
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) this.received(new Uint8Array(data));
      else this.finish({ clean: false, code: 'link-lost', detail: 'The peer sent text where only frames may be.' });
    };
    channel.onbufferedamountlow = () => this.drained();
  }

  get bufferedBytes(): number {
    return this.#channel.bufferedAmount;
  }

  protected override lowWaterChanged(): void {
    this.#channel.bufferedAmountLowThreshold = this.lowWaterBytes;
  }

  protected transmit(frame: Uint8Array): void {
    try {
      this.#channel.send(frame as Uint8Array<ArrayBuffer>);
    } catch (thrown) {
      this.finish({ clean: false, code: 'link-lost', detail: thrown instanceof Error ? thrown.message : 'The channel took no frame.' });
    }
  }

  protected release(end: LinkEnd): void {
    if (end.code !== 'closed-here') {
      this.#peer.destroy();
      return;
    }
    // Closing the channel, unlike destroying the connection, delivers what was sent before; its `close` event destroys the rest.
    this.#channel.close();
    setTimeout(() => this.#peer.destroy(), CLOSE_TIMEOUT_MS);
  }
}

/**
 * The certificate's fingerprint in a session description (RFC 8122), as a multihash.
 * @throws Error where there is none by SHA-256: without it the link could not be bound to its session.
 */
export function fingerprintOf(sdp: string | undefined): Uint8Array {
  const found = /^a=fingerprint:sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})\s*$/im.exec(sdp ?? '');
  if (!found?.[1]) throw new Error('The session description has no SHA-256 fingerprint.');
  return concatBytes(SHA2_256_MULTIHASH, fromHex(found[1].replaceAll(':', '').toLowerCase()));
}

function toSimplePeer(signal: RtcSignal): SimplePeer.SignalData {
  if (signal.type !== 'candidate') return signal;
  const { candidate, sdpMid, sdpMLineIndex } = signal;
  return { type: 'candidate', candidate: { candidate, sdpMid, sdpMLineIndex } as RTCIceCandidate };
}

/** What of simple-peer's signals travels; it renegotiates nothing here. */
function fromSimplePeer(data: SimplePeer.SignalData): RtcSignal | undefined {
  if (data.type === 'offer' || data.type === 'answer') {
    return data.sdp && data.sdp.length <= LIMITS.maxIntroductionBytes ? { type: data.type, sdp: data.sdp } : undefined;
  }
  if (data.type !== 'candidate' || !data.candidate.candidate) return undefined;
  const { candidate, sdpMid, sdpMLineIndex } = data.candidate;
  return { type: 'candidate', candidate, sdpMid: sdpMid ?? '0', sdpMLineIndex: sdpMLineIndex ?? 0 };
}
