import { ParleyError, type ErrorCode } from '../../src/base/errors.ts';

/** Fails unless the promise rejects with that code. Works in Node and in browsers. */
export async function isParleyError(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  const thrown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof ParleyError) || thrown.code !== code) throw new Error(`expected ${code}, got ${String(thrown)}`);
}

/** Fails unless the call throws that code. */
export function throwsParleyError(code: ErrorCode, run: () => unknown): void {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof ParleyError) || thrown.code !== code) throw new Error(`expected ${code}, got ${String(thrown)}`);
}
