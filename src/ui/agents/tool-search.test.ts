import { describe, expect, it } from 'vitest';
import { ADA, agentOf, BO } from '../../../test/doubles/fake-app-model.ts';
import type { ToolEntryView } from '../../view/types.ts';
import { findAgents, findTools } from './tool-search.ts';

const notes = agentOf(BO, 'Notes');
const sums = { ...agentOf(ADA, 'Calculator'), kind: 'mounted' as const };

function tool(name: string, description = '', agent = notes, title = ''): ToolEntryView {
  return { agent, name, title, description };
}

describe('a search over tools', () => {
  const tools = [
    tool('delete_note', 'Removes what search_notes finds.'),
    tool('search_notes', 'Lists them.'),
    tool('find', 'Looks for notes.', notes, 'Search everywhere'),
    tool('evaluate', 'Computes.', sums),
  ];
  const found = (words: string, more = {}): string[] => findTools(tools, { words, ...more }).map(({ name }) => name);

  it('finds every word anywhere, those that are called so first', () => {
    expect(found('search')).toEqual(['search_notes', 'find', 'delete_note']);
    expect(found('SEARCH notes')).toEqual(['search_notes', 'delete_note', 'find']);
    expect(found('compute calculator')).toEqual(['evaluate']);
    expect(found('ada')).toEqual(['evaluate']);
    expect(found('no such')).toEqual([]);
    expect(found(' ')).toEqual(tools.map(({ name }) => name));
  });

  it('keeps to a person, a node, a kind', () => {
    expect(found('', { person: 'ada' })).toEqual(['evaluate']);
    expect(found('', { node: notes.node })).toHaveLength(3);
    expect(found('search', { kind: 'mounted' })).toEqual([]);
    expect(findAgents([notes, sums], { words: 'bo' })).toEqual([notes]);
    expect(findAgents([notes, sums], { words: '', kind: 'mounted' })).toEqual([sums]);
  });
});
