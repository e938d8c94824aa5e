import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testStorageContract } from '../../test/contracts/storage-contract.ts';
import { FileRecords } from './file-records.ts';
import { MemoryChatStore } from './memory-storage.ts';

async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-records-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('records in files', () => {
  testStorageContract(
    'files',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'parley-records-'));
      return { records: new FileRecords(folder), chat: new MemoryChatStore(), release: () => rm(folder, { recursive: true }) };
    },
    it,
  );

  it('keeps what was written, bytes as bytes, for the next process', () =>
    withFolder(async (folder) => {
      const value = { text: 'ä', bytes: Uint8Array.of(1, 2, 255), nested: [{ bytes: new Uint8Array() }] };
      await new FileRecords(folder).table('peers').put('a/../b', value);
      expect(await new FileRecords(folder).table('peers').get('a/../b')).toEqual(value);
    }));

  it('lets only its owner read', () =>
    withFolder(async (folder) => {
      await new FileRecords(folder).table('peers').put('a', 1);
      const [name = ''] = await readdir(join(folder, 'peers'));
      expect((await stat(join(folder, 'peers', name))).mode & 0o777).toBe(0o600);
      expect((await stat(join(folder, 'peers'))).mode & 0o777).toBe(0o700);
    }));

  it('says which file is damaged, and leaves it as it is', () =>
    withFolder(async (folder) => {
      await new FileRecords(folder).table('peers').put('a', 1);
      const [name = ''] = await readdir(join(folder, 'peers'));
      const path = join(folder, 'peers', name);
      await writeFile(path, '{"key":');
      await expect(new FileRecords(folder).table('peers').get('a')).rejects.toMatchObject({
        code: 'storage-broken',
        message: expect.stringContaining(path),
      });
      expect(await readFile(path, 'utf8')).toBe('{"key":');
    }));
});
