import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../base/limits.ts';
import type { PriorityClass } from './priority-scheduler.ts';
import { StreamMux, type FrameShape } from './stream-mux.ts';

const SHAPE = { room: { before: 8, after: 16 }, maxPayloadBytes: LIMITS.portableFrameBytes - 24 };
const OVERHEAD = SHAPE.room.before + SHAPE.room.after;
const NOW = 0;
const BULK = 2;

type Delivery = { readonly stream: number; readonly message: Uint8Array };

/** Two sides of a session in memory; `left` opens the streams and sends. */
class Pair {
  readonly left = new StreamMux(true, NOW);
  readonly right = new StreamMux(false, NOW);
  readonly delivered: Delivery[] = [];
  readonly violations: string[] = [];
  readonly #shape: FrameShape;

  constructor(shape: FrameShape = SHAPE) {
    this.#shape = shape;
  }

  open(priority: PriorityClass): number {
    const stream = this.left.allocate() as number;
    this.left.handle({ type: 'open', stream, protocol: 'test/1', header: new Uint8Array(0), priority }, NOW);
    this.settle();
    return stream;
  }

  send(stream: number, message: Uint8Array): void {
    this.left.handle({ type: 'send', stream, message }, NOW);
  }

  /** The frames that `left` has for the link now; the other side gets them. */
  carry(): readonly Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (let frame = this.left.nextFrame(this.#shape, BULK); frame; frame = this.left.nextFrame(this.#shape, BULK)) {
      frames.push(frame);
      this.right.handle({ type: 'payload', bytes: payloadOf(frame) }, NOW);
    }
    return frames;
  }

  /** Until nothing moves any more; what arrives is consumed at once. */
  settle(): void {
    for (let isMoving = true; isMoving;) {
      isMoving = this.carry().length > 0;
      for (let output = this.right.poll(); output; output = this.right.poll()) {
        if (output.type === 'incoming') this.right.handle({ type: 'accept', stream: output.stream }, NOW);
        if (output.type === 'violation') this.violations.push(output.detail);
        if (output.type !== 'message') continue;
        this.delivered.push({ stream: output.stream, message: output.message.slice() });
        this.right.handle({ type: 'consumed', stream: output.stream, bytes: output.message.length }, NOW);
      }
      for (let frame = this.right.nextFrame(this.#shape, BULK); frame; frame = this.right.nextFrame(this.#shape, BULK)) {
        isMoving = true;
        this.left.handle({ type: 'payload', bytes: payloadOf(frame) }, NOW);
      }
      for (let output = this.left.poll(); output; output = this.left.poll()) if (output.type === 'violation') this.violations.push(output.detail);
    }
  }
}

function payloadOf(frame: Uint8Array): Uint8Array {
  return frame.slice(SHAPE.room.before, frame.length - SHAPE.room.after);
}

describe('the streams of a session', () => {
  it('put the small messages of one moment into one frame', () => {
    const pair = new Pair();
    const streams = [pair.open(1), pair.open(1)];
    for (let index = 0; index < 20; index++) pair.send(streams[index % 2] as number, new Uint8Array(1000).fill(index));
    expect(pair.carry().map((frame) => frame.length)).toEqual([OVERHEAD + 20 * 1008]);
  });

  it('send what is urgent before a transfer that was queued earlier, and in a frame of its own', () => {
    const pair = new Pair();
    const file = pair.open(BULK);
    const chat = pair.open(1);
    pair.send(file, new Uint8Array(500));
    pair.send(file, new Uint8Array(300_000));
    pair.send(chat, new Uint8Array(100));
    const [first] = pair.carry();
    expect(first?.length).toBe(OVERHEAD + 108);
    pair.settle();
    expect(pair.delivered.map(({ stream }) => stream)).toEqual([chat, file, file]);
  });

  it('fill the frames of a transfer to the brim, across its messages', () => {
    const pair = new Pair();
    const file = pair.open(BULK);
    // After the second of these 35 kB are left over, too much to be packed with what is small.
    for (const size of [256 * 1024, 100_000, 256 * 1024, 100_000, 256 * 1024]) pair.send(file, new Uint8Array(size));
    const lengths = pair.carry().map((frame) => frame.length);
    expect(lengths.length).toBeGreaterThan(10);
    expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThan(LIMITS.portableFrameBytes - 1024);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(LIMITS.portableFrameBytes);
  });

  it('cut a large message smaller than a transfer, so that urgent ones pass between its frames', () => {
    const shape = { room: SHAPE.room, maxPayloadBytes: LIMITS.maxFrameBytes - OVERHEAD };
    const lengthsOf = (priority: 1 | 2) => {
      const pair = new Pair(shape);
      pair.send(pair.open(priority), new Uint8Array(600_000));
      return pair.carry().map((frame) => frame.length);
    };
    expect(lengthsOf(BULK)[0]).toBe(LIMITS.maxFrameBytes);
    expect(Math.max(...lengthsOf(1))).toBe(LIMITS.maxUrgentPayloadBytes + OVERHEAD);
  });

  it('get the credit of the session back although each of many streams had only a little of it', () => {
    const pair = new Pair();
    const bytes = LIMITS.creditStepBytes - 2 * LIMITS.messageOverheadBytes;
    const streams = Array.from({ length: 200 }, () => pair.open(1));
    expect(streams.length * bytes).toBeGreaterThan(LIMITS.sessionWindowBytes);
    for (const stream of streams) pair.send(stream, new Uint8Array(bytes));
    pair.settle();
    expect(pair.delivered).toHaveLength(streams.length);
  });

  it('deliver every message whole and in the order of its stream, whatever their sizes and priorities', () => {
    const size = fc.oneof(fc.nat(200), fc.nat(40_000), fc.integer({ min: 64_000, max: 66_000 }), fc.nat(200_000));
    const sends = fc.array(fc.tuple(fc.nat(3), size), { maxLength: 20 });
    fc.assert(
      fc.property(sends, (list) => {
        const pair = new Pair();
        const streams = ([0, 1, 2, 2] as const).map((priority) => pair.open(priority));
        const expected: Delivery[] = list.map(([index, length], at) => ({
          stream: streams[index] as number,
          message: Uint8Array.from({ length }, (_, offset) => at * 31 + offset),
        }));
        for (const { stream, message } of expected) pair.send(stream, message);
        pair.settle();
        expect(pair.violations).toEqual([]);
        for (const stream of streams) {
          const of = (all: readonly Delivery[]) =>
            all.filter((one) => one.stream === stream).map(({ message }) => Buffer.from(message).toString('hex'));
          expect(of(pair.delivered)).toEqual(of(expected));
        }
      }),
      { numRuns: 40 },
    );
  });
});
