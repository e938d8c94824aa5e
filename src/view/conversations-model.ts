import { signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { ErrorCode } from '../base/errors.ts';
import { isErrorCode } from '../base/errors.ts';
import { parsePersonId, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { readEvent } from '../chat/chat-event.ts';
import type { ChatService } from '../chat/chat-service.ts';
import type { ChatStore, ConversationId, Delivery, EventId, StoredConversation, StoredEvent } from '../ports/chat-store.ts';
import type { Records, Table } from '../ports/records.ts';
import type { People } from './people.ts';
import { visibleText } from './result-blocks.ts';
import type { CallView, ConversationRowView, ConversationView, MessageView } from './types.ts';

type Loaded = {
  readonly id: ConversationId;
  readonly other: PersonId;
  events: readonly StoredEvent[];
  readonly deliveries: Map<EventId, Delivery>;
  hasOlder: boolean;
  readUpTo: EventId | undefined;
  firstUnread: EventId | undefined;
  draft: string;
  readonly view: Signal<ConversationView | undefined>;
};

export type ConversationsModelOptions = {
  readonly chat: ChatService;
  readonly store: ChatStore;
  readonly records: Records;
  readonly people: People;
  readonly me: PersonId;
  readonly network: string;
  callsTo(person: PersonId): readonly CallView[];
};

/** The list of conversations and every conversation that was looked at, kept as the store says. */
export class ConversationsModel {
  readonly rows: Signal<readonly ConversationRowView[]> = signal([]);
  readonly #options: ConversationsModelOptions;
  readonly #drafts: Table<string>;
  readonly #loaded = new Map<ConversationId, Loaded>();
  readonly #loading = new Map<ConversationId, Promise<Loaded | undefined>>();
  /** Whoever was never looked at has no view to keep up to date. */
  readonly #viewed = new Set<ConversationId>();
  readonly #views = new Map<ConversationId, Signal<ConversationView | undefined>>();

  constructor(options: ConversationsModelOptions) {
    this.#options = options;
    this.#drafts = options.records.table<string>('drafts');
    const { chat, records } = options;
    chat.on('stored', ({ conversation, event }) => void this.#stored(conversation, event));
    chat.on('delivery', ({ conversation, event, to, state, reason }) =>
      this.#delivered(conversation, { event, conversation, to, state, at: 0, ...(reason ? { reason } : {}) }),
    );
    chat.on('read', ({ conversation }) => void this.#reload(conversation));
    records.onForeignChange((table) => {
      if (table === 'chat') for (const { id } of this.#loaded.values()) void this.#reload(id);
    });
  }

  async load(): Promise<void> {
    const { store, network } = this.#options;
    for (const conversation of await store.conversations()) if (conversation.network === network) await this.#load(conversation.id);
    this.refresh();
  }

  view(id: ConversationId): ReadonlySignal<ConversationView | undefined> {
    let view = this.#views.get(id);
    if (!view) this.#views.set(id, (view = signal(undefined)));
    if (!this.#viewed.has(id)) {
      this.#viewed.add(id);
      void this.#load(id).then(() => this.refresh());
    }
    return view;
  }

  /** Opens the conversation with a person, also before anything was said in it. */
  start(person: PersonId): ConversationId {
    const id = this.#options.chat.conversationWith(person);
    if (!this.#loaded.has(id)) {
      this.#add(id, person, [], false, undefined);
      void this.#load(id);
      this.refresh();
    }
    return id;
  }

  otherIn(id: ConversationId): PersonId | undefined {
    return this.#loaded.get(id)?.other;
  }

  async loadOlder(id: ConversationId): Promise<void> {
    const loaded = this.#loaded.get(id);
    const first = loaded?.events[0];
    if (!loaded || !first || !loaded.hasOlder) return;
    const older = await this.#options.store.page(id, LIMITS.chatPageEvents, first);
    loaded.events = [...older, ...loaded.events];
    loaded.hasOlder = older.length === LIMITS.chatPageEvents;
    this.#show(loaded);
  }

  setDraft(id: ConversationId, text: string): void {
    const loaded = this.#loaded.get(id);
    if (!loaded || loaded.draft === text) return;
    loaded.draft = text;
    void (text === '' ? this.#drafts.delete(id) : this.#drafts.put(id, text)).catch(() => undefined);
  }

  markRead(id: ConversationId): void {
    const loaded = this.#loaded.get(id);
    const last = loaded?.events.findLast((event) => event.author !== this.#options.me);
    if (!loaded || !last || loaded.readUpTo === last.id) return;
    loaded.readUpTo = last.id;
    void this.#options.chat.markRead(id, loaded.other, last.id).catch(() => undefined);
    this.refresh();
  }

  /** Names, presence or calls changed: everything is derived anew. */
  refresh(): void {
    for (const loaded of this.#loaded.values()) this.#show(loaded);
    this.rows.value = [...this.#loaded.values()]
      .filter((loaded) => loaded.events.length > 0)
      .map((loaded) => this.#row(loaded))
      .sort((a, b) => (b.lastTime ?? 0) - (a.lastTime ?? 0));
  }

  async #stored(id: ConversationId, event: StoredEvent): Promise<void> {
    const loaded = this.#loaded.get(id) ?? (await this.#load(id));
    if (!loaded) return;
    if (!loaded.events.some((known) => known.id === event.id)) {
      loaded.events = [...loaded.events, event].sort((a, b) => a.depth - b.depth || a.time - b.time || (a.id < b.id ? -1 : 1));
    }
    if (event.author === this.#options.me && !loaded.deliveries.has(event.id)) {
      loaded.deliveries.set(event.id, { event: event.id, conversation: id, to: loaded.other, state: 'queued', at: event.storedAt });
    }
    this.refresh();
  }

  #delivered(id: ConversationId, delivery: Delivery): void {
    const loaded = this.#loaded.get(id);
    loaded?.deliveries.set(delivery.event, delivery);
    if (loaded) this.#show(loaded);
  }

  async #reload(id: ConversationId): Promise<void> {
    this.#loading.delete(id);
    await this.#load(id);
    this.refresh();
  }

  #load(id: ConversationId): Promise<Loaded | undefined> {
    let loading = this.#loading.get(id);
    if (!loading) this.#loading.set(id, (loading = this.#read(id)));
    return loading;
  }

  async #read(id: ConversationId): Promise<Loaded | undefined> {
    const { store } = this.#options;
    const known = this.#loaded.get(id);
    const count = Math.max(LIMITS.chatPageEvents, known?.events.length ?? 0);
    const [conversations, events, deliveries, draft] = await Promise.all([
      store.conversations(),
      store.page(id, count),
      store.deliveries(id),
      this.#drafts.get(id),
    ]);
    const record: StoredConversation | undefined = conversations.find((conversation) => conversation.id === id);
    const other = record?.members.find((member) => member !== this.#options.me) ?? known?.other;
    if (!other) {
      this.#loading.delete(id);
      return undefined;
    }
    const loaded = this.#add(id, other, events, events.length >= count, record?.readUpTo);
    for (const delivery of deliveries) loaded.deliveries.set(delivery.event, delivery);
    if (!known && draft) loaded.draft = draft;
    return loaded;
  }

  #add(id: ConversationId, other: PersonId, events: readonly StoredEvent[], hasOlder: boolean, readUpTo: EventId | undefined): Loaded {
    const known = this.#loaded.get(id);
    if (known) {
      const ids = new Set(events.map((event) => event.id));
      known.events = [...events, ...known.events.filter((event) => !ids.has(event.id))].sort(
        (a, b) => a.depth - b.depth || a.time - b.time || (a.id < b.id ? -1 : 1),
      );
      known.readUpTo = readUpTo ?? known.readUpTo;
      return known;
    }
    const view = this.#views.get(id) ?? signal<ConversationView | undefined>(undefined);
    this.#views.set(id, view);
    const loaded: Loaded = { id, other, events, deliveries: new Map(), hasOlder, readUpTo, firstUnread: undefined, draft: '', view };
    loaded.firstUnread = this.#unread(loaded)[0]?.id;
    this.#loaded.set(id, loaded);
    return loaded;
  }

  #unread(loaded: Loaded): readonly StoredEvent[] {
    const readAt = loaded.events.findIndex((event) => event.id === loaded.readUpTo);
    return loaded.events.slice(readAt + 1).filter((event) => event.author !== this.#options.me);
  }

  #row(loaded: Loaded): ConversationRowView {
    const person = this.#options.people.view(loaded.other);
    const last = loaded.events.at(-1);
    return {
      id: loaded.id,
      title: person.name,
      sigil: person.sigil,
      presence: person.presence,
      lastText: last ? textOf(last) : '',
      lastTime: last?.time,
      unread: this.#unread(loaded).length,
    };
  }

  #show(loaded: Loaded): void {
    if (!this.#viewed.has(loaded.id)) return;
    const { people, callsTo } = this.#options;
    const person = people.view(loaded.other);
    const path = people.path(loaded.other);
    const messages = loaded.events.map((event) => this.#message(loaded, event));
    const entries = [...messages, ...callsTo(loaded.other)];
    if (entries.length > messages.length) entries.sort((a, b) => timeOf(a) - timeOf(b));
    loaded.view.value = {
      id: loaded.id,
      title: person.name,
      sigil: person.sigil,
      members: [person],
      entries,
      hasOlder: loaded.hasOlder,
      ...(loaded.firstUnread ? { firstUnread: loaded.firstUnread } : {}),
      draft: loaded.draft,
      ...(path ? { path } : {}),
    };
  }

  #message(loaded: Loaded, event: StoredEvent): MessageView {
    const mine = event.author === this.#options.me;
    const delivery = mine ? loaded.deliveries.get(event.id) : undefined;
    const reason = delivery?.reason;
    const code: ErrorCode | undefined = isErrorCode(reason) ? reason : undefined;
    return {
      kind: 'message',
      id: event.id,
      author: this.#options.people.view(parsePersonId(event.author)),
      mine,
      time: event.time,
      text: textOf(event),
      ...(mine ? { state: delivery?.state ?? 'queued' } : {}),
      ...(code ? { problem: { code } } : {}),
    };
  }
}

function timeOf(entry: MessageView | CallView): number {
  return entry.kind === 'message' ? entry.time : entry.startedAt;
}

const texts = new WeakMap<StoredEvent, string>();

function textOf(event: StoredEvent): string {
  let text = texts.get(event);
  if (text === undefined) texts.set(event, (text = readText(event)));
  return text;
}

/** One damaged record must not keep all others from the screen. */
function readText(event: StoredEvent): string {
  try {
    return visibleText(readEvent(event.bytes).event.text);
  } catch {
    return '\ufffd';
  }
}
