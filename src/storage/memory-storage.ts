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
import type { Fence, Records, Table, TableName } from '../ports/records.ts';
import { canAdvance, inDisplayOrder, isBefore, isMoreRecent, readUpTo, withEvent } from './chat-rules.ts';
import { fencedError } from './fenced-error.ts';

/** Tables that live as long as the page: where the browser gives no storage, and in tests. */
export class MemoryRecords implements Records {
  readonly #tables = new Map<TableName, MemoryTable<unknown>>();
  readonly #fences = new Map<string, number>();

  table<Value>(name: TableName): Table<Value> {
    let table = this.#tables.get(name);
    if (!table) this.#tables.set(name, (table = new MemoryTable()));
    return table as MemoryTable<Value>;
  }

  async takeFence(scope: string): Promise<Fence> {
    const token = (this.#fences.get(scope) ?? 0) + 1;
    this.#fences.set(scope, token);
    const check = () => {
      if (this.#fences.get(scope) !== token) throw fencedError();
    };
    return { token, table: (name) => fencedTable(this.table(name), check) };
  }

  onForeignChange(): () => void {
    return () => undefined;
  }
}

class MemoryTable<Value> implements Table<Value> {
  readonly #values = new Map<string, Value>();

  async get(key: string): Promise<Value | undefined> {
    return this.#values.get(key);
  }

  async all(): Promise<ReadonlyMap<string, Value>> {
    return new Map(this.#values);
  }

  async put(key: string, value: Value): Promise<void> {
    this.#values.set(key, value);
  }

  async delete(key: string): Promise<void> {
    this.#values.delete(key);
  }

  async update(key: string, change: (before: Value | undefined) => Value | undefined): Promise<Value | undefined> {
    const after = change(this.#values.get(key));
    if (after === undefined) this.#values.delete(key);
    else this.#values.set(key, after);
    return after;
  }
}

function fencedTable<Value>(table: Table<Value>, check: () => void): Table<Value> {
  return {
    get: (key) => table.get(key),
    all: () => table.all(),
    put: async (key, value) => (check(), table.put(key, value)),
    delete: async (key) => (check(), table.delete(key)),
    update: async (key, change) => (check(), table.update(key, change)),
  };
}

export class MemoryChatStore implements ChatStore {
  readonly #events = new Map<EventId, StoredEvent>();
  readonly #conversations = new Map<ConversationId, StoredConversation>();
  readonly #deliveries = new Map<string, Delivery>();
  readonly #heads = new Map<ConversationId, readonly EventId[]>();

  async append(event: StoredEvent, conversation: NewConversation, deliveries: readonly Delivery[]): Promise<boolean> {
    if (this.#events.has(event.id)) return false;
    this.#events.set(event.id, event);
    this.#conversations.set(conversation.id, withEvent(this.#conversations.get(conversation.id), conversation, event));
    for (const delivery of deliveries) this.#deliveries.set(`${delivery.event} ${delivery.to}`, delivery);
    return true;
  }

  async get(id: EventId): Promise<StoredEvent | undefined> {
    return this.#events.get(id);
  }

  async page(conversation: ConversationId, limit: number, before?: StoredEvent): Promise<readonly StoredEvent[]> {
    const all = [...this.#events.values()].filter((event) => event.conversation === conversation && (!before || isBefore(event, before)));
    return all.sort(inDisplayOrder).slice(-limit);
  }

  async heads(conversation: ConversationId): Promise<readonly EventId[]> {
    return this.#heads.get(conversation) ?? [];
  }

  async setHeads(conversation: ConversationId, change: (heads: readonly EventId[]) => readonly EventId[]): Promise<void> {
    this.#heads.set(conversation, change(this.#heads.get(conversation) ?? []));
  }

  async conversation(id: ConversationId): Promise<StoredConversation | undefined> {
    return this.#conversations.get(id);
  }

  async recent(network: string, limit: number, before?: StoredConversation): Promise<readonly StoredConversation[]> {
    const all = [...this.#conversations.values()].filter((known) => known.network === network && (!before || isMoreRecent(before, known)));
    return all.sort((a, b) => (isMoreRecent(a, b) ? -1 : 1)).slice(0, limit);
  }

  async markRead(conversation: ConversationId, upTo: EventId): Promise<void> {
    const before = this.#conversations.get(conversation);
    const event = this.#events.get(upTo);
    if (!before || event?.conversation !== conversation) return;
    const after = [...this.#events.values()].filter((other) => other.conversation === conversation && isBefore(event, other));
    this.#conversations.set(conversation, readUpTo(before, event, after));
  }

  async undelivered(to: PersonId): Promise<readonly Delivery[]> {
    return [...this.#deliveries.values()].filter((delivery) => delivery.to === to && (delivery.state === 'queued' || delivery.state === 'sent'));
  }

  async advance(event: EventId, to: PersonId, state: DeliveryState, at: number, reason?: string): Promise<boolean> {
    const key = `${event} ${to}`;
    const before = this.#deliveries.get(key);
    if (!before || !canAdvance(before.state, state)) return false;
    this.#deliveries.set(key, { ...before, state, at, ...(reason ? { reason } : {}) });
    return true;
  }

  async unread(to: PersonId): Promise<readonly Delivery[]> {
    return [...this.#deliveries.values()].filter((delivery) => delivery.to === to && delivery.state === 'delivered');
  }

  async deliveries(events: readonly EventId[]): Promise<readonly Delivery[]> {
    const wanted = new Set(events);
    return [...this.#deliveries.values()].filter(({ event }) => wanted.has(event));
  }
}
