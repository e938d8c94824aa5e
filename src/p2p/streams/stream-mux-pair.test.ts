import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MuxPair, sessionCreditOf, type MuxSide } from '../../../test/support/mux-pair.ts';
import { LIMITS } from '../../base/limits.ts';
import type { PriorityClass } from './priority-scheduler.ts';

const SIZES = [0, 1, 100, 4_000, 5_000, 70_000, 300_000, LIMITS.maxStreamMessageBytes];

type Operation =
  | { readonly type: 'open'; readonly priority: PriorityClass }
  | { readonly type: 'send'; readonly stream: number; readonly size: number }
  | { readonly type: 'pull'; readonly lowest: PriorityClass }
  | { readonly type: 'deliver' | 'answer' | 'refuse' | 'consume' }
  | { readonly type: 'end' | 'reset'; readonly stream: number };

const operation: fc.Arbitrary<{ readonly isA: boolean; readonly what: Operation }> = fc.record({
  isA: fc.boolean(),
  what: fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant('open' as const), priority: fc.constantFrom<PriorityClass>(0, 1, 2) }) },
    { weight: 8, arbitrary: fc.record({ type: fc.constant('send' as const), stream: fc.nat(9), size: fc.constantFrom(...SIZES) }) },
    { weight: 12, arbitrary: fc.record({ type: fc.constant('pull' as const), lowest: fc.constantFrom<PriorityClass>(1, 2, 2) }) },
    { weight: 12, arbitrary: fc.record({ type: fc.constant('deliver' as const) }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('answer' as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('refuse' as const) }) },
    { weight: 6, arbitrary: fc.record({ type: fc.constant('consume' as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('end' as const), stream: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('reset' as const), stream: fc.nat(9) }) },
  ),
});

