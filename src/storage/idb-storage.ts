import { deleteDB, openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb';
import { ParleyError, type ErrorCode } from '../base/errors.ts';
import type { PersonId } from '../base/ids.ts';
import type {
  ChatStore,
  ConversationId,
  Delivery,
  DeliveryState,
  EventId,
  NewConversation,
  StoredConversation,
  StoredEvent,
} from '../ports/chat-store.ts';
import { TABLE_NAMES, type Fence, type Records, type Table, type TableName } from '../ports/records.ts';
import { canAdvance, readUpTo, unreadAmong, withEvent } from './chat-rules.ts';
import { fencedError } from './fenced-error.ts';

interface Schema extends DBSchema {
  records: { key: [TableName, string]; value: unknown };
  events: { key: EventId; value: StoredEvent; indexes: { order: [ConversationId, number, number, EventId] } };
  conversations: { key: ConversationId; value: StoredConversation; indexes: { recent: [string, number, ConversationId] } };
  heads: { key: ConversationId; value: readonly EventId[] };
  deliveries: { key: [EventId, PersonId]; value: Delivery; indexes: { open: [PersonId, DeliveryState] } };
}

type Database = IDBPDatabase<Schema>;

export const DATABASE_NAME = 'parley';
export const SCHEMA_VERSION = 2;
const CHANNEL = 'parley-storage';

/** One step for each version; a database of any older one goes through all that follow. */
const MIGRATIONS: readonly ((database: Database, upgrade: Upgrade) => void | Promise<void>)[] = [
  (database) => {
    database.createObjectStore('records');
    database.createObjectStore('events', { keyPath: 'id' }).createIndex('order', ['conversation', 'depth', 'time', 'id']);
    database.createObjectStore('conversations', { keyPath: 'id' });
    database.createObjectStore('heads');
    const deliveries = database.createObjectStore('deliveries', { keyPath: ['event', 'to'] });
    deliveries.createIndex('open', ['to', 'state']);
  },
  // Conversations tell their last event and what is unread, and are found by it. What was written before is counted once.
  async (_database, upgrade) => {
    const deliveries = upgrade.objectStore('deliveries');
    for (const name of deliveries.indexNames) if (name !== 'open') deliveries.deleteIndex(name);
    const conversations = upgrade.objectStore('conversations');
    conversations.createIndex('recent', ['network', 'lastAt', 'id']);
    for (let cursor = await conversations.openCursor(); cursor; cursor = await cursor.continue()) {
      const summary = await summaryOf(cursor.value, upgrade);
      await (summary ? cursor.update(summary) : cursor.delete());
    }
  },
];

type Upgrade = IDBPTransaction<Schema, StoreNames<Schema>[], 'versionchange'>;

async function summaryOf(before: NewConversation & { readonly readUpTo?: EventId }, upgrade: Upgrade): Promise<StoredConversation | undefined> {
  const events = upgrade.objectStore('events');
  const all = IDBKeyRange.bound([before.id], [before.id, []]);
  const last = (await events.index('order').openCursor(all, 'prev'))?.value;
  if (!last) return undefined;
  const read = before.readUpTo === undefined ? undefined : await events.get(before.readUpTo);
  const after = await events.index('order').getAll(read ? afterEvent(read) : all);
  return { ...before, last, lastAt: last.time, unread: unreadAmong(after, before) };
}

/** What follows an event in its conversation, in the index `order`. */
function afterEvent({ conversation, depth, time, id }: StoredEvent): IDBKeyRange {
  return IDBKeyRange.bound([conversation, depth, time, id], [conversation, []], true);
}

export type OpenStorage = {
  readonly records: Records;
  readonly chat: ChatStore;
  /** Whether the other tabs of this browser have the same. */
  readonly isShared: boolean;
  close(): void;
};

/**
 * Opens this origin's database.
 * @throws ParleyError `storage-denied`, `storage-broken`, or `storage-too-new` when a newer version of the app wrote it.
 */
export async function openIdbStorage(name: string = DATABASE_NAME): Promise<OpenStorage> {
  if (!('indexedDB' in globalThis)) throw new ParleyError('storage-denied', 'This browser gives the page no storage.');
  const database = await guard(() =>
    openDB<Schema>(name, SCHEMA_VERSION, {
      // A step that fails undoes all of them: the data stays as the older version knew it.
      upgrade: async (opened, before, _after, upgrade) => {
        try {
          for (const migrate of MIGRATIONS.slice(before)) await migrate(opened, upgrade);
        } catch {
          upgrade.abort();
        }
      },
      // A newer version in another tab wants to upgrade: this tab lets go; its next operation says `storage-broken`.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    }),
  );
  if (!isWhole(database)) {
    database.close();
    throw new ParleyError('storage-broken', 'A part of the database is missing.');
  }
  const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(CHANNEL + name);
  const tell = (table: TableName | 'chat', key?: string) => channel?.postMessage({ table, key });
  return {
    records: new IdbRecords(database, tell, channel),
    chat: new IdbChatStore(database, tell),
    isShared: true,
    close: () => {
      channel?.close();
      database.close();
    },
  };
}

/** Every store and index that a database of this version has. What lacks one was damaged, or its making was cut off. */
const PARTS: Readonly<Record<StoreNames<Schema>, readonly string[]>> = {
  records: [],
  events: ['order'],
  conversations: ['recent'],
  heads: [],
  deliveries: ['open'],
};

function isWhole(database: Database): boolean {
  const names = Object.keys(PARTS) as StoreNames<Schema>[];
  if (!names.every((name) => database.objectStoreNames.contains(name))) return false;
  const transaction = database.transaction(names);
  return names.every((name) => {
    const { indexNames } = transaction.objectStore(name) as { readonly indexNames: DOMStringList };
    return PARTS[name].every((index) => indexNames.contains(index));
  });
}

export function deleteIdbStorage(name: string): Promise<void> {
  return deleteDB(name);
}

type RecordKey = [TableName, string];
/** Throws where the writer has lost the right to write. */
type WriteCheck = (store: { get(key: RecordKey): Promise<unknown> }) => Promise<void>;
type Tell = (table: TableName | 'chat', key?: string) => void;

class IdbRecords implements Records {
  readonly #database: Database;
  readonly #tell: Tell;
  readonly #channel: BroadcastChannel | undefined;

  constructor(database: Database, tell: Tell, channel: BroadcastChannel | undefined) {
    this.#database = database;
    this.#tell = tell;
    this.#channel = channel;
  }

  table<Value>(name: TableName): Table<Value> {
    return this.#table(name, async () => undefined);
  }

  async takeFence(scope: string): Promise<Fence> {
    const key: RecordKey = ['fences', scope];
    const token = await write(this.#database, ['records'], async (transaction) => {
      const store = transaction.objectStore('records');
      const next = (((await store.get(key)) as number | undefined) ?? 0) + 1;
      await store.put(next, key);
      return next;
    });
    const check: WriteCheck = async (store) => {
      if ((await store.get(key)) !== token) throw fencedError();
    };
    return { token, table: (name) => this.#table(name, check) };
  }

  /** `check` is asked in the transaction of each write, and fails it. */
  #table<Value>(name: TableName, check: WriteCheck): Table<Value> {
    const database = this.#database;
    const tell = this.#tell;
    return {
      get: (key) => guard(async () => (await database.get('records', [name, key])) as Value | undefined),
      all: () =>
        guard(async () => {
          const range = IDBKeyRange.bound([name, ''], [name, []]);
          const transaction = database.transaction('records');
          const [keys, values] = await Promise.all([transaction.store.getAllKeys(range), transaction.store.getAll(range)]);
          return new Map(keys.map(([, key], index) => [key, values[index] as Value]));
        }),
      put: async (key, value) => {
        await write(database, ['records'], async (transaction) => {
          const store = transaction.objectStore('records');
          await check(store);
          await store.put(value, [name, key]);
        });
        tell(name, key);
      },
      delete: async (key) => {
        await write(database, ['records'], async (transaction) => {
          const store = transaction.objectStore('records');
          await check(store);
          await store.delete([name, key]);
        });
        tell(name, key);
      },
      update: async (key, change) => {
        const after = await write(database, ['records'], async (transaction) => {
          const store = transaction.objectStore('records');
          await check(store);
          const changed = change((await store.get([name, key])) as Value | undefined);
          await (changed === undefined ? store.delete([name, key]) : store.put(changed, [name, key]));
          return changed;
        });
        tell(name, key);
        return after;
      },
    };
  }

  onForeignChange(listener: (name: TableName | 'chat', key: string | undefined) => void): () => void {
    const receive = ({ data }: MessageEvent<{ table?: unknown; key?: unknown }>) => {
      const table = data?.table;
      const isKnown = table === 'chat' || TABLE_NAMES.includes(table as TableName);
      if (isKnown) listener(table as TableName | 'chat', typeof data.key === 'string' ? data.key : undefined);
    };
    this.#channel?.addEventListener('message', receive);
    return () => this.#channel?.removeEventListener('message', receive);
  }
}

class IdbChatStore implements ChatStore {
  readonly #database: Database;
  readonly #tell: Tell;

  constructor(database: Database, tell: Tell) {
    this.#database = database;
    this.#tell = tell;
  }

  async append(event: StoredEvent, conversation: NewConversation, deliveries: readonly Delivery[]): Promise<boolean> {
    const isNew = await write(this.#database, ['events', 'conversations', 'deliveries'], async (transaction) => {
      const events = transaction.objectStore('events');
      if (await events.getKey(event.id)) return false;
      await events.add(event);
      const conversations = transaction.objectStore('conversations');
      await conversations.put(withEvent(await conversations.get(conversation.id), conversation, event));
      await Promise.all(deliveries.map((delivery) => transaction.objectStore('deliveries').put(delivery)));
      return true;
    });
    if (isNew) this.#tell('chat', conversation.id);
    return isNew;
  }

  get(id: EventId): Promise<StoredEvent | undefined> {
    return guard(() => this.#database.get('events', id));
  }

  page(conversation: ConversationId, limit: number, before?: StoredEvent): Promise<readonly StoredEvent[]> {
    return guard(async () => {
      const upper = before ? [conversation, before.depth, before.time, before.id] : [conversation, []];
      const range = IDBKeyRange.bound([conversation], upper, false, true);
      const found: StoredEvent[] = [];
      let cursor = await this.#database.transaction('events').store.index('order').openCursor(range, 'prev');
      for (; cursor && found.length < limit; cursor = await cursor.continue()) found.push(cursor.value);
      return found.reverse();
    });
  }

  heads(conversation: ConversationId): Promise<readonly EventId[]> {
    return guard(async () => (await this.#database.get('heads', conversation)) ?? []);
  }

  async setHeads(conversation: ConversationId, change: (heads: readonly EventId[]) => readonly EventId[]): Promise<void> {
    await write(this.#database, ['heads'], async (transaction) => {
      const store = transaction.objectStore('heads');
      await store.put(change((await store.get(conversation)) ?? []), conversation);
    });
  }

  conversation(id: ConversationId): Promise<StoredConversation | undefined> {
    return guard(() => this.#database.get('conversations', id));
  }

  recent(network: string, limit: number, before?: StoredConversation): Promise<readonly StoredConversation[]> {
    return guard(async () => {
      const range = IDBKeyRange.bound([network], before ? [network, before.lastAt, before.id] : [network, []], false, true);
      const found: StoredConversation[] = [];
      let cursor = await this.#database.transaction('conversations').store.index('recent').openCursor(range, 'prev');
      for (; cursor && found.length < limit; cursor = await cursor.continue()) found.push(cursor.value);
      return found;
    });
  }

  async markRead(conversation: ConversationId, upTo: EventId): Promise<void> {
    await write(this.#database, ['conversations', 'events'], async (transaction) => {
      const store = transaction.objectStore('conversations');
      const events = transaction.objectStore('events');
      const [before, event] = await Promise.all([store.get(conversation), events.get(upTo)]);
      if (!before || event?.conversation !== conversation) return;
      await store.put(readUpTo(before, event, await events.index('order').getAll(afterEvent(event))));
    });
    this.#tell('chat', conversation);
  }

  undelivered(to: PersonId): Promise<readonly Delivery[]> {
    return guard(async () => {
      const transaction = this.#database.transaction(['deliveries', 'events']);
      const index = transaction.objectStore('deliveries').index('open');
      const [queued, sent] = await Promise.all([index.getAll([to, 'queued']), index.getAll([to, 'sent'])]);
      const withTime = await Promise.all(
        [...queued, ...sent].map(async (delivery) => ({ delivery, event: await transaction.objectStore('events').get(delivery.event) })),
      );
      return withTime
        .sort((a, b) => (a.event?.depth ?? 0) - (b.event?.depth ?? 0) || (a.event?.time ?? 0) - (b.event?.time ?? 0))
        .map(({ delivery }) => delivery);
    });
  }

  async advance(event: EventId, to: PersonId, state: DeliveryState, at: number, reason?: string): Promise<boolean> {
    const conversation = await write(this.#database, ['deliveries'], async (transaction) => {
      const store = transaction.objectStore('deliveries');
      const before = await store.get([event, to]);
      if (!before || !canAdvance(before.state, state)) return undefined;
      await store.put({ ...before, state, at, ...(reason ? { reason } : {}) });
      return before.conversation;
    });
    if (conversation) this.#tell('chat', conversation);
    return conversation !== undefined;
  }

  unread(to: PersonId): Promise<readonly Delivery[]> {
    return guard(() => this.#database.getAllFromIndex('deliveries', 'open', [to, 'delivered']));
  }

  deliveries(events: readonly EventId[]): Promise<readonly Delivery[]> {
    return guard(async () => {
      const { store } = this.#database.transaction('deliveries');
      return (await Promise.all(events.map((id) => store.getAll(IDBKeyRange.bound([id], [id, []]))))).flat();
    });
  }
}

type Stores = readonly StoreNames<Schema>[];

/** One transaction that is on the disk when this resolves, not merely accepted by the browser. */
function write<const Names extends Stores, T>(
  database: Database,
  stores: Names,
  work: (transaction: IDBPTransaction<Schema, Names[number][], 'readwrite'>) => Promise<T>,
): Promise<T> {
  return guard(async () => {
    const transaction = database.transaction([...stores] as Names[number][], 'readwrite', { durability: 'strict' });
    try {
      const result = await work(transaction);
      await transaction.done;
      return result;
    } catch (thrown) {
      transaction.done.catch(() => undefined);
      try {
        transaction.abort();
      } catch {
        // It aborted by itself, which is why we are here.
      }
      throw thrown;
    }
  });
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  QuotaExceededError: 'storage-full',
  VersionError: 'storage-too-new',
  SecurityError: 'storage-denied',
  InvalidStateError: 'storage-broken',
};

const SENTENCES: Partial<Record<ErrorCode, string>> = {
  'storage-full': 'The browser’s storage for this site is full.',
  'storage-too-new': 'The data here was written by a newer version of Parley.',
  'storage-denied': 'The browser does not let this page store anything.',
};

async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ParleyError) throw cause;
    const code = (cause instanceof DOMException && CODES[cause.name]) || 'storage-broken';
    throw new ParleyError(code, SENTENCES[code] ?? 'The browser’s storage cannot be read or written.', { cause });
  }
}
