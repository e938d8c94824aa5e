import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { LANE_ADVERSARIES } from './adversaries/all-adversaries.ts';
import type { Figures } from './figures.ts';
import type { SimOptions } from './options.ts';
import { simulate } from './simulation.ts';

const NODES = 6;
const HOSTILE = 1;
const SECONDS = 60;
/** What an honest node of a network of six sends on average in the minute in which all of them join, with room for the refusals. */
const USUAL_BYTES_PER_SECOND = 2_000;
/** What a newcomer may take from its first neighbour before it has a second one. */
const FROM_FIRST_NEIGHBOUR = 64;
/** A small publication with its signature and everything around it, on each of the links of a node. */
const ITEM_BYTES_ON_ALL_LINKS = 400 * (NODES - 1);

const harmless = ({ honestBytesPerSecond }: Figures): void => expect(honestBytesPerSecond).toBeLessThan(USUAL_BYTES_PER_SECOND);

/** Each honest neighbour takes a few of the nodes that it makes up, and everybody passes those on once. */
const fewGhosts = ({ ghosts, honestBytesPerSecond }: Figures): void => {
  expect(ghosts).toBeLessThanOrEqual(HOSTILE * (NODES - HOSTILE) * (LIMITS.presenceSoleVoiceBurst + 1) + FROM_FIRST_NEIGHBOUR);
  expect(honestBytesPerSecond).toBeLessThan(2 * USUAL_BYTES_PER_SECOND);
};

/** What each may cost the honest beyond what none may: sessions between them, publications, calls, somebody taken for gone. */
const COSTS: readonly (Partial<SimOptions> & {
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
  { adversary: 'card-flooder', cost: fewGhosts },
  { adversary: 'crowd-maker', cost: fewGhosts },
  { adversary: 'list-liar', nat: { open: 1, symmetric: 2 } },
  { adversary: 'black-hole', nat: { open: 1, symmetric: 2 }, isNoticed: false },
  { adversary: 'circuit-looper' },
  { adversary: 'unsigned-changes' },
  { adversary: 'foreign-changes' },
  { adversary: 'huge-documents' },
  { adversary: 'equivocator' },
];

describe('an adversary on the lanes of the mesh', () => {
  it('has its costs stated here', () => {
    expect(COSTS.map(({ adversary }) => adversary)).toEqual(LANE_ADVERSARIES.map(({ name }) => name));
  });

  for (const { cost = harmless, isNoticed = true, ...options } of COSTS) {
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