/** Two muxes that are asked for anything, and what must come of it. */
class Model {
  readonly pair = new MuxPair();
  /** The marks of messages, in order, by their direction: the sending side and the stream. */
  readonly #sent = new Map<string, number[]>();
  readonly #received = new Map<string, number[]>();
  readonly #ended = new Set<string>();
  readonly #users: ReadonlyMap<MuxSide, User> = new Map([
    [this.pair.a, { name: 'a', read: 0, open: [], unanswered: [], unconsumed: [] }],
    [this.pair.b, { name: 'b', read: 0, open: [], unanswered: [], unconsumed: [] }],
  ]);
  #mark = 0;

  constructor() {
    for (const side of this.#users.keys()) {
      side.isReading = false;
      side.isAccepting = false;
    }
  }

  run(side: MuxSide, what: Operation): void {
    const user = this.#user(side);
    switch (what.type) {
      case 'open':
        user.open.push(side.open(what.priority));
        break;
      case 'send':
        this.#send(side, what.stream, what.size);
        break;
      case 'pull':
        side.pull(what.lowest);
        break;
      case 'deliver':
        this.pair.deliver(side);
        break;
      case 'answer':
      case 'refuse':
        this.#answer(side, what.type === 'answer');
        break;
      case 'consume':
        this.#consume(side);
        break;
      case 'end':
        this.#end(side, pick(user.open, what.stream));
        break;
      case 'reset': {
        const stream = pick(user.open, what.stream);
        if (stream !== undefined) side.input({ type: 'reset', stream, code: 'cancelled' });
      }
    }
    this.#look();
  }

  /** Every stream is answered and ends, everything arrives and is consumed. */
  finish(): void {
    const users = [...this.#users];
    do {
      for (const [side, user] of users) {
        while (user.unanswered.length > 0) this.#answer(side, true);
        for (const stream of user.open) this.#end(side, stream);
        while (user.unconsumed.length > 0) this.#consume(side);
      }
      this.pair.settle();
      this.#look();
    } while (users.some(([, user]) => user.unanswered.length + user.unconsumed.length > 0));
    expect([this.pair.a.mux.streamCount, this.pair.b.mux.streamCount]).toEqual([0, 0]);
  }

  #send(side: MuxSide, at: number, size: number): void {
    const stream = pick(this.#user(side).open, at);
    if (stream === undefined) return;
    const direction = this.#direction(side, stream);
    const message = new Uint8Array(size);
    const mark = size >= 4 ? ++this.#mark : -size;
    if (size >= 4) new DataView(message.buffer).setUint32(0, mark);
    side.input({ type: 'send', stream, message });
    if (!this.#ended.has(direction)) listOf(this.#sent, direction).push(mark);
  }

  #answer(side: MuxSide, isWelcome: boolean): void {
    const stream = this.#user(side).unanswered.shift();
    if (stream === undefined) return;
    if (!isWelcome) return side.input({ type: 'reset', stream, code: 'refused' });
    side.input({ type: 'accept', stream });
    this.#user(side).open.push(stream);
  }

  #consume(side: MuxSide): void {
    const message = this.#user(side).unconsumed.shift();
    if (message) side.input({ type: 'consumed', ...message });
  }

  #end(side: MuxSide, stream: number | undefined): void {
    if (stream === undefined) return;
    this.#ended.add(this.#direction(side, stream));
    side.input({ type: 'end', stream });
  }

  #look(): void {
    for (const [side, user] of this.#users) {
      side.read();
      for (const output of side.outputs.slice(user.read)) {
        if (output.type === 'violation') throw new Error(output.detail);
        if (output.type === 'incoming') user.unanswered.push(output.stream);
        if (output.type === 'message') this.#message(side, output.stream, output.message);
        if (output.type === 'closed' && output.code === undefined) this.#expectWhole(side, output.stream);
      }
      user.read = side.outputs.length;
    }
  }

  #message(side: MuxSide, stream: number, message: Uint8Array): void {
    this.#user(side).unconsumed.push({ stream, bytes: message.length });
    const direction = this.#direction(this.#other(side), stream);
    const received = listOf(this.#received, direction);
    const mark = message.length >= 4 ? new DataView(message.buffer, message.byteOffset).getUint32(0) : -message.length;
    expect(mark).toBe(listOf(this.#sent, direction)[received.length]);
    received.push(mark);
  }

  /** Who saw both directions end in order has all that the other side sent. */
  #expectWhole(side: MuxSide, stream: number): void {
    const direction = this.#direction(this.#other(side), stream);
    expect(listOf(this.#received, direction)).toEqual(listOf(this.#sent, direction));
  }

  #other(side: MuxSide): MuxSide {
    return side === this.pair.a ? this.pair.b : this.pair.a;
  }

  #user(side: MuxSide): User {
    return this.#users.get(side) as User;
  }

  #direction(side: MuxSide, stream: number): string {
    return `${this.#user(side).name} ${stream}`;
  }
}

type User = {
  readonly name: string;
  /** How many of its outputs were looked at. */
  read: number;
  readonly open: number[];
  readonly unanswered: number[];
  readonly unconsumed: { readonly stream: number; readonly bytes: number }[];
};

function pick(open: readonly number[], at: number): number | undefined {
  return open[at % Math.max(1, open.length)];
}

function listOf(lists: Map<string, number[]>, key: string): number[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

describe('two muxes that are used in any way', () => {
  it('lose, repeat and reorder no message, keep to their windows, and have all credit back in the end', () => {
    let messages = 0;
    let resets = 0;
    fc.assert(
      fc.property(fc.array(operation, { minLength: 20, maxLength: 250, size: 'max' }), (operations) => {
        const model = new Model();
        const { pair } = model;
        for (const { isA, what } of operations) model.run(isA ? pair.a : pair.b, what);
        model.finish();
        messages += pair.a.of('message').length + pair.b.of('message').length;
        resets += pair.a.of('closed').filter(({ code }) => code !== undefined).length;
        expect(sessionCreditOf(pair, pair.a)).toBe(LIMITS.sessionWindowBytes);
        expect(sessionCreditOf(pair, pair.b)).toBe(LIMITS.sessionWindowBytes);
      }),
      { numRuns: 40, interruptAfterTimeLimit: 12_000 },
    );
    // The property means nothing when hardly anything happened.
    expect(messages).toBeGreaterThan(50);
    expect(resets).toBeGreaterThan(5);
  });
});
