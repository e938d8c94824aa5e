import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PRESENCE_NETWORK } from '../../../test/doubles/presence-part.ts';
import { Bench, cardOf, goodbyeOf, HOUR, key, ME, node, noticeOf, START } from '../../../test/support/presence-bench.ts';
import { ParleyError } from '../../base/errors.ts';
import { personIdOf, type NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { WAKE } from '../../base/machine.ts';
import { CARD_FLAGS, isGoodbye } from '../../crypto/peer-card.ts';
import { refreshIntervalMs } from './own-card.ts';
import { readPresenceItem } from './presence-item.ts';
import { decodePresenceMessage, encodePresenceMessage, type ListedCard, type PresenceMessage } from './presence-messages.ts';

describe('the table of who is there', () => {
  it('takes a card that was gossiped, and passes it on', () => {
    const bench = new Bench(1);
    expect(bench.item(0, cardOf(5, bench.now))).toBe('accept');
    expect(bench.takeEvents()).toEqual(['appeared 5']);
    expect(bench.presence.get(node(5))?.person).toBe(personIdOf(key(5)));
    expect([...bench.presence.live()].map((card) => card.node)).toContain(node(5));
    expect(bench.presence.size).toBe(2);
  });

  it('takes a later card for an earlier one, and says so when more than its times changed', () => {
    const bench = new Bench(1);
    bench.item(0, cardOf(5, bench.now));
    bench.takeEvents();
    bench.now += 1_000;
    expect(bench.item(0, cardOf(5, bench.now))).toBe('accept');
    expect(bench.takeEvents()).toEqual([]);
    bench.now += 1_000;
    expect(bench.item(0, cardOf(5, bench.now, { flags: CARD_FLAGS.relay }))).toBe('accept');
    expect(bench.takeEvents()).toEqual(['changed 5']);
  });

  it('drops a card when it expires', () => {
    const bench = new Bench(1);
    bench.item(0, cardOf(5, bench.now, { expiresAt: bench.now + 300_000 }));
    bench.pass(299_000);
    expect(bench.has(5)).toBe(true);
    bench.takeEvents();
    bench.pass(1_000 + LIMITS.presenceSweepMs);
    expect(bench.takeEvents()).toEqual(['gone 5 expired']);
  });

  it('takes a goodbye at once, and does not take the card before it again', () => {
    const bench = new Bench(1);
    const card = cardOf(5, bench.now);
    bench.item(0, card);
    bench.takeEvents();
    expect(bench.item(0, goodbyeOf(5, bench.now + 1))).toBe('accept');
    expect(bench.takeEvents()).toEqual(['gone 5 goodbye']);
    expect(bench.item(0, card)).toBe('ignore');
    bench.pass(HOUR - 60_000);
    expect(bench.item(0, card)).toBe('ignore');
    expect(bench.has(5)).toBe(false);
  });

  it('issues its own card once it has a neighbour, refreshes it before it expires, and issues it anew when its flags or addresses change', () => {
    const bench = new Bench(1);
    const first = bench.own();
    expect(first.expiresAt - first.issuedAt).toBe(LIMITS.presenceLifetimeRefreshes * refreshIntervalMs(LIMITS.presenceFirstCardNodes));
    bench.pass(refreshIntervalMs(LIMITS.presenceFirstCardNodes));
    const second = bench.own();
    expect(second.issuedAt).toBeGreaterThan(first.issuedAt);
    expect(second.expiresAt - second.issuedAt).toBe(LIMITS.presenceLifetimeRefreshes * refreshIntervalMs(1));
    bench.pass(1.3 * refreshIntervalMs(1));
    expect(bench.own().issuedAt).toBeGreaterThan(second.issuedAt);
    expect(bench.own().issuedAt).toBeLessThan(second.expiresAt);
    bench.published.length = 0;
    bench.handle({ type: 'flags', flags: CARD_FLAGS.relay });
    bench.pass(LIMITS.presenceReissueMs);
    expect(bench.own().flags).toBe(CARD_FLAGS.relay);
    expect(bench.published).toHaveLength(1);
    for (const urls of [['wss://one.example/'], ['wss://one.example/'], ['wss://two.example/'], []]) {
      bench.handle({ type: 'host-urls', urls });
      bench.pass(LIMITS.presenceReissueMs);
      expect(bench.own().hostUrls ?? []).toEqual(urls);
    }
    expect(bench.published).toHaveLength(4);
  });

  it('refreshes the more seldom the larger the network is, within five minutes and a day', () => {
    expect(refreshIntervalMs(1)).toBe(LIMITS.presenceRefreshMinMs);
    expect(refreshIntervalMs(1_000)).toBeGreaterThan(3_000_000);
    for (const nodes of [100, 1_000, 4_000]) {
      const bytesPerSecond = (nodes * LIMITS.presenceBytesPerRefresh) / (refreshIntervalMs(nodes) / 1_000);
      expect(bytesPerSecond).toBeLessThanOrEqual(LIMITS.presenceRefreshBytesPerSecond + 1);
    }
    expect(LIMITS.presenceLifetimeRefreshes * LIMITS.presenceRefreshMaxMs).toBeLessThanOrEqual(LIMITS.peerCardLifetimeMs);
  });

  it('says goodbye when it closes, to its neighbours directly as well, and issues nothing more', () => {
    const bench = new Bench(2);
    bench.now += 5_000;
    bench.handle({ type: 'close' });
    expect(bench.published).toHaveLength(1);
    expect(bench.sent.filter(({ message }) => message.type === 'items')).toHaveLength(2);
    const item = readPresenceItem(bench.published[0] as Uint8Array, PRESENCE_NETWORK);
    expect(item.type === 'card' && isGoodbye(item.card)).toBe(true);
    bench.pass(HOUR);
    expect(bench.published).toHaveLength(1);
  });
});

describe('a node that died', () => {
  it('is witnessed by its neighbour once the grace is over', () => {
    const bench = new Bench(3);
    const issuedAt = bench.now;
    bench.item(0, cardOf(2, issuedAt));
    bench.takeEvents();
    bench.down(2);
    bench.handle({ type: 'lost', node: node(2) });
    bench.pass(LIMITS.presenceGraceMs - 1);
    expect(bench.takeEvents()).toEqual([]);
    bench.pass(LIMITS.presenceWitnessSpreadMs + 1);
    expect(bench.takeEvents()).toEqual(['gone 2 observed']);
    expect(bench.published.map((bytes) => readPresenceItem(bytes, PRESENCE_NETWORK))).toEqual([
      expect.objectContaining({ type: 'notice', node: node(2), issuedAt, witness: node(ME) }),
    ]);
  });

  it('is not witnessed if it comes back within the grace, spoke up meanwhile, or we have no neighbour left', () => {
    for (const rescue of [
      (bench: Bench) => bench.up(2),
      (bench: Bench) => bench.item(0, cardOf(2, bench.now + 1)),
      (bench: Bench) => [bench.down(0), bench.down(1)],
    ]) {
      const bench = new Bench(3);
      bench.item(0, cardOf(2, bench.now));
      bench.down(2);
      bench.handle({ type: 'lost', node: node(2) });
      rescue(bench);
      bench.pass(10_000);
      expect(bench.has(2)).toBe(true);
      expect(bench.published).toEqual([]);
    }
  });

  it('is not witnessed if it started anew meanwhile, and is if it did so before the session began', () => {
    for (const [waitMs, isThere] of [
      [LIMITS.presenceRestartMs + 1, true],
      [1_000, false],
    ] as const) {
      const bench = new Bench(2);
      bench.item(0, cardOf(5, bench.now));
      bench.up(5);
      bench.pass(waitMs);
      bench.item(0, cardOf(5, bench.now, { sealingKey: key(6) }));
      bench.handle({ type: 'lost', node: node(5) });
      bench.down(5);
      bench.pass(10_000);
      expect(bench.has(5)).toBe(isThere);
    }
  });

  it('is gone when two witnesses say so and it does not contradict', () => {
    const bench = new Bench(1);
    const issuedAt = bench.now;
    for (const index of [5, 6, 7, 8]) bench.item(0, cardOf(index, issuedAt));
    expect(bench.item(0, noticeOf(5, issuedAt, 6))).toBe('accept');
    expect(bench.item(0, noticeOf(5, issuedAt, 7))).toBe('accept');
    bench.takeEvents();
    bench.pass(LIMITS.presenceConfirmMs);
    expect(bench.takeEvents()).toEqual(['gone 5 witnessed']);
    // A third says nothing new.
    expect(bench.item(0, noticeOf(5, issuedAt, 8))).toBe('ignore');
  });

  it('is not witnessed by us when two others said so already', () => {
    const bench = new Bench(3);
    const issuedAt = bench.now;
    for (const index of [2, 6, 7]) bench.item(0, cardOf(index, issuedAt));
    bench.down(2);
    bench.handle({ type: 'lost', node: node(2) });
    for (const witness of [6, 7]) bench.item(0, noticeOf(2, issuedAt, witness));
    bench.pass(10_000);
    expect(bench.has(2)).toBe(false);
    expect(bench.published).toEqual([]);
  });

  it('with one witness is gone after a longer while; a leaf, which has one neighbour only, sooner', () => {
    const bench = new Bench(1);
    const issuedAt = bench.now;
    bench.item(0, cardOf(5, issuedAt));
    bench.item(0, cardOf(6, issuedAt));
    bench.item(0, cardOf(7, issuedAt, { flags: CARD_FLAGS.leaf }));
    bench.item(0, noticeOf(5, issuedAt, 6));
    bench.item(0, noticeOf(7, issuedAt, 6));
    bench.pass(LIMITS.presenceConfirmMs);
    expect([bench.has(5), bench.has(7)]).toEqual([true, false]);
    bench.pass(LIMITS.presenceSuspectMs - LIMITS.presenceConfirmMs);
    expect(bench.has(5)).toBe(false);
  });

  it('that was gone is back with a later card', () => {
    const bench = new Bench(1);
    const issuedAt = bench.now;
    for (const index of [5, 6]) bench.item(0, cardOf(index, issuedAt));
    bench.item(0, noticeOf(5, issuedAt, 6));
    bench.pass(10_000);
    bench.takeEvents();
    expect(bench.item(0, cardOf(5, bench.now))).toBe('accept');
    expect(bench.takeEvents()).toEqual(['appeared 5']);
  });

  it('is nobody’s fault when it was our own tab that slept', () => {
    const bench = new Bench(3);
    bench.item(0, cardOf(2, bench.now));
    bench.item(0, cardOf(5, bench.now));
    bench.item(0, noticeOf(5, bench.own().issuedAt, 2));
    const slept = bench.now + 600_000;
    bench.now = slept;
    bench.presence.handle(WAKE, bench.now);
    for (const index of [0, 1, 2]) {
      bench.handle({ type: 'lost', node: node(index) });
      if (index > 0) bench.down(index);
    }
    bench.pass(10_000);
    expect(bench.has(2)).toBe(true);
    expect(bench.published.map((bytes) => readPresenceItem(bytes, PRESENCE_NETWORK).type)).not.toContain('notice');
  });
});

describe('false witnesses', () => {
  it('one liar makes no live node disappear: it is a suspect until its newer card comes', () => {
    const bench = new Bench(1);
    const issuedAt = bench.now;
    for (const index of [5, 6]) bench.item(0, cardOf(index, issuedAt));
    bench.item(0, noticeOf(5, issuedAt, 6));
    bench.pass(2_000);
    bench.item(0, cardOf(5, bench.now));
    bench.pass(60_000);
    expect(bench.takeEvents()).toEqual(['appeared 5', 'appeared 6']);
  });

  it('one liar cannot bear witness twice, nor under names that nobody knows', () => {
    const bench = new Bench(1);
    const issuedAt = bench.now;
    for (const index of [5, 6]) bench.item(0, cardOf(index, issuedAt));
    expect(bench.item(0, noticeOf(5, issuedAt, 6))).toBe('accept');
    expect(bench.item(0, noticeOf(5, issuedAt, 90))).toBe('ignore');
    bench.pass(LIMITS.presenceConfirmMs + 100);
    expect(bench.has(5)).toBe(true);
    const verifications = bench.verifications;
    bench.item(0, noticeOf(5, issuedAt, 6));
    expect(bench.verifications).toBe(verifications);
  });

  it('three liars make no neighbour of ours disappear, and others for no longer than it takes to contradict', () => {
    const bench = new Bench(2);
    const issuedAt = bench.now;
    for (const index of [1, 5, 6, 7, 8]) bench.item(0, cardOf(index, issuedAt));
    bench.takeEvents();
    for (const victim of [1, 5]) for (const liar of [6, 7, 8]) bench.item(0, noticeOf(victim, issuedAt, liar));
    bench.pass(3_000);
    expect([bench.has(1), bench.has(5)]).toEqual([true, false]);
    bench.item(0, cardOf(5, bench.now));
    expect(bench.has(5)).toBe(true);
  });

  it('are not believed any more after they were contradicted on three occasions', () => {
    const bench = new Bench(1);
    for (const index of [5, 6]) bench.item(0, cardOf(index, bench.now));
    for (let occasion = 0; occasion < LIMITS.presenceRefutedNotices; occasion++) {
      const { issuedAt } = bench.presence.get(node(5))!;
      expect(bench.item(0, noticeOf(5, issuedAt, 6))).toBe('accept');
      bench.now += 1_000;
      bench.item(0, cardOf(5, bench.now));
      bench.now += LIMITS.presenceRefutedGapMs;
    }
    const { issuedAt } = bench.presence.get(node(5))!;
    expect(bench.item(0, noticeOf(5, issuedAt, 6))).toBe('ignore');
    bench.now += LIMITS.presenceDistrustMs;
    expect(bench.item(0, noticeOf(5, issuedAt, 6))).toBe('accept');
  });

  it('keep their name for one burst, as when a split heals', () => {
    const bench = new Bench(2);
    const issuedAt = bench.now;
    for (let index = 5; index < 25; index++) bench.twoTell(cardOf(index, issuedAt));
    for (let index = 6; index < 24; index++) bench.item(0, noticeOf(index, issuedAt, 5));
    for (let index = 6; index < 24; index++) bench.item(0, cardOf(index, issuedAt + 100));
    expect(bench.item(0, noticeOf(24, issuedAt, 5))).toBe('accept');
  });

  it('a node that is said to be gone contradicts with a newer card, at most every two seconds', () => {
    const bench = new Bench(1);
    bench.item(0, cardOf(6, bench.now));
    for (let round = 0; round < 20; round++) {
      bench.item(0, noticeOf(ME, bench.own().issuedAt, 6));
      bench.pass(100);
    }
    bench.pass(LIMITS.presenceReissueMs);
    expect(bench.published.length).toBeGreaterThanOrEqual(1);
    expect(bench.published.length).toBeLessThanOrEqual(2);
  });

  it('a neighbour that was taken for gone is told so, and can contradict', () => {
    const bench = new Bench(2);
    const issuedAt = bench.now;
    for (const index of [1, 5, 6]) bench.item(0, cardOf(index, issuedAt));
    bench.down(1);
    bench.item(0, noticeOf(1, issuedAt, 5));
    bench.pass(10_000);
    expect(bench.has(1)).toBe(false);
    bench.sent.length = 0;
    bench.up(1);
    expect(bench.has(1)).toBe(true);
    expect(bench.sent.filter(({ to, message }) => to === node(1) && message.type === 'items')).toEqual([
      { to: node(1), message: { type: 'items', isLast: false, items: [noticeOf(1, issuedAt, 5)] } },
    ]);
  });

  it('who passes on an outdated notice is told the newer card', () => {
    const bench = new Bench(1);
    const issuedAt = bench.now;
    bench.item(0, cardOf(6, issuedAt));
    bench.item(0, cardOf(5, issuedAt + 1_000));
    expect(bench.item(0, noticeOf(5, issuedAt, 6))).toBe('ignore');
    expect(bench.sent).toEqual([{ to: node(0), message: { type: 'items', isLast: false, items: [cardOf(5, issuedAt + 1_000)] } }]);
  });
});

describe('hostile cards', () => {
  it('that are forged cost who passed them on, and change nothing', () => {
    const bench = new Bench(1);
    const forged = cardOf(5, bench.now);
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
    expect(bench.item(0, forged)).toBe('reject');
    expect(bench.has(5)).toBe(false);
    expect(bench.item(0, noticeOf(5, bench.now, 5))).toBe('reject');
  });

  it('that are old replace nothing, cost no signature check, and are an offence when no honest node would send them', () => {
    const bench = new Bench(1);
    const old = cardOf(5, bench.now);
    bench.item(0, old);
    bench.now += 1_000;
    bench.item(0, cardOf(5, bench.now));
    const { verifications } = bench;
    expect(bench.item(0, old)).toBe('ignore');
    expect(bench.offences).toEqual([]);
    bench.now += LIMITS.presenceStaleMs;
    bench.item(0, cardOf(5, bench.now));
    expect(bench.item(0, old)).toBe('ignore');
    expect(bench.offences).toEqual([expect.objectContaining({ node: node(0), offence: 'stale' })]);
    expect(bench.verifications).toBe(verifications + 1);
  });

  it('that were issued in the future are not taken', () => {
    const bench = new Bench(1);
    const skew = LIMITS.maxClockSkewMs;
    expect(bench.item(0, cardOf(5, bench.now + skew))).toBe('accept');
    expect(bench.item(0, cardOf(6, bench.now + skew + 1))).toBe('ignore');
    expect(bench.offences).toEqual([expect.objectContaining({ offence: 'stale' })]);
    expect(bench.item(0, cardOf(7, bench.now + 2 * skew + 1))).toBe('reject');
    expect([bench.has(6), bench.has(7)]).toEqual([false, false]);
  });

  it('that equivocate lead to the same choice in whatever order they come', () => {
    const cards = [0, 1, 2].map((flags) => cardOf(5, START, { flags }));
    const chosen = new Set<number | undefined>();
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const bench = new Bench(1);
      for (const index of order) bench.item(0, cards[index] as Uint8Array);
      chosen.add(bench.presence.get(node(5))?.flags);
    }
    expect(chosen.size).toBe(1);
  });

  it('of one node come through at a bounded rate', () => {
    const bench = new Bench(1);
    let accepted = 0;
    for (let count = 0; count < 100; count++) if (bench.item(0, cardOf(5, START + count)) === 'accept') accepted++;
    expect(accepted).toBeLessThanOrEqual(1 + LIMITS.presenceCardsAtOnce);
  });

  it('of an earlier run of ours make us issue a later one', () => {
    const bench = new Bench(1);
    const ahead = bench.own().issuedAt + 60_000;
    bench.item(0, cardOf(ME, ahead));
    expect(bench.own().issuedAt).toBe(ahead + 1);
    expect(bench.published).toHaveLength(1);
  });
});

