import type { Link } from '../../src/ports/link.ts';
import type { RtcDial, RtcDialer, RtcDialOptions, RtcSignal } from '../../src/ports/rtc.ts';
import { memoryLinkPair, type MemoryLinkOptions } from '../../src/transport/memory-link.ts';

/** A WebRTC without a network: an offer names a dial here, its answer joins the two by a link in memory. */
export class MemoryRtc implements RtcDialer {
  readonly #offers = new Map<string, RtcDialOptions>();
  readonly #linkOptions: () => MemoryLinkOptions;
  readonly links: Link[] = [];
  /** While false, offers are answered but no link ever opens. */
  canConnect = true;
  dials = 0;

  constructor(linkOptions: () => MemoryLinkOptions = () => ({})) {
    this.#linkOptions = linkOptions;
  }

  dial(options: RtcDialOptions): RtcDial {
    const id = `sdp-${++this.dials}`;
    let isOver = false;
    if (options.initiator) {
      this.#offers.set(id, options);
      queueMicrotask(() => isOver || options.onSignal({ type: 'offer', sdp: id }));
    }
    return {
      signal: (remote: RtcSignal) => {
        if (isOver) return;
        if (remote.type === 'offer') {
          queueMicrotask(() => isOver || options.onSignal({ type: 'answer', sdp: remote.sdp }));
          this.#answered.set(remote.sdp, options);
        } else if (remote.type === 'answer' && this.canConnect) {
          this.#connect(remote.sdp);
        }
      },
      abandon: () => {
        isOver = true;
        this.#offers.delete(id);
      },
    };
  }

  readonly #answered = new Map<string, RtcDialOptions>();

  #connect(id: string): void {
    const offer = this.#offers.get(id);
    const answer = this.#answered.get(id);
    if (!offer || !answer) return;
    const [left, right] = memoryLinkPair(this.#linkOptions());
    this.links.push(left, right);
    queueMicrotask(() => {
      offer.onLink(left);
      answer.onLink(right);
    });
  }
}
