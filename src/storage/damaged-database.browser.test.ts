import { equal } from '../../test/support/components.ts';
import { isParleyError } from '../../test/support/expect-error.ts';
import { deleteIdbStorage, openIdbStorage, SCHEMA_VERSION } from './idb-storage.ts';
import { openStorageOrMemory } from './open-storage.ts';

let next = 0;

/** A database of this version as something else than the app has made it. */
async function databaseMade(make: (database: IDBDatabase, transaction: IDBTransaction) => void, version = SCHEMA_VERSION): Promise<string> {
  const name = `damaged-${next++}`;
  await deleteIdbStorage(name);
  await new Promise<void>((resolve) => {
    const request = indexedDB.open(name, version);
    request.addEventListener('upgradeneeded', () => make(request.result, request.transaction!));
    request.addEventListener('success', () => (request.result.close(), resolve()));
    request.addEventListener('error', () => resolve());
  });
  return name;
}

/** What a whole database consists of. */
async function wholeDatabase(): Promise<
  { store: string; keyPath: string | string[] | null; indexes: { name: string; keyPath: string | string[] }[] }[]
> {
  const name = `whole-${next++}`;
  (await openIdbStorage(name)).close();
  const database = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open(name);
    request.addEventListener('success', () => resolve(request.result));
  });
  const transaction = database.transaction([...database.objectStoreNames]);
  const stores = [...database.objectStoreNames].map((store) => {
    const { keyPath, indexNames } = transaction.objectStore(store);
    return {
      store,
      keyPath,
      indexes: [...indexNames].map((index) => ({ name: index, keyPath: transaction.objectStore(store).index(index).keyPath })),
    };
  });
  database.close();
  await deleteIdbStorage(name);
  return stores;
}

describe('a database that is not as it should be', () => {
  it('is told from a whole one by any store or index that is missing, and stays as it is', async () => {
    const stores = await wholeDatabase();
    const parts = stores.flatMap(({ store, indexes }) => [store, ...indexes.map(({ name }) => `${store}.${name}`)]);
    for (const missing of parts) {
      const name = await databaseMade((database) => {
        for (const { store, keyPath, indexes } of stores) {
          if (store === missing) continue;
          const made = database.createObjectStore(store, { keyPath });
          for (const index of indexes) if (`${store}.${index.name}` !== missing) made.createIndex(index.name, index.keyPath);
        }
      });
      await isParleyError('storage-broken', openIdbStorage(name));
      await deleteIdbStorage(name);
    }
  });

  it('is made whole when its making was cut off', async () => {
    const name = await databaseMade((database, transaction) => {
      database.createObjectStore('records');
      transaction.abort();
    });
    const { records, close } = await openIdbStorage(name);
    await records.table<string>('settings').put('name', 'Ada');
    equal(await records.table<string>('settings').get('name'), 'Ada');
    close();
    await deleteIdbStorage(name);
  });

  it('fails with a typed error while a newer version of the app takes it in another tab', async () => {
    const name = `taken-${next++}`;
    const storage = await openIdbStorage(name);
    await new Promise<void>((resolve) => {
      const request = indexedDB.open(name, SCHEMA_VERSION + 1);
      request.addEventListener('success', () => (request.result.close(), resolve()));
    });
    await isParleyError('storage-broken', storage.records.table('settings').put('name', 'Ada'));
    await isParleyError('storage-broken', storage.records.table('settings').get('name'));
    storage.close();
    await isParleyError('storage-too-new', openIdbStorage(name));
    await deleteIdbStorage(name);
  });

  it('is replaced by memory, with the reason, where the browser denies it', async () => {
    const { open } = IDBFactory.prototype;
    IDBFactory.prototype.open = () => {
      throw new DOMException('Access is denied.', 'SecurityError');
    };
    try {
      await isParleyError('storage-denied', openIdbStorage('denied'));
      const storage = await openStorageOrMemory();
      equal(storage.problem?.code, 'storage-denied');
      await storage.records.table<string>('settings').put('name', 'Ada');
      equal(await storage.records.table<string>('settings').get('name'), 'Ada');
    } finally {
      IDBFactory.prototype.open = open;
    }
  });

  it('stores nothing of a write that fails in the middle', async () => {
    const name = `aborted-${next++}`;
    const { records, close } = await openIdbStorage(name);
    const table = records.table<unknown>('settings');
    await table.put('kept', 1);
    await isParleyError(
      'storage-broken',
      table.update('kept', () => () => 'functions cannot be stored'),
    );
    equal(await table.get('kept'), 1);
    close();
    await deleteIdbStorage(name);
  });
});
