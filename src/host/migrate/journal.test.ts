import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MigrationJournal } from './journal.ts';
import type { FileChange } from './plan.ts';

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'parley-journal-'));
});
afterEach(() => rm(data, { recursive: true, force: true }));

const change = (name: string, before: string | undefined, after: string): FileChange => ({
  role: 'client',
  path: join(data, name),
  before,
  after,
  edits: [],
});

describe('a migration', () => {
  it('writes nothing when a file is not as it was read', async () => {
    await writeFile(join(data, 'b.json'), '{ "by": "somebody" }');
    const changes = [change('a.json', undefined, '{}'), change('b.json', '{}', '{ "by": "us" }')];
    await expect(new MigrationJournal(data).apply(changes)).rejects.toMatchObject({ code: 'fenced' });
    await expect(readFile(join(data, 'a.json'))).rejects.toThrow('ENOENT');
    expect(await readFile(join(data, 'b.json'), 'utf8')).toContain('somebody');
  });

  it('that cannot write one of the files leaves all as they were', async () => {
    await writeFile(join(data, 'a.json'), '1');
    // Where it would be written beside its place.
    await mkdir(join(data, 'c.json.new'));
    const changes = [change('a.json', '1', '2'), change('b.json', undefined, '{}'), change('c.json', undefined, '{}')];
    await expect(new MigrationJournal(data).apply(changes)).rejects.toThrow('all are as they were');
    expect(await readFile(join(data, 'a.json'), 'utf8')).toBe('1');
    expect(await readdir(data)).not.toContain('b.json');
  });

  it('is undone newest first, each once', async () => {
    await writeFile(join(data, 'a.json'), '1');
    const journal = new MigrationJournal(data);
    await journal.apply([change('a.json', '1', '2')]);
    await journal.apply([change('a.json', '2', '3')]);
    await journal.undo();
    expect(await readFile(join(data, 'a.json'), 'utf8')).toBe('2');
    await journal.undo();
    expect(await readFile(join(data, 'a.json'), 'utf8')).toBe('1');
    await expect(journal.undo()).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('has no secret in its journal', async () => {
    const edits = [{ path: ['mcpServers', 'a'], value: { env: { KEY: 's3cret' } } }];
    const folder = await new MigrationJournal(data).apply([{ ...change('a.json', undefined, '{ "KEY": "s3cret" }'), edits }]);
    expect(await readFile(join(folder, 'journal.json'), 'utf8')).not.toContain('s3cret');
  });
});
