import { equalBytes } from '../base/bytes.ts';
import type { DeviceId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { DocumentView } from './document-view.ts';
import { encodeEntry, SUBJECTS, type Entry } from './records.ts';
import type { LocalEdit } from './registry-io.ts';

export type PlannedEdit = { readonly puts: readonly (readonly [string, Uint8Array])[]; readonly deletes: readonly string[] };

/** What becomes of the subjects that the edits are about; `undefined` for what is removed. */
type Wanted = Map<string, Entry | undefined>;

/**
 * Turns edits into keys to write and to delete. What is there already is not written again, so that a node may say at each start what it hosts.
 * `unique` makes the written keys different from all others, ever.
 */
export function planEdit(view: DocumentView, edits: readonly LocalEdit[], device: DeviceId, now: number, unique: string): PlannedEdit {
  const wanted = wantedBy(view, edits, device, now);
  const puts: (readonly [string, Uint8Array])[] = [];
  const deletes: string[] = [];
  for (const [subject, entry] of wanted) {
    if (entry && isThere(view, subject, entry)) continue;
    deletes.push(...(view.keys.get(subject) ?? []));
    if (entry) puts.push([`${subject}${unique}.${puts.length}`, encodeEntry(entry)]);
  }
  return { puts, deletes };
}

/** The first change of a new generation: everything that stands, with the edits, in one. */
export function planGeneration(options: {
  readonly view: DocumentView;
  readonly edits: readonly LocalEdit[];
  readonly device: DeviceId;
  readonly now: number;
  readonly unique: string;
  /** Heads of the generation that ends. */
  readonly covers: readonly string[];
}): PlannedEdit {
  const { view, edits, device, now, unique, covers } = options;
  const wanted = wantedBy(view, edits, device, now);
  const kept: Entry[] = [{ kind: 'generation', revision: 1, covers: covers.slice(0, LIMITS.maxRegistryChangeDeps) }];
  const subjects: string[] = [SUBJECTS.generation];
  for (const [subject, entry] of [...view.current, ...wanted]) {
    if (entry?.kind === 'generation') continue;
    const current = wanted.has(subject) ? wanted.get(subject) : entry;
    if (!current || subjects.includes(subject)) continue;
    subjects.push(subject);
    kept.push(current);
  }
  return { puts: kept.map((entry, index) => [`${subjects[index]}${unique}.${index}`, encodeEntry(entry)] as const), deletes: [] };
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
