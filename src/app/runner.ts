import type { StartRunner } from '../agents/run-in-worker.ts';
import type { RunnerReply } from '../agents/runner-protocol.ts';
import runnerUrl from '../agents/runner.worker.ts?worker&url';
import { scriptUrl } from './trusted-types.ts';

/** A worker for one script. */
export const startRunner: StartRunner = () => {
  const worker = new Worker(scriptUrl(runnerUrl), { type: 'module' });
  return {
    post: (request) => worker.postMessage(request),
    onReply: (listener) => worker.addEventListener('message', (event: MessageEvent<RunnerReply>) => listener(event.data)),
    onError: (listener) => worker.addEventListener('error', (event) => listener(event.message ?? '')),
    terminate: () => worker.terminate(),
  };
};
