import { describe, expect, it } from 'vitest';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { WAKE } from '../../base/machine.ts';
import { seededEntropy } from '../../../test/support/seeded-identity.ts';
import { Overlay, type OverlayInput, type OverlayOutput } from './overlay.ts';
import type { Reachability } from './reach-evidence.ts';
import { Ring } from './ring.ts';

const START = 1_800_000_000_000;
const ME = 'n500' as NodeId;
const id = (index: number) => `n${String(index).padStart(3, '0')}` as NodeId;

/** An overlay whose places are the ids themselves, so that the ring is in the order of the numbers. */
class Driver {
  now = START;
  runsLate = false;
  readonly inUse = new Set<NodeId>();
  /** What neighbours say to have. */
  readonly linkCounts = new Map<NodeId, number>();
  readonly overlay = new Overlay({
    me: ME,
    placeOf: (node) => node,
    isInUse: (node) => this.inUse.has(node),
    linkCountOf: (node) => this.linkCounts.get(node),
    turns: { areComing: () => this.runsLate },
    entropy: seededEntropy(1),
  });

  do(input: OverlayInput): readonly OverlayOutput[] {
    this.overlay.handle(input, this.now);
    return this.take();
  }

  take(): readonly OverlayOutput[] {
    const outputs: OverlayOutput[] = [];
    for (let output = this.overlay.poll(); output; output = this.overlay.poll()) outputs.push(output);
    return outputs;
  }

  /** Lets time pass from wake-up to wake-up. */
  pass(ms: number): readonly OverlayOutput[] {
    const end = this.now + ms;
    const outputs: OverlayOutput[] = [];
    for (let next = this.overlay.nextWakeAt(); next !== undefined && next <= end; next = this.overlay.nextWakeAt()) {
      this.now = Math.max(this.now, next);
      this.overlay.handle(WAKE, this.now);
      outputs.push(...this.take());
    }
    this.now = end;
    return outputs;
  }

  know(
    index: number,
    source: 'signaling' | 'mesh' | 'remembered' = 'mesh',
    issuedAt = START,
    reachability: Partial<Reachability> = {},
  ): readonly OverlayOutput[] {
    const candidate = { node: id(index), sealingKey: Uint8Array.of(index % 256), issuedAt, isLeaf: false, ...reachability };
    return this.do({ type: 'candidate', candidate, source });
  }

  /** It answered, and no way was found. */
  fail(...indexes: readonly number[]): readonly OverlayOutput[] {
    return indexes.flatMap((index) => [
      ...this.do({ type: 'slow', node: id(index) }),
      ...this.do({ type: 'dial-failed', node: id(index), code: 'ice-failed' }),
    ]);
  }

  link(...indexes: readonly number[]): void {
    for (const index of indexes) this.do({ type: 'connected', node: id(index), by: 'link' });
  }
}

function up(): Driver {
  const driver = new Driver();
  driver.do({ type: 'carrier', isUp: true });
  return driver;
}

function dialled(outputs: readonly OverlayOutput[]): readonly NodeId[] {
  return outputs.flatMap((output) => (output.type === 'dial' ? [output.node] : []));
}

