import { LIMITS } from '../base/limits.ts';
import type { JsonSchema, SchemaComplaint } from '../view/types.ts';
import workerUrl from './schema-check.worker.ts?worker&url';
import { scriptUrl } from './trusted-types.ts';

export type CheckRequest = { readonly id: number; readonly schema: JsonSchema; readonly args: unknown };
export type CheckReply = { readonly id: number; readonly complaints: readonly SchemaComplaint[] };

let running: Worker | undefined;
let nextId = 1;

/** Judges arguments in a worker, which is ended when it takes too long: then the agent is the only judge. */
export function checkArguments(schema: JsonSchema, args: Readonly<Record<string, unknown>>): Promise<readonly SchemaComplaint[]> {
  const worker = (running ??= new Worker(scriptUrl(workerUrl), { type: 'module' }));
  const id = nextId++;
  const over = new AbortController();
  return new Promise<readonly SchemaComplaint[]>((resolve) => {
    const giveUp = (): void => {
      worker.terminate();
      if (running === worker) running = undefined;
      resolve([]);
    };
    const timer = setTimeout(giveUp, LIMITS.schemaCheckTimeoutMs);
    over.signal.addEventListener('abort', () => clearTimeout(timer));
    worker.addEventListener('error', giveUp, over);
    worker.addEventListener('message', ({ data }: MessageEvent<CheckReply>) => data.id === id && resolve(data.complaints), over);
    worker.postMessage({ id, schema, args } satisfies CheckRequest);
  }).finally(() => over.abort());
}
