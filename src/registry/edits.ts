import { equalBytes } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import type { DeviceId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { RawEntries } from './engine/document-engine.ts';
import type { DocumentView } from './document-view.ts';
import { decodeEntry, encodeEntry, KEYS, type Entry } from './records.ts';
import type { LocalEdit } from './registry-io.ts';

export type PlannedEdit = { readonly puts: readonly (readonly [string, Uint8Array])[]; readonly deletes: readonly string[] };

/** What the edits want under each key; `undefined` for what is removed. */
type Wanted = Map<string, Entry | undefined>;

export type EditOptions = {
  readonly view: DocumentView;
  readonly edits: readonly LocalEdit[];
  readonly device: DeviceId;
  readonly now: number;
};

/**
 * Turns edits into keys to write and to delete. What is there already is not written again, so that a node may say at each start what it hosts.
 */
export function planEdit({ view, edits, device, now }: EditOptions): PlannedEdit {
  const puts: (readonly [string, Uint8Array])[] = [];
  const deletes: string[] = [];
  for (const [key, entry] of wantedBy(view, edits, device, now)) {
    if (!entry && view.entries.has(key)) deletes.push(key);
    if (entry && !isThere(view, key, entry)) puts.push([key, encodeEntry(entry)]);
  }
  return { puts, deletes };
}

/**
 * The beginning of a new generation: everything that stands, with the edits.
 * @param options.covers heads of the generation that ends
 * @param options.run names what this run of the node writes
 */
export function planGeneration(options: EditOptions & { readonly covers: readonly string[]; readonly run: string }): PlannedEdit {
  const { view, edits, device, now, covers, run } = options;
  const first: Entry = { kind: 'generation', revision: 1, covers: covers.slice(0, LIMITS.maxRegistryChangeDeps) };
  const puts: (readonly [string, Uint8Array])[] = [[KEYS.generation(run), encodeEntry(first)]];
  for (const [key, entry] of new Map<string, Entry | undefined>([...view.entries, ...wantedBy(view, edits, device, now)])) {
    if (entry && entry.kind !== 'generation') puts.push([key, encodeEntry(entry)]);
  }
  return { puts, deletes: [] };
}

/** The same in pieces of which each makes one change. */
export function piecesOf({ puts, deletes }: PlannedEdit): readonly PlannedEdit[] {
  const pieces: { puts: (readonly [string, Uint8Array])[]; deletes: readonly string[] }[] = [];
  let bytes = Infinity;
  for (const put of puts) {
    if (bytes + put[1].length > LIMITS.registryEditBytes) {
      pieces.push({ puts: [], deletes: [] });
      bytes = 0;
    }
    pieces.at(-1)?.puts.push(put);
    bytes += put[1].length + put[0].length;
  }
  if (deletes.length === 0) return pieces;
  const last = pieces.pop() ?? { puts: [], deletes: [] };
  return [...pieces, { ...last, deletes }];
}

/** Bytes of keys and values that stand after the edit. */
export function bytesAfter(entries: RawEntries, { puts, deletes }: PlannedEdit): number {
  const after = new Map([...entries, ...puts]);
  for (const key of deletes) after.delete(key);
  return [...after].reduce((sum, [key, value]) => sum + key.length + value.length, 0);
}

/** About what the edit adds to a change. */
export function sizeOf(edit: LocalEdit, device: DeviceId): number {
  return isPut(edit) ? encodeEntry(entryOf(edit, device)[1]).length : 0;
}

/** Whether others will be able to read it. */
export function isValid(edit: LocalEdit, device: DeviceId): boolean {
  if (!isPut(edit)) return true;
  const [key, entry] = entryOf(edit, device);
  try {
    decodeEntry(key, encodeEntry(entry));
    return true;
  } catch (thrown) {
    if (thrown instanceof ParleyError) return false;
    throw thrown;
  }
}

type Put = Exclude<LocalEdit, { readonly type: 'remove-node' | 'remove-agent' }>;

function isPut(edit: LocalEdit): edit is Put {
  return edit.type !== 'remove-node' && edit.type !== 'remove-agent';
}

/** What is to stand under which key, as if nothing stood there yet. */
function entryOf(edit: Put, device: DeviceId): readonly [string, Entry] {
  switch (edit.type) {
    case 'set-name':
      return [KEYS.name, { kind: 'name', revision: 1, name: edit.name }];
    case 'put-node':
      return [KEYS.node(edit.node), { kind: 'node', revision: 1, record: { node: edit.node, device, title: edit.title, addedAt: 0 } }];
    case 'put-agent':
      return [KEYS.agent(edit.node, edit.agent.id), { kind: 'agent', revision: 1, node: edit.node, record: edit.agent }];
  }
}

function wantedBy(view: DocumentView, edits: readonly LocalEdit[], device: DeviceId, now: number): Wanted {
  const wanted: Wanted = new Map();
  for (const edit of edits) {
    if (edit.type === 'remove-agent') {
      wanted.set(KEYS.agent(edit.node, edit.agent), undefined);
    } else if (edit.type === 'remove-node') {
      for (const key of [...view.entries.keys(), ...wanted.keys()]) {
        if (key === KEYS.node(edit.node) || key.startsWith(KEYS.agentsOf(edit.node))) wanted.set(key, undefined);
      }
    } else {
      const [key, entry] = entryOf(edit, device);
      wanted.set(key, following(entry, view.entries.get(key), now));
    }
  }
  return wanted;
}

/** The entry as the successor of the one that stands. */
function following(entry: Entry, known: Entry | undefined, now: number): Entry {
  const revision = (known?.revision ?? 0) + 1;
  if (entry.kind !== 'node') return { ...entry, revision };
  const addedAt = known?.kind === 'node' ? known.record.addedAt : Math.floor(now);
  return { ...entry, revision, record: { ...entry.record, addedAt } };
}

function isThere(view: DocumentView, key: string, entry: Entry): boolean {
  const known = view.entries.get(key);
  return known !== undefined && equalBytes(encodeEntry({ ...entry, revision: known.revision }), encodeEntry(known));
}
