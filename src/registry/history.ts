import type { DeviceId } from '../base/ids.ts';
import { stateOf, type DocumentContent } from './document-content.ts';
import type { DocumentId } from './document-id.ts';
import type { Jobs } from './jobs.ts';
import { decodeEntry, type Entry } from './records.ts';

/** One change, as it can be shown. */
export type HistoryItem = {
  readonly hash: string;
  readonly device: DeviceId;
  /** Unix milliseconds, as the device claims. */
  readonly at: number;
  /** The changes that it builds on. */
  readonly after: readonly string[];
  readonly written: readonly Entry[];
  /** Keys (`node:…`, `agent:…:…`). */
  readonly removed: readonly string[];
};

export function historyOf(jobs: Jobs, document: DocumentId, content: DocumentContent, then: (items: readonly HistoryItem[]) => void): void {
  jobs.run({ type: 'history', state: stateOf(document, content) }, (result) => {
    const effects = new Map(result.type === 'history' ? result.changes.map((effect) => [effect.hash, effect]) : []);
    then(
      content.changes.map(({ header, device }) => {
        const { puts = [], deletes = [] } = effects.get(header.hash) ?? {};
        return {
          hash: header.hash,
          device,
          at: header.time * 1000,
          after: header.deps,
          written: puts.flatMap(([key, value]) => tryDecode(key, value)),
          removed: deletes,
        };
      }),
    );
  });
}

function tryDecode(key: string, value: Uint8Array): readonly Entry[] {
  try {
    return [decodeEntry(key, value)];
  } catch {
    return [];
  }
}
