import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionPair } from '../../test/support/connection-pair.ts';
import { LIMITS } from '../base/limits.ts';

const MINUTE_MS = 60_000;

describe('a session that moves to another link', () => {
  it('keeps its streams, and leaves the old link when both directions are over', async () => {
    const pair = await ConnectionPair.open(1);
    pair.send('a', 100);
    pair.send('b', 100);
    pair.move('a');
    await pair.run(2_000);
    expect([pair.a.connection.link, pair.b.connection.link]).toEqual([2, 2]);
    expect([pair.a.done, pair.b.done]).toEqual([[1], [1]]);
    pair.send('a', 50_000);
    pair.send('b', 50_000);
    await pair.run(2_000);
    pair.expectAllDelivered();
  });

  it('loses, repeats and reorders nothing while random traffic runs both ways and it moves back and forth', { timeout: 120_000 }, async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('send' as const), side: fc.constantFrom('a' as const, 'b' as const), bytes: fc.integer({ min: 0, max: 90_000 }) }),
      fc.record({ do: fc.constant('move' as const), side: fc.constantFrom('a' as const, 'b' as const), bytes: fc.constant(0) }),
      fc.record({ do: fc.constant('wait' as const), side: fc.constant('a' as const), bytes: fc.integer({ min: 1, max: 400 }) }),
    );
    let moves = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), fc.nat(1_000_000), async (steps, seed) => {
        const pair = await ConnectionPair.open(seed);
        for (const { do: action, side, bytes } of steps) {
          if (action === 'send') pair.send(side, bytes);
          else if (action === 'move') pair.move(side);
          else await pair.run(bytes);
        }
        await pair.run(8_000);
        pair.expectAllDelivered();
        moves += pair.a.done.length;
      }),
      { numRuns: 30 },
    );
    expect(moves).toBeGreaterThan(30);
  });

  it('moves in order between links and circuits, too, and a circuit that it came to may then be lost', { timeout: 120_000 }, async () => {
    const side = fc.constantFrom('a' as const, 'b' as const);
    const step = fc.oneof(
      fc.record({ do: fc.constant('send' as const), side, bytes: fc.integer({ min: 0, max: 90_000 }), isCircuit: fc.constant(false) }),
      fc.record({ do: fc.constant('move' as const), side, bytes: fc.constant(0), isCircuit: fc.boolean() }),
      fc.record({ do: fc.constant('kill' as const), side, bytes: fc.constant(0), isCircuit: fc.constant(false) }),
      fc.record({ do: fc.constant('wait' as const), side, bytes: fc.integer({ min: 1, max: 1_500 }), isCircuit: fc.constant(false) }),
    );
    let [moves, strandings] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), fc.nat(1_000_000), async (steps, seed) => {
        const pair = await ConnectionPair.open(seed);
        pair.resumeAlways(100);
        const circuits = new Set<number>();
        for (const { do: action, side: name, bytes, isCircuit } of steps) {
          const { link, isMoving } = pair[name].connection;
          if (action === 'send') pair.send(name, bytes);
          else if (action === 'wait') await pair.run(bytes);
          else if (action === 'move') {
            const made = pair.move(name, { isCircuit });
            if (isCircuit) circuits.add(made);
          } else if (circuits.has(link) && !isMoving && !pair.a.connection.isMoving && !pair.b.connection.isMoving) {
            pair.kill(link, { a: 5, b: 40 });
            await pair.run(1_000);
          }
        }
        await pair.run(12_000);
        pair.expectAllDelivered();
        moves += pair.a.done.length;
        strandings += pair.a.strandings;
      }),
      { numRuns: 30 },
    );
    // Random steps: there are about a hundred moves and fifteen losses.
    expect(moves).toBeGreaterThan(10);
    expect(strandings).toBeGreaterThan(0);
  });

  it('moves while its keys are renewed, in either order', async () => {
    for (const lead of [-40, -5, 0, 5, 40]) {
      const pair = await ConnectionPair.open(3);
      await pair.run(LIMITS.rekeyAfterMs + lead);
      pair.move('b');
      for (let index = 0; index < 20; index++) {
        pair.send('a', 20_000);
        pair.send('b', 20_000);
        await pair.run(10);
      }
      await pair.run(2_000);
      pair.expectAllDelivered();
      expect(pair.a.done).toEqual([1]);
    }
  });

  it('goes once when both sides dial at once', async () => {
    const pair = await ConnectionPair.open(4);
    pair.move('a', { delayMs: 50 });
    pair.move('b', { delayMs: 50 });
    pair.send('a', 30_000);
    pair.send('b', 30_000);
    await pair.run(3_000);
    pair.expectAllDelivered();
    expect(pair.a.connection.link).toBe(pair.b.connection.link);
    expect([pair.a.done, pair.b.done]).toEqual([[1], [1]]);
  });

  it('stays where it is when the new link is lost before the proofs, or carries altered ones', async () => {
    for (const spoil of ['drop', 'alter-claim', 'alter-answer'] as const) {
      const pair = await ConnectionPair.open(5);
      const link = pair.move('a', { spoil });
      pair.send('a', 10_000);
      await pair.run(LIMITS.sessionClaimTimeoutMs + 1_000);
      pair.send('b', 10_000);
      await pair.run(1_000);
      pair.expectAllDelivered();
      expect(pair.a.connection.link).toBe(1);
      expect(pair.a.dropped).toContain(link);
    }
  });

  it('is not taken by somebody who repeats its proofs, or sends a node’s own back to it', async () => {
    const pair = await ConnectionPair.open(6);
    pair.move('a');
    await pair.run(1_000);
    const [claim] = pair.clearFrames;
    const replayed = pair.strangersLink('b', claim as Uint8Array);
    await pair.run(10);
    expect(pair.b.connection.link).toBe(2);
    expect(pair.b.dropped).toContain(replayed);
    // At once: it was answered before, and holds up no other move.
    expect(pair.b.connection.isMoving).toBe(false);
    const reflected = pair.strangersLink('a', claim as Uint8Array);
    await pair.run(1_000);
    expect(pair.a.dropped).toContain(reflected);
    pair.send('a', 1_000);
    pair.send('b', 1_000);
    await pair.run(1_000);
    pair.expectAllDelivered();
  });

  it('bounds what waits on the new link while the old one is slow, and then delivers it', async () => {
    const pair = await ConnectionPair.open(7, { delayMs: 1_000 });
    pair.move('a', { delayMs: 1 });
    await pair.run(10);
    for (let index = 0; index < 60; index++) pair.send('a', 60_000);
    await pair.run(MINUTE_MS / 2);
    pair.expectAllDelivered();
    expect(pair.b.mostHeldBytes).toBeGreaterThan(0);
    expect(pair.b.mostHeldBytes).toBeLessThanOrEqual(LIMITS.maxAheadBytes + (LIMITS.maxPendingBulkFrames + 2) * LIMITS.maxFrameBytes);
  });

  it('ends, and says why, when the new link breaks after its first frame there', async () => {
    const pair = await ConnectionPair.open(8, { delayMs: 200 });
    const link = pair.move('a', { delayMs: 5 });
    await pair.run(100);
    pair.breakLink(link);
    await pair.run(1_000);
    expect(pair.a.closed).toBe('link-lost');
  });
});
