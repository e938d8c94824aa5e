import { describe, expect, it } from 'vitest';
import { LIMITS } from '../base/limits.ts';
import { expandTemplate, Suggestions } from './suggestions.ts';

function over(values: () => readonly string[]) {
  const asked: unknown[] = [];
  const suggestions = new Suggestions({
    complete: async (...args) => {
      asked.push(args);
      return { completion: { values: [...values()] } };
    },
  });
  return { asked, ask: () => suggestions.suggest('a:x', { template: 'note:///{id}' }, 'id', 'te', { lang: 'en' }) };
}

describe('what agents suggest', () => {
  it('is asked for with what else was written, and bounded', async () => {
    const { asked, ask } = over(() => ['tea', 'x'.repeat(LIMITS.maxSuggestionLength + 1), ...Array.from({ length: 100 }, (_, index) => `v${index}`)]);
    const suggested = await ask();
    expect([suggested[0], suggested.length]).toEqual(['tea', LIMITS.maxSuggestions - 1]);
    expect(asked).toEqual([['a:x', { template: 'note:///{id}' }, { name: 'id', value: 'te' }, { lang: 'en' }]]);
  });

  it('is nothing where the agent cannot be asked', async () => {
    const { ask } = over(() => {
      throw new Error('Method not found');
    });
    expect(await ask()).toEqual([]);
  });

  it('fills in addresses, with what is not for an address written as one', async () => {
    expect(await expandTemplate('memory:///entity/{name}', { name: 'Ada & Bo' })).toBe('memory:///entity/Ada%20%26%20Bo');
    await expect(expandTemplate('broken:///{', {})).rejects.toMatchObject({ code: 'bad-argument' });
  });
});
