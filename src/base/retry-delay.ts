/** The smallest subset of the entropy port that is used. */
type RandomBytes = { bytes(length: number): Uint8Array };

/**
 * How long to wait before the next attempt: doubles with each failure up to `maxMs`, and is spread over its upper half, so that many who lost
 * the same server do not come back in step ("equal jitter").
 */
export function retryDelayMs(failures: number, range: { readonly firstMs: number; readonly maxMs: number }, entropy: RandomBytes): number {
  const fullMs = Math.min(range.maxMs, range.firstMs * 2 ** Math.min(failures, 30));
  const fraction = (entropy.bytes(1)[0] as number) / 255;
  return fullMs * (0.5 + fraction / 2);
}
