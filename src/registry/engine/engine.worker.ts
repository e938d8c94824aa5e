import * as automerge from '@automerge/automerge/slim';
import { AutomergeEngine } from './automerge-engine.ts';
import type { EngineRequest } from './worker-engine.ts';

/** The engine in a dedicated worker: the first message names the wasm, each further one is work. */
let engine: Promise<AutomergeEngine> | undefined;

addEventListener('message', (event: MessageEvent<EngineRequest>) => {
  const request = event.data;
  if (request.type === 'start') {
    engine = automerge.initializeWasm(request.wasmUrl).then(() => new AutomergeEngine(automerge));
    void engine.then(
      () => postMessage({ type: 'ready' }),
      (thrown: unknown) => postMessage({ type: 'broken', detail: String(thrown) }),
    );
  } else {
    void engine?.then((ready) => postMessage({ type: 'done', result: ready.run(request.work) }));
  }
});
