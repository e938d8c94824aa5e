import type { SeededRandom } from '../../src/base/seeded-random.ts';

/**
 * What stands between a node and the others (RFC 4787). `cone`: mapping by endpoint, filtering by address and port, as home routers do;
 * `symmetric`: another mapping for each target, so that nobody can know it beforehand; `udp-blocked`: only TCP to servers.
 */
export const NAT_TYPES = ['open', 'cone', 'symmetric', 'udp-blocked'] as const;
export type NatType = (typeof NAT_TYPES)[number];

export type NatMix = Readonly<Partial<Record<NatType, number>>>;

/** Whether ICE with STUN but without TURN finds a pair that works. */
export function canConnect(a: NatType, b: NatType): boolean {
  if (a === 'udp-blocked' || b === 'udp-blocked') return false;
  if (a === 'open' || b === 'open') return true;
  return a === 'cone' && b === 'cone';
}

/** Into how many parts nodes with these NATs fall where every link opens that can. */
export function partsOf(nats: readonly NatType[]): number {
  const hasOpen = nats.includes('open');
  const alone = nats.filter((nat) => nat === 'udp-blocked' || (nat === 'symmetric' && !hasOpen)).length;
  return alone + (alone < nats.length ? 1 : 0);
}

/** A type drawn by the weights of the mix. */
export function drawNat(mix: NatMix, random: SeededRandom): NatType {
  const total = NAT_TYPES.reduce((sum, type) => sum + (mix[type] ?? 0), 0);
  let rest = random.float() * total;
  for (const type of NAT_TYPES) {
    rest -= mix[type] ?? 0;
    if (rest < 0) return type;
  }
  return 'open';
}