describe('the overlay', () => {
  it('dials everybody of a small network', () => {
    const driver = up();
    const outputs = [601, 602, 603].flatMap((index) => driver.know(index));
    expect(dialled(outputs)).toEqual([id(601), id(602), id(603)]);
  });

  it('dials nobody while nothing carries introductions, and those it knows once something does', () => {
    const driver = new Driver();
    expect(driver.know(601)).toEqual([]);
    expect(dialled(driver.do({ type: 'carrier', isUp: true }))).toEqual([id(601)]);
  });

  it('needs no signaling server once it has one link', () => {
    const driver = new Driver();
    driver.link(700);
    expect(dialled(driver.know(601))).toEqual([id(601)]);
  });

  it('looks for random links up to the target, and for its neighbours on the ring beyond it', () => {
    const driver = up();
    for (let index = 600; index < 660; index++) driver.know(index, 'signaling');
    expect(driver.overlay.busyCount).toBe(LIMITS.targetLinks);
    for (const index of [498, 499, 501, 502]) driver.know(index, 'signaling');
    expect(dialled(driver.pass(LIMITS.nearSettleMs)).toSorted()).toEqual([id(498), id(499), id(501), id(502)]);
  });

  it('lets the lower address dial first when both hear of each other through the mesh', () => {
    const driver = up();
    expect(driver.know(400)).toEqual([]);
    expect(dialled(driver.pass(LIMITS.politeDialMs))).toEqual([id(400)]);
  });

  it('dials a neighbour whose link broke again, ever more slowly, and not one that said goodbye', () => {
    const driver = up();
    driver.know(601);
    driver.link(601, 602);
    expect(driver.do({ type: 'disconnected', node: id(601), code: 'link-lost' })).toEqual([]);
    expect(dialled(driver.pass(LIMITS.redialFirstMs))).toEqual([id(601)]);
    driver.do({ type: 'dial-failed', node: id(601), code: 'ice-failed' });
    expect(dialled(driver.pass(LIMITS.redialFirstMs / 2))).toEqual([]);
    expect(dialled(driver.pass(LIMITS.redialFirstMs * 2))).toEqual([id(601)]);
    driver.link(601);
    driver.do({ type: 'gone', node: id(601) });
    driver.do({ type: 'disconnected', node: id(601), code: 'peer-closed' });
    driver.do({ type: 'gone', node: id(601) });
    expect(dialled(driver.pass(10 * LIMITS.redialMaxMs))).toEqual([]);
  });

  it('gives up on failures that would only repeat, until there is a newer card', () => {
    const driver = up();
    driver.know(601);
    driver.do({ type: 'dial-failed', node: id(601), code: 'wrong-network-secret' });
    expect(dialled(driver.pass(3_600_000))).toEqual([]);
    expect(driver.know(601, 'mesh', START)).toEqual([]);
    expect(dialled(driver.know(601, 'mesh', START + 1))).toEqual([id(601)]);
  });

  it('asks the server for a newer card when nobody answered', () => {
    const driver = up();
    driver.know(601);
    expect(driver.do({ type: 'dial-failed', node: id(601), code: 'timed-out' })).toContainEqual({ type: 'look-up', node: id(601) });
  });

  it('never has more links than its budget, whoever dials', () => {
    const driver = up();
    for (let index = 600; index < 700; index++) driver.know(index);
    for (let index = 600; index < 620; index++) driver.link(index);
    expect(driver.overlay.busyCount).toBe(LIMITS.maxConnections);
    expect(driver.overlay.mayAccept(id(650))).toBe(false);
  });

  it('lets its neighbour on the ring in although it is full, if a link is expendable', () => {
    const driver = up();
    for (let index = 600; index < 640; index++) driver.know(index);
    for (let index = 610; index < 630; index++) driver.link(index);
    driver.know(501);
    expect(driver.overlay.mayAccept(id(501))).toBe(true);
    for (let index = 610; index < 630; index++) driver.inUse.add(id(index));
    expect(driver.overlay.mayAccept(id(501))).toBe(false);
  });

  it('gives up another link for each neighbour on the ring that it lets in while it is full', () => {
    const driver = up();
    for (let index = 610; index < 630; index++) driver.link(index);
    for (const index of [501, 499]) driver.know(index);
    for (const index of [610, 611]) driver.inUse.delete(id(index));
    for (let index = 612; index < 630; index++) driver.inUse.add(id(index));
    const givenUp = [501, 499].flatMap((index) => {
      expect(driver.overlay.mayAccept(id(index))).toBe(true);
      return driver.do({ type: 'under-way', node: id(index) });
    });
    expect(givenUp.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toEqual([
      { type: 'hang-up', node: id(610) },
      { type: 'hang-up', node: id(611) },
    ]);
    driver.know(502);
    expect(driver.overlay.mayAccept(id(502))).toBe(false);
  });

  it('gives up none for a newcomer while another is being given up anyway', () => {
    const driver = up();
    for (let index = 610; index < 630; index++) driver.link(index);
    expect(driver.pass(LIMITS.pruneLinksMs * 1.4)).toContainEqual(expect.objectContaining({ type: 'hang-up' }));
    driver.know(501);
    expect(driver.do({ type: 'under-way', node: id(501) })).toEqual([]);
  });

  it('gives up another link once for a neighbour that dials anew while it is full, and lets it wait where none is expendable', () => {
    const driver = up();
    for (let index = 610; index < 630; index++) driver.link(index);
    for (let index = 611; index < 630; index++) driver.inUse.add(id(index));
    expect(driver.overlay.mayAccept(id(620))).toBe(true);
    expect(driver.do({ type: 'under-way', node: id(620) })).toEqual([{ type: 'hang-up', node: id(610) }]);
    expect(driver.do({ type: 'under-way', node: id(620) })).toEqual([]);
    expect(driver.overlay.mayAccept(id(620))).toBe(true);
    expect(driver.overlay.mayAccept(id(621))).toBe(false);
    driver.do({ type: 'disconnected', node: id(610), code: 'not-needed' });
    driver.link(620);
    expect(driver.overlay.busyCount).toBe(LIMITS.maxConnections - 1);
    expect(driver.overlay.mayAccept(id(621))).toBe(true);
  });

  it('gives up links above the comfortable number one at a time, never one in use or near', () => {
    const driver = up();
    for (let index = 501; index < 520; index++) driver.know(index);
    for (let index = 501; index < 501 + LIMITS.comfortableLinks + 2; index++) {
      driver.now++;
      driver.link(index);
    }
    const youngest = id(501 + LIMITS.comfortableLinks + 1);
    driver.inUse.add(youngest);
    const first = driver.pass(LIMITS.pruneLinksMs * 1.4).filter((output) => output.type === 'hang-up');
    expect(first).toEqual([{ type: 'hang-up', node: id(501 + LIMITS.comfortableLinks) }]);
  });

  it('keeps trying to link with people whom this node talks to', () => {
    const driver = up();
    for (let index = 600; index < 700; index++) driver.know(index);
    for (let index = 600; index < 608; index++) driver.link(index);
    expect(dialled(driver.do({ type: 'prefer', nodes: [id(699)] }))).toEqual([id(699)]);
  });

  it('stops announcing itself with enough links, unless it is one of the first on the ring', () => {
    const driver = up();
    for (const index of [100, 200, 300]) driver.know(index);
    const outputs = [601, 602, 603, 604, 605, 606].flatMap((index) => driver.do({ type: 'connected', node: id(index), by: 'link' }));
    expect(outputs.filter(({ type }) => type === 'announce')).toEqual([{ type: 'announce', on: false }]);
    for (const index of [100, 200, 300]) driver.do({ type: 'gone', node: id(index) });
    expect(driver.pass(LIMITS.bridgeProbeMs * 2)).toContainEqual({ type: 'announce', on: true });
  });

  it('probes for other parts of the network and links with whom only the server knows', () => {
    const driver = up();
    for (let index = 600; index < 620; index++) driver.know(index);
    for (let index = 600; index < 600 + LIMITS.targetLinks; index++) driver.link(index);
    expect(driver.pass(LIMITS.bridgeProbeMs * 1.4)).toContainEqual({ type: 'list' });
    expect(dialled(driver.know(901, 'signaling'))).toEqual([id(901)]);
    expect(dialled(driver.know(610, 'signaling'))).toEqual([]);
  });

  it('dials no leaf: its hub answers for it', () => {
    const driver = up();
    const candidate = { node: id(601), sealingKey: Uint8Array.of(1), issuedAt: START, isLeaf: true };
    expect(driver.do({ type: 'candidate', candidate, source: 'mesh' })).toEqual([]);
  });

  it('has no links of its own as a leaf, and looks for them when it becomes the hub', () => {
    const driver = new Driver();
    driver.do({ type: 'budget', maxLinks: 0 });
    driver.do({ type: 'connected', node: id(700), by: 'tab' });
    expect(driver.know(601)).toEqual([]);
    expect(driver.overlay.mayAccept(id(601))).toBe(false);
    driver.do({ type: 'budget', maxLinks: LIMITS.maxConnections });
    expect(dialled(driver.do({ type: 'carrier', isUp: true }))).toEqual([id(601)]);
  });

  it('remembers no more nodes than its limit', () => {
    const driver = up();
    for (let index = 0; index < LIMITS.maxKnownPeers + 50; index++) {
      const candidate = { node: `x${index}` as NodeId, sealingKey: Uint8Array.of(1), issuedAt: START, isLeaf: false };
      driver.do({ type: 'candidate', candidate, source: 'mesh' });
    }
    expect(driver.overlay.knownCount).toBe(LIMITS.maxKnownPeers);
  });
});

describe('a newcomer without a link', () => {
  it('asks the server for others, soon at first, and stops with its first link', () => {
    const driver = up();
    const soon = LIMITS.lonelyListsSoon * LIMITS.lonelyListFirstMs;
    expect(driver.pass(soon).filter(({ type }) => type === 'list').length).toBeGreaterThanOrEqual(LIMITS.lonelyListsSoon);
    const hour = driver.pass(3_600_000).filter(({ type }) => type === 'list').length;
    expect(hour).toBeGreaterThanOrEqual(3_600_000 / LIMITS.lonelyListMaxMs);
    expect(hour).toBeLessThan((2.1 * 3_600_000) / LIMITS.lonelyListMaxMs);
    driver.link(601);
    expect(driver.pass(LIMITS.lonelyListMaxMs)).not.toContainEqual({ type: 'list' });
  });

  it('tries more than the target when those that it was told of come to nothing', () => {
    const driver = up();
    for (let index = 600; index < 640; index++) driver.know(index, 'signaling');
    expect(driver.overlay.busyCount).toBe(LIMITS.targetLinks);
    driver.pass(LIMITS.lonelyListFirstMs);
    expect(driver.overlay.busyCount).toBe(LIMITS.maxDials);
  });

  it('tries no more than the target while its own turns come late', () => {
    const driver = up();
    driver.runsLate = true;
    for (let index = 600; index < 640; index++) driver.know(index, 'signaling');
    expect(driver.pass(LIMITS.lonelyListFirstMs)).toContainEqual({ type: 'list' });
    expect(driver.overlay.busyCount).toBeLessThanOrEqual(LIMITS.targetLinks + 2 * LIMITS.nearLinksEachSide);
    driver.runsLate = false;
    driver.pass(LIMITS.lonelyListMaxMs);
    expect(driver.overlay.busyCount).toBe(LIMITS.maxDials);
  });

  it('dials others beside attempts that are slow', () => {
    const driver = up();
    driver.link(700);
    for (let index = 600; index < 640; index++) driver.know(index, 'signaling');
    const [slow] = [...Array(40).keys()].map((index) => id(600 + index));
    expect(driver.overlay.busyCount).toBe(LIMITS.targetLinks);
    expect(dialled(driver.do({ type: 'slow', node: slow as NodeId }))).toHaveLength(1);
  });
});

describe('a node that few can reach', () => {
  function confined(): Driver {
    const driver = up();
    for (let index = 600; index < 600 + LIMITS.confinedAfterFailures; index++) driver.know(index, 'signaling');
    const failures = Array.from({ length: LIMITS.confinedAfterFailures }, (_, index) => 600 + index);
    const outputs = driver.fail(...failures);
    expect(outputs).toContainEqual({ type: 'reachability', reachability: { isConfined: true, isOpen: false } });
    expect(outputs).toContainEqual({ type: 'announce', on: false });
    return driver;
  }

  it('is none for attempts that failed at once, which are made again within moments', () => {
    const driver = up();
    for (let index = 0; index < 2 * LIMITS.confinedAfterFailures; index++) driver.know(700 + index, 'signaling');
    const [first] = driver.do({ type: 'dial-failed', node: id(700), code: 'ice-failed' });
    expect(first).toBeUndefined();
    expect(driver.pass(2 * LIMITS.redialFirstMs)).toContainEqual(expect.objectContaining({ type: 'dial', node: id(700) }));
  });

  it('says so, and is named to newcomers no more', () => {
    confined();
  });

  it('dials those that are open first, and no others while it knows some', () => {
    const driver = confined();
    driver.link(700);
    for (let index = 800; index < 805; index++) expect(dialled(driver.know(index, 'signaling', START, { isOpen: true }))).toEqual([id(index)]);
    for (let index = 810; index < 815; index++) expect(dialled(driver.know(index, 'signaling'))).toEqual([]);
  });

  it('takes it back when attempts come to links, and in another network', () => {
    const takenBack = { type: 'reachability', reachability: { isConfined: false, isOpen: false } };
    const driver = confined();
    const linked = driver.overlay.busyCount;
    for (let index = 610; index < 610 + LIMITS.confinedAfterFailures; index++) driver.know(index, 'signaling');
    expect(driver.overlay.busyCount).toBe(linked + LIMITS.confinedAfterFailures);
    expect(driver.do({ type: 'connected', node: id(610), by: 'link' })).not.toContainEqual(takenBack);
    driver.link(611);
    expect(driver.do({ type: 'connected', node: id(612), by: 'link' })).toContainEqual(takenBack);
    expect(confined().do({ type: 'retry-now', isElsewhere: false })).not.toContainEqual(takenBack);
    expect(confined().do({ type: 'retry-now', isElsewhere: true })).toContainEqual(takenBack);
  });

  it('is not made so by nodes that are gone or that few can reach', () => {
    const driver = up();
    for (let index = 600; index < 606; index++) driver.know(index, 'signaling', START, { isConfined: true });
    expect(driver.fail(600, 601, 602, 603)).not.toContainEqual(expect.objectContaining({ type: 'reachability' }));
    driver.know(700, 'signaling');
    expect(driver.do({ type: 'dial-failed', node: id(700), code: 'timed-out' })).not.toContainEqual(
      expect.objectContaining({ type: 'reachability' }),
    );
  });

  it('is left alone by others of whom most cannot reach it either', () => {
    const driver = up();
    driver.link(700);
    expect(dialled(driver.know(600, 'signaling', START, { isConfined: true }))).toEqual([id(600)]);
    for (let index = 601; index < 604; index++) expect(dialled(driver.know(index, 'mesh', START, { isConfined: true }))).toEqual([]);
  });
});

describe('a node that can be reached by those that few can reach', () => {
  function open(): Driver {
    const driver = up();
    // It is none of the first on the ring, which are named anyway.
    for (const index of [100, 200, 300]) driver.know(index);
    for (let index = 600; index < 640; index++) driver.know(index);
    for (let index = 610; index < 630; index++) driver.link(index);
    const outputs = driver.know(610, 'mesh', START + 1, { isConfined: true });
    expect(outputs).toContainEqual({ type: 'reachability', reachability: { isConfined: false, isOpen: true } });
    expect(outputs).toContainEqual({ type: 'announce', on: true });
    return driver;
  }

  it('says so, and is named to newcomers however many links it has', () => {
    open();
  });

  it('gives up the link of one with many for a newcomer, never of one with few', () => {
    const driver = open();
    expect(driver.overlay.mayAccept('n900' as NodeId)).toBe(false);
    for (let index = 610; index < 630; index++) driver.linkCounts.set(id(index), index === 615 ? LIMITS.fewLinks : LIMITS.fewLinks - 1);
    expect(driver.overlay.mayAccept('n900' as NodeId)).toBe(true);
    expect(driver.do({ type: 'under-way', node: 'n900' as NodeId })).toEqual([{ type: 'hang-up', node: id(615) }]);
    expect(driver.overlay.mayAccept('n901' as NodeId)).toBe(false);
  });

  it('has no place for somebody who is in the network when it is full', () => {
    const driver = open();
    for (let index = 610; index < 630; index++) driver.linkCounts.set(id(index), 10);
    expect(driver.overlay.mayAccept(id(639))).toBe(false);
  });

  it('gives up no link of one with few for its own comfort', () => {
    const driver = open();
    for (let index = 610; index < 630; index++) driver.linkCounts.set(id(index), 1);
    expect(driver.pass(LIMITS.pruneLinksMs * 3)).not.toContainEqual(expect.objectContaining({ type: 'hang-up' }));
  });
});

describe('the ring', () => {
  it('answers the nearest on both sides, around its end as well', () => {
    const ring = new Ring();
    for (const index of [100, 200, 300, 400, 900]) ring.add(id(index), id(index));
    expect(ring.around(id(950), 2).toSorted()).toEqual([id(100), id(200), id(400), id(900)]);
    expect(ring.around(id(300), 1).toSorted()).toEqual([id(200), id(400)]);
    ring.delete(id(200), id(200));
    expect(ring.around(id(300), 1).toSorted()).toEqual([id(100), id(400)]);
    expect(new Ring().around(id(1), 2)).toEqual([]);
  });
});
