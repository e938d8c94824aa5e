import { testStorageContract } from '../../test/contracts/storage-contract.ts';
import { isParleyError } from '../../test/support/expect-error.ts';
import { deleteIdbStorage, openIdbStorage, SCHEMA_VERSION } from './idb-storage.ts';

let next = 0;

async function fresh() {
  const name = `test-${next++}`;
  await deleteIdbStorage(name);
  return { name, ...(await openIdbStorage(name)) };
}

describe('storage in IndexedDB', () => {
  testStorageContract(
    'idb',
    async () => {
      const { name, close, ...storage } = await fresh();
      return {
        ...storage,
        release: async () => {
          close();
          await deleteIdbStorage(name);
        },
      };
    },
    it,
  );

  it('finds again what it stored before', async () => {
    const { name, records, close } = await fresh();
    await records.table<string>('settings').put('name', 'Ada');
    close();
    const again = await openIdbStorage(name);
    const found = await again.records.table<string>('settings').get('name');
    again.close();
    if (found !== 'Ada') throw new Error(`found ${found}`);
  });

  it('says when a newer version of the app wrote the data', async () => {
    const name = 'test-newer';
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.open(name, SCHEMA_VERSION + 1);
      request.addEventListener('success', () => (request.result.close(), resolve()));
      request.addEventListener('error', () => reject(request.error));
    });
    await isParleyError('storage-too-new', openIdbStorage(name));
    await deleteIdbStorage(name);
  });
});
