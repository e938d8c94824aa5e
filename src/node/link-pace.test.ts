import { describe, expect, it } from 'vitest';
import { LIMITS } from '../base/limits.ts';
import { LinkPace } from './link-pace.ts';

/** Keeps the buffer as full as the pace allows on a link of that rate, and answers the pace after a second. */
function paceOn(bytesPerMs: number, pace = new LinkPace()): LinkPace {
  let [buffered, expected] = [0, 0];
  for (let now = 0; now < 1_000; now++) {
    const before = buffered;
    buffered = Math.max(0, buffered - bytesPerMs);
    if (before > pace.lowWaterBytes && buffered <= pace.lowWaterBytes) {
      pace.report(expected, buffered, now);
      expected = buffered;
    }
    if (buffered > pace.lowWaterBytes) continue;
    expected += pace.aheadBytes - buffered;
    buffered = pace.aheadBytes;
    pace.report(expected, buffered, now);
    expected = buffered;
  }
  return pace;
}

describe('what of a transfer lies in a link’s buffer', () => {
  it('is all that is allowed on a fast link, and what a slow one carries in a moment', () => {
    expect(paceOn(32 * 1024).aheadBytes).toBe(LIMITS.bulkLinkBufferBytes);
    expect(paceOn(3 * 1024).aheadBytes).toBe(128 * 1024);
    expect(paceOn(128).aheadBytes).toBe(LIMITS.minBulkLinkBufferBytes);
  });

  it('follows a link that becomes slower or faster', () => {
    const pace = paceOn(32 * 1024);
    expect(paceOn(500, pace).aheadBytes).toBe(LIMITS.minBulkLinkBufferBytes);
    expect(paceOn(32 * 1024, pace).aheadBytes).toBe(LIMITS.bulkLinkBufferBytes);
  });

  it('does not take a pause between two frames for a slow link', () => {
    const pace = paceOn(32 * 1024);
    const full = LIMITS.bulkLinkBufferBytes;
    pace.report(full, full, 10_000);
    pace.report(full, 0, 20_000);
    pace.report(1_000, 900, 60_000);
    expect(pace.aheadBytes).toBe(full);
  });
});
