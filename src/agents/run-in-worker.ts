import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { RunnerReply, RunnerRequest } from './runner-protocol.ts';

/** Starts the worker in which code runs; `terminate` ends it at once. */
export type StartRunner = () => {
  post(request: RunnerRequest): void;
  onReply(listener: (reply: RunnerReply) => void): void;
  onError(listener: (message: string) => void): void;
  terminate(): void;
};

/** Above the runner's own limit: only a worker that does not answer at all gets here. */
const WORKER_TIMEOUT_MS = LIMITS.runnerTimeoutMs + 3_000;

/** One worker for each run: nothing of one is left for the next, and a cancelled one ends at once. @throws ParleyError `timed-out`, `cancelled`, `internal` */
export function runInWorker(startRunner: StartRunner, request: RunnerRequest, signal: AbortSignal): Promise<RunnerReply> {
  return new Promise((resolve, reject) => {
    const runner = startRunner();
    const timer = setTimeout(() => finish(() => reject(new ParleyError('timed-out', 'The code took too long.'))), WORKER_TIMEOUT_MS);
    const onAbort = () => finish(() => reject(new ParleyError('cancelled', 'The call was cancelled.')));
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      runner.terminate();
      settle();
    };
    signal.addEventListener('abort', onAbort);
    runner.onReply((reply) => finish(() => resolve(reply)));
    runner.onError((message) => finish(() => reject(new ParleyError('internal', `The sandbox could not start. ${message}`))));
    runner.post(request);
  });
}
