import { existsSync, realpathSync, statSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asParleyError, ParleyError } from '../../base/errors.ts';
import { writeAtomically } from '../../storage/file-records.ts';
import { digestOf, valueAt, withValueAt, type JsonPath } from './json-edit.ts';
import type { FileChange } from './plan.ts';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const JOURNAL = 'journal.json';

/** A file that a migration changed. Values are not in the journal, which would be another place with secrets: what was before is in the backup. */
type JournalFile = {
  readonly role: FileChange['role'];
  readonly path: string;
  /** Beside the journal; `null`: there was no such file. */
  readonly backup: string | null;
  readonly after: string | null;
  readonly edits: readonly { readonly path: JsonPath; readonly after: string | null }[];
};

type JournalContent = { readonly at: string; readonly state: 'done' | 'undone'; readonly files: readonly JournalFile[] };

/** What became of a file when a migration was undone. */
export type UndoneFile = {
  readonly path: string;
  /** Places that somebody changed since: they were let be. */
  readonly kept: readonly string[];
  readonly backup: string | undefined;
};

/** Migrations of a host, in its data folder: each with the files as they were before it, and what it changed in them. */
export class MigrationJournal {
  readonly #folder: string;

  constructor(data: string) {
    this.#folder = join(data, 'migrations');
  }

  /**
   * Writes the files, after copies of those that there are. If one cannot be written, those before it are as they were. Answers the folder of the copies.
   * @throws ParleyError `fenced` when a file changed since it was read, `storage-denied`
   */
  async apply(changes: readonly FileChange[]): Promise<string> {
    for (const { path, before } of changes)
      if ((await textOf(path)) !== before)
        throw new ParleyError('fenced', `${path} was changed meanwhile. Nothing was written; run the migration again.`);
    const at = new Date().toISOString();
    const folder = join(this.#folder, at.replace(/[:.]/g, '-'));
    try {
      await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
      const files: JournalFile[] = [];
      for (const [index, { role, path, before, after, edits }] of changes.entries()) {
        const backup = before === undefined ? null : `${index}-${role}.json`;
        if (backup !== null) await writeFile(join(folder, backup), before as string, { mode: PRIVATE_FILE, flush: true });
        files.push({
          role,
          path,
          backup,
          after: digestOf(after),
          edits: edits.map(({ path: at_, value }) => ({ path: at_, after: digestOf(value) })),
        });
      }
      // Before the first file: a migration that is interrupted can be undone.
      await this.#store(folder, { at, state: 'done', files });
    } catch (thrown) {
      throw new ParleyError('storage-denied', `Copies cannot be kept in ${folder}: ${asParleyError(thrown).message} Nothing was changed.`, {
        cause: thrown,
      });
    }
    await writeAll(changes);
    return folder;
  }

  /** Takes the newest migration back that was not yet. A file that was not touched since is byte for byte as before; in others, each place that was not. */
  async undo(): Promise<{ readonly at: string; readonly files: readonly UndoneFile[] }> {
    const [folder, journal] = await this.#newest();
    const files: UndoneFile[] = [];
    // Clients first: they are what people use.
    for (const file of journal.files.toReversed()) files.push(await undoFile(folder, file));
    await this.#store(folder, { ...journal, state: 'undone' });
    return { at: journal.at, files };
  }

  async #newest(): Promise<readonly [string, JournalContent]> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names.toSorted((a, b) => (a < b ? 1 : -1))) {
      const folder = join(this.#folder, name);
      const journal = await readJournal(folder);
      if (journal?.state === 'done') return [folder, journal];
    }
    throw new ParleyError('bad-argument', `There is no migration in ${this.#folder} that could be undone.`);
  }

  async #store(folder: string, content: JournalContent): Promise<void> {
    await writeAtomically(join(folder, JOURNAL), `${JSON.stringify(content, undefined, 2)}\n`);
  }
}

async function readJournal(folder: string): Promise<JournalContent | undefined> {
  const text = await textOf(join(folder, JOURNAL));
  try {
    return text === undefined ? undefined : (JSON.parse(text) as JournalContent);
  } catch {
    throw new ParleyError('storage-broken', `${join(folder, JOURNAL)} is damaged. The files as they were are beside it.`);
  }
}

async function writeAll(changes: readonly FileChange[]): Promise<void> {
  const written: FileChange[] = [];
  try {
    for (const change of changes) {
      await replace(change.path, change.after);
      written.push(change);
    }
  } catch (thrown) {
    for (const { path, before } of written.toReversed()) await (before === undefined ? rm(path, { force: true }) : replace(path, before));
    throw new ParleyError('storage-denied', `A file cannot be written, so all are as they were: ${asParleyError(thrown).message}`, { cause: thrown });
  }
}

async function undoFile(folder: string, { path, backup, after, edits }: JournalFile): Promise<UndoneFile> {
  const before = backup === null ? undefined : await readFile(join(folder, backup), 'utf8');
  const copy = backup === null ? undefined : join(folder, backup);
  const now = await textOf(path);
  if (now === undefined || now === before) return { path, kept: [], backup: copy };
  if (digestOf(now) === after) {
    await (before === undefined ? rm(path) : replace(path, before));
    return { path, kept: [], backup: copy };
  }
  const kept: string[] = [];
  let text = now;
  for (const edit of edits.toReversed()) {
    const was = before === undefined ? undefined : valueAt(before, edit.path);
    const is = digestOf(valueAt(text, edit.path));
    if (is === edit.after) text = withValueAt(text, edit.path, was);
    else if (is !== digestOf(was)) kept.push(edit.path.join('.'));
  }
  if (text !== now) await replace(path, text);
  return { path, kept, backup: copy };
}

/** Writes a file whole or not at all, where a link leads, and for those who could read it before. */
async function replace(path: string, text: string): Promise<void> {
  const target = existsSync(path) ? realpathSync(path) : path;
  const mode = existsSync(target) ? statSync(target).mode & 0o777 : PRIVATE_FILE;
  await mkdir(join(target, '..'), { recursive: true, mode: PRIVATE_FOLDER });
  await writeAtomically(target, text);
  if (mode !== PRIVATE_FILE) await chmod(target, mode);
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ParleyError('storage-denied', `${path} cannot be used: ${asParleyError(thrown).message}`, { cause: thrown });
  }
}
