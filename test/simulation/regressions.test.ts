import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { commandFor } from './command-line.ts';
import { DEFAULTS } from './options.ts';
import { REGRESSIONS } from './regressions.ts';
import { simulate } from './simulation.ts';

/** Two of them in each run of the tests. */
const SCENARIOS = ['join-storm', 'churn', 'partition', 'sleep', 'kill-30', 'loss', 'nat', 'no-server'];
const first = randomInt(SCENARIOS.length);
const FRESH = [first, first + 1].map((index) => ({
  scenario: SCENARIOS[index % SCENARIOS.length] as string,
  nodes: 6,
  seed: randomInt(2 ** 31),
}));

describe('seeds that once failed', () => {
  for (const { why, ...options } of REGRESSIONS) {
    it(`${commandFor({ ...DEFAULTS, ...options })}: ${why}`, { timeout: 120_000 }, async () => {
      expect((await simulate(options)).violations).toEqual([]);
    });
  }
});

describe('fresh seeds', () => {
  for (const options of FRESH) {
    const command = commandFor({ ...DEFAULTS, ...options });
    it(`${command}: breaks nothing`, { timeout: 120_000 }, async () => {
      console.log(command);
      const { violations, figures } = await simulate(options);
      expect(violations).toEqual([]);
      expect(figures.components).toBe(figures.fewestComponents);
    });
  }
});
