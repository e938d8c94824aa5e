import { systemClock } from '../../app/system-clock.ts';
import type { DocumentEngine, EngineResult } from './document-engine.ts';
import { loadAutomergeEngine } from './load-engine.ts';
import { WorkerEngine, type EngineReply, type EngineRequest, type EngineWorker } from './worker-engine.ts';

const WASM_URL = '/node_modules/@automerge/automerge/dist/automerge.wasm';
const EMPTY = { key: 'test:1|', changes: [] };

function expectType<Type extends EngineResult['type']>(result: EngineResult, type: Type): Extract<EngineResult, { type: Type }> {
  if (result.type !== type) throw new Error(`${type} was expected, not ${JSON.stringify(result)}`);
  return result as Extract<EngineResult, { type: Type }>;
}

function startWorker(): EngineWorker {
  const worker = new Worker(new URL('engine.worker.ts', import.meta.url), { type: 'module' });
  return workerPort(worker);
}

function workerPort(worker: Worker): EngineWorker {
  return {
    post: (request: EngineRequest) => worker.postMessage(request),
    onReply: (listener) => worker.addEventListener('message', (event: MessageEvent<EngineReply>) => listener(event.data)),
    onError: (listener) => worker.addEventListener('error', (event) => listener(event.message)),
    terminate: () => worker.terminate(),
  };
}

/** A change is made, applied to an empty document, and offered to a node that has none. */
async function worksIn(engine: DocumentEngine): Promise<void> {
  const puts = [['name:1', Uint8Array.of(1, 2, 3)]] as const;
  const edit = { type: 'edit', state: EMPTY, actor: 'ab'.repeat(32), time: 5, puts, deletes: [] } as const;
  const { change } = expectType(await engine.run(edit), 'edited');
  const applied = expectType(await engine.run({ type: 'apply', state: EMPTY, changes: [change] }), 'applied');
  if (applied.entries.get('name:1')?.join() !== '1,2,3') throw new Error('the entry is not there');
  const state = { key: `test:1|${applied.heads.join()}`, changes: [change] };
  const step = expectType(await engine.run({ type: 'sync', state, sync: undefined, message: undefined }), 'synced');
  if (!step.message) throw new Error('there was nothing to say');
  const answer = expectType(await engine.run({ type: 'sync', state: EMPTY, sync: undefined, message: step.message }), 'synced');
  const reply = expectType(await engine.run({ type: 'sync', state, sync: step.sync, message: answer.message }), 'synced');
  if (reply.send.join() !== applied.heads.join()) throw new Error('the change is not sent');
  expectType(await engine.run({ type: 'apply', state: EMPTY, changes: [Uint8Array.of(1, 2, 3)] }), 'failed');
}

describe('the document engine in a browser', () => {
  it('works in the page', async () => worksIn(await loadAutomergeEngine(WASM_URL)));

  it('works in a worker', async () => {
    const engine = new WorkerEngine({ startWorker, wasmUrl: WASM_URL, clock: systemClock });
    await worksIn(engine);
    engine.close();
  });

  it('a worker that never answers is ended, and the next work gets a new one', async () => {
    const stuck = URL.createObjectURL(
      new Blob(['onmessage = (event) => { if (event.data.type === "start") postMessage({ type: "ready" }); else for (;;); };']),
    );
    let started = 0;
    const engine = new WorkerEngine({
      startWorker: () => (++started <= 2 ? workerPort(new Worker(stuck)) : startWorker()),
      wasmUrl: WASM_URL,
      clock: systemClock,
    });
    const result = expectType(await engine.run({ type: 'history', state: EMPTY }), 'failed');
    if (result.reason !== 'overrun') throw new Error(`it ended for another reason: ${result.reason}`);
    await worksIn(engine);
    engine.close();
  });

  it('says so when the engine cannot be loaded', async () => {
    const engine = new WorkerEngine({ startWorker, wasmUrl: '/nowhere.wasm', clock: systemClock });
    const result = expectType(await engine.run({ type: 'history', state: EMPTY }), 'failed');
    if (result.reason !== 'unavailable') throw new Error(`it ended for another reason: ${result.reason}`);
  });
});
