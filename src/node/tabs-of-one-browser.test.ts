import { describe, expect, it } from 'vitest';
import { joinNodes, localNode } from '../../test/doubles/local-nodes.ts';
import { ask, echo } from '../../test/doubles/relay-world.ts';
import { known, linkTabs, tabOf } from '../../test/doubles/tab-nodes.ts';
import { fromUtf8, utf8 } from '../base/bytes.ts';
import type { RtcDialer } from '../ports/rtc.ts';

/** Counts what it was asked to dial, and reaches nobody. */
function countingDialer(): RtcDialer & { dials: number } {
  return {
    dials: 0,
    dial() {
      this.dials++;
      return { signal: () => undefined, abandon: () => undefined };
    },
  };
}

describe('nodes of one browser', () => {
  it('reach others through the hub, and are reached, without a direct link ever being tried', async () => {
    const [fromLeaf, fromBo] = [countingDialer(), countingDialer()];
    const [hub, leaf, bo] = await Promise.all([tabOf(0), tabOf(1, { role: 'leaf', rtc: fromLeaf }), localNode(3, { rtc: fromBo })]);
    for (const node of [leaf, bo]) echo(node);
    await Promise.all([linkTabs(leaf, hub), joinNodes(hub, bo)]);
    await Promise.all([known(bo, leaf, true), known(leaf, bo, false)]);
    const there = await leaf.open(bo.id, 'echo/1');
    expect(there.path).toEqual({ kind: 'relayed', via: [hub.id] });
    expect(fromUtf8(await ask(there, utf8('to Bo')))).toBe('to Bo');
    const back = await bo.open(leaf.id, 'echo/1');
    expect(fromUtf8(await ask(back, utf8('to a leaf')))).toBe('to a leaf');
    for (const node of [leaf, bo]) node.nudge('resume');
    await ask(back, utf8('again'));
    expect([fromLeaf.dials, fromBo.dials]).toEqual([0, 0]);
    await Promise.all([hub, leaf, bo].map((node) => node.close()));
  });

  it('has no stranger’s bounds for its leaves, in either direction', async () => {
    const [hub, leaf, bo] = await Promise.all([tabOf(0), tabOf(1, { role: 'leaf' }), localNode(3)]);
    echo(leaf);
    await Promise.all([linkTabs(leaf, hub), joinNodes(hub, bo)]);
    await known(bo, leaf, true);
    const stream = await bo.open(leaf.id, 'echo/1', { priority: 'bulk' });
    const startedAt = performance.now();
    for (let round = 0; round < 8; round++) expect((await ask(stream, new Uint8Array(500_000))).length).toBe(500_000);
    // A stranger's circuit would have taken half a minute for it.
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    await Promise.all([hub, leaf, bo].map((node) => node.close()));
  });

  it('say goodbye when they step back, and are found again behind the next hub', async () => {
    const [first, second, bo] = await Promise.all([tabOf(0), tabOf(1, { role: 'leaf' }), localNode(3)]);
    echo(first);
    await Promise.all([linkTabs(second, first), joinNodes(first, bo)]);
    await Promise.all([known(bo, second, true), known(bo, first, false)]);
    const left = new Promise<string>((resolve) => bo.on('node-down', ({ node }) => resolve(node)));
    first.setRole('leaf');
    expect(await left).toBe(first.id);
    second.setRole('hub');
    await Promise.all([linkTabs(first, second), joinNodes(second, bo)]);
    await Promise.all([known(bo, first, true), known(bo, second, false)]);
    const stream = await bo.open(first.id, 'echo/1');
    expect(stream.path).toEqual({ kind: 'relayed', via: [second.id] });
    expect(fromUtf8(await ask(stream, utf8('still there')))).toBe('still there');
    await Promise.all([first, second, bo].map((node) => node.close()));
  });

  it('keep what a program asks of a leaf that has no hub for a moment, until it has one', async () => {
    const [hub, leaf, bo] = await Promise.all([tabOf(0), tabOf(1, { role: 'leaf' }), localNode(3)]);
    echo(bo);
    await joinNodes(hub, bo);
    const opening = leaf.open(bo.id, 'echo/1');
    await linkTabs(leaf, hub);
    expect(fromUtf8(await ask(await opening, utf8('late')))).toBe('late');
    await Promise.all([hub, leaf, bo].map((node) => node.close()));
  });
});
