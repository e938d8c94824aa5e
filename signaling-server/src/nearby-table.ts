import { LIMITS } from './limits.ts';
import type { PlaceKind, Sighting } from './nearby-records.ts';

type Place = { readonly kind: PlaceKind; readonly address: string; readonly url: string; until: number };

const PATHS: Readonly<Record<PlaceKind, string>> = { server: '/signal', host: '/' };

/** Who is near: bounded, and nobody for longer than they said last. Times are milliseconds of a clock that never goes back. */
export class NearbyTable {
  readonly #places = new Map<string, Place>();

  /** WebSocket URLs of all of a kind, those that are known the longest first. */
  urls(kind: PlaceKind): readonly string[] {
    return [...new Set([...this.#places.values()].filter((place) => place.kind === kind).map(({ url }) => url))];
  }

  /**
   * Takes what came from an IPv4 address. Answers whether {@link urls} changed. An id belongs to the address from which it was first seen, until that says
   * goodbye or falls silent: nobody else renews it, moves it or ends it.
   */
  seen({ id, kind, port, isTls, ttlSeconds }: Sighting, address: string, now: number): boolean {
    const known = this.#places.get(id);
    if (known && known.address !== address) return false;
    if (ttlSeconds <= 0) return this.#places.delete(id);
    const url = `${isTls ? 'wss' : 'ws'}://${address}:${port}${PATHS[kind]}`;
    const until = now + ttlSeconds * 1000;
    if (known?.url === url) {
      known.until = until;
      return false;
    }
    if (!known && !this.#hasRoom(kind, address)) return false;
    this.#places.set(id, { kind, address, url, until });
    return true;
  }

  /** Forgets those whose time is over. Answers whether {@link urls} changed. */
  sweep(now: number): boolean {
    const over = [...this.#places].filter(([, { until }]) => until <= now);
    for (const [id] of over) this.#places.delete(id);
    return over.length > 0;
  }

  #hasRoom(kind: PlaceKind, address: string): boolean {
    const places = [...this.#places.values()];
    const ofKind = places.filter((place) => place.kind === kind).length;
    const ofAddress = places.filter((place) => place.address === address).length;
    return ofKind < LIMITS.maxNearbyPlaces && ofAddress < LIMITS.maxNearbyPerAddress;
  }
}
