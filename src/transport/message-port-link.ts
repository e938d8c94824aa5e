import type { LinkEnd } from '../ports/link.ts';
import { BaseLink } from './base-link.ts';

/** The part of a MessagePort that is used; Node's and the browser's both have it. */
export interface PortLike {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  start?(): void;
  close(): void;
}

const CLOSE = 'close';

/**
 * A link between two tabs or workers of one browser. A port tells neither how much waits nor that its other end is gone, so
 * each frame is acknowledged by its length, and an orderly close is a message of its own.
 */
export class MessagePortLink extends BaseLink {
  readonly kind = 'tab';
  readonly #port: PortLike;
  #unacknowledged = 0;

  constructor(port: PortLike) {
    super();
    this.#port = port;
    port.onmessage = ({ data }) => this.#message(data);
    (port as unknown as EventTarget).addEventListener?.('close', () =>
      this.finish({ clean: false, code: 'link-lost', detail: 'The other tab is gone.' }),
    );
    port.start?.();
  }

  get bufferedBytes(): number {
    return this.#unacknowledged;
  }

  protected transmit(frame: Uint8Array): void {
    this.#unacknowledged += frame.length;
    const copy = frame.slice();
    this.#port.postMessage(copy.buffer, [copy.buffer]);
  }

  protected release(end: LinkEnd): void {
    if (end.code !== 'peer-closed') this.#port.postMessage(CLOSE, []);
    this.#port.onmessage = null;
    this.#port.close();
  }

  #message(data: unknown): void {
    if (this.hasEnded) return;
    if (data instanceof ArrayBuffer) {
      this.#port.postMessage(data.byteLength, []);
      this.received(new Uint8Array(data));
    } else if (data === CLOSE) {
      this.finish({ clean: true, code: 'peer-closed' });
    } else if (typeof data === 'number' && data >= 0 && data <= this.#unacknowledged) {
      const before = this.#unacknowledged;
      this.#unacknowledged -= data;
      if (before > this.lowWaterBytes && this.#unacknowledged <= this.lowWaterBytes) this.drained();
    } else {
      this.finish({ clean: false, code: 'link-lost', detail: 'The other tab sent what is no frame.' });
    }
  }
}