describe('comparing tables', () => {
  /** Carries messages between two machines until both are silent. */
  function meet(a: Bench, b: Bench): number {
    let bytes = 0;
    a.up(101);
    b.up(100);
    for (let round = 0; round < 100; round++) {
      const fromA = a.sent.splice(0);
      const fromB = b.sent.splice(0);
      for (const { message } of fromA) b.message(100, message);
      for (const { message } of fromB) a.message(101, message);
      bytes += [...fromA, ...fromB].reduce((sum, { message }) => sum + encodePresenceMessage(message).length, 0);
      a.pass(100);
      b.pass(100);
    }
    return bytes;
  }

  it('gives each side what it lacked, at the price of the difference', () => {
    const [a, b] = [new Bench(2, 100), new Bench(2, 101)];
    for (let index = 300; index < 800; index++) for (const bench of [a, b]) bench.twoTell(cardOf(index, START));
    a.twoTell(cardOf(5, START));
    b.twoTell(cardOf(6, START));
    b.item(0, cardOf(300, START + 500));
    const bytes = meet(a, b);
    expect([a.has(6), b.has(5)]).toEqual([true, true]);
    expect(a.presence.get(node(300))?.issuedAt).toBe(START + 500);
    expect(bytes).toBeLessThan(4_000);
    expect([...a.offences, ...b.offences]).toEqual([]);
  });

  it('costs a few bytes where nothing differs', () => {
    const [a, b] = [new Bench(2, 100), new Bench(2, 101)];
    for (let index = 300; index < 800; index++) for (const bench of [a, b]) bench.twoTell(cardOf(index, START));
    a.twoTell(b.presence.ownCard() as Uint8Array);
    b.twoTell(a.presence.ownCard() as Uint8Array);
    const bytes = meet(a, b);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(200);
  });

  it('tells who takes a dead node for living, by its goodbye or a witness', () => {
    const [a, b] = [new Bench(1, 100), new Bench(1, 101)];
    for (const bench of [a, b]) for (const index of [5, 6, 7]) bench.item(0, cardOf(index, START));
    a.item(0, goodbyeOf(5, START + 1));
    a.item(0, noticeOf(6, START, 7));
    a.pass(10_000);
    meet(a, b);
    expect([b.has(5), b.has(6)]).toEqual([false, false]);
    // The notice goes out by gossip, so that the node may contradict.
    expect(b.published).toContainEqual(noticeOf(6, START, 7));
  });

  it('serves nobody more than its budget, and blames who compares all the time', () => {
    const bench = new Bench(2);
    for (let index = 300; index < 800; index++) bench.twoTell(cardOf(index, START));
    for (let round = 0; round < 2 * LIMITS.presenceComparesBurst; round++) {
      bench.message(0, { type: 'digest', count: 0, bits: 0, buckets: new Uint8Array(4) });
      bench.message(0, { type: 'want', tags: Array.from({ length: 500 }, (_, index) => String.fromCharCode(...key(300 + index).subarray(0, 8))) });
    }
    const bytes = bench.sent.reduce((sum, { message }) => sum + encodePresenceMessage(message).length, 0);
    expect(bytes).toBeLessThan(1.1 * LIMITS.presenceServedBytesBurst);
    expect(bench.offences.at(-1)).toMatchObject({ offence: 'flood' });
  });

  it('goes on with the next neighbour when the first brings nothing, goes away, or never answers', () => {
    const endings: ((bench: Bench) => void)[] = [
      (bench) => bench.message(0, { type: 'listing', bits: 0, differing: Uint8Array.of(1), cards: [] }),
      (bench) => bench.down(0),
      (bench) => bench.pass(LIMITS.presenceAnswerMs),
    ];
    for (const end of endings) {
      const bench = new Bench(2);
      for (const index of [0, 1]) bench.message(index, { type: 'summary', count: 4, root: new Uint8Array(8).fill(index + 1) });
      const asked = (): readonly NodeId[] => bench.sent.filter(({ message }) => message.type === 'digest').map(({ to }) => to);
      expect(asked()).toEqual([node(0)]);
      end(bench);
      expect(asked()).toEqual([node(0), node(1)]);
    }
  });

  it('has no time for who answers late, does not blame it, and lets who answers in time finish', () => {
    const bench = new Bench(2);
    for (const index of [0, 1]) bench.message(index, { type: 'summary', count: 4, root: new Uint8Array(8).fill(index + 1) });
    bench.pass(LIMITS.presenceAnswerMs);
    const cards = [listedAs(7)];
    bench.message(0, { type: 'listing', bits: 0, differing: Uint8Array.of(1), cards });
    bench.message(1, { type: 'listing', bits: 0, differing: Uint8Array.of(1), cards });
    bench.message(0, { type: 'summary', count: 4, root: new Uint8Array(8).fill(1) });
    bench.pass(LIMITS.presenceAnswerMs);
    expect(bench.sent.flatMap(({ to, message }) => (message.type === 'want' ? [to] : []))).toEqual([node(1)]);
    expect(bench.offences).toEqual([]);
    expect(bench.sent.filter(({ message }) => message.type === 'digest')).toHaveLength(2);
  });

  it('takes no listing and no heap of cards that it did not ask for', () => {
    const bench = new Bench(1);
    bench.pass(LIMITS.presenceRoundMs + 1);
    bench.message(0, { type: 'listing', bits: 0, differing: Uint8Array.of(1), cards: [] });
    expect(bench.offences.at(-1)).toMatchObject({ offence: 'flood' });
    const items = Array.from({ length: 100 }, (_, index) => cardOf(300 + index, bench.now));
    bench.message(0, { type: 'items', isLast: false, items });
    expect(bench.presence.size).toBeLessThanOrEqual(1 + LIMITS.presenceAsidesBurst);
  });

  it('takes garbage for an offence', () => {
    const bench = new Bench(1);
    bench.handle({ type: 'message', from: node(0), bytes: new Uint8Array(100_000) });
    bench.message(0, { type: 'items', isLast: false, items: [Uint8Array.of(0x80)] });
    expect(bench.offences.map(({ offence }) => offence)).toEqual(['malformed', 'malformed']);
    expect(bench.item(0, new Uint8Array(LIMITS.maxGossipItemBytes))).toBe('reject');
  });
});

