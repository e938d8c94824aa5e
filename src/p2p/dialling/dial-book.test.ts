import { describe, expect, it } from 'vitest';
import { seededEntropy } from '../../../test/support/seeded-identity.ts';
import { nodeIdOf, type NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { WAKE } from '../../base/machine.ts';
import type { Introduction } from '../../crypto/introductions.ts';
import { DialBook, type DialBookInput, type DialBookOutput } from './dial-book.ts';

const START = 1_800_000_000_000;
const HELLO = new Uint8Array(8).fill(7);
const IDS = [1, 2, 3].map((byte) => nodeIdOf(new Uint8Array(32).fill(byte))).sort();
const [LOW, MIDDLE, HIGH] = IDS as [(typeof IDS)[0], (typeof IDS)[0], (typeof IDS)[0]];
const KEY = new Uint8Array(32).fill(0xa);
const DIAL_ID = new Uint8Array(16).fill(0xd);
const OFFER = { type: 'offer', sdp: 'theirs' } as const;
const CANDIDATE = { type: 'candidate', candidate: 'c', sdpMid: '0', sdpMLineIndex: 0 } as const;

type Of<Type extends DialBookOutput['type']> = Extract<DialBookOutput, { readonly type: Type }>;

class Book {
  now = START;
  runsLate = false;
  readonly book = new DialBook(MIDDLE, seededEntropy(1), { areComing: () => this.runsLate });

  give(...inputs: readonly DialBookInput[]): readonly DialBookOutput[] {
    for (const input of inputs) this.book.handle(input, this.now);
    return this.outputs();
  }

  /** Lets time pass, in one step. */
  pass(ms: number): readonly DialBookOutput[] {
    this.now += ms;
    this.book.handle(WAKE, this.now);
    return this.outputs();
  }

  outputs(): readonly DialBookOutput[] {
    const outputs: DialBookOutput[] = [];
    for (let output = this.book.poll(); output; output = this.book.poll()) outputs.push(output);
    return outputs;
  }

  /** Dials, sends the offer; answers the dial's number and its id. */
  dial(node = HIGH): { readonly dial: number; readonly dialId: Uint8Array } {
    const [started] = this.give({ type: 'dial', node, sealingKey: KEY }) as [Of<'rtc-dial'>];
    const [sent] = this.describe(started.dial, 'offer') as [Of<'introduce'>];
    return { dial: started.dial, dialId: sent.introduction.dialId };
  }

  /** The description is there, and nothing more for long enough. */
  describe(dial: number, type: 'offer' | 'answer'): readonly DialBookOutput[] {
    expect(this.give({ type: 'rtc-signal', dial, signal: { type, sdp: 'ours' } })).toEqual([]);
    return this.pass(LIMITS.candidateBatchMs);
  }

  introduction(change: Partial<Introduction> & Pick<Introduction, 'kind'>, from = HIGH, sealingKey = KEY): DialBookInput {
    const introduction: Introduction = { dialId: DIAL_ID, seq: 0, sentAt: this.now, signals: [OFFER], hello: HELLO, ...change };
    return { type: 'introduction', from, introduction, sealingKey };
  }
}

const typesOf = (outputs: readonly DialBookOutput[]) => outputs.map(({ type }) => type);

describe('dialling', () => {
  it('offers, takes the answer and hands out the link', () => {
    const book = new Book();
    expect(book.give({ type: 'dial', node: HIGH, sealingKey: KEY })).toEqual([{ type: 'rtc-dial', dial: 1, initiator: true }]);
    const [offer] = book.describe(1, 'offer');
    expect(offer).toMatchObject({ type: 'introduce', to: HIGH, withHello: true, withCard: true, introduction: { kind: 'offer', seq: 0 } });
    const { dialId } = (offer as Of<'introduce'>).introduction;
    const answer = { type: 'answer', sdp: 'theirs' } as const;
    expect(book.give(book.introduction({ kind: 'answer', dialId, signals: [answer] }))).toEqual([{ type: 'rtc-signal', dial: 1, signal: answer }]);
    expect(book.give({ type: 'rtc-linked', dial: 1 })).toEqual([{ type: 'linked', dial: 1, node: HIGH, isInitiator: true, remoteHello: HELLO }]);
    expect([book.book.size, book.book.nextWakeAt()]).toEqual([0, undefined]);
  });

  it('answers an offer and hands out the link', () => {
    const book = new Book();
    expect(book.give(book.introduction({ kind: 'offer' }))).toEqual([
      { type: 'rtc-dial', dial: 1, initiator: false },
      { type: 'rtc-signal', dial: 1, signal: OFFER },
    ]);
    expect(book.describe(1, 'answer')).toMatchObject([
      { type: 'introduce', to: HIGH, sealingKey: KEY, withHello: true, withCard: false, introduction: { kind: 'answer', dialId: DIAL_ID } },
    ]);
    expect(book.give({ type: 'rtc-linked', dial: 1 })).toMatchObject([{ type: 'linked', isInitiator: false, remoteHello: HELLO }]);
  });

  it('makes one attempt per node', () => {
    const book = new Book();
    book.dial();
    expect(book.give({ type: 'dial', node: HIGH, sealingKey: KEY })).toEqual([]);
    expect(book.book.isDialling(HIGH)).toBe(true);
  });

  it('bounds the attempts in both directions', () => {
    const book = new Book();
    for (let index = 0; index < LIMITS.maxDials; index++) book.dial(nodeIdOf(new Uint8Array(32).fill(100 + index)));
    expect(book.give({ type: 'dial', node: HIGH, sealingKey: KEY })).toMatchObject([{ type: 'failed', node: HIGH, code: 'overloaded' }]);
    expect(book.give(book.introduction({ kind: 'offer' }))).toMatchObject([
      { type: 'fault', code: 'overloaded' },
      { type: 'introduce', introduction: { kind: 'refuse', reason: 'overloaded' } },
    ]);
    expect(book.book.size).toBe(LIMITS.maxDials);
  });
});

describe('as many attempts as there may be', () => {
  const others = Array.from({ length: LIMITS.maxDials }, (_, index) => nodeIdOf(new Uint8Array(32).fill(100 + index)));

  it('let the oldest go for another when it had time enough', () => {
    const book = new Book();
    for (const node of others) book.dial(node);
    book.pass(LIMITS.slowDialMs);
    expect(book.give({ type: 'dial', node: HIGH, sealingKey: KEY })).toMatchObject([
      { type: 'rtc-abandon', dial: 1 },
      { type: 'failed', node: others[0], code: 'timed-out' },
      { type: 'rtc-dial', initiator: true },
    ]);
    expect(book.book.size).toBe(LIMITS.maxDials);
  });

  it('let none that this node began go for an offer', () => {
    const book = new Book();
    for (const node of others) book.dial(node);
    book.pass(LIMITS.slowDialMs);
    expect(book.give(book.introduction({ kind: 'offer' }))).toMatchObject([{ type: 'fault', code: 'overloaded' }, { type: 'introduce' }]);
    expect(book.book.isDialling(others[0] as NodeId)).toBe(true);
  });
});

describe('two nodes that dial each other at once', () => {
  it('keep the offer of the lower id: ours', () => {
    const book = new Book();
    const { dial } = book.dial(HIGH);
    expect(book.give(book.introduction({ kind: 'offer' }, HIGH))).toEqual([]);
    expect(book.book.size).toBe(1);
    expect(book.give({ type: 'rtc-failed', dial, code: 'ice-failed', detail: '' })).toMatchObject([
      { type: 'rtc-abandon', dial },
      { type: 'failed' },
    ]);
  });

  it('keep the offer of the lower id: theirs', () => {
    const book = new Book();
    const { dial } = book.dial(LOW);
    expect(book.give(book.introduction({ kind: 'offer' }, LOW))).toMatchObject([
      { type: 'rtc-abandon', dial },
      { type: 'rtc-dial', initiator: false },
      { type: 'rtc-signal' },
    ]);
    expect(book.book.size).toBe(1);
  });

  it('keep theirs when ours went to a key that they no longer have', () => {
    const book = new Book();
    book.dial(HIGH);
    const outputs = book.give(book.introduction({ kind: 'offer' }, HIGH, new Uint8Array(32).fill(0xb)));
    expect(typesOf(outputs)).toEqual(['rtc-abandon', 'rtc-dial', 'rtc-signal']);
  });
});

describe('introductions that do not fit', () => {
  it('are dropped when they come twice, whatever their kind', () => {
    const book = new Book();
    const offer = book.introduction({ kind: 'offer' });
    book.give(offer);
    expect(book.give(offer)).toMatchObject([{ type: 'fault', node: HIGH, code: 'replayed' }]);
    book.give({ type: 'rtc-failed', dial: 1, code: 'ice-failed', detail: '' });
    expect(book.give(offer)).toMatchObject([{ type: 'fault', code: 'replayed' }]);
    expect(book.book.size).toBe(0);
  });

  it.each([LIMITS.maxClockSkewMs + 1, -LIMITS.maxClockSkewMs - 1])('are refused by their clock, %d ms off', (offMs) => {
    const book = new Book();
    expect(book.give(book.introduction({ kind: 'offer', sentAt: START + offMs }))).toMatchObject([
      { type: 'fault', code: 'clock-skew' },
      { type: 'introduce', introduction: { kind: 'refuse', reason: 'clock-skew', dialId: DIAL_ID } },
    ]);
    expect(book.give(book.introduction({ kind: 'answer', sentAt: START + offMs }))).toMatchObject([{ type: 'fault', code: 'clock-skew' }]);
    expect(book.book.size).toBe(0);
  });

  it('remember repetitions for longer than any clock lets them pass', () => {
    expect(LIMITS.seenIntroductionMs).toBeGreaterThan(2 * LIMITS.maxClockSkewMs);
    const book = new Book();
    const offer = book.introduction({ kind: 'offer', sentAt: START + LIMITS.maxClockSkewMs });
    book.give(offer);
    book.pass(2 * LIMITS.maxClockSkewMs);
    expect(book.give(offer)).toMatchObject([{ type: 'fault', code: 'replayed' }]);
  });

  it('are dropped when they answer no question, or come for an attempt that is over', () => {
    const book = new Book();
    expect(book.give(book.introduction({ kind: 'answer' }))).toEqual([]);
    const { dial, dialId } = book.dial();
    expect(book.give(book.introduction({ kind: 'answer', seq: 1 }))).toEqual([]);
    book.give(book.introduction({ kind: 'answer', dialId }));
    expect(book.give(book.introduction({ kind: 'answer', dialId, seq: 1 }))).toMatchObject([{ type: 'fault', code: 'protocol-violation' }]);
    book.give({ type: 'rtc-failed', dial, code: 'ice-failed', detail: '' });
    expect(book.give(book.introduction({ kind: 'candidates', dialId, seq: 2, signals: [CANDIDATE] }))).toEqual([]);
  });

  it('cannot answer for another node', () => {
    const book = new Book();
    const { dialId } = book.dial(HIGH);
    expect(book.give(book.introduction({ kind: 'answer', dialId }, LOW))).toEqual([]);
    expect(book.give(book.introduction({ kind: 'refuse', dialId, seq: 1 }, LOW))).toEqual([]);
    expect(book.book.isDialling(HIGH)).toBe(true);
  });

  it('are not taken from ourselves', () => {
    const book = new Book();
    expect(book.give(book.introduction({ kind: 'offer' }, MIDDLE))).toEqual([]);
  });
});

describe('an attempt', () => {
  it('fails when the other node declines, with its reason', () => {
    const book = new Book();
    const { dial, dialId } = book.dial();
    expect(book.give(book.introduction({ kind: 'refuse', dialId, reason: 'overloaded' }))).toMatchObject([
      { type: 'rtc-abandon', dial },
      { type: 'failed', node: HIGH, code: 'overloaded', wasOutgoing: true },
    ]);
  });

  it('fails when the server does not know the node, unless the node has answered already', () => {
    const book = new Book();
    book.dial();
    expect(book.give({ type: 'absent', node: HIGH })).toMatchObject([{ type: 'rtc-abandon' }, { type: 'failed', code: 'unreachable' }]);
    const { dialId } = book.dial();
    book.give(book.introduction({ kind: 'answer', dialId }));
    expect(book.give({ type: 'absent', node: HIGH })).toEqual([]);
  });

  it('is not slow while our own turns come late, and fails by its deadline all the same', () => {
    const book = new Book();
    const { dialId } = book.dial(HIGH);
    book.give(book.introduction({ kind: 'answer', dialId }));
    book.runsLate = true;
    expect(book.pass(LIMITS.slowDialMs)).toEqual([]);
    book.runsLate = false;
    expect(book.pass(LIMITS.slowDialMs - 1)).toEqual([]);
    expect(book.pass(1)).toEqual([{ type: 'slow', node: HIGH }]);
    expect(book.pass(LIMITS.dialTimeoutMs)).toMatchObject([{ type: 'rtc-abandon' }, { type: 'failed', code: 'ice-failed' }]);
  });

  it('fails by its deadline: unanswered as timed-out, answered as ice-failed', () => {
    const book = new Book();
    const { dialId } = book.dial(HIGH);
    book.dial(LOW);
    book.give(book.introduction({ kind: 'answer', dialId }));
    expect(book.book.nextWakeAt()).toBe(START + LIMITS.slowDialMs);
    expect(book.pass(LIMITS.dialTimeoutMs - 2 * LIMITS.candidateBatchMs - 1)).toEqual([{ type: 'slow', node: HIGH }]);
    expect(book.book.nextWakeAt()).toBe(START + LIMITS.dialTimeoutMs);
    const failures = [...book.pass(1), ...book.pass(LIMITS.candidateBatchMs)].filter(({ type }) => type === 'failed');
    expect(failures).toMatchObject([
      { node: HIGH, code: 'ice-failed' },
      { node: LOW, code: 'timed-out' },
    ]);
    expect(book.book.size).toBe(0);
  });

  it('fails when a link opens before its introduction was answered', () => {
    const book = new Book();
    const { dial } = book.dial();
    expect(book.give({ type: 'rtc-linked', dial })).toMatchObject([{ type: 'rtc-abandon' }, { type: 'failed', code: 'protocol-violation' }]);
  });

  it('sends the first candidates with the description, later ones of one moment together, and none before the description', () => {
    const book = new Book();
    book.give({ type: 'dial', node: HIGH, sealingKey: KEY });
    const candidate = { type: 'rtc-signal', dial: 1, signal: CANDIDATE } as const;
    expect(book.give(candidate)).toEqual([]);
    expect(book.pass(LIMITS.candidateBatchMs)).toEqual([]);
    expect(book.give({ type: 'rtc-signal', dial: 1, signal: { type: 'offer', sdp: 'ours' } }, candidate)).toEqual([]);
    expect(book.book.nextWakeAt()).toBe(START + 2 * LIMITS.candidateBatchMs);
    expect(book.pass(LIMITS.candidateBatchMs)).toMatchObject([
      {
        type: 'introduce',
        withHello: true,
        withCard: true,
        introduction: { kind: 'offer', seq: 0, signals: [CANDIDATE, { type: 'offer' }, CANDIDATE] },
      },
    ]);
    expect(book.give(candidate, candidate)).toEqual([]);
    expect(book.pass(LIMITS.candidateBatchMs)).toMatchObject([
      { type: 'introduce', withHello: false, withCard: false, introduction: { kind: 'candidates', seq: 1, signals: [CANDIDATE, CANDIDATE] } },
    ]);
  });

  it('sends no more candidates at once than an introduction may carry', () => {
    const book = new Book();
    book.dial();
    for (let index = 0; index < LIMITS.maxSignalsPerIntroduction + 5; index++) book.give({ type: 'rtc-signal', dial: 1, signal: CANDIDATE });
    const [batch] = book.pass(LIMITS.candidateBatchMs);
    expect((batch as Of<'introduce'>).introduction.signals).toHaveLength(LIMITS.maxSignalsPerIntroduction);
  });

  it('is abandoned without a word when the node stops', () => {
    const book = new Book();
    book.dial(HIGH);
    book.dial(LOW);
    book.book.abandonAll();
    expect(typesOf(book.outputs())).toEqual(['rtc-abandon', 'rtc-abandon']);
    expect(book.book.size).toBe(0);
  });
});
