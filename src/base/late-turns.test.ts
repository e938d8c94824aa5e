import { describe, expect, it } from 'vitest';
import { LateTurns } from './late-turns.ts';
import { LIMITS } from './limits.ts';

const NOW = 1_800_000_000_000;

describe('turns that come late', () => {
  it('are remembered for a while after the last of them', () => {
    const turns = new LateTurns();
    expect(turns.areComing(NOW)).toBe(false);
    turns.woke(NOW - LIMITS.lateTurnMs, NOW);
    turns.woke(NOW, NOW + 1);
    expect([turns.areComing(NOW), turns.areComing(NOW + LIMITS.lateTurnsMs - 1), turns.areComing(NOW + LIMITS.lateTurnsMs)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('are not seen in wake-ups in time, early ones, and those that nobody waited for', () => {
    const turns = new LateTurns();
    turns.woke(NOW - LIMITS.lateTurnMs + 1, NOW);
    turns.woke(NOW + 1_000, NOW);
    turns.woke(undefined, NOW);
    expect(turns.areComing(NOW)).toBe(false);
  });
});
