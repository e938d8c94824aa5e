import { LIMITS } from '../base/limits.ts';

/**
 * How much of a transfer may lie in a link's buffer: what the link carries in a moment, for a chat line waits behind it. Learnt from how fast the buffer
 * empties: on a fast link the most that is allowed, on a slow uplink a little.
 */
export class LinkPace {
  /** A power of two between `minBulkLinkBufferBytes` and `bulkLinkBufferBytes`. */
  aheadBytes: number = LIMITS.firstBulkLinkBufferBytes;
  #bytesPerMs: number | undefined;
  #reported = { bytes: 0, at: 0 };

  /**
   * The link holds `bytes`, and held `expectedBytes` if nothing left since the last report. Answers whether `aheadBytes` changed. Only what left between
   * two reports without a frame in between counts: at other times nobody knows how long the buffer was empty.
   */
  report(expectedBytes: number, bytes: number, now: number): boolean {
    const before = this.#reported;
    this.#reported = { bytes, at: now };
    if (expectedBytes !== before.bytes || bytes >= before.bytes) return false;
    const elapsedMs = Math.max(1, now - before.at);
    const sample = (before.bytes - bytes) / elapsedMs;
    const known = this.#bytesPerMs;
    // An empty buffer may have been empty for a while: the link is at least as fast as it seems.
    if (bytes === 0 && known !== undefined && sample < known) return false;
    this.#bytesPerMs = known === undefined ? sample : known + (sample - known) * Math.min(1, elapsedMs / LIMITS.bulkAheadMs);
    return this.#adapt(this.#bytesPerMs * LIMITS.bulkAheadMs);
  }

  #adapt(wanted: number): boolean {
    const before = this.aheadBytes;
    const power = 2 ** Math.floor(Math.log2(Math.max(1, wanted)));
    this.aheadBytes = Math.min(LIMITS.bulkLinkBufferBytes, Math.max(LIMITS.minBulkLinkBufferBytes, power));
    return this.aheadBytes !== before;
  }

  /** When the link should say that it drained. */
  get lowWaterBytes(): number {
    return this.aheadBytes / 2;
  }
}
