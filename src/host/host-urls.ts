import { LIMITS } from '../base/limits.ts';
import type { LinkListener } from './listen.ts';
import type { HostOptions } from './options.ts';
import type { PortState } from './port-mapping/opened-port.ts';

/**
 * What the host's card says of its sockets, best first: what the operator says, else the router's port, while the internet reaches it, and where the host
 * listens. A port that was opened for a proxy is the proxy's: how that is reached, only the operator knows.
 */
export function hostUrls(
  { listen, listenUrls, upnp }: Pick<HostOptions, 'listen' | 'listenUrls' | 'upnp'>,
  links: Pick<LinkListener, 'url'> | undefined,
  port?: PortState,
): readonly string[] {
  if (!listen || !links) return [];
  if (listenUrls.length > 0) return listenUrls;
  const outside = upnp === 'listen' && port?.state === 'open' && port.isPublic ? [socketUrl(port.host, port.port)] : [];
  const inside = ANY_ADDRESS.has(listen.host) ? [] : [links.url];
  return [...new Set([...outside, ...inside])].slice(0, LIMITS.maxHostUrlsPerCard);
}

/** In the form that cards have: without the port where it is the usual one. */
export function socketUrl(host: string, port: number): string {
  return new URL(`ws://${host.includes(':') ? `[${host}]` : host}:${port}/`).href;
}

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);
