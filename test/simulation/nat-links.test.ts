import { describe, expect, it } from 'vitest';
import { simulate } from './simulation.ts';

describe('nodes behind symmetric NATs', () => {
  it('find their first link within seconds, although few others can open one with them', { timeout: 240_000 }, async () => {
    for (const seed of [3, 6]) {
      const { figures, violations } = await simulate({ scenario: 'nat', nodes: 14, seed, seconds: 75 });
      expect(violations).toEqual([]);
      expect(figures.components).toBe(1);
      expect(figures.firstSessionMs?.max).toBeLessThan(10_000);
    }
  });
});
