import { isIPv4, isIPv6 } from 'node:net';

/** An IP address as far as limits are concerned. */
export type Address = {
  /** What counts as one client: the IPv4 address, or the IPv6 /64. */
  readonly client: string;
  /** What counts as one neighbourhood: the IPv4 /24, or the IPv6 /48. */
  readonly prefix: string;
  readonly isLoopback: boolean;
};

const UNKNOWN: Address = { client: 'unknown', prefix: 'unknown', isLoopback: false };

/** Total: what is no IP address shares one record, and so one limit. */
export function parseAddress(text: string | undefined): Address {
  if (text === undefined) return UNKNOWN;
  const plain = text.startsWith('::ffff:') && isIPv4(text.slice(7)) ? text.slice(7) : text;
  if (isIPv4(plain)) {
    return { client: plain, prefix: plain.slice(0, plain.lastIndexOf('.')), isLoopback: plain.startsWith('127.') };
  }
  const groups = parseIpv6(plain);
  if (!groups) return UNKNOWN;
  const isLoopback = groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1;
  const hex = groups.map((group) => group.toString(16));
  return { client: `${hex.slice(0, 4).join(':')}::/64`, prefix: `${hex.slice(0, 3).join(':')}::/48`, isLoopback };
}

/** The eight 16-bit groups of an IPv6 address (RFC 4291 §2.2), or `undefined`. */
export function parseIpv6(text: string): readonly number[] | undefined {
  const bare = text.split('%', 1)[0] as string;
  if (!isIPv6(bare)) return undefined;
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(bare);
  let hexOnly = bare;
  if (dotted) {
    const [a, b, c, d] = dotted.slice(1).map(Number) as [number, number, number, number];
    hexOnly = `${bare.slice(0, dotted.index)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [left = '', right] = hexOnly.split('::');
  const groupsOf = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const before = groupsOf(left);
  if (right === undefined) return before;
  const after = groupsOf(right);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/**
 * The client's address as the nearest `trustedProxies` proxies saw it: they append to X-Forwarded-For, so only that many entries
 * from the right are theirs; the rest is what the client claims.
 */
export function clientAddress(remote: string | undefined, forwardedFor: string | undefined, trustedProxies: number): string | undefined {
  if (trustedProxies === 0 || forwardedFor === undefined) return remote;
  const hops = forwardedFor.split(',');
  const hop = hops.at(-Math.min(trustedProxies, hops.length))?.trim() ?? '';
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(hop);
  if (bracketed) return bracketed[1];
  const withPort = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop);
  return withPort ? withPort[1] : hop;
}
