import { describe, expect, it } from 'vitest';
import { Bench, cardOf, goodbyeOf, HOUR, node, START } from '../../../test/support/presence-bench.ts';
import { LIMITS } from '../../base/limits.ts';
import { readPresenceItem } from './presence-item.ts';
import type { ListedCard } from './presence-messages.ts';
import { PRESENCE_NETWORK } from '../../../test/doubles/presence-part.ts';

/** Nodes that somebody made up: there are as many as one likes. */
const FIRST_GHOST = 1_000;

/** Has the neighbour tell of so many made-up nodes by gossip; answers how many were taken. */
function flood(bench: Bench, from: number, count: number, first = FIRST_GHOST): number {
  let accepted = 0;
  for (let index = first; index < first + count; index++) if (bench.item(from, cardOf(index, bench.now)) === 'accept') accepted++;
  return accepted;
}

function listedOf(bytes: Uint8Array): ListedCard {
  const item = readPresenceItem(bytes, PRESENCE_NETWORK);
  if (item.type !== 'card') throw new Error('That is a notice.');
  return { tag: item.tag, issuedAt: item.card.issuedAt, check: item.digestLow & 0xffff };
}

/** The neighbour differs from us in everything, is asked for its list, and gives it. */
function lists(bench: Bench, from: number, cards: readonly Uint8Array[]): void {
  bench.message(from, { type: 'summary', count: bench.presence.size, root: new Uint8Array(8).fill(9) });
  const digest = bench.sent.findLast(({ to, message }) => to === node(from) && message.type === 'digest')?.message;
  if (digest?.type !== 'digest') throw new Error('It was not asked.');
  const differing = new Uint8Array(Math.ceil(2 ** digest.bits / 8)).fill(0xff);
  bench.message(from, { type: 'listing', bits: digest.bits, differing, cards: cards.map(listedOf) });
  bench.message(from, { type: 'items', isLast: true, items: cards });
}

describe('nodes that we have not met', () => {
  it('are taken on the word of one neighbour up to a few, and after that when a second one knows them', () => {
    const bench = new Bench(3);
    expect(flood(bench, 0, 500)).toBe(LIMITS.presenceSoleVoiceBurst);
    const waiting = cardOf(FIRST_GHOST + 400, bench.now);
    expect(bench.item(0, waiting)).toBe('defer');
    expect(bench.item(1, waiting)).toBe('accept');
    expect(bench.has(FIRST_GHOST + 400)).toBe(true);
  });

  it('cost no signature check while they wait', () => {
    const bench = new Bench(3);
    flood(bench, 0, LIMITS.presenceSoleVoiceBurst);
    const { verifications } = bench;
    flood(bench, 0, 100, 2_000);
    expect(bench.verifications).toBe(verifications);
  });

  it('wait as long if the neighbour comes back over another link', () => {
    const bench = new Bench(3);
    flood(bench, 0, 100);
    bench.down(0);
    bench.up(0);
    expect(flood(bench, 0, 100, 2_000)).toBe(0);
  });

  it('are an offence when a neighbour makes up more than can be waiting, and none when others confirm them', () => {
    const bench = new Bench(3);
    flood(bench, 0, LIMITS.presenceSoleVoiceBurst + LIMITS.presenceDoubtsBurst);
    expect(bench.offences).toEqual([]);
    flood(bench, 0, 10, 4_000);
    expect(bench.offences.at(-1)).toMatchObject({ node: node(0), offence: 'flood' });

    const honest = new Bench(3);
    for (let round = 0; round < 10; round++) {
      const first = 1_000 + 100 * round;
      flood(honest, 0, 100, first);
      flood(honest, 1, 100, first);
    }
    expect(honest.offences).toEqual([]);
    expect(honest.presence.size).toBe(1_001);
  });

  it('are taken at once when they are neighbours, another tab of this browser tells of them', () => {
    const bench = new Bench(3);
    flood(bench, 0, 100);
    bench.up(50);
    expect(bench.item(0, cardOf(50, bench.now))).toBe('accept');
    bench.up(51, 'tab');
    expect(flood(bench, 51, 100, 2_000)).toBe(100);
  });

  it('are taken at a bounded rate from the only neighbour that we have, and its table as it is', () => {
    const bench = new Bench(1);
    bench.pass(LIMITS.presenceSettleMs);
    expect(flood(bench, 0, 100)).toBe(LIMITS.presenceSoleVoiceBurst);
    bench.pass(5_000);
    expect(flood(bench, 0, 100, 2_000)).toBe(5 * LIMITS.presenceOnlyVoicePerSecond);
    lists(
      bench,
      0,
      Array.from({ length: 100 }, (_, index) => cardOf(3_000 + index, bench.now)),
    );
    expect(bench.has(3_099)).toBe(true);
  });

  it('that left are remembered on the word of one as well, within the same bounds', () => {
    const bench = new Bench(2);
    flood(bench, 0, LIMITS.presenceSoleVoiceBurst);
    expect(bench.item(0, goodbyeOf(7, bench.now))).toBe('defer');
    expect(bench.item(1, goodbyeOf(7, bench.now))).toBe('accept');
  });

  it('come with the table that a newcomer asks for, and not unasked', () => {
    const bench = new Bench(2);
    const cards = Array.from({ length: 100 }, (_, index) => cardOf(FIRST_GHOST + index, START));
    bench.message(0, { type: 'items', isLast: false, items: cards.slice(0, 50) });
    expect(bench.presence.size).toBe(1 + LIMITS.presenceSoleVoiceBurst);
    lists(bench, 1, cards);
    expect(bench.presence.size).toBe(101);
  });

  it('come with nobody’s table later on', () => {
    const bench = new Bench(2);
    bench.pass(LIMITS.presenceSettleMs);
    const cards = Array.from({ length: 100 }, (_, index) => cardOf(FIRST_GHOST + index, START));
    lists(bench, 1, cards);
    expect(bench.presence.size).toBe(1 + LIMITS.presenceSoleVoiceBurst);
    lists(bench, 0, cards);
    expect(bench.presence.size).toBe(101);
  });
});

