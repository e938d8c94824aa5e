import { describe, expect, it } from 'vitest';
import { agentAddress, nodeIdOf, parseAgentId, type AgentAddress } from '../../base/ids.ts';
import { AggregateIndex, aggregateUri, parseAggregateUri, renamed, withAggregateUris } from './aggregate-index.ts';
import type { AgentLists } from './catalog.ts';
import { searchTools } from './tool-search.ts';

const HERE = nodeIdOf(new Uint8Array(32));

function address(index: number, agent = 'tools'): AgentAddress {
  return agentAddress(nodeIdOf(new Uint8Array(32).fill(index)), parseAgentId(agent));
}

/** Agents of as many nodes, each with ten tools. */
function network(agents: number): readonly AgentLists[] {
  return Array.from({ length: agents }, (_, index) => {
    const tools = Array.from({ length: 10 }, (_unused, tool) => ({
      name: `tool_${tool}`,
      description: `Converts ${index === 42 ? 'herrings' : 'something'} in way ${tool}. ${'Words about it. '.repeat(10)}`,
      inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
      _meta: { 'example.org/kept': index },
    }));
    return { address: address(index), tools, prompts: [], resources: [{ uri: 'note:///1', name: 'one' }], resourceTemplates: [] };
  });
}

describe('the aggregate', () => {
  it('lists, finds and filters a thousand tools of a hundred agents in a moment', () => {
    const lists = network(100);
    const before = performance.now();
    const tools = renamed(new AggregateIndex(HERE, lists).tools);
    const found = searchTools(tools, { query: 'HERRINGS way 7' });
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(new Set(tools.map(({ name }) => name)).size).toBe(1_000);
    expect(found.map((tool) => (tool['_meta'] as object | undefined) ?? {})).toEqual([
      { 'example.org/kept': 42, 'parley/agent': address(42), 'parley/name': 'tool_7' },
    ]);
  });

  it('names a tool the same, whoever else is there', () => {
    const alone = [...new AggregateIndex(HERE, network(1)).tools.keys()];
    const crowded = [...new AggregateIndex(HERE, network(50)).tools.keys()];
    expect(crowded.slice(0, 10)).toEqual(alone);
  });

  it('finds only tools that have all words, those with them in the name first, and no more than asked for', () => {
    const tools = [
      { name: 'a__draw', description: 'Draws a map.' },
      { name: 'b__map', description: 'Shows where something is.' },
      { name: 'c__other', description: 'Something else.' },
    ];
    expect(searchTools(tools, { query: 'map' }).map(({ name }) => name)).toEqual(['b__map', 'a__draw']);
    expect(searchTools(tools, { query: 'map draws' }).map(({ name }) => name)).toEqual(['a__draw']);
    expect(searchTools(tools, { query: 'nothing' })).toEqual([]);
    expect(searchTools(tools, { limit: 2 }).length).toBe(2);
    expect(searchTools(tools, { query: 7, limit: 'x' })).toEqual([]);
  });

  it('has URIs that lead back to their agents', () => {
    const uri = 'demo://resource/text/{id}?a=b/c';
    expect(parseAggregateUri(aggregateUri(address(3), uri))).toEqual({ address: address(3), uri });
    for (const text of ['note:///1', 'parley://x/y/z', `parley://${HERE}/a`, `parley://${HERE}/A!/z`, ''])
      expect(parseAggregateUri(text)).toBeUndefined();
  });

  it('changes URIs in every place of a result where a client could follow them, and nothing else', () => {
    const link = { type: 'resource_link', uri: 'note:///1', name: 'one' };
    const embedded = { type: 'resource', resource: { uri: 'note:///2', text: 'two' } };
    const text = { type: 'text', text: 'note:///3' };
    const own = (uri: string) => aggregateUri(address(3), uri);
    expect(withAggregateUris(address(3), { content: [link, embedded, text], structuredContent: { uri: 'note:///4' }, _meta: { kept: 1 } })).toEqual({
      content: [{ ...link, uri: own('note:///1') }, { ...embedded, resource: { uri: own('note:///2'), text: 'two' } }, text],
      structuredContent: { uri: 'note:///4' },
      _meta: { kept: 1 },
    });
    expect(withAggregateUris(address(3), { messages: [{ role: 'user', content: link }] })).toEqual({
      messages: [{ role: 'user', content: { ...link, uri: own('note:///1') } }],
    });
    expect(withAggregateUris(address(3), { contents: [{ uri: 'note:///1', text: 'x' }] })).toEqual({
      contents: [{ uri: own('note:///1'), text: 'x' }],
    });
  });
});
