import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBase64url, toBase64url } from '../base/bytes.ts';
import { ParleyError, type ErrorCode } from '../base/errors.ts';
import type { Fence, Records, Table, TableName } from '../ports/records.ts';
import { fencedError } from './fenced-error.ts';

/** Who may read what is stored: the account that the node runs under. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
/** What stands for bytes in JSON; an object of a value that has this key alone would be read as bytes, and no table has one. */
const BYTES_KEY = '$bytes';

/**
 * Tables as files of a folder, for nodes without a browser: one folder for each table, one JSON file for each record, named by the hash of its
 * key. A record is written beside its place, flushed and renamed, so that a crash leaves the old one or the new one. One process at a time:
 * whoever opens the folder has to see to that.
 */
export class FileRecords implements Records {
  readonly #folder: string;
  readonly #tables = new Map<TableName, FileTable<unknown>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  table<Value>(name: TableName): Table<Value> {
    return this.#table<Value>(name);
  }

  async takeFence(scope: string): Promise<Fence> {
    const fences = this.#table<number>('fences');
    const token = (await fences.update(scope, (before) => (before ?? 0) + 1)) as number;
    // In the same turn of the table's queue as the write: nothing gets between the check and the write.
    const check = async (): Promise<void> => {
      if ((await fences.get(scope)) !== token) throw fencedError();
    };
    return { token, table: <Value>(name: TableName) => this.#table<Value>(name).checkedBy(check) };
  }

  onForeignChange(): () => void {
    return () => undefined;
  }

  #table<Value>(name: TableName): FileTable<Value> {
    let table = this.#tables.get(name);
    if (!table) this.#tables.set(name, (table = new FileTable(join(this.#folder, name))));
    return table as FileTable<Value>;
  }
}

type Check = () => Promise<void>;
type StoredRecord = { readonly key: string; readonly value: unknown };

class FileTable<Value> implements Table<Value> {
  readonly #folder: string;
  #values: Promise<Map<string, Value>> | undefined;
  /** Writes of a table stay in order. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async get(key: string): Promise<Value | undefined> {
    await this.#last.catch(() => undefined);
    return (await this.#load()).get(key);
  }

  async all(): Promise<ReadonlyMap<string, Value>> {
    await this.#last.catch(() => undefined);
    return new Map([...(await this.#load())].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async put(key: string, value: Value): Promise<void> {
    await this.#write(key, () => value);
  }

  async delete(key: string): Promise<void> {
    await this.#write(key, () => undefined);
  }

  update(key: string, change: (before: Value | undefined) => Value | undefined): Promise<Value | undefined> {
    return this.#write(key, change);
  }

  /** The same table, each write of which first has to pass the check. */
  checkedBy(check: Check): Table<Value> {
    return {
      get: (key) => this.get(key),
      all: () => this.all(),
      put: async (key, value) => void (await this.#write(key, () => value, check)),
      delete: async (key) => void (await this.#write(key, () => undefined, check)),
      update: (key, change) => this.#write(key, change, check),
    };
  }

  #write(key: string, change: (before: Value | undefined) => Value | undefined, check?: Check): Promise<Value | undefined> {
    const write = this.#last
      .catch(() => undefined)
      .then(async () => {
        await check?.();
        const values = await this.#load();
        const after = change(values.get(key));
        await this.#store(key, after);
        if (after === undefined) values.delete(key);
        else values.set(key, after);
        return after;
      });
    this.#last = write;
    return write;
  }

  async #store(key: string, value: Value | undefined): Promise<void> {
    const path = join(this.#folder, fileNameOf(key));
    try {
      if (value === undefined) return await rm(path, { force: true });
      await mkdir(this.#folder, { recursive: true, mode: PRIVATE_FOLDER });
      await writeAtomically(path, JSON.stringify({ key, value } satisfies StoredRecord, bytesAsText));
    } catch (thrown) {
      throw storageError(thrown);
    }
  }

  #load(): Promise<Map<string, Value>> {
    this.#values ??= this.#readAll();
    this.#values.catch(() => (this.#values = undefined));
    return this.#values;
  }

  async #readAll(): Promise<Map<string, Value>> {
    const values = new Map<string, Value>();
    for (const name of await namesIn(this.#folder)) {
      if (!name.endsWith('.json')) continue;
      const { key, value } = await readRecord(join(this.#folder, name));
      values.set(key, value as Value);
    }
    return values;
  }
}

/** Writes a file that only its owner may read: whole, or not at all. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w', PRIVATE_FILE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}

function fileNameOf(key: string): string {
  return `${createHash('sha256').update(key).digest('hex').slice(0, 40)}.json`;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw storageError(thrown);
  }
}

async function readRecord(path: string): Promise<StoredRecord> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8'), textAsBytes) as Partial<StoredRecord> | null;
    if (typeof record?.key !== 'string') throw new SyntaxError('It has no key.');
    return { key: record.key, value: record.value };
  } catch (cause) {
    throw new ParleyError('storage-broken', `The file ${path} cannot be read; move it away to start without it.`, { cause });
  }
}

function bytesAsText(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { [BYTES_KEY]: toBase64url(value) } : value;
}

function textAsBytes(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { [BYTES_KEY]: text, ...rest } = value as Record<string, unknown>;
  return typeof text === 'string' && Object.keys(rest).length === 0 ? fromBase64url(text) : value;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'storage-full',
  EDQUOT: 'storage-full',
  EACCES: 'storage-denied',
  EPERM: 'storage-denied',
  EROFS: 'storage-denied',
};

function storageError(thrown: unknown): ParleyError {
  const { code = '', message } = thrown as NodeJS.ErrnoException;
  return new ParleyError(CODES[code] ?? 'storage-broken', `The node’s data cannot be stored (${code || message}).`, { cause: thrown });
}
