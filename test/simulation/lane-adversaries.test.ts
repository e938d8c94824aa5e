import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import type { Figures } from './figures.ts';
import type { SimOptions } from './options.ts';
import { simulate } from './simulation.ts';

const NODES = 6;
const HOSTILE = 1;
const SECONDS = 60;
/** What an honest node of a network of six sends on average in the minute in which all of them join, with room for the refusals. */
const USUAL_BYTES_PER_SECOND = 2_000;
/** A small publication with its signature and everything around it, on each of the links of a node. */
const ITEM_BYTES_ON_ALL_LINKS = 400 * (NODES - 1);

const harmless = ({ honestBytesPerSecond }: Figures): void => expect(honestBytesPerSecond).toBeLessThan(USUAL_BYTES_PER_SECOND);

/** What each may cost the honest beyond what none may: sessions between them, publications, calls, somebody taken for gone. */
const ADVERSARIES: readonly (Partial<SimOptions> & {
  readonly adversary: string;
  readonly cost?: (figures: Figures) => void;
  readonly isNoticed?: boolean;
})[] = [
  { adversary: 'gossip-forger' },
  { adversary: 'gossip-replayer' },
  {
    adversary: 'gossip-flooder',
    // Each neighbour takes one burst of each flooder before it refuses it, and everybody passes that on once.
    cost: ({ honestBytesPerSecond }) => {
      const items = HOSTILE * (NODES - 1) * LIMITS.gossipPushesBurst;
      expect(honestBytesPerSecond).toBeLessThan((items * ITEM_BYTES_ON_ALL_LINKS) / SECONDS);
    },
  },
  { adversary: 'promiser' },
  { adversary: 'false-witness' },
  { adversary: 'card-replayer' },
  { adversary: 'future-cards' },
  {
    adversary: 'card-flooder',
    cost: ({ ghosts, honestBytesPerSecond }) => {
      expect(ghosts).toBeLessThanOrEqual(LIMITS.maxPresenceNodes);
      expect(honestBytesPerSecond).toBeLessThan(LIMITS.presenceServedBytesPerSecond);
    },
  },
  { adversary: 'list-liar', nat: { open: 1, symmetric: 2 } },
  { adversary: 'black-hole', nat: { open: 1, symmetric: 2 }, isNoticed: false },
  { adversary: 'circuit-looper' },
  { adversary: 'unsigned-changes' },
  { adversary: 'foreign-changes' },
  { adversary: 'huge-documents' },
  { adversary: 'equivocator' },
];

describe('an adversary on the lanes of the mesh', () => {
  for (const { cost = harmless, isNoticed = true, ...options } of ADVERSARIES) {
    it(`${options.adversary} costs the honest no session, no publication and no call`, { timeout: 120_000 }, async () => {
      const run = { scenario: 'hostile', nodes: NODES, seed: 7, seconds: SECONDS, hostileShare: HOSTILE / NODES };
      const { violations, figures } = await simulate({ ...run, ...options });
      expect(violations).toEqual([]);
      expect(figures).toMatchObject({ components: 1, gossipDelivery: 1, honestSessionsLost: 0, falselyGone: 0 });
      expect(figures.callsAnswered).toBeGreaterThan(0.8);
      expect((figures.faults ?? 0) > 0).toBe(isNoticed);
      cost(figures);
    });
  }
});
