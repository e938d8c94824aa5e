import wasmUrl from '@automerge/automerge/automerge.wasm?url';
import workerUrl from '../registry/engine/engine.worker.ts?worker&url';
import { WorkerEngine, type EngineReply } from '../registry/engine/worker-engine.ts';
import type { Clock } from '../ports/clock.ts';
import { scriptUrl } from './trusted-types.ts';

/** The registry's engine: a worker, and 1.1 MB of wasm, when the first document comes. */
export function registryEngine(clock: Clock): WorkerEngine {
  return new WorkerEngine({
    wasmUrl,
    clock,
    startWorker: () => {
      const worker = new Worker(scriptUrl(workerUrl), { type: 'module' });
      return {
        post: (request) => worker.postMessage(request),
        onReply: (listener) => worker.addEventListener('message', (event: MessageEvent<EngineReply>) => listener(event.data)),
        onError: (listener) => worker.addEventListener('error', (event) => listener(event.message ?? '')),
        terminate: () => worker.terminate(),
      };
    },
  });
}
