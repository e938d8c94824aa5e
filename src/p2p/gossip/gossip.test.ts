import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededEntropy } from '../../../test/support/seeded-identity.ts';
import { utf8 } from '../../base/bytes.ts';
import { ParleyError } from '../../base/errors.ts';
import { nodeIdOf, personIdOf, type NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { WAKE } from '../../base/machine.ts';
import type { Offence } from '../neighbours.ts';
import { decodeGossipMessage, encodeIds, encodePrune, encodePush, markPush, type GossipMessage } from './gossip-messages.ts';
import { Gossip, type GossipOutput, type GossipVerdict } from './gossip.ts';
import { itemIdOf, ITEM_ID_BYTES } from './item-id.ts';

const TOPIC = 'news';
const START = 1_800_000_000_000;

/** One machine whose neighbours are the test. */
class Bench {
  now = START;
  readonly gossip = new Gossip(seededEntropy(1));
  readonly sent: { readonly to: NodeId; readonly message: GossipMessage }[] = [];
  readonly offences: { readonly node: NodeId; readonly offence: Offence }[] = [];
  readonly delivered: string[] = [];
  readonly validated: Extract<GossipOutput, { readonly type: 'validate' }>[] = [];
  /** `undefined`: the test answers itself. */
  verdict: GossipVerdict | undefined = 'accept';

  constructor(neighbours: number) {
    this.gossip.handle({ type: 'subscribe', topic: TOPIC }, this.now);
    for (let index = 0; index < neighbours; index++) this.up(index);
  }

  up(index: number): void {
    this.gossip.handle({ type: 'neighbour-up', node: node(index), person: personIdOf(key(index)), kind: 'memory' }, this.now);
    this.drain();
  }

  down(index: number): void {
    this.gossip.handle({ type: 'neighbour-down', node: node(index), code: 'link-lost' }, this.now);
    this.drain();
  }

  from(index: number, bytes: Uint8Array): void {
    this.gossip.handle({ type: 'message', from: node(index), bytes }, this.now);
    this.drain();
  }

  push(index: number, text: string, besideTree = false): void {
    this.from(index, encodePush(TOPIC, utf8(text), besideTree));
  }

  have(index: number, ...texts: readonly string[]): void {
    this.from(index, encodeIds('have', texts.map(idOf)));
  }

  publish(text: string): void {
    this.gossip.handle({ type: 'publish', topic: TOPIC, bytes: utf8(text) }, this.now);
    this.drain();
  }

  answer(verdict: GossipVerdict): void {
    const asked = this.validated.shift();
    if (asked) this.gossip.handle({ type: 'verdict', job: asked.job, verdict }, this.now);
    this.drain();
  }

  /** As the pump does: wakes the machine whenever it asked for it. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (let at = this.gossip.nextWakeAt(); at !== undefined && at <= until; at = this.gossip.nextWakeAt()) {
      this.now = Math.max(this.now, at);
      this.gossip.handle(WAKE, this.now);
      this.drain();
    }
    this.now = until;
  }

  /** What went out since the last call, as text. */
  takeSent(): readonly string[] {
    return this.sent.splice(0).map(({ to, message }) => `${indexOf(to)} ${wordsOf(message)}`);
  }

  drain(): void {
    for (let output = this.gossip.poll(); output; output = this.gossip.poll()) {
      if (output.type === 'send') this.sent.push({ to: output.to, message: decodeGossipMessage(output.bytes) });
      else if (output.type === 'misbehaved') this.offences.push(output);
      else if (output.type === 'deliver') this.delivered.push(Buffer.from(output.bytes).toString());
      else {
        this.validated.push(output);
        if (this.verdict) this.answer(this.verdict);
      }
    }
  }
}

function key(index: number): Uint8Array {
  return new Uint8Array(32).fill(index + 1);
}
function node(index: number): NodeId {
  return nodeIdOf(key(index));
}
function indexOf(id: NodeId): number {
  return Array.from({ length: 40 }, (_, index) => index).findIndex((index) => node(index) === id);
}
function idOf(text: string): string {
  return itemIdOf(TOPIC, utf8(text));
}
function wordsOf(message: GossipMessage): string {
  if (message.type === 'push') return `${message.besideTree ? 'beside' : 'push'} ${Buffer.from(message.bytes).toString()}`;
  return message.type === 'prune' ? 'prune' : `${message.type} ${message.ids.length}`;
}

describe('gossip', () => {
  it('passes an item on only once its topic accepted it, and delivers it once', () => {
    const bench = new Bench(3);
    bench.verdict = undefined;
    bench.push(0, 'a');
    expect(bench.takeSent()).toEqual([]);
    expect(bench.delivered).toEqual([]);
    bench.answer('accept');
    expect(bench.takeSent()).toEqual(['1 push a', '2 push a']);
    bench.push(0, 'a', true);
    expect(bench.validated).toEqual([]);
    expect(bench.delivered).toEqual(['a']);
  });

  it('keeps an ignored item to itself and blames nobody; a rejected one costs everybody who passed it on', () => {
    const bench = new Bench(3);
    bench.verdict = 'ignore';
    bench.push(0, 'a');
    expect(bench.offences).toEqual([]);
    bench.verdict = undefined;
    bench.push(0, 'b');
    bench.push(1, 'b');
    bench.takeSent();
    bench.answer('reject');
    expect(bench.offences).toEqual([
      expect.objectContaining({ node: node(0), offence: 'invalid' }),
      expect.objectContaining({ node: node(1), offence: 'invalid' }),
    ]);
    expect(bench.takeSent()).toEqual([]);
    expect(bench.delivered).toEqual([]);
  });

  it('asks another neighbour for a deferred item, at once where one has it, and judges it anew', () => {
    const bench = new Bench(3);
    bench.verdict = 'defer';
    bench.push(0, 'a');
    expect(bench.takeSent()).toEqual([]);
    bench.pass(LIMITS.gossipMissingMs);
    bench.have(0, 'a');
    bench.pass(LIMITS.gossipMissingMs);
    expect(bench.takeSent()).toEqual([]);
    bench.have(1, 'a');
    bench.pass(0);
    expect(bench.takeSent()).toEqual(['1 want 1']);
    bench.verdict = 'accept';
    bench.push(1, 'a', true);
    expect(bench.takeSent()).toEqual(['2 beside a']);
    expect(bench.delivered).toEqual(['a']);
    expect(bench.offences).toEqual([]);
  });

  it('asks those that announced or pushed an item while it was judged, if it is deferred then', () => {
    const bench = new Bench(3);
    bench.verdict = undefined;
    bench.push(0, 'a');
    bench.have(2, 'a');
    bench.answer('defer');
    bench.pass(0);
    expect(bench.takeSent()).toEqual(['2 want 1']);
  });

  it('takes a deferred item from a neighbour that came back as from another one', () => {
    const bench = new Bench(2);
    bench.verdict = 'defer';
    bench.push(0, 'a');
    bench.down(0);
    bench.up(0);
    bench.have(0, 'a');
    bench.pass(0);
    expect(bench.takeSent()).toEqual(['0 want 1']);
  });

  it('passes on what it did not subscribe to, and does not deliver it', () => {
    const bench = new Bench(2);
    bench.gossip.handle({ type: 'unsubscribe', topic: TOPIC }, bench.now);
    bench.push(0, 'a');
    expect(bench.takeSent()).toEqual(['1 push a']);
    expect(bench.delivered).toEqual([]);
  });

  it('does not deliver its own publication, whoever brings it back', () => {
    const bench = new Bench(2);
    bench.publish('a');
    bench.push(1, 'a', true);
    expect(bench.takeSent()).toEqual(['0 push a', '1 push a']);
    expect(bench.delivered).toEqual([]);
  });

  it('prunes the link along which a second copy came, and announces on it from then on', () => {
    const bench = new Bench(3);
    bench.push(0, 'a');
    bench.takeSent();
    bench.push(1, 'a');
    expect(bench.takeSent()).toEqual(['1 prune']);
    bench.push(0, 'b');
    expect(bench.takeSent()).toEqual(['2 push b']);
    bench.pass(LIMITS.gossipAnnounceFirstMs);
    expect(bench.takeSent()).toEqual(['1 have 1']);
  });

  it('takes copies beside the tree for no sign of a loop', () => {
    const bench = new Bench(3);
    bench.push(0, 'a', true);
    expect(bench.takeSent()).toEqual(['1 beside a', '2 beside a']);
    bench.push(1, 'a');
    expect(bench.takeSent()).toEqual([]);
    bench.push(2, 'a');
    expect(bench.takeSent()).toEqual(['2 prune']);
  });

  it('mends the tree: what was announced and does not come is asked for, with a graft', () => {
    const bench = new Bench(2);
    bench.push(0, 'a');
    bench.push(1, 'a');
    bench.takeSent();
    bench.have(1, 'b');
    bench.pass(LIMITS.gossipMissingMs - 1);
    expect(bench.takeSent()).toEqual([]);
    bench.pass(1);
    expect(bench.takeSent()).toEqual(['1 graft 1']);
    bench.push(1, 'b');
    expect(bench.delivered).toEqual(['a', 'b']);
    bench.push(0, 'c');
    expect(bench.takeSent()).toContain('1 push c');
  });

  it('does not ask for what comes along the tree meanwhile', () => {
    const bench = new Bench(2);
    bench.have(1, 'a');
    bench.push(0, 'a');
    bench.takeSent();
    bench.pass(10_000);
    expect(bench.takeSent()).toEqual([]);
    expect(bench.gossip.nextWakeAt()).toBeUndefined();
  });

  it('asks the next who announced when the first is slow, and blames the first once its time is over', () => {
    const bench = new Bench(3);
    for (const index of [0, 1, 2]) bench.have(index, 'a');
    bench.pass(LIMITS.gossipMissingMs);
    bench.pass(LIMITS.gossipAskNextMs);
    expect(bench.takeSent()).toEqual(['0 want 1', '1 want 1']);
    bench.push(1, 'a', true);
    bench.pass(10_000);
    expect(bench.offences).toEqual([]);

    bench.have(0, 'b');
    bench.pass(LIMITS.gossipMissingMs + LIMITS.gossipPromiseMs);
    expect(bench.offences).toEqual([expect.objectContaining({ node: node(0), offence: 'broken-promise' })]);
    bench.pass(60_000);
    expect(bench.offences).toHaveLength(1);
  });

  it('blames nobody for promises that ran out while its own tab slept', () => {
    const bench = new Bench(1);
    bench.have(0, 'a');
    bench.pass(LIMITS.gossipMissingMs);
    bench.now += 60_000;
    bench.gossip.handle(WAKE, bench.now);
    bench.drain();
    expect(bench.offences).toEqual([]);
  });

  it('serves what it holds for two minutes, and no longer', () => {
    const bench = new Bench(2);
    bench.push(0, 'a');
    bench.takeSent();
    bench.pass(LIMITS.gossipHoldMs - 1);
    bench.from(1, encodeIds('want', [idOf('a')]));
    expect(bench.takeSent()).toEqual(['1 beside a']);
    bench.pass(1);
    bench.push(0, 'b');
    bench.takeSent();
    bench.from(1, encodeIds('want', [idOf('a')]));
    expect(bench.takeSent()).toEqual([]);
  });

  it('tells a new link what can still be had', () => {
    const bench = new Bench(1);
    bench.push(0, 'a');
    bench.publish('b');
    bench.takeSent();
    bench.up(1);
    expect(bench.takeSent()).toEqual(['1 have 2']);
  });

  it('starts a publication on several links even where the tree has one', () => {
    const bench = new Bench(8);
    for (let index = 1; index < 8; index++) bench.from(index, encodePrune());
    bench.publish('a');
    const sent = bench.takeSent();
    expect(sent[0]).toBe('0 push a');
    expect(sent.filter((line) => line.endsWith('beside a')).length).toBeGreaterThanOrEqual(LIMITS.gossipFirstPushes);
  });

  it('begins with at most six links on the tree', () => {
    const bench = new Bench(12);
    expect(bench.gossip.eager()).toHaveLength(LIMITS.gossipCloseLinks);
  });

  it('asks for no wake-up when nothing is pending', () => {
    const bench = new Bench(6);
    bench.push(0, 'a');
    bench.pass(60_000);
    expect(bench.gossip.nextWakeAt()).toBeUndefined();
  });
});

describe('gossip of a host with more neighbours than bits', () => {
  const MANY = LIMITS.maxGossipLinks + 40;

  it('reaches all of them with what it says, and with what any of them says, and blames nobody', () => {
    for (const index of [undefined, 0, MANY - 1]) {
      const bench = new Bench(MANY);
      if (index === undefined) bench.publish('news');
      else bench.push(index, 'news');
      bench.pass(LIMITS.gossipAnnounceFarMs + LIMITS.gossipAnnounceMs);
      const told = new Set(bench.sent.filter(({ message }) => message.type === 'push' || message.type === 'have').map(({ to }) => to));
      for (let other = 0; other < MANY; other++) if (other !== index) expect(told).toContain(node(other));
      for (let other = 0; other < MANY; other++) bench.from(other, encodeIds('want', [idOf('news')]));
      expect(bench.sent.filter(({ message }) => message.type === 'push').length).toBeGreaterThanOrEqual(MANY - 1);
      expect(bench.offences).toEqual([]);
    }
  });

  it('gives a bit that became free to the next one', () => {
    const bench = new Bench(MANY);
    bench.down(3);
    bench.up(3);
    bench.push(3, 'news');
    bench.takeSent();
    bench.pass(LIMITS.gossipAnnounceFarMs + LIMITS.gossipAnnounceMs);
    expect(bench.sent.some(({ to }) => to === node(3))).toBe(false);
  });
});

describe('gossip with a hostile neighbour', () => {
  it('takes garbage for an offence and nothing else', () => {
    const bench = new Bench(1);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        bench.from(0, bytes);
      }),
    );
    bench.from(0, new Uint8Array(LIMITS.maxFrameBytes));
    expect(bench.offences.at(-1)).toMatchObject({ offence: 'malformed' });
    expect(bench.delivered).toEqual([]);
  });

  it('judges no more items of it than its quota, and says so', () => {
    const bench = new Bench(2);
    for (let index = 0; index < 2 * LIMITS.gossipPushesBurst; index++) bench.push(0, `spam ${index}`);
    expect(bench.delivered).toHaveLength(LIMITS.gossipPushesBurst);
    expect(bench.offences.length).toBe(LIMITS.gossipPushesBurst);
    expect(bench.offences[0]).toMatchObject({ offence: 'flood' });
  });

  it('holds a bounded number of unjudged items, and forgets the others without prejudice', () => {
    const bench = new Bench(1);
    bench.verdict = undefined;
    for (let index = 0; index <= LIMITS.maxGossipValidatingPerLink; index++) bench.push(0, `item ${index}`);
    expect(bench.validated).toHaveLength(LIMITS.maxGossipValidatingPerLink);
    const last = `item ${LIMITS.maxGossipValidatingPerLink}`;
    bench.answer('accept');
    bench.push(0, last, true);
    expect(Buffer.from(bench.validated.at(-1)!.bytes).toString()).toBe(last);
  });

  it('bounds what it announces, and asks for a bounded part of it at once', () => {
    const bench = new Bench(1);
    const ids = (round: number) => Array.from({ length: LIMITS.maxGossipIdsPerMessage }, (_, index) => idOf(`${round} ${index}`));
    for (let round = 0; round < 12; round++) bench.from(0, encodeIds('have', ids(round)));
    expect(bench.offences.map(({ offence }) => offence)).toEqual(['flood', 'flood']);
    bench.pass(LIMITS.gossipMissingMs);
    expect(bench.takeSent()).toEqual([`0 want ${LIMITS.maxGossipAskedPerLink}`]);
    bench.pass(60_000);
    expect(bench.offences.some(({ offence }) => offence === 'broken-promise')).toBe(true);
    expect(bench.gossip.nextWakeAt() ?? 0).toBeLessThan(bench.now + 10_000);
  });

  it('blames a neighbour that goes on pushing copies after prunes', () => {
    const bench = new Bench(2);
    for (let index = 0; index < 100; index++) {
      bench.push(0, `burst ${index}`);
      bench.push(1, `burst ${index}`);
    }
    expect(bench.takeSent().filter((line) => line === '1 prune')).toHaveLength(1);
    expect(bench.offences).toEqual([]);
    bench.pass(LIMITS.gossipPruneTakesMs + 1);
    for (let index = 0; index <= LIMITS.maxGossipPushesAfterPrune; index++) bench.push(1, `item ${index}`);
    expect(bench.offences).toEqual([expect.objectContaining({ node: node(1), offence: 'flood' })]);
  });

  it('does not let itself be grafted right after a prune for nothing', () => {
    const bench = new Bench(2);
    bench.push(0, 'a');
    bench.push(1, 'a');
    bench.from(1, encodeIds('graft', []));
    expect(bench.offences).toEqual([expect.objectContaining({ node: node(1), offence: 'flood' })]);
    bench.from(1, encodeIds('graft', [idOf('a')]));
    expect(bench.gossip.eager()).toContain(node(1));
  });

  it('lets nobody fetch more than its quota', () => {
    const bench = new Bench(2);
    const large = 'x'.repeat(LIMITS.maxGossipItemBytes);
    bench.publish(large);
    bench.takeSent();
    for (let index = 0; index < 600; index++) bench.from(1, encodeIds('want', [idOf(large)]));
    expect(bench.takeSent().length * LIMITS.maxGossipItemBytes).toBeLessThanOrEqual(LIMITS.gossipServedBytesBurst);
    expect(bench.offences.at(-1)).toMatchObject({ offence: 'flood' });
  });

  it('keeps its memory bounded whatever is published', () => {
    const bench = new Bench(1);
    for (let index = 0; index < LIMITS.maxGossipSeen + 500; index++) {
      bench.publish(`item ${index}`);
      bench.sent.length = 0;
    }
    bench.up(1);
    expect(bench.takeSent()).toEqual([`1 have ${LIMITS.maxGossipBacklogIds}`]);
    // The first is forgotten: it would be taken for new.
    bench.push(0, 'item 0');
    expect(bench.delivered).toEqual(['item 0']);
  });

  it('remembers an item for longer than any clock test lets it pass', () => {
    const bench = new Bench(2);
    bench.push(0, 'a');
    bench.pass(2 * LIMITS.maxClockSkewMs + 60_000);
    bench.push(0, 'b');
    bench.push(1, 'a');
    expect(bench.delivered).toEqual(['a', 'b']);
  });
});

