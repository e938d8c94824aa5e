import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';
import type { AgentAddress } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import { DefinitionPins, type Definition } from './definition-pins.ts';

const AGENT = 'node:agent' as AgentAddress;
const tool = (name: string, description: string, more: object = {}): Definition => ({
  kind: 'tool',
  name,
  value: { name, description, inputSchema: { type: 'object' }, ...more },
});

let records: MemoryRecords;
let pins: DefinitionPins;
beforeEach(() => {
  records = new MemoryRecords();
  pins = new DefinitionPins(records, new VirtualClock());
});

describe('pinned definitions', () => {
  it('takes what an agent says at the first meeting, and the same again in any order of keys', async () => {
    await pins.check(AGENT, ['tool'], [tool('a', 'reads')]);
    expect(pins.changes(AGENT)).toEqual([]);
    const reordered = { kind: 'tool', name: 'a', value: { inputSchema: { type: 'object' }, description: 'reads', name: 'a' } } as const;
    await pins.check(AGENT, ['tool'], [reordered]);
    expect(pins.changes(AGENT)).toEqual([]);
  });

  it('holds back what changed and what is new, until it is accepted, also after a restart', async () => {
    await pins.check(AGENT, ['tool'], [tool('a', 'reads'), tool('b', 'writes')]);
    const again = new DefinitionPins(records, new VirtualClock());
    await again.check(AGENT, ['tool'], [tool('a', 'reads, and sends it to me'), tool('b', 'writes'), tool('c', 'is new')]);
    expect(again.changes(AGENT).map(({ before, after }) => [before?.name, after.name])).toEqual([
      ['a', 'a'],
      [undefined, 'c'],
    ]);
    expect(['a', 'b', 'c'].map((name) => again.isHeldBack(AGENT, 'tool', name))).toEqual([true, false, true]);
    await again.accept(AGENT, again.changes(AGENT));
    expect(again.changes(AGENT)).toEqual([]);
    await again.check(AGENT, ['tool'], [tool('a', 'reads')]);
    expect(again.isHeldBack(AGENT, 'tool', 'a')).toBe(true);
  });

  it('notices a changed schema, title or annotation, and a tool that was away', async () => {
    await pins.check(AGENT, ['tool'], [tool('a', 'reads')]);
    for (const more of [{ inputSchema: { type: 'object', properties: { x: {} } } }, { title: 'A' }, { annotations: { readOnlyHint: true } }]) {
      await pins.check(AGENT, ['tool'], [tool('a', 'reads', more)]);
      expect(pins.isHeldBack(AGENT, 'tool', 'a')).toBe(true);
    }
    await pins.check(AGENT, ['tool'], []);
    expect(pins.changes(AGENT)).toEqual([]);
    await pins.check(AGENT, ['tool'], [tool('a', 'something else')]);
    expect(pins.isHeldBack(AGENT, 'tool', 'a')).toBe(true);
  });

  it('holds back the first prompt of an agent that had none when it was met', async () => {
    await pins.check(AGENT, ['tool', 'prompt'], [tool('a', 'reads')]);
    await pins.check(AGENT, ['prompt'], [{ kind: 'prompt', name: 'p', value: { name: 'p' } }]);
    expect(pins.isHeldBack(AGENT, 'prompt', 'p')).toBe(true);
    expect(pins.isHeldBack(AGENT, 'tool', 'p')).toBe(false);
  });

  it('accepts what was shown, not what came since', async () => {
    await pins.check(AGENT, ['tool'], [tool('a', 'reads')]);
    await pins.check(AGENT, ['tool'], [tool('a', 'shown')]);
    const shown = pins.changes(AGENT);
    await pins.check(AGENT, ['tool'], [tool('a', 'came since')]);
    await pins.accept(AGENT, shown);
    expect(pins.isHeldBack(AGENT, 'tool', 'a')).toBe(true);
    await pins.check(AGENT, ['tool'], [tool('a', 'shown')]);
    expect(pins.isHeldBack(AGENT, 'tool', 'a')).toBe(false);
  });

  it('keeps little of megabytes, yet notices a change at their end', async () => {
    const long = 'x'.repeat(2 ** 20);
    await pins.check(AGENT, ['tool'], [tool('a', `${long}1`)]);
    await pins.check(AGENT, ['tool'], [tool('a', `${long}2`)]);
    const [change] = pins.changes(AGENT);
    expect(change?.after.json.length).toBe(LIMITS.maxPinnedJsonLength);
    expect(change?.before?.hash).not.toBe(change?.after.hash);
    const many = Array.from({ length: LIMITS.maxPinnedDefinitions + 1 }, (_, index) => tool(`t${index}`, ''));
    await expect(pins.check('node:other' as AgentAddress, ['tool'], many)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('does not mind metadata that may differ, but minds the user interface that it names', async () => {
    await pins.check(AGENT, ['tool'], [tool('a', 'reads', { _meta: { at: 1, ui: { resourceUri: 'ui://a' } } })]);
    await pins.check(AGENT, ['tool'], [tool('a', 'reads', { _meta: { at: 2, ui: { resourceUri: 'ui://a' } } })]);
    expect(pins.changes(AGENT)).toEqual([]);
    await pins.check(AGENT, ['tool'], [tool('a', 'reads', { _meta: { ui: { resourceUri: 'ui://b' } } })]);
    expect(pins.isHeldBack(AGENT, 'tool', 'a')).toBe(true);
  });
});
