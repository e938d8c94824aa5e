import { toHex } from '../../src/base/bytes.ts';
import type { Link } from '../../src/ports/link.ts';
import type { RtcDial, RtcDialer, RtcDialOptions, RtcSignal } from '../../src/ports/rtc.ts';
import { memoryLinkPair, type MemoryLinkOptions } from '../../src/transport/memory-link.ts';
import { fingerprintOf } from '../../src/transport/webrtc-dialer.ts';

type Side = { readonly options: RtcDialOptions; readonly localSdp: string; remoteSdp: string };

/**
 * A WebRTC without a network: an offer names a dial here, its answer joins the two by a link in memory. Session descriptions hold the fingerprint of
 * each side's certificate, and links have the ones that stood in what their two ends sent and got.
 */
export class MemoryRtc implements RtcDialer {
  readonly #offers = new Map<string, Side>();
  readonly #answers = new Map<string, Side>();
  readonly #linkOptions: () => MemoryLinkOptions;
  readonly links: Link[] = [];
  /** While false, offers are answered but no link ever opens. */
  canConnect = true;
  /** What stands between the two sides of every dial may rewrite descriptions on their way. */
  rewrite: (sdp: string) => string = (sdp) => sdp;
  dials = 0;
  /** The newest answer of anybody, for who wants to take part without a node. */
  newestAnswer = '';
  /** Attempts that are under way. */
  openDials = 0;
  /** The ICE servers of the newest dial. */
  iceServers: RtcDialOptions['iceServers'] = [];

  constructor(linkOptions: () => MemoryLinkOptions = () => ({})) {
    this.#linkOptions = linkOptions;
  }

  dial(options: RtcDialOptions): RtcDial {
    const number = ++this.dials;
    const id = `sdp+${number}`;
    this.openDials++;
    this.iceServers = options.iceServers;
    let isOver = false;
    const finish = () => {
      if (!isOver) this.openDials--;
      isOver = true;
    };
    const tell = (signal: RtcSignal) => queueMicrotask(() => isOver || options.onSignal(signal));
    const open: RtcDialOptions = {
      ...options,
      onLink: (link) => (finish(), options.onLink(link)),
      onFailed: (end) => (finish(), options.onFailed(end)),
    };
    if (options.initiator) {
      const localSdp = describe(id, number);
      this.#offers.set(id, { options: open, localSdp, remoteSdp: '' });
      tell({ type: 'offer', sdp: localSdp });
      tell(candidateOf(number));
      queueMicrotask(() => isOver || options.onGathered?.());
    }
    return {
      signal: (remote: RtcSignal) => {
        if (isOver || remote.type === 'candidate') return;
        const sdp = this.rewrite(remote.sdp);
        if (remote.type === 'offer') {
          const offerId = idOf(sdp);
          const localSdp = describe(offerId, number);
          this.#answers.set(offerId, { options: open, localSdp, remoteSdp: sdp });
          this.newestAnswer = localSdp;
          tell({ type: 'answer', sdp: localSdp });
          tell(candidateOf(number));
          queueMicrotask(() => isOver || options.onGathered?.());
        } else if (this.canConnect) {
          this.#connect(idOf(sdp), sdp);
        }
      },
      abandon: () => {
        finish();
        this.#offers.delete(id);
      },
    };
  }

  #connect(id: string, answerSdp: string): void {
    const offer = this.#offers.get(id);
    const answer = this.#answers.get(id);
    if (!offer || !answer) return;
    offer.remoteSdp = answerSdp;
    try {
      const fingerprints = [fingerprintsOf(offer), fingerprintsOf(answer)] as const;
      const [left, right] = memoryLinkPair({ ...this.#linkOptions(), fingerprints });
      this.links.push(left, right);
      queueMicrotask(() => {
        offer.options.onLink(left);
        answer.options.onLink(right);
      });
    } catch {
      for (const { options } of [offer, answer]) queueMicrotask(() => options.onFailed({ clean: false, code: 'ice-failed' }));
    }
  }
}

function candidateOf(number: number): RtcSignal {
  return { type: 'candidate', candidate: `candidate:1 1 udp 2122260223 10.0.0.${number} 5000 typ host generation 0`, sdpMid: '0', sdpMLineIndex: 0 };
}

function describe(id: string, number: number): string {
  const fingerprint = toHex(new Uint8Array(32).fill(number));
  const pairs = fingerprint.match(/../g) as RegExpMatchArray;
  return `v=0\r\na=ice-ufrag:${id}\r\na=ice-pwd:password\r\na=fingerprint:sha-256 ${pairs.join(':').toUpperCase()}\r\n`;
}

function idOf(sdp: string): string {
  return /^a=ice-ufrag:(.*)$/m.exec(sdp)?.[1]?.trim() ?? '';
}

function fingerprintsOf({ localSdp, remoteSdp }: Side): { readonly local: Uint8Array; readonly remote: Uint8Array } {
  return { local: fingerprintOf(localSdp), remote: fingerprintOf(remoteSdp) };
}