function listedAs(index: number): ListedCard {
  return { tag: String.fromCharCode(...key(index).subarray(0, 8)), issuedAt: START, check: 0 };
}

describe('presence messages', () => {
  const tag = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => String.fromCharCode(...bytes));
  const listed = fc.record({ tag, issuedAt: fc.integer({ min: 0, max: 2 ** 48 - 1 }), check: fc.nat(0xffff) });
  const anyMessage: fc.Arbitrary<PresenceMessage> = fc.oneof(
    fc.record({ type: fc.constant('summary' as const), count: fc.nat(4096), root: fc.uint8Array({ minLength: 8, maxLength: 8 }) }),
    fc.record({
      type: fc.constant('digest' as const),
      count: fc.nat(4096),
      bits: fc.constant(2),
      buckets: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    }),
    fc.record({
      type: fc.constant('listing' as const),
      bits: fc.constant(4),
      differing: fc.uint8Array({ minLength: 2, maxLength: 2 }),
      cards: fc.array(listed),
    }),
    fc.record({ type: fc.constant('items' as const), isLast: fc.boolean(), items: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }) }),
    fc.record({ type: fc.constant('want' as const), tags: fc.array(tag) }),
  );

  it('come back as they went', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(decodePresenceMessage(encodePresenceMessage(message))).toEqual(message);
      }),
    );
  });

  it('and items that are garbage or damaged are a typed error', () => {
    const item = noticeOf(1, START, 2);
    fc.assert(
      fc.property(anyMessage, fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(255), (message, garbage, at, value) => {
        const damage = (bytes: Uint8Array) => {
          const copy = bytes.slice();
          copy[at % copy.length] = value;
          return copy;
        };
        for (const read of [
          () => decodePresenceMessage(garbage),
          () => decodePresenceMessage(damage(encodePresenceMessage(message))),
          () => readPresenceItem(garbage, PRESENCE_NETWORK),
          () => readPresenceItem(damage(item), PRESENCE_NETWORK),
          () => readPresenceItem(damage(cardOf(1, START)), PRESENCE_NETWORK),
        ]) {
          try {
            read();
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ParleyError);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are small: a card has about 200 bytes, a notice less', () => {
    expect(cardOf(1, START).length).toBeLessThan(210);
    expect(noticeOf(1, START, 2).length).toBeLessThan(150);
  });
});