describe('a card of an unknown node that is old', () => {
  it('is not taken from gossip, which may have it from a store, and is from a comparison; a later card of a known node is', () => {
    const bench = new Bench(2);
    const old = cardOf(5, bench.now - LIMITS.presenceFreshMs - 1);
    for (const from of [0, 1]) expect(bench.item(from, old)).toBe('ignore');
    expect(bench.has(5)).toBe(false);
    lists(bench, 0, [old]);
    expect(bench.has(5)).toBe(true);
    bench.pass(2 * LIMITS.presenceFreshMs);
    expect(bench.item(1, cardOf(5, bench.now - LIMITS.presenceFreshMs - 1))).toBe('accept');
  });
});

describe('a node that one neighbour only told us of', () => {
  it('is forgotten when two others do not know it a minute later', () => {
    const bench = new Bench(4);
    bench.item(0, cardOf(5, bench.now));
    lists(bench, 1, []);
    lists(bench, 2, []);
    expect(bench.has(5)).toBe(true);
    bench.pass(LIMITS.presenceUnconfirmedMs);
    lists(bench, 1, []);
    lists(bench, 1, []);
    lists(bench, 0, []);
    expect(bench.has(5)).toBe(true);
    bench.takeEvents();
    lists(bench, 2, []);
    expect(bench.takeEvents()).toEqual(['gone 5 unconfirmed']);
  });

  it('is not forgotten once another has it, or has an equal table, or it is a neighbour of ours', () => {
    const card = cardOf(5, START + 1_000);
    for (const confirm of [
      (bench: Bench) => bench.item(3, card),
      (bench: Bench) => lists(bench, 3, [card]),
      (bench: Bench) => bench.up(5),
      (bench: Bench) => {
        bench.sent.length = 0;
        bench.pass(2 * LIMITS.presenceCompareMs);
        const ours = bench.sent.findLast(({ message }) => message.type === 'summary')?.message;
        if (ours?.type === 'summary') bench.message(3, ours);
      },
    ]) {
      const bench = new Bench(4);
      bench.item(0, card);
      confirm(bench);
      bench.pass(LIMITS.presenceUnconfirmedMs);
      for (const index of [1, 2]) lists(bench, index, []);
      expect(bench.has(5)).toBe(true);
    }
  });
});

describe('a full table', () => {
  it('lets nobody go for a node that we have not met, and one of those that were told of most for a neighbour', { timeout: 60_000 }, () => {
    const bench = new Bench(2);
    const life = { expiresAt: START + 10 * HOUR };
    for (let index = 10; index < 110; index++) for (const from of [0, 1]) bench.item(from, cardOf(index, bench.now, life));
    for (let index = 0; bench.presence.size < LIMITS.maxPresenceNodes; index++) {
      for (const from of [0, 1]) bench.item(from, cardOf(FIRST_GHOST + index, bench.now, life));
      bench.pass(100);
    }
    bench.pass(HOUR);
    for (const from of [0, 1]) expect(bench.item(from, cardOf(9_000, bench.now))).not.toBe('accept');
    bench.up(9_001);
    expect(bench.item(0, cardOf(9_001, bench.now))).toBe('accept');
    for (let index = 10; index < 110; index++) expect(bench.has(index)).toBe(true);
    expect(bench.has(9_001)).toBe(true);
    expect(bench.presence.size).toBe(LIMITS.maxPresenceNodes);
  });
});
