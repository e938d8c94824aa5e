import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeId, PersonId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { WAKE } from '../../base/machine.ts';
import { RelayDesk, type RelayDeskInput, type RelayDeskOutput } from './relay-desk.ts';

const NOW = 1_800_000_000_000;
const FROM = 'from' as NodeId;
const PERSON = 'person' as PersonId;

class Desk {
  now = NOW;
  readonly outputs: RelayDeskOutput[] = [];
  readonly desk: RelayDesk;
  #leg = 1000;
  #path = 0;

  constructor(hops: readonly string[] = ['target'], trust: 'everybody' | ReadonlySet<PersonId> = 'everybody', own: readonly string[] = []) {
    this.desk = new RelayDesk(
      { nextHops: () => hops as readonly NodeId[] },
      () => this.#leg++,
      (node) => own.includes(node),
      NOW,
    );
    this.input({ type: 'trust', trust });
  }

  input(input: RelayDeskInput): void {
    this.desk.handle(input, this.now);
    this.drain();
  }

  drain(): void {
    for (let output = this.desk.poll(); output; output = this.desk.poll()) this.outputs.push(output);
  }

  pass(ms: number): void {
    this.now += ms;
    this.desk.handle(WAKE, this.now);
    this.drain();
  }

  ask(leg: number, from = FROM, path = `path ${this.#path++}`): void {
    this.input({
      type: 'asked',
      leg,
      from,
      person: PERSON,
      header: { path: path.replaceAll(' ', '-').padEnd(22, 'A'), tag: 'AAAAAAAAAAA', relaysLeft: 1 },
    });
  }

  /** An open circuit from leg `leg`; answers the other leg. */
  open(leg: number): number {
    this.ask(leg);
    const opened = this.of('open').at(-1);
    this.input({ type: 'accepted', leg: opened?.leg as number });
    return opened?.leg as number;
  }

  of<Type extends RelayDeskOutput['type']>(type: Type): readonly Extract<RelayDeskOutput, { readonly type: Type }>[] {
    return this.outputs.filter((output): output is Extract<RelayDeskOutput, { readonly type: Type }> => output.type === type);
  }
}

