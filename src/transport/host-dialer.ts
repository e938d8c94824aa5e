import { nodeIdOf, PUBLIC_KEY_BYTES } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { isLoopback } from '../base/loopback.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostDialer, HostDialHandlers, HostUrlProblem } from '../ports/host-dialer.ts';
import type { LinkEnd } from '../ports/link.ts';
import { isHostUrl } from '../wire/host-url.ts';
import type { WebSocketConstructor, WebSocketLike } from './signaling-websocket.ts';
import { WebSocketLink } from './websocket-link.ts';

/** The subprotocol of links over WebSockets. The host speaks first: its node key, 32 bytes; everything after that is the link's. */
export const LINK_SUBPROTOCOL = 'parley-link.1';

/** Where the page came from. */
export type PagePlace = { readonly protocol: string; readonly hostname: string };

/** Links to hosts over WebSockets, from a page or a program. */
export class WebSocketHostDialer implements HostDialer {
  readonly #clock: Clock;
  readonly #place: PagePlace;
  readonly #WebSocket: WebSocketConstructor;

  constructor(clock: Clock, place: PagePlace, WebSocketClass: WebSocketConstructor = WebSocket as unknown as WebSocketConstructor) {
    this.#clock = clock;
    this.#place = place;
    this.#WebSocket = WebSocketClass;
  }

  problemOf(url: string): HostUrlProblem | undefined {
    if (!isHostUrl(url)) return 'no-url';
    const { protocol, hostname } = new URL(url);
    const isOwn = isLoopback(hostname);
    if (isOwn && !isLoopback(this.#place.hostname)) return 'elsewhere';
    // Mixed Content §4: a page that came over HTTPS may open no socket without TLS but to its own machine.
    return protocol === 'ws:' && !isOwn && this.#place.protocol === 'https:' ? 'insecure' : undefined;
  }

  dial(url: string, handlers: HostDialHandlers): () => void {
    const { handed, end, listen } = this.#attempt(handlers);
    try {
      listen(new this.#WebSocket(url, LINK_SUBPROTOCOL));
    } catch {
      // Not within `dial`: the caller does not hold the attempt yet.
      queueMicrotask(() => end({ clean: false, code: 'link-lost', detail: 'The address cannot be opened.' }));
    }
    return () => handed() || end(undefined);
  }

  #attempt({ linked, ended }: HostDialHandlers) {
    let socket: WebSocketLike | undefined;
    let state: 'dialling' | 'handed' | 'ended' = 'dialling';
    const end = (why: LinkEnd | undefined): void => {
      if (state !== 'dialling') return;
      state = 'ended';
      cancelTimeout();
      socket?.close(1000);
      if (why) ended(why);
    };
    const cancelTimeout = this.#clock.wakeAt(this.#clock.now() + LIMITS.hostDialTimeoutMs, () =>
      end({ clean: false, code: 'timed-out', detail: 'The host does not answer.' }),
    );
    const listen = (opened: WebSocketLike): void => {
      socket = opened;
      opened.binaryType = 'arraybuffer';
      opened.onerror = () => undefined;
      opened.onclose = () => end({ clean: false, code: 'link-lost', detail: 'The host cannot be reached.' });
      opened.onmessage = ({ data }) => {
        if (!(data instanceof ArrayBuffer) || data.byteLength !== PUBLIC_KEY_BYTES)
          return end({ clean: false, code: 'link-lost', detail: 'What answers there is no host.' });
        cancelTimeout();
        state = 'handed';
        linked(new HostLink(opened, this.#clock, ended), nodeIdOf(new Uint8Array(data)));
      };
    };
    return { end, listen, handed: () => state === 'handed' };
  }
}

class HostLink extends WebSocketLink {
  readonly #ended: (end: LinkEnd) => void;

  constructor(socket: WebSocketLike, clock: Clock, ended: (end: LinkEnd) => void) {
    super(socket, clock);
    this.#ended = ended;
  }

  protected override release(end: LinkEnd): void {
    super.release(end);
    queueMicrotask(() => this.#ended(end));
  }
}
