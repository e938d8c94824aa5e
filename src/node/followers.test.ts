import { describe, expect, it } from 'vitest';
import { ask, echo, meshOf, settled } from '../../test/doubles/relay-world.ts';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';
import { LIMITS } from '../base/limits.ts';
import { utf8 } from '../base/bytes.ts';
import { Followers } from './followers.ts';
import type { Node } from './node.ts';

const { followAfterMs, followWithinMs, followingFrames, followedFramesBurst, followedFramesPerSecond } = LIMITS;

describe('a frame that nothing follows', () => {
  it('is followed by three after a moment, once', () => {
    const followers = new Followers(0);
    followers.want(100);
    expect(followers.nextWakeAt()).toBe(100 + followAfterMs);
    expect(followers.take(100 + followAfterMs - 1)).toBe(0);
    expect(followers.take(100 + followAfterMs)).toBe(followingFrames);
    expect([followers.take(200), followers.nextWakeAt()]).toEqual([0, undefined]);
  });

  it('needs fewer where others follow, and none where enough do', () => {
    const followers = new Followers(0);
    followers.want(0);
    followers.sent();
    expect(followers.take(followAfterMs)).toBe(followingFrames - 1);
    followers.want(100);
    for (let count = 0; count < followingFrames; count++) followers.sent();
    expect(followers.nextWakeAt()).toBeUndefined();
  });

  it('is not followed when the timer comes too late for it', () => {
    const followers = new Followers(0);
    followers.want(0);
    expect(followers.take(followAfterMs + followWithinMs + 1)).toBe(0);
    expect(followers.nextWakeAt()).toBeUndefined();
  });

  it('is followed so often only', () => {
    const followers = new Followers(0);
    let count = 0;
    for (let now = 0; now < 10_000; now += 20) {
      followers.want(now);
      count += followers.take(now + followAfterMs);
    }
    expect(count).toBeLessThanOrEqual(followingFrames * (followedFramesBurst + 10 * followedFramesPerSecond));
    expect(count).toBeGreaterThan(followingFrames * (followedFramesBurst + 9 * followedFramesPerSecond));
  });
});

describe('a call over a relay', () => {
  /** Frames that each node gave to its links within a second of one small call. */
  async function framesOf(oneWayMs: number): Promise<number> {
    const clock = new VirtualClock();
    let frames = 0;
    const carry = (frame: Uint8Array, deliver: (frame: Uint8Array) => void) => {
      frames++;
      clock.wakeAt(clock.now() + oneWayMs, () => deliver(frame));
    };
    const line = [
      [0, 1],
      [1, 2],
    ] as const;
    const { nodes } = await settled(clock, meshOf(3, line, { nodes: { clock }, links: () => ({ carry }) }));
    const [a, , c] = nodes as [Node, Node, Node];
    echo(c);
    const stream = await settled(clock, a.open(c.id, 'echo/1'));
    await settled(clock, ask(stream, utf8('warm')));
    await clock.advance(5_000);
    frames = 0;
    const called = ask(stream, utf8('hello'));
    await clock.advance(900);
    await called;
    const count = frames;
    await Promise.all(nodes.map((node) => node.close()));
    return count;
  }

  it('has three small frames behind it on each hop where a round trip is long, and none where it is short', async () => {
    const [near, far] = [await framesOf(1), await framesOf(75)];
    expect(far - near).toBe(4 * followingFrames);
  });
});