describe('the relay desk', () => {
  it('accepts when the next node did, and passes messages and ends on in both directions', () => {
    const desk = new Desk();
    desk.ask(1);
    expect(desk.of('accept')).toEqual([]);
    desk.input({ type: 'accepted', leg: 1000 });
    expect(desk.of('accept')).toEqual([{ type: 'accept', leg: 1 }]);
    desk.input({ type: 'message', leg: 1, message: Uint8Array.of(1) });
    desk.input({ type: 'message', leg: 1000, message: Uint8Array.of(2) });
    expect(desk.of('send')).toEqual([
      { type: 'send', leg: 1000, message: Uint8Array.of(1) },
      { type: 'send', leg: 1, message: Uint8Array.of(2) },
    ]);
    desk.input({ type: 'ended', leg: 1 });
    expect(desk.of('end')).toEqual([{ type: 'end', leg: 1000 }]);
    desk.input({ type: 'message', leg: 1000, message: Uint8Array.of(3) });
    expect(desk.of('send').length).toBe(3);
    desk.input({ type: 'ended', leg: 1000 });
    desk.input({ type: 'closed', leg: 1 });
    desk.input({ type: 'closed', leg: 1000 });
    expect(desk.desk.figures).toEqual({ circuits: 0, served: 1, bytes: 3 });
    expect(desk.of('reset')).toEqual([]);
  });

  it('gives credit back only as the next stream takes the bytes, and holds a bounded number', () => {
    const desk = new Desk();
    const other = desk.open(1);
    for (let index = 0; index < 4; index++) desk.input({ type: 'message', leg: 1, message: new Uint8Array(1000) });
    expect(desk.of('consumed')).toEqual([]);
    expect(desk.desk.heldBytes).toBe(4000);
    desk.input({ type: 'sent', leg: other });
    expect(desk.of('consumed')).toEqual([{ type: 'consumed', leg: 1, bytes: 1000 }]);
    expect(desk.desk.heldBytes).toBe(3000);
    for (let index = 0; index < 20; index++) desk.input({ type: 'message', leg: 1, message: new Uint8Array(60_000) });
    expect(desk.of('reset').map(({ leg, code }) => [leg, code])).toEqual([
      [1, 'overloaded'],
      [other, 'overloaded'],
    ]);
    expect(desk.desk.heldBytes).toBe(0);
  });

  it('gives the credit of everything back when a circuit breaks', () => {
    const desk = new Desk();
    const other = desk.open(1);
    for (const bytes of [10, 20, 30]) desk.input({ type: 'message', leg: 1, message: new Uint8Array(bytes) });
    desk.input({ type: 'closed', leg: other, code: 'link-lost' });
    expect(desk.of('consumed').map(({ bytes }) => bytes)).toEqual([10, 20, 30]);
    expect(desk.of('reset')).toEqual([{ type: 'reset', leg: 1, code: 'relay-lost' }]);
  });

  it('tries another way when the first does not answer or refuses, and then says why there is none', () => {
    const desk = new Desk(['one', 'two', 'three']);
    desk.ask(1);
    desk.input({ type: 'closed', leg: 1000, code: 'overloaded' });
    desk.pass(LIMITS.circuitOpenTimeoutMs);
    expect(desk.of('open').map(({ to }) => to)).toEqual(['one', 'two']);
    expect(desk.of('reset')).toEqual([
      { type: 'reset', leg: 1001, code: 'timed-out' },
      { type: 'reset', leg: 1, code: 'timed-out' },
    ]);
    const nowhere = new Desk([]);
    nowhere.ask(1);
    expect(nowhere.of('reset')).toEqual([{ type: 'reset', leg: 1, code: 'unreachable' }]);
  });

  it('refuses the same path twice at once: a loop', () => {
    const desk = new Desk();
    desk.ask(1, FROM, 'same');
    desk.ask(2, 'other' as NodeId, 'same');
    expect(desk.of('reset')).toEqual([{ type: 'reset', leg: 2, code: 'unreachable' }]);
  });

  it('bounds the circuits of one peer, of all, and how fast they are asked for', () => {
    const desk = new Desk();
    for (let leg = 1; leg <= LIMITS.maxRelayedCircuitsPerPeer; leg++) desk.ask(leg);
    desk.pass(1_000);
    desk.ask(900);
    expect(desk.of('reset')).toEqual([{ type: 'reset', leg: 900, code: 'overloaded' }]);
    for (let peer = 0; peer < 20; peer++) for (let leg = 0; leg < 8; leg++) desk.ask(2000 + peer * 10 + leg, `peer ${peer}` as NodeId);
    expect(desk.desk.figures.circuits).toBe(LIMITS.maxRelayedCircuits);
    const eager = new Desk();
    for (let leg = 1; leg <= 30; leg++) eager.ask(leg);
    expect(eager.of('reset').at(-1)).toMatchObject({ code: 'rate-limited' });
    expect(eager.of('misbehaved')[0]).toMatchObject({ node: FROM, offence: 'flood' });
  });

  it('lets strangers have their bytes at their rate, for their time', () => {
    const desk = new Desk(['target'], new Set());
    const other = desk.open(1);
    for (let index = 0; index < 3; index++) desk.input({ type: 'message', leg: 1, message: new Uint8Array(30_000) });
    expect(desk.of('send').length).toBe(2);
    desk.pass(200);
    expect(desk.of('send').length).toBe(3);
    desk.pass(1_000);
    for (let index = 0; index < 2; index++) desk.input({ type: 'message', leg: other, message: new Uint8Array(30_000) });
    expect(desk.of('reset').map(({ code }) => code)).toEqual(['rate-limited', 'rate-limited']);
    const slow = new Desk(['target'], new Set());
    slow.open(1);
    slow.pass(LIMITS.strangerCircuitMs);
    expect(slow.of('reset').map(({ code }) => code)).toEqual(['rate-limited', 'rate-limited']);
    const friend = new Desk(['target'], new Set([PERSON]));
    friend.open(1);
    for (let index = 0; index < 10; index++) {
      friend.input({ type: 'message', leg: 1, message: new Uint8Array(60_000) });
      friend.input({ type: 'sent', leg: 1000 });
    }
    expect(friend.of('send').length).toBe(10);
    expect(friend.of('reset')).toEqual([]);
  });

  it('sets no bounds to circuits from and to nodes of its own person', () => {
    for (const [own, hops] of [
      [FROM, 'target'],
      ['target', 'target'],
    ] as const) {
      const desk = new Desk([hops], new Set(), [own]);
      const other = desk.open(1);
      for (let index = 0; index < 10; index++) {
        desk.input({ type: 'message', leg: 1, message: new Uint8Array(60_000) });
        desk.input({ type: 'sent', leg: other });
      }
      expect(desk.of('send').length).toBe(10);
      for (let index = 0; index < 10; index++) desk.input({ type: 'message', leg: 1, message: new Uint8Array(1) });
      desk.pass(LIMITS.strangerCircuitMs);
      expect(desk.of('reset').filter(({ code }) => code === 'rate-limited')).toEqual([]);
    }
  });

  it('ends circuits on which nothing moves', () => {
    const desk = new Desk();
    desk.open(1);
    desk.pass(LIMITS.circuitIdleMs);
    expect(desk.of('reset').map(({ code }) => code)).toEqual(['timed-out', 'timed-out']);
    expect(desk.desk.figures.circuits).toBe(0);
    expect(desk.desk.nextWakeAt()).toBeUndefined();
  });

  it('passes on exactly what came, whatever happens in whatever order, and returns every byte of credit', () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('message' as const), leg: fc.constantFrom(1, 1000), bytes: fc.integer({ min: 0, max: 3_000 }) }),
      fc.record({ do: fc.constantFrom('sent' as const, 'ended' as const), leg: fc.constantFrom(1, 1000), bytes: fc.constant(0) }),
      fc.record({ do: fc.constant('wait' as const), leg: fc.constant(1), bytes: fc.integer({ min: 1, max: 300 }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), fc.boolean(), (actions, isStranger) => {
        const desk = new Desk(['target'], isStranger ? new Set() : 'everybody');
        desk.open(1);
        const came = { 1: 0, 1000: 0 };
        const ended = new Set<number>();
        for (const { do: what, leg, bytes } of actions) {
          const side = leg as 1 | 1000;
          if (what === 'wait') desk.pass(bytes);
          else if (what === 'message') {
            if (ended.has(side)) continue;
            came[side] += bytes;
            desk.input({ type: 'message', leg, message: new Uint8Array(bytes) });
          } else if (what === 'ended') {
            if (!ended.has(side)) desk.input({ type: 'ended', leg });
            ended.add(side);
          } else desk.input({ type: 'sent', leg });
        }
        desk.input({ type: 'closed', leg: 1, code: 'link-lost' });
        for (const side of [1, 1000] as const) {
          const returned = desk
            .of('consumed')
            .filter(({ leg }) => leg === side)
            .reduce((sum, { bytes }) => sum + bytes, 0);
          expect(returned).toBe(came[side]);
        }
        expect(desk.desk.heldBytes).toBe(0);
        expect(desk.desk.figures.circuits).toBe(0);
      }),
    );
  });
});
