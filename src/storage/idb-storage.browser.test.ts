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

  it('counts once what is unread in the conversations of the first version', async () => {
    const name = 'test-first-version';
    await deleteIdbStorage(name);
    const event = (id: string, depth: number, author: string) => ({
      id,
      conversation: 'talk',
      author,
      time: depth * 10,
      depth,
      bytes: new Uint8Array(),
      storedAt: 0,
    });
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.addEventListener('upgradeneeded', () => {
        const database = request.result;
        database.createObjectStore('records');
        const events = database.createObjectStore('events', { keyPath: 'id' });
        events.createIndex('order', ['conversation', 'depth', 'time', 'id']);
        const conversations = database.createObjectStore('conversations', { keyPath: 'id' });
        database.createObjectStore('heads');
        const deliveries = database.createObjectStore('deliveries', { keyPath: ['event', 'to'] });
        deliveries.createIndex('conversation', 'conversation');
        deliveries.createIndex('open', ['to', 'state']);
        for (const stored of [event('b1', 1, 'bob'), event('a2', 2, 'alice'), event('b3', 3, 'bob'), event('b4', 4, 'bob')]) events.add(stored);
        events.add({ ...event('c1', 1, 'cy'), conversation: 'new' });
        deliveries.add({ event: 'a2', conversation: 'talk', to: 'bob', state: 'delivered', at: 0 });
        conversations.add({ id: 'talk', network: 'net', members: ['alice', 'bob'], createdAt: 0, readUpTo: 'a2' });
        conversations.add({ id: 'new', network: 'net', members: ['alice', 'cy'], createdAt: 0 });
        conversations.add({ id: 'empty', network: 'net', members: ['alice', 'dee'], createdAt: 0 });
      });
      request.addEventListener('success', () => (request.result.close(), resolve()));
      request.addEventListener('error', () => reject(request.error));
    });
    const { chat, close } = await openIdbStorage(name);
    const found = (await chat.recent('net', 10)).map(({ id, last, lastAt, unread, readUpTo }) => [id, last.id, lastAt, unread, readUpTo]);
    const deliveries = await chat.deliveries(['a2']);
    close();
    await deleteIdbStorage(name);
    const expected = [
      ['talk', 'b4', 40, 2, 'a2'],
      ['new', 'c1', 10, 1, undefined],
    ];
    if (JSON.stringify(found) !== JSON.stringify(expected) || deliveries.length !== 1)
      throw new Error(`found ${JSON.stringify({ found, deliveries })}`);
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
