import type { DocumentEngine } from './document-engine.ts';
import { AutomergeEngine } from './automerge-engine.ts';

/** Loads Automerge into this thread. @param wasmUrl of `@automerge/automerge/automerge.wasm` */
export async function loadAutomergeEngine(wasmUrl: string): Promise<DocumentEngine> {
  const automerge = await import('@automerge/automerge/slim');
  await automerge.initializeWasm(wasmUrl);
  return new AutomergeEngine(automerge);
}