describe('gossip messages', () => {
  it('that are marked anew leave the original as it was', () => {
    const push = encodePush(TOPIC, utf8('a'), false);
    expect(decodeGossipMessage(markPush(push, true))).toMatchObject({ besideTree: true });
    expect(decodeGossipMessage(push)).toMatchObject({ besideTree: false });
    expect(markPush(push, false)).toBe(push);
  });

  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.uint8Array({ maxLength: 300 }), fc.boolean(), (topic, bytes, besideTree) => {
        fc.pre(topic.isWellFormed());
        expect(decodeGossipMessage(encodePush(topic, bytes, besideTree))).toEqual({ type: 'push', topic, bytes, besideTree });
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { maxLength: 20 }), (items) => {
        const ids = items.map((item) => itemIdOf('t', item));
        expect(ids.every((id) => id.length === ITEM_ID_BYTES)).toBe(true);
        expect(decodeGossipMessage(encodeIds('want', ids))).toEqual({ type: 'want', ids });
      }),
    );
  });

  it('that are garbage or damaged are a typed error', () => {
    const valid = encodeIds('have', [idOf('a'), idOf('b')]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(valid.length - 1), fc.nat(255), (garbage, at, value) => {
        const damaged = valid.slice();
        damaged[at] = value;
        for (const bytes of [garbage, damaged]) {
          try {
            decodeGossipMessage(bytes);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ParleyError);
          }
        }
      }),
    );
  });
});
