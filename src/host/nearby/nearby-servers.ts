import { BoundedMap } from '../../base/bounded-map.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { SignalingClient, SignalingConnection, SignalingHandlers } from '../../ports/signaling.ts';
import { isSignalingUrl } from '../../transport/signaling-websocket.ts';

/**
 * Signaling servers of the local network, as further ones of a node. A node lets no server go that it was told of; so it is told of a few seats, and a server
 * that came takes the seat of one that went. A server that turns out to be another one's alias loses its seat: each join there would end the other.
 */
export class NearbyServers {
  readonly #open: (url: string) => SignalingClient;
  readonly #known: ReadonlySet<string>;
  readonly #seats: Seat[] = [];
  readonly #aliases = new BoundedMap<string, true>(HOST_LIMITS.maxServerAliases);
  /** {@link urls} has one more. */
  onNew: () => void = () => undefined;
  /** The server at this URL is one that the node is at under another name. */
  onAlias: (url: string) => void = () => undefined;

  /** `open` connects; `known` are servers that the node has anyway. */
  constructor(open: (url: string) => SignalingClient, known: readonly string[]) {
    this.#open = open;
    this.#known = new Set(known);
  }

  /** What the node is to be told: by these, {@link clientFor} finds the seats. */
  get urls(): readonly string[] {
    return this.#seats.map(({ name }) => name);
  }

  clientFor(url: string): SignalingClient | undefined {
    return this.#seats.find(({ name }) => name === url);
  }

  /** These are near now. */
  set(urls: readonly string[]): void {
    const seated = new Set(this.#seats.map(({ current }) => current));
    const isNew = (url: string): boolean => isSignalingUrl(url) && !seated.has(url) && !this.#known.has(url) && !this.#aliases.has(url);
    const before = this.#seats.length;
    for (const url of urls.filter(isNew)) {
      const free = this.#seats.find(({ current }) => current === undefined || !urls.includes(current));
      if (free) free.current = url;
      else if (this.#seats.length < HOST_LIMITS.maxNearbyServers) this.#seats.push(new Seat(url, this.#open, (alias) => this.#leave(alias)));
    }
    if (this.#seats.length > before) this.onNew();
  }

  #leave(alias: string): void {
    this.#aliases.set(alias, true);
    this.onAlias(alias);
  }
}

class Seat implements SignalingClient {
  /** The server that had it first. */
  readonly name: string;
  /** The server that has it now. */
  current: string | undefined;
  readonly #open: (url: string) => SignalingClient;
  readonly #onAlias: (url: string) => void;

  constructor(name: string, open: (url: string) => SignalingClient, onAlias: (url: string) => void) {
    this.name = name;
    this.current = name;
    this.#open = open;
    this.#onAlias = onAlias;
  }

  get url(): string {
    return this.current ?? this.name;
  }

  get host(): string {
    return this.#open(this.url).host;
  }

  connect(handlers: SignalingHandlers): SignalingConnection {
    const url = this.current;
    if (url === undefined) {
      queueMicrotask(() => handlers.closed({ code: 'signaling-unreachable', detail: 'No server of the local network is here.' }));
      return NO_CONNECTION;
    }
    return this.#open(url).connect({
      ...handlers,
      closed: (end) => {
        if (end.wasReplaced) {
          this.#onAlias(url);
          if (this.current === url) this.current = undefined;
        }
        handlers.closed(end);
      },
    });
  }
}

const nothing = (): void => undefined;
const NO_CONNECTION: SignalingConnection = { join: nothing, relay: nothing, list: nothing, lookUp: nothing, announce: nothing, close: nothing };
