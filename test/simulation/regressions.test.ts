import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { commandFor } from './command-line.ts';
import { DEFAULTS } from './options.ts';
import { REGRESSIONS } from './regressions.ts';
import { simulate } from './simulation.ts';

const FRESH = ['join-storm', 'churn', 'partition', 'sleep'].map((scenario) => ({ scenario, nodes: 6, seed: randomInt(2 ** 31) }));

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
      expect(figures.components).toBe(1);
    });
  }
});
