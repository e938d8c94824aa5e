import { asParleyError, type ParleyError } from '../base/errors.ts';
import { openIdbStorage, type OpenStorage } from './idb-storage.ts';
import { MemoryChatStore, MemoryRecords } from './memory-storage.ts';

/** The durable storage of this browser, or one in memory together with the reason why it had to be. */
export async function openStorageOrMemory(): Promise<OpenStorage & { readonly problem?: ParleyError }> {
  try {
    return await openIdbStorage();
  } catch (thrown) {
    return { ...memoryStorage(), problem: asParleyError(thrown, 'storage-broken') };
  }
}

export function memoryStorage(): OpenStorage {
  return { records: new MemoryRecords(), chat: new MemoryChatStore(), isShared: false, close: () => undefined };
}
