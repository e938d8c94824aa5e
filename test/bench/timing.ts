export const MIB = 2 ** 20;
/** What one transfer carries. */
export const TRANSFER_BYTES = 64 * MIB;
/** Messages up to this size are echoed by the other page; larger ones are counted as a transfer. */
export const MAX_ECHO_BYTES = 2048;

/** The duration of each of `count` runs in turn, in ms. */
export async function timesOf(count: number, once: () => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    await once();
    times.push(performance.now() - start);
  }
  return times;
}

/** Runs a second with so many under way at once. */
export async function ratePerSecond(total: number, inFlight: number, once: () => Promise<unknown>): Promise<number> {
  let left = total;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) await once();
    }),
  );
  return total / ((performance.now() - start) / 1000);
}

/** MiB/s of one transfer. */
export async function transferRate(transfer: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await transfer();
  return TRANSFER_BYTES / MIB / ((performance.now() - start) / 1000);
}
