import type { RtcDial, RtcDialer, RtcDialOptions } from '../../src/ports/rtc.ts';

const NEVER: RtcDial = { signal: () => undefined, abandon: () => undefined };

/** A dialer that can be walled in: from then on no new link comes about, as behind a NAT that lets nothing through. Links that are there stay. */
export class WalledDialer implements RtcDialer {
  readonly #inner: RtcDialer;
  isWalled = false;

  constructor(inner: RtcDialer) {
    this.#inner = inner;
  }

  dial(options: RtcDialOptions): RtcDial {
    return this.isWalled ? NEVER : this.#inner.dial(options);
  }
}
