import { describe, expect, it } from 'vitest';
import { seededEntropy } from '../../test/support/seeded-identity.ts';
import { utf8 } from '../base/bytes.ts';
import { personIdOf } from '../base/ids.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import { seedOf, wordsOf } from './backup-words.ts';
import { safetyNumber } from './safety-number.ts';
import { scriptVerifier } from './signing.ts';
import { RecordsVault } from './vault.ts';

describe('the vault', () => {
  it('keeps keys over restarts, never in clear, and makes each only once', async () => {
    const records = new MemoryRecords();
    const [first, second] = [new RecordsVault(records, seededEntropy(1)), new RecordsVault(records, seededEntropy(2))];
    const [a, b] = await Promise.all([first.signer('device'), second.signer('device')]);
    expect(a.publicKey).toEqual(b.publicKey);
    const message = utf8('message');
    expect(await scriptVerifier.verify({ publicKey: a.publicKey, message, signature: await b.sign(message) })).toBe(true);
    const seed = await first.personSeed();
    expect(await new RecordsVault(records, seededEntropy(3)).personSeed()).toEqual(seed);
    for (const value of (await records.table('keys').all()).values()) expect(Object.values(value as object)).not.toContainEqual(seed);
  });

  it('does not read one secret in the place of another', async () => {
    const records = new MemoryRecords();
    const vault = new RecordsVault(records, seededEntropy(1));
    await vault.personSeed();
    const table = records.table<unknown>('keys');
    await table.put('signing device', await table.get('person'));
    await expect(vault.signer('device')).rejects.toMatchObject({ code: 'storage-broken' });
  });

  it('goes through words and back, and says when they are wrong', () => {
    const seed = seededEntropy(4).bytes(32);
    const words = wordsOf(seed);
    expect(words.split(' ')).toHaveLength(24);
    expect(seedOf(`  ${words.toUpperCase().replaceAll(' ', '\n')} `)).toEqual(seed);
    expect(() => seedOf(words.split(' ').toReversed().join(' '))).toThrow('backup words');
    expect(() => seedOf('abandon abandon')).toThrow('backup words');
  });

  it('gives both people the same safety number, and every pair its own', () => {
    const [a, b, c] = [1, 2, 3].map((byte) => personIdOf(new Uint8Array(32).fill(byte)));
    const ab = safetyNumber(a as never, b as never);
    expect(ab).toEqual(safetyNumber(b as never, a as never));
    expect(ab).not.toEqual(safetyNumber(a as never, c as never));
    expect(ab.join('')).toMatch(/^\d{60}$/);
  });
});
