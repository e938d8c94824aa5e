import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bendAround, clipped, layOut, NAME_SIZE, overlaps, textBox, TIME_SIZE } from './constellation-layout.ts';

const name = fc
  .string({ unit: fc.constantFrom('a', 'W', 'é', '界', ' ', 'm'), minLength: 1, maxLength: 40 })
  .map((text) => clipped(text, NAME_SIZE, 150));
const node = fc.record({
  name,
  from: fc.integer({ min: -5, max: 20 }),
  isClose: fc.boolean(),
  agents: fc.array(
    name.map((text) => clipped(text, NAME_SIZE, 92)),
    { maxLength: 3 },
  ),
});

describe('the layout of the constellation', () => {
  it('lets no node or word overlap another, and none leave the picture, however many and however narrow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 280, max: 1400 }), node, fc.array(node, { maxLength: 24 }), (width, me, peers) => {
        const { height, middle, peers: stars } = layOut(width, me, peers);
        expect(stars).toHaveLength(peers.length);
        const boxes = [middle, ...stars].map(({ box }) => box);
        for (const [index, box] of boxes.entries()) {
          expect(box.top).toBeGreaterThanOrEqual(0);
          expect(box.bottom).toBeLessThanOrEqual(height);
          expect(box.left).toBeGreaterThanOrEqual(0);
          expect(box.right).toBeLessThanOrEqual(width);
          for (const other of boxes.slice(index + 1)) expect(overlaps(box, other)).toBe(false);
        }
        const times = stars.flatMap(({ timeAt }) => (timeAt ? [textBox(timeAt, '0000 ms', TIME_SIZE, 'middle')] : []));
        for (const [index, time] of times.entries())
          for (const other of [...boxes, ...times.slice(index + 1)]) expect(overlaps(time, other)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('leads links of two others around the middle', () => {
    const [middle, from, to] = [
      { x: 400, y: 200 },
      { x: 240, y: 300 },
      { x: 560, y: 100 },
    ];
    const bend = bendAround(middle, from, to, 800);
    const half = { x: (from.x + to.x) / 4 + bend.x / 2, y: (from.y + to.y) / 4 + bend.y / 2 };
    expect(Math.hypot(half.x - middle.x, half.y - middle.y)).toBeGreaterThan(60);
  });

  it('puts further tabs of a browser beside the one that has their links', () => {
    const peers = [
      { name: 'Mira', agents: [] },
      { name: 'Tomás', agents: [] },
      { name: 'Mira', agents: [], from: 0, isClose: true },
    ];
    const { peers: stars } = layOut(900, { name: 'You', agents: [] }, peers);
    const [hub, other, leaf] = stars as [(typeof stars)[0], (typeof stars)[0], (typeof stars)[0]];
    const distance = (a: typeof hub, b: typeof hub): number => Math.hypot(a.at.x - b.at.x, a.at.y - b.at.y);
    expect(distance(leaf, hub)).toBeLessThan(distance(leaf, other));
    expect(leaf.from).toEqual(hub.at);
  });

  it('takes forty nodes and stays of a size to look at', () => {
    const peers = Array.from({ length: 40 }, (_, index) => ({ name: `Person ${index}`, agents: [] }));
    const { height } = layOut(850, { name: 'You', agents: [] }, peers);
    expect(height).toBeLessThan(2_000);
  });

  it('is the same picture for the same network', () => {
    const peers = [
      { name: 'Mira', agents: ['Notes'] },
      { name: 'Tomás', agents: [] },
    ];
    expect(layOut(800, { name: 'You', agents: [] }, peers)).toEqual(layOut(800, { name: 'You', agents: [] }, peers));
  });

  it('stays about as high as the screen for a small network', () => {
    const agents = ['Notes', 'Calculator'];
    const peers = ['Inês', 'Tomás', 'Mira', 'Kit', 'Ola'].map((name) => ({ name, agents }));
    expect(layOut(850, { name: 'You', agents }, peers).height).toBeLessThan(600);
  });
});
