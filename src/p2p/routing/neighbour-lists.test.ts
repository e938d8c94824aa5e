import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { WAKE } from '../../base/machine.ts';
import { NeighbourLists, type NeighbourListsOutput } from './neighbour-lists.ts';

const NOW = 1_800_000_000_000;
const node = (name: string) => name as NodeId;

function outputsOf(lists: NeighbourLists): readonly NeighbourListsOutput[] {
  const outputs: NeighbourListsOutput[] = [];
  for (let output = lists.poll(); output; output = lists.poll()) outputs.push(output);
  return outputs;
}

/** Two nodes that are neighbours; `lossy` drops what the first says. */
class Pair {
  readonly one = new NeighbourLists();
  readonly other = new NeighbourLists();
  readonly said: NeighbourListsOutput[] = [];
  readonly misbehaved: string[] = [];
  now = NOW;
  isLossy = false;

  constructor() {
    this.one.handle({ type: 'neighbour-up', node: node('other'), tag: 'other' }, this.now);
    this.other.handle({ type: 'neighbour-up', node: node('one'), tag: 'one' }, this.now);
    this.carry();
  }

  pass(ms: number): void {
    this.now += ms;
    for (const lists of [this.one, this.other]) lists.handle(WAKE, this.now);
    this.carry();
  }

  carry(): void {
    for (let isAny = true; isAny;) {
      isAny = false;
      for (const output of outputsOf(this.one)) {
        if (output.type !== 'send' || output.to !== 'other') continue;
        this.said.push(output);
        if (this.isLossy) continue;
        this.other.handle({ type: 'links', from: node('one'), message: output.message }, this.now);
        isAny = true;
      }
      for (const output of outputsOf(this.other)) {
        if (output.type === 'misbehaved') this.misbehaved.push(output.offence);
        else if (output.to === 'one') this.one.handle({ type: 'links', from: node('other'), message: output.message }, this.now);
        isAny ||= output.type === 'send';
      }
    }
  }
}

describe('lists of links', () => {
  it('tell each neighbour who is one step further, a moment after it changes, and without the neighbour itself', () => {
    const world = new Pair();
    world.one.handle({ type: 'neighbour-up', node: node('x'), tag: 'x' }, world.now);
    world.pass(LIMITS.linkListDelayMs / 2);
    expect(world.other.holders('x')).toEqual([]);
    world.pass(LIMITS.linkListDelayMs);
    expect(world.other.holders('x')).toEqual(['one']);
    expect(world.other.holders('other')).toEqual([]);
    world.one.handle({ type: 'neighbour-down', node: node('x') }, world.now);
    world.pass(LIMITS.linkListDelayMs);
    expect(world.other.holders('x')).toEqual([]);
  });

  it('tell the change where that is smaller than the whole', () => {
    const world = new Pair();
    for (let index = 0; index < 10; index++) world.one.handle({ type: 'neighbour-up', node: node(`n${index}`), tag: `n${index}` }, world.now);
    world.pass(LIMITS.linkListDelayMs);
    world.one.handle({ type: 'neighbour-down', node: node('n3') }, world.now);
    world.pass(LIMITS.linkListDelayMs);
    expect(world.said.map((output) => output.type === 'send' && output.message.type)).toEqual(['links', 'links', 'links-changed']);
    expect(world.other.holders('n3')).toEqual([]);
    expect(world.other.holders('n4')).toEqual(['one']);
    expect(world.misbehaved).toEqual([]);
  });

  it('are asked for anew when one was lost', () => {
    const world = new Pair();
    for (let index = 0; index < 6; index++) world.one.handle({ type: 'neighbour-up', node: node(`n${index}`), tag: `n${index}` }, world.now);
    world.pass(LIMITS.linkListDelayMs);
    world.isLossy = true;
    world.one.handle({ type: 'neighbour-down', node: node('n0') }, world.now);
    world.pass(LIMITS.linkListDelayMs);
    world.isLossy = false;
    world.one.handle({ type: 'neighbour-down', node: node('n1') }, world.now);
    world.pass(LIMITS.linkListDelayMs);
    expect([world.other.holders('n0'), world.other.holders('n1'), world.other.holders('n2')]).toEqual([[], [], ['one']]);
    expect(world.misbehaved).toEqual([]);
  });

  it('that are old, too long or too many are noticed and change nothing', () => {
    const lists = new NeighbourLists();
    const from = node('liar');
    lists.handle({ type: 'neighbour-up', node: from, tag: 'liar' }, NOW);
    outputsOf(lists);
    const tags = Array.from({ length: LIMITS.maxListedLinks }, (_, index) => `t${index}`);
    lists.handle({ type: 'links', from, message: { type: 'links', seq: 5, tags } }, NOW);
    lists.handle({ type: 'links', from, message: { type: 'links', seq: 4, tags: [] } }, NOW);
    lists.handle({ type: 'links', from, message: { type: 'links-changed', seq: 6, added: ['more'], removed: [] } }, NOW);
    expect(outputsOf(lists)).toMatchObject([{ offence: 'stale' }, { offence: 'invalid' }]);
    expect(lists.holders('t0')).toEqual([from]);
    expect(lists.holders('more')).toEqual([]);
    for (let index = 0; index < 100; index++) lists.handle({ type: 'links', from, message: { type: 'links-wanted' } }, NOW);
    expect(outputsOf(lists).filter((output) => output.type === 'send').length).toBeLessThanOrEqual(LIMITS.linkListsBurst);
  });

  it('are equal to the truth after any changes and losses, once something more is said', () => {
    const change = fc.record({ name: fc.nat(25), up: fc.boolean(), lost: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const world = new Pair();
        const links = new Set<string>();
        for (const { name, up, lost } of [...changes, { name: 26, up: true, lost: false }, { name: 27, up: true, lost: false }]) {
          const id = `n${name}`;
          if (up === links.has(id) || (up && links.size >= LIMITS.maxListedLinks - 3 && name < 26)) continue;
          if (up) links.add(id);
          else links.delete(id);
          world.isLossy = lost;
          world.one.handle(up ? { type: 'neighbour-up', node: node(id), tag: id } : { type: 'neighbour-down', node: node(id) }, world.now);
          world.pass(LIMITS.linkListDelayMs);
        }
        for (let name = 0; name < 28; name++) expect(world.other.holders(`n${name}`).length).toBe(links.has(`n${name}`) ? 1 : 0);
        expect(world.misbehaved).toEqual([]);
      }),
    );
  });
});
