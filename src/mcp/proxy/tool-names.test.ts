import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentAddress, nodeIdOf, parseAgentId } from '../../base/ids.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { aggregateName } from './tool-names.ts';

const [HERE, THERE] = [nodeIdOf(new Uint8Array(32).fill(1)), nodeIdOf(new Uint8Array(32).fill(2))];
const of = (node: typeof HERE, agent: string, tool: string) => aggregateName(HERE, agentAddress(node, parseAgentId(agent)), tool);

describe('names in the aggregate', () => {
  it('are short and say whose tool it is', () => {
    expect(of(HERE, 'notes', 'search_notes')).toBe('notes__search_notes');
    expect(of(THERE, 'notes', 'search_notes')).toMatch(/^notes-[2-9a-z]{5}__search_notes$/);
  });

  it('are always legal, never too long, and never the same for two tools', () => {
    const agent = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/);
    const tool = fc.oneof(
      fc.string({ maxLength: 128 }),
      fc.stringMatching(/^[A-Za-z0-9_.-]{1,128}$/),
      fc.stringMatching(/^[a-z]{1,3}_[23456789b]{6}$/),
    );
    const one = fc.tuple(fc.constantFrom(HERE, THERE), agent, tool);
    fc.assert(
      fc.property(one, one, (a, b) => {
        const [nameA, nameB] = [of(...a), of(...b)];
        expect(nameA).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(nameA.length).toBeLessThanOrEqual(HOST_LIMITS.maxAggregateNameLength);
        if (JSON.stringify(a) !== JSON.stringify(b)) expect(nameA).not.toBe(nameB);
      }),
      { numRuns: 2_000 },
    );
  });

  it('tell apart tools that differ only in what had to be changed, or only in the end of a long name', () => {
    expect(of(HERE, 'a', 'x.y')).not.toBe(of(HERE, 'a', 'x_y'));
    expect(of(HERE, 'a', `${'x'.repeat(60)}1`)).not.toBe(of(HERE, 'a', `${'x'.repeat(60)}2`));
    expect(of(HERE, 'a', of(HERE, 'a', 'x.y').slice('a__'.length))).not.toBe(of(HERE, 'a', 'x.y'));
  });
});
