import type { Clock } from '../ports/clock.ts';
import type { LinkEnd } from '../ports/link.ts';
import { BaseLink } from './base-link.ts';
import type { WebSocketLike } from './signaling-websocket.ts';

const OPEN = 1;
const CLEAN_CLOSE = 1000;
/** Sockets have no event for a drained buffer. */
const BUFFER_CHECK_MS = 10;

/** A link over an open WebSocket: to a host, or from one. */
export class WebSocketLink extends BaseLink {
  readonly kind = 'websocket';
  readonly #socket: WebSocketLike;
  readonly #clock: Clock;
  #isWatching = false;

  constructor(socket: WebSocketLike, clock: Clock) {
    super();
    this.#socket = socket;
    this.#clock = clock;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.received(new Uint8Array(data));
      else this.finish({ clean: false, code: 'link-lost', detail: 'The peer sent text where only frames may be.' });
    };
    socket.onclose = ({ code }) =>
      this.finish(
        code === CLEAN_CLOSE
          ? { clean: true, code: 'peer-closed' }
          : { clean: false, code: 'link-lost', detail: `The socket closed with code ${code}.` },
      );
    // `close` follows and says it once.
    socket.onerror = () => undefined;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  protected transmit(frame: Uint8Array): void {
    if (this.#socket.readyState !== OPEN) return;
    this.#socket.send(frame as Uint8Array<ArrayBuffer>);
    if (this.#socket.bufferedAmount > this.lowWaterBytes) this.#watch();
  }

  protected release(end: LinkEnd): void {
    this.#socket.onmessage = null;
    this.#socket.close(end.clean ? CLEAN_CLOSE : 4000);
  }

  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#clock.wakeAt(this.#clock.now() + BUFFER_CHECK_MS, () => {
      this.#isWatching = false;
      if (this.hasEnded) return;
      if (this.#socket.bufferedAmount <= this.lowWaterBytes) this.drained();
      else this.#watch();
    });
  }
}
