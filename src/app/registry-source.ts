import wasmUrl from '@automerge/automerge/automerge.wasm?url';
import type { LocalIdentity } from '../crypto/identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import engineUrl from '../registry/engine/engine.worker.ts?worker&url';
import type { DocumentEngine } from '../registry/engine/document-engine.ts';
import { WorkerEngine, type EngineReply, type EngineRequest, type EngineWorker } from '../registry/engine/worker-engine.ts';
import { Registry } from '../registry/registry.ts';
import { scriptUrl } from './trusted-types.ts';

export type RegistrySourceOptions = {
  readonly identity: LocalIdentity;
  readonly networkId: Uint8Array;
  readonly entropy: Entropy;
  readonly clock: Clock;
};

/** The registry and its engine, in a worker: a module of its own, so that neither is in the way of the start. */
export function createRegistry(options: RegistrySourceOptions): { readonly registry: Registry; readonly engine: DocumentEngine } {
  const { identity, networkId, entropy, clock } = options;
  const { node, device, person, chain } = identity;
  return {
    registry: new Registry({ networkId, node, device, person, chain, entropy }),
    engine: new WorkerEngine({ startWorker, wasmUrl, clock }),
  };
}

function startWorker(): EngineWorker {
  const worker = new Worker(scriptUrl(engineUrl), { type: 'module' });
  return {
    post: (request: EngineRequest) => worker.postMessage(request),
    onReply: (listener) => worker.addEventListener('message', (event: MessageEvent<EngineReply>) => listener(event.data)),
    onError: (listener) => worker.addEventListener('error', (event) => listener(event.message ?? '')),
    terminate: () => worker.terminate(),
  };
}
