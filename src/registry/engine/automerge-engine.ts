import type * as AutomergeModule from '@automerge/automerge';
import type { Doc, Heads } from '@automerge/automerge';
import { BoundedMap } from '../../base/bounded-map.ts';
import { LIMITS } from '../../base/limits.ts';
import type { ChangeEffect, DocumentEngine, DocumentState, EngineResult, EngineWork, RawEntries, SyncState } from './document-engine.ts';

export type Automerge = typeof AutomergeModule;
type Root = Record<string, Uint8Array>;

/** The engine in the thread of its caller. Keeps the documents that were used last open. */
export class AutomergeEngine implements DocumentEngine {
  readonly #automerge: Automerge;
  readonly #open = new BoundedMap<string, Doc<Root>>(LIMITS.maxOpenDocuments);

  constructor(automerge: Automerge) {
    this.#automerge = automerge;
  }

  run(work: EngineWork): EngineResult {
    try {
      switch (work.type) {
        case 'apply':
          return this.#apply(work.state, work.changes);
        case 'edit':
          return this.#edit(work);
        case 'sync':
          return this.#sync(work.state, work.sync, work.message);
        case 'history':
          return { type: 'history', changes: work.state.changes.map((change) => this.#effectOf(change)) };
      }
    } catch (thrown) {
      // After a trap, what is open may be half changed: all of it is built anew.
      if (thrown instanceof WebAssembly.RuntimeError) this.#open.clear();
      return { type: 'failed', reason: 'invalid', detail: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }

  #apply(state: DocumentState, changes: readonly Uint8Array[]): EngineResult {
    const before = this.#take(state);
    const [after] = this.#automerge.applyChanges(before, [...changes]);
    const heads = this.#automerge.getHeads(after).toSorted();
    const entries = entriesOf(after);
    this.#keep(`${prefixOf(state.key)}${heads.join()}`, after);
    return { type: 'applied', heads, entries };
  }

  #edit(work: Extract<EngineWork, { type: 'edit' }>): EngineResult {
    const before = this.#automerge.init<Root>({ actor: work.actor });
    const [base] = this.#automerge.applyChanges(before, [...work.state.changes]);
    const after = this.#automerge.change(base, { time: work.time }, (root) => {
      for (const key of work.deletes) delete root[key];
      for (const [key, value] of work.puts) root[key] = value;
    });
    const change = this.#automerge.getLastLocalChange(after);
    const entries = entriesOf(after);
    this.#automerge.free(after);
    if (!change || after === base) return { type: 'failed', reason: 'invalid', detail: 'The edit changes nothing.' };
    return { type: 'edited', change, entries };
  }

  #sync(state: DocumentState, sync: SyncState | undefined, received: Uint8Array | undefined): EngineResult {
    const { generateSyncMessage, receiveSyncMessage, decodeSyncMessage, encodeSyncMessage, initSyncState } = this.#automerge;
    let doc = this.#take(state);
    let current = (sync ?? initSyncState()) as ReturnType<typeof initSyncState>;
    if (received) [doc, current] = receiveSyncMessage(doc, current, received);
    const before = sentHashes(current);
    const [next, message] = generateSyncMessage(doc, current);
    const heads = this.#automerge.getHeads(doc).toSorted().join();
    this.#keep(state.key, doc);
    const send = message ? [...sentHashes(next)].filter((hash) => !before.has(hash)) : [];
    // The changes leave the message: they travel with their signatures, and only who checked those applies them.
    const bare = message ? encodeSyncMessage({ ...decodeSyncMessage(message), changes: [] }) : undefined;
    return { type: 'synced', sync: next as unknown as SyncState, message: bare, send, isInStep: next.theirHeads?.toSorted().join() === heads };
  }

  #effectOf(change: Uint8Array): ChangeEffect {
    const { hash, ops } = this.#automerge.decodeChange(change);
    const puts: (readonly [string, Uint8Array])[] = [];
    const deletes: string[] = [];
    for (const op of ops as readonly { action: string; key?: string; value?: unknown }[]) {
      if (op.key === undefined) continue;
      if (op.action === 'del') deletes.push(op.key);
      else if (Array.isArray(op.value) || op.value instanceof Uint8Array) puts.push([op.key, Uint8Array.from(op.value as number[])]);
    }
    return { hash, puts, deletes };
  }

  /** The open document of that name, or one that is built from its changes. It is the caller's until it is kept again. */
  #take(state: DocumentState): Doc<Root> {
    const open = this.#open.get(state.key);
    this.#open.delete(state.key);
    if (open) return open;
    return this.#automerge.applyChanges(this.#automerge.init<Root>({ actor: READER }), [...state.changes])[0];
  }

  #keep(key: string, doc: Doc<Root>): void {
    const replaced = this.#open.get(key);
    if (replaced && replaced !== doc) this.#automerge.free(replaced);
    const dropped = this.#open.set(key, doc);
    if (dropped) this.#automerge.free(dropped[1]);
  }
}

/** The actor of documents that are only read. */
const READER = '00';

/** Keys are `name|heads`: what stands before the heads. */
function prefixOf(key: string): string {
  return key.slice(0, key.indexOf('|') + 1);
}

function sentHashes(state: unknown): ReadonlySet<string> {
  const { sentHashes: sent } = state as { sentHashes: Record<string, boolean> | Heads };
  return new Set(Array.isArray(sent) ? sent : Object.keys(sent));
}

/** A copy of the root map: keys that hold anything else than bytes are not ours. */
function entriesOf(doc: Doc<Root>): RawEntries {
  const entries = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(doc)) if ((value as unknown) instanceof Uint8Array) entries.set(key, value.slice());
  return entries;
}
