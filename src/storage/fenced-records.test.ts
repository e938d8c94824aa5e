import { describe, expect, it } from 'vitest';
import { FencedRecords } from './fenced-records.ts';
import { MemoryRecords } from './memory-storage.ts';

describe('tables of one writer', () => {
  it('can be read by all and written by the last who took over, and tell an earlier one so once', async () => {
    const records = new MemoryRecords();
    const [before, after] = [new FencedRecords(records, 'hub'), new FencedRecords(records, 'hub')];
    let told = 0;
    before.onFenced = () => told++;
    await expect(before.table('peers').put('a', 0)).rejects.toMatchObject({ code: 'fenced' });
    before.take();
    await before.table('peers').put('a', 1);
    after.take();
    await after.table('peers').put('b', 2);
    const writes = [1, 2].map((value) => before.table<number>('peers').put('a', value));
    for (const write of writes) await expect(write).rejects.toMatchObject({ code: 'fenced' });
    expect(told).toBe(1);
    expect([...(await before.table('peers').all())]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('are not written any more by who stepped back, nor told to it', async () => {
    const records = new FencedRecords(new MemoryRecords(), 'hub');
    records.onFenced = () => expect.unreachable();
    records.take();
    records.leave();
    await expect(records.table('peers').delete('a')).rejects.toMatchObject({ code: 'fenced' });
  });
});
