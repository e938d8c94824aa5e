import type { ResponseOutgoingPacket } from 'multicast-dns';
import { LIMITS } from './limits.ts';

type Answer = ResponseOutgoingPacket['answers'][number];

/** A signaling server, or a host's socket for links. */
export type PlaceKind = 'server' | 'host';

/** What a server or host says of itself. */
export type Announcement = {
  /** 16 hex digits, made anew by every run: it tells one from another, and nobody who it is. */
  readonly id: string;
  readonly kind: PlaceKind;
  /** TCP. */
  readonly port: number;
  readonly isTls: boolean;
};

/** An announcement that came, for so many seconds; none: a goodbye. */
export type Sighting = Announcement & { readonly ttlSeconds: number };

/** A record as the DNS library reads it; what `data` is depends on the type, and on who sent it. */
export type ReceivedRecord = { readonly type: string; readonly name: string; readonly ttl?: number | undefined; readonly data?: unknown };

/** RFC 6763 §4.1 and §7. */
export const SERVICE = '_parley._tcp.local';

/** The records of a service instance (RFC 6763 §4–6), with the addresses for programs other than this: see {@link readSightings}. */
export function recordsOf({ id, kind, port, isTls }: Announcement, addresses: readonly string[], ttl: number): Answer[] {
  const instance = `parley-${id}.${SERVICE}`;
  const target = `parley-${id}.local`;
  return [
    { type: 'PTR', name: SERVICE, ttl, data: instance },
    // All but the shared pointer are this instance's alone, so they replace what was known (RFC 6762 §10.2).
    { type: 'SRV', name: instance, ttl, flush: true, data: { port, target } },
    { type: 'TXT', name: instance, ttl, flush: true, data: [`kind=${kind}`, `id=${id}`, `tls=${isTls ? 1 : 0}`] },
    ...addresses.map((data): Answer => ({ type: 'A', name: target, ttl, flush: true, data })),
  ];
}

/**
 * What a packet announces. Anybody on the network can answer anything: what is no instance of this service, has no id, kind or port, or is too much, is left
 * out. Addresses in it are not read: who answers speaks for the machine that it answers from.
 */
export function readSightings(records: readonly ReceivedRecord[]): readonly Sighting[] {
  const pointers = records.filter(({ type, name, data }) => type === 'PTR' && isName(name, SERVICE) && typeof data === 'string');
  return pointers.slice(0, LIMITS.maxNearbyPerPacket).flatMap(({ ttl: pointerTtl, data }) => {
    const of = (type: string) => records.find((record) => record.type === type && isName(record.name, data as string));
    const [srv, txt] = [of('SRV'), of('TXT')];
    const announcement = readAnnouncement(portOf(srv?.data), readText(txt?.data));
    const ttlSeconds = Math.min(pointerTtl ?? 0, srv?.ttl ?? 0, LIMITS.nearbyTtlSeconds);
    return announcement ? [{ ...announcement, ttlSeconds }] : [];
  });
}

function readAnnouncement(port: number | undefined, text: ReadonlyMap<string, string>): Announcement | undefined {
  const [id, kind, tls] = [text.get('id'), text.get('kind'), text.get('tls')];
  if (port === undefined || id === undefined || !/^[0-9a-f]{16}$/.test(id)) return undefined;
  if ((kind !== 'server' && kind !== 'host') || (tls !== '0' && tls !== '1')) return undefined;
  return { id, kind, port, isTls: tls === '1' };
}

function portOf(data: unknown): number | undefined {
  const port = typeof data === 'object' && data !== null && 'port' in data ? data.port : undefined;
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

/** RFC 6763 §6.4: of a key that is repeated the first counts; keys are not case-sensitive. */
function readText(data: unknown): ReadonlyMap<string, string> {
  const text = new Map<string, string>();
  for (const item of (Array.isArray(data) ? data : [data]).slice(0, LIMITS.maxNearbyTextItems)) {
    const [key = '', ...rest] = item instanceof Uint8Array || typeof item === 'string' ? String(item).split('=') : [];
    if (key !== '' && !text.has(key.toLowerCase())) text.set(key.toLowerCase(), rest.join('='));
  }
  return text;
}

/** DNS names are not case-sensitive. */
function isName(name: unknown, wanted: string): boolean {
  return typeof name === 'string' && name.toLowerCase() === wanted.toLowerCase();
}
