import { describe, it } from 'vitest';
import { testStorageContract } from '../../test/contracts/storage-contract.ts';
import { MemoryChatStore, MemoryRecords } from './memory-storage.ts';

describe('storage', () => {
  testStorageContract('memory', async () => ({ records: new MemoryRecords(), chat: new MemoryChatStore() }), it);
});
