import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionPair } from '../../test/support/connection-pair.ts';
import { LIMITS } from '../base/limits.ts';

const CIRCUIT = { isCircuit: true } as const;

describe('a session that lost its circuit', () => {
  it('goes on over another, with what was under way in both directions', async () => {
    const pair = await ConnectionPair.open(1, CIRCUIT);
    pair.resumeAlways(50);
    for (let index = 0; index < 10; index++) {
      pair.send('a', 60_000);
      pair.send('b', 60_000);
    }
    await pair.run(25);
    pair.kill(1, { a: 0, b: 0 });
    pair.send('a', 1_000);
    pair.send('b', 1_000);
    await pair.run(3_000);
    pair.expectAllDelivered();
    expect([pair.a.strandings, pair.b.strandings]).toEqual([1, 1]);
    expect(pair.a.connection.link).toBe(pair.b.connection.link);
  });

  it(
    'loses, repeats and reorders nothing, whenever circuits die under random traffic, whoever notices, and whoever asks',
    { timeout: 240_000 },
    async () => {
      const side = fc.constantFrom('a' as const, 'b' as const);
      const noticed = fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined });
      const step = fc.oneof(
        { weight: 5, arbitrary: fc.record({ do: fc.constant('send' as const), side, bytes: fc.integer({ min: 0, max: 90_000 }) }) },
        { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 300 }) }) },
        { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), a: noticed, b: noticed }) },
        { weight: 1, arbitrary: fc.record({ do: fc.constant('resume' as const), side, isCircuit: fc.constant(true) }) },
        { weight: 1, arbitrary: fc.record({ do: fc.constant('both' as const) }) },
      );
      let [strandings, resumptions] = [0, 0];
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 50 }), fc.nat(1_000_000), async (steps, seed) => {
          const pair = await ConnectionPair.open(seed, CIRCUIT);
          pair.resumeAlways(60);
          for (const one of steps) {
            if (one.do === 'send') pair.send(one.side, one.bytes);
            else if (one.do === 'wait') await pair.run(one.ms);
            else if (one.do === 'resume') pair.resume(one.side);
            else if (one.do === 'both') for (const name of ['a', 'b'] as const) pair.resume(name);
            // One end at least notices at once what the other learns by its silence.
            else
              for (const name of ['a', 'b'] as const)
                pair.kill(pair[name].connection.link, { a: one.a ?? (one.b === undefined ? 0 : undefined), b: one.b });
          }
          await pair.run(70_000);
          pair.expectAllDelivered();
          strandings += pair.a.strandings + pair.b.strandings;
          resumptions += pair.a.resumptionsDone + pair.b.resumptionsDone;
        }),
        { numRuns: 60 },
      );
      expect(strandings).toBeGreaterThan(60);
      expect(resumptions).toBeGreaterThan(120);
    },
  );

  it('goes on although it was on its way to a link of its own, whichever of the two dies', async () => {
    for (const dies of ['circuit', 'link', 'both'] as const) {
      for (let after = 0; after <= 160; after += 8) {
        const pair = await ConnectionPair.open(after + 1_000, CIRCUIT);
        pair.resumeAlways(40);
        for (let index = 0; index < 6; index++) {
          pair.send('a', 40_000);
          pair.send('b', 40_000);
        }
        const link = pair.move('b', { delayMs: 15 });
        await pair.run(after);
        const wasOver = [pair.a, pair.b].some(({ done }) => done.length > 0);
        if (dies !== 'link') pair.kill(1, { a: 5, b: 5 });
        if (dies !== 'circuit' && !wasOver) pair.kill(link, { a: 5, b: 5 });
        pair.send('a', 1_000);
        pair.send('b', 1_000);
        await pair.run(5_000);
        if (wasOver && pair.a.closed) continue;
        pair.expectAllDelivered();
      }
    }
  });

  it('goes on while its keys are being renewed', async () => {
    for (const lead of [-60, -30, -10, 0, 10, 20, 30, 45, 60]) {
      const pair = await ConnectionPair.open(lead + 100, CIRCUIT);
      pair.resumeAlways(60);
      await pair.run(LIMITS.rekeyAfterMs + lead - 2_000 - 1_080);
      for (let index = 0; index < 200; index++) {
        pair.send('a', 5_000);
        pair.send('b', 5_000);
        await pair.run(10);
        if (index === 100) pair.kill(1, { a: 0 });
      }
      await pair.run(60_000);
      pair.expectAllDelivered();
      expect(pair.b.strandings + pair.a.strandings).toBeGreaterThan(0);
    }
  });

  it('goes on although the keys were to be renewed while it had no path, or the loss of the path went unnoticed meanwhile', async () => {
    for (const [notices, lead] of [
      [true, 1_500],
      [true, -500],
      [false, 300],
      [false, 10],
      [false, 3_000],
      [false, -15],
    ] as const) {
      const pair = await ConnectionPair.open(lead + 5_000, CIRCUIT);
      await pair.run(LIMITS.rekeyAfterMs - lead - 2_000);
      for (let index = 0; index < 3; index++) {
        pair.send('a', 30_000);
        pair.send('b', 30_000);
      }
      await pair.run(15);
      pair.kill(1, notices ? { a: 0, b: 0 } : {});
      pair.send('a', 1_000);
      await pair.run(notices ? LIMITS.sessionResumeTimeoutMs - 2_000 : 5_000);
      if (notices) pair.resume('b');
      else pair.resumeAlways(50);
      await pair.run(60_000);
      pair.expectAllDelivered();
      expect(pair.a.resumptionsDone).toBe(1);
    }
  });

  it('comes to one path when both ends ask at once, without asking again', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const pair = await ConnectionPair.open(seed, CIRCUIT);
      pair.send('a', 60_000);
      pair.send('b', 60_000);
      if (seed % 2 === 0) pair.kill(1, { a: 0, b: 0 });
      pair.resume('a');
      await pair.run(seed);
      pair.resume('b', { delayMs: 1 + (seed % 50) });
      pair.send('a', 10_000);
      await pair.run(2_000);
      pair.expectAllDelivered();
      expect(pair.a.connection.link).toBe(pair.b.connection.link);
      expect([pair.a.connection.isStranded, pair.b.connection.isStranded]).toEqual([false, false]);
    }
  });

  it('ends with why it was lost when nothing leads to the other side in time', async () => {
    const pair = await ConnectionPair.open(3, CIRCUIT);
    pair.kill(1, { a: 0, b: 0 });
    await pair.run(LIMITS.sessionResumeTimeoutMs - 1);
    expect(pair.a.closed).toBeUndefined();
    await pair.run(2);
    expect([pair.a.closed, pair.b.closed]).toEqual(['relay-lost', 'relay-lost']);
  });

  it('is not taken by somebody who repeats its proofs, and does not leave a circuit that works for them', async () => {
    const pair = await ConnectionPair.open(6, CIRCUIT);
    pair.resume('a');
    await pair.run(1_000);
    const link = pair.b.connection.link;
    expect(link).toBe(2);
    const [resume, answer, confirm] = [...pair.clearFrames] as [Uint8Array, Uint8Array, Uint8Array];
    for (const name of ['a', 'b'] as const) {
      for (const frame of [resume, answer, confirm]) pair.strangersLink(name, frame);
      pair.strangersLink(name, resume, confirm);
      pair.strangersLink(name, resume, answer, confirm);
    }
    await pair.run(LIMITS.sessionClaimTimeoutMs + 1_000);
    expect([pair.a.connection.link, pair.b.connection.link]).toEqual([link, link]);
    pair.send('a', 1_000);
    pair.send('b', 1_000);
    await pair.run(1_000);
    pair.expectAllDelivered();
  });

  it('keeps little once the other side has it', async () => {
    const pair = await ConnectionPair.open(7, CIRCUIT);
    for (let index = 0; index < 300; index++) {
      pair.send('a', 50_000);
      await pair.run(20);
    }
    await pair.run(1_000);
    pair.expectAllDelivered();
    const { keptFrom, keptEnd } = pair.a.connection.resumable as { keptFrom: number; keptEnd: number };
    expect(keptEnd).toBeGreaterThan(300);
    expect(keptEnd - keptFrom).toBeLessThanOrEqual(LIMITS.acknowledgeFrames);
  });
});
