import { equalBytes } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import type { DeviceId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { RawEntries } from './engine/document-engine.ts';
import type { DocumentView } from './document-view.ts';
import { decodeEntry, encodeEntry, SUBJECTS, type Entry } from './records.ts';
import type { LocalEdit } from './registry-io.ts';

export type PlannedEdit = { readonly puts: readonly (readonly [string, Uint8Array])[]; readonly deletes: readonly string[] };

/** What becomes of the subjects that the edits are about; `undefined` for what is removed. */
type Wanted = Map<string, Entry | undefined>;

export type EditOptions = {
  readonly view: DocumentView;
  readonly edits: readonly LocalEdit[];
  readonly device: DeviceId;
  readonly now: number;
  /** Makes the written keys different from all others, ever. */
  readonly unique: string;
};

/**
 * Turns edits into keys to write and to delete. What is there already is not written again, so that a node may say at each start what it hosts.
 */
export function planEdit({ view, edits, device, now, unique }: EditOptions): PlannedEdit {
  const puts: (readonly [string, Uint8Array])[] = [];
  const deletes: string[] = [];
  for (const [subject, entry] of wantedBy(view, edits, device, now)) {
    if (entry && isThere(view, subject, entry)) continue;
    deletes.push(...(view.keys.get(subject) ?? []));
    if (entry) puts.push([`${subject}${unique}.${puts.length}`, encodeEntry(entry)]);
  }
  return { puts, deletes };
}

/** The beginning of a new generation: everything that stands, with the edits. @param options.covers heads of the generation that ends */
export function planGeneration(options: EditOptions & { readonly covers: readonly string[] }): PlannedEdit {
  const { view, edits, device, now, unique, covers } = options;
  const kept = new Map<string, Entry | undefined>([...view.current, ...wantedBy(view, edits, device, now)]);
  kept.delete(SUBJECTS.generation);
  const first: Entry = { kind: 'generation', revision: 1, covers: covers.slice(0, LIMITS.maxRegistryChangeDeps) };
  const puts: (readonly [string, Uint8Array])[] = [[`${SUBJECTS.generation}${unique}.0`, encodeEntry(first)]];
  for (const [subject, entry] of kept) if (entry) puts.push([`${subject}${unique}.${puts.length}`, encodeEntry(entry)]);
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
  // What is written anew is deleted in the last piece: until then the old entry stands.
  if (deletes.length === 0) return pieces;
  const last = pieces.pop() ?? { puts: [], deletes: [] };
  return [...pieces, { ...last, deletes }];
}

/** Bytes of keys and values that stand after the edit. */
export function bytesAfter(entries: RawEntries, { puts, deletes }: PlannedEdit): number {
  const gone = new Set(deletes);
  let bytes = 0;
  for (const [key, value] of [...entries, ...puts]) if (!gone.has(key)) bytes += key.length + value.length;
  return bytes;
}

/** About what the edit adds to a change. */
export function sizeOf(edit: LocalEdit, device: DeviceId): number {
  const entry = entryOf(edit, device);
  return entry ? encodeEntry(entry).length : 0;
}

/** Whether others will be able to read it. */
export function isValid(edit: LocalEdit, device: DeviceId): boolean {
  const entry = entryOf(edit, device);
  if (!entry) return true;
  const subject =
    entry.kind === 'agent' ? SUBJECTS.agent(entry.node, entry.record.id) : entry.kind === 'node' ? SUBJECTS.node(entry.record.node) : SUBJECTS.name;
  try {
    decodeEntry(subject, encodeEntry(entry));
    return true;
  } catch (thrown) {
    if (thrown instanceof ParleyError) return false;
    throw thrown;
  }
}

function entryOf(edit: LocalEdit, device: DeviceId): Entry | undefined {
  if (edit.type === 'set-name') return { kind: 'name', revision: 1, name: edit.name };
  if (edit.type === 'put-node') return { kind: 'node', revision: 1, record: { node: edit.node, device, title: edit.title, addedAt: 0 } };
  if (edit.type === 'put-agent') return { kind: 'agent', revision: 1, node: edit.node, record: edit.agent };
  return undefined;
}

function wantedBy(view: DocumentView, edits: readonly LocalEdit[], device: DeviceId, now: number): Wanted {
  const wanted: Wanted = new Map();
  const next = (subject: string): number => (view.current.get(subject)?.revision ?? 0) + 1;
  for (const edit of edits) {
    switch (edit.type) {
      case 'set-name':
        wanted.set(SUBJECTS.name, { kind: 'name', revision: next(SUBJECTS.name), name: edit.name });
        break;
      case 'put-node': {
        const subject = SUBJECTS.node(edit.node);
        const known = view.current.get(subject);
        const addedAt = known?.kind === 'node' ? known.record.addedAt : Math.floor(now);
        wanted.set(subject, { kind: 'node', revision: next(subject), record: { node: edit.node, device, title: edit.title, addedAt } });
        break;
      }
      case 'remove-node':
        for (const subject of [...view.keys.keys(), ...wanted.keys()]) {
          if (subject === SUBJECTS.node(edit.node) || subject.startsWith(SUBJECTS.agentsOf(edit.node))) wanted.set(subject, undefined);
        }
        break;
      case 'put-agent': {
        const subject = SUBJECTS.agent(edit.node, edit.agent.id);
        wanted.set(subject, { kind: 'agent', revision: next(subject), node: edit.node, record: edit.agent });
        break;
      }
      case 'remove-agent':
        wanted.set(SUBJECTS.agent(edit.node, edit.agent), undefined);
        break;
    }
  }
  return wanted;
}

function isThere(view: DocumentView, subject: string, entry: Entry): boolean {
  const current = view.current.get(subject);
  if (!current || view.keys.get(subject)?.length !== 1) return false;
  return equalBytes(encodeEntry({ ...entry, revision: current.revision }), encodeEntry(current));
}
