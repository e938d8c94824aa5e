import { signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { ErrorCode } from '../base/errors.ts';
import { isErrorCode } from '../base/errors.ts';
import type { PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { readEvent } from '../chat/chat-event.ts';
import type { ChatService } from '../chat/chat-service.ts';
import type { ChatStore, ConversationId, Delivery, EventId, StoredConversation, StoredEvent } from '../ports/chat-store.ts';
import type { Records, Table } from '../ports/records.ts';
import type { People } from './people.ts';
import { visibleText } from './shown-text.ts';
import type { CallView, ConversationRowView, ConversationView, MessageView } from './types.ts';

/** A conversation that was looked at: some last events, and more as the reader goes back. */
type Opened = {
  readonly id: ConversationId;
  readonly other: PersonId;
  events: readonly StoredEvent[];
  readonly deliveries: Map<EventId, Delivery>;
  hasOlder: boolean;
  readUpTo: EventId | undefined;
  firstUnread: EventId | undefined;
  draft: string;
  /** Grows when another tab changed the draft. */
  draftEdition: number;
};

export type ConversationsModelOptions = {
  readonly chat: Pick<ChatService, 'on' | 'conversationWith' | 'markRead'>;
  readonly store: ChatStore;
  readonly records: Records;
  readonly people: Pick<People, 'view' | 'path'>;
  readonly me: PersonId;
  readonly network: string;
  /** Everybody who is known here, whether anything was said with them or not. */
  known(): readonly PersonId[];
  /** My calls that belong to a conversation with a person. */
  callsIn(conversation: ConversationId, person: PersonId): readonly CallView[];
  /** Storage failed while something was read that nobody waits for. */
  report(thrown: unknown): void;
};

/**
 * The list of conversations, read a page at a time, newest first, and the conversations that were looked at, each from its end. Nothing is read for a conversation
 * that is neither in sight of the list nor open, so thousands of them cost a start nothing.
 */
export class ConversationsModel {
  readonly rows: Signal<readonly ConversationRowView[]> = signal([]);
  readonly hasMore: Signal<boolean> = signal(false);
  readonly #options: ConversationsModelOptions;
  readonly #drafts: Table<string>;
  readonly #listed = new Map<ConversationId, StoredConversation>();
  /** The last row of what was read page by page; what comes in is listed whether its page was read or not. */
  #listedUpTo: StoredConversation | undefined;
  #listing: Promise<void> | undefined;
  /** Longest unseen first. */
  readonly #opened = new Map<ConversationId, Opened>();
  readonly #opening = new Map<ConversationId, Promise<Opened | undefined>>();
  readonly #conversationOf = new Map<PersonId, ConversationId>();
  readonly #views = new Map<ConversationId, Signal<ConversationView | null | undefined>>();

  constructor(options: ConversationsModelOptions) {
    this.#options = options;
    this.#drafts = options.records.table<string>('drafts');
    const { chat, records } = options;
    chat.on('stored', ({ conversation, event }) => this.#watch(this.#stored(conversation, event)));
    chat.on('delivery', ({ conversation, event, to, state, reason }) =>
      this.#watch(this.#delivered(conversation, { event, conversation, to, state, at: 0, ...(reason ? { reason } : {}) })),
    );
    chat.on('read', ({ conversation }) => this.#watch(this.#relist(conversation)));
    records.onForeignChange((table, key) => {
      if (table === 'chat' && key !== undefined) this.#watch(this.#changedElsewhere(key));
      if (table === 'drafts' && key !== undefined) this.#watch(this.#draftedElsewhere(key));
    });
  }

  /** Reads the next page of the list, the first one to begin with. */
  loadMore(): Promise<void> {
    this.#listing ??= this.#list().finally(() => (this.#listing = undefined));
    return this.#listing;
  }

  /** `undefined` while it is read, `null` when there is none. */
  view(id: ConversationId): ReadonlySignal<ConversationView | null | undefined> {
    let view = this.#views.get(id);
    if (!view) this.#views.set(id, (view = signal(undefined)));
    const opened = this.#opened.get(id);
    if (opened) this.#keepOpen(opened);
    else if (view.value !== null) this.#watch(this.#open(id));
    return view;
  }

  /** Opens the conversation with a person, also before anything was said in it. */
  async start(person: PersonId): Promise<ConversationId> {
    const id = this.#options.chat.conversationWith(person);
    await this.#opening.get(id);
    if (!this.#opened.has(id)) await this.#open(id, person);
    return id;
  }

  otherIn(id: ConversationId): PersonId | undefined {
    return this.#opened.get(id)?.other ?? this.#otherOf(this.#listed.get(id));
  }

  async loadOlder(id: ConversationId): Promise<void> {
    const opened = this.#opened.get(id);
    const first = opened?.events[0];
    if (!opened || !first || !opened.hasOlder) return;
    // Once for each page, however often a reader scrolls there meanwhile.
    opened.hasOlder = false;
    const older = await this.#options.store.page(id, LIMITS.chatPageEvents, first);
    this.#merge(opened, older, await this.#deliveriesOf(older));
    opened.hasOlder = older.length === LIMITS.chatPageEvents;
    this.#show(opened);
  }

  setDraft(id: ConversationId, text: string): void {
    const opened = this.#opened.get(id);
    if (!opened || opened.draft === text) return;
    opened.draft = text;
    void (text === '' ? this.#drafts.delete(id) : this.#drafts.put(id, text)).catch(() => undefined);
  }

  markRead(id: ConversationId): void {
    const opened = this.#opened.get(id);
    const last = opened?.events.findLast((event) => event.author !== this.#options.me);
    const listed = this.#listed.get(id);
    // What comes late may stand before what was read, and is unread all the same.
    if (!opened || !last || (opened.readUpTo === last.id && !listed?.unread)) return;
    opened.readUpTo = last.id;
    if (listed) this.#listed.set(id, { ...listed, readUpTo: last.id, unread: 0 });
    this.#watch(this.#options.chat.markRead(id, opened.other, last.id));
    this.#refreshRows();
  }

  /** With whom there are conversations in the list, the one talked to last first. */
  people(): readonly PersonId[] {
    const listed = [...this.#listed.values()].sort((a, b) => b.lastAt - a.lastAt);
    return listed.flatMap((stored) => this.#otherOf(stored) ?? []);
  }

  /** Names, presence or calls changed: everything is derived anew. */
  refresh(): void {
    for (const opened of this.#opened.values()) this.#show(opened);
    // With whom nothing was said yet may only be known now.
    for (const [id, { value }] of this.#views) if (value === null && this.#personOf(id)) this.#watch(this.#open(id));
    this.#refreshRows();
  }

  /** Whose conversation it would be. */
  #personOf(id: ConversationId): PersonId | undefined {
    for (const person of this.#options.known()) {
      let conversation = this.#conversationOf.get(person);
      if (conversation === undefined) this.#conversationOf.set(person, (conversation = this.#options.chat.conversationWith(person)));
      if (conversation === id) return person;
    }
    return undefined;
  }

  #refreshRows(): void {
    this.rows.value = [...this.#listed.values()].sort((a, b) => b.lastAt - a.lastAt || (a.id < b.id ? 1 : -1)).map((listed) => this.#row(listed));
  }

  async #list(): Promise<void> {
    const { store, network } = this.#options;
    const page = await store.recent(network, LIMITS.chatListPage, this.#listedUpTo);
    for (const listed of page) this.#listed.set(listed.id, listed);
    this.#listedUpTo = page.at(-1) ?? this.#listedUpTo;
    this.hasMore.value = page.length === LIMITS.chatListPage;
    this.#refreshRows();
  }

  async #relist(id: ConversationId): Promise<StoredConversation | undefined> {
    const listed = await this.#options.store.conversation(id);
    if (listed?.network !== this.#options.network) return undefined;
    this.#listed.set(id, listed);
    this.#refreshRows();
    return listed;
  }

  async #stored(id: ConversationId, event: StoredEvent): Promise<void> {
    const wasMissing = this.#views.get(id)?.value === null;
    const opened = this.#opened.get(id) ?? (await (wasMissing ? this.#open(id) : this.#opening.get(id)));
    if (opened) {
      const mine = event.author === this.#options.me && !opened.deliveries.has(event.id);
      const queued: Delivery = { event: event.id, conversation: id, to: opened.other, state: 'queued', at: event.storedAt };
      this.#merge(opened, [event], mine ? [queued] : []);
      this.#show(opened);
    }
    await this.#relist(id);
  }

  async #delivered(id: ConversationId, delivery: Delivery): Promise<void> {
    const opened = this.#opened.get(id) ?? (await this.#opening.get(id));
    opened?.deliveries.set(delivery.event, delivery);
    if (opened) this.#show(opened);
  }

  /** Another tab wrote into it. */
  async #changedElsewhere(id: ConversationId): Promise<void> {
    await this.#relist(id);
    const wasMissing = this.#views.get(id)?.value === null;
    const opened = this.#opened.get(id) ?? (await (wasMissing ? this.#open(id) : this.#opening.get(id)));
    if (!opened) return;
    const events = await this.#options.store.page(id, Math.max(LIMITS.chatPageEvents, opened.events.length));
    this.#merge(opened, events, await this.#deliveriesOf(events));
    opened.readUpTo = this.#listed.get(id)?.readUpTo ?? opened.readUpTo;
    this.#show(opened);
  }

  async #draftedElsewhere(id: ConversationId): Promise<void> {
    const draft = (await this.#drafts.get(id)) ?? '';
    const opened = this.#opened.get(id);
    if (!opened || opened.draft === draft) return;
    opened.draft = draft;
    opened.draftEdition++;
    this.#show(opened);
  }

  #open(id: ConversationId, other?: PersonId): Promise<Opened | undefined> {
    let opening = this.#opening.get(id);
    if (!opening) {
      opening = this.#read(id, other).finally(() => this.#opening.delete(id));
      this.#opening.set(id, opening);
    }
    return opening;
  }

  async #read(id: ConversationId, asked: PersonId | undefined): Promise<Opened | undefined> {
    const { store } = this.#options;
    const [stored, events, draft] = await Promise.all([store.conversation(id), store.page(id, LIMITS.chatPageEvents), this.#drafts.get(id)]);
    const other = this.#otherOf(stored) ?? asked ?? this.#personOf(id);
    if (!other) {
      const view = this.#views.get(id);
      if (view) view.value = null;
      return undefined;
    }
    // The page ended between storing the message and clearing its draft: sending it again would bring it twice.
    const lastByMe = events.findLast((event) => event.author === this.#options.me);
    const wasSent = draft !== undefined && lastByMe !== undefined && draft.trim() === textOf(lastByMe);
    if (wasSent) this.#watch(this.#drafts.delete(id));
    const unread = stored?.unread ?? 0;
    const byOthers = events.filter((event) => event.author !== this.#options.me);
    const opened: Opened = {
      id,
      other,
      events: [],
      deliveries: new Map(),
      hasOlder: events.length === LIMITS.chatPageEvents,
      readUpTo: stored?.readUpTo,
      firstUnread: unread === 0 ? undefined : (byOthers.at(-unread) ?? byOthers[0])?.id,
      draft: wasSent ? '' : (draft ?? ''),
      draftEdition: 0,
    };
    const deliveries = await this.#deliveriesOf(events);
    this.#keepOpen(opened);
    this.#merge(opened, events, deliveries);
    this.#show(opened);
    return opened;
  }

  #watch(work: Promise<unknown>): void {
    work.catch((thrown: unknown) => this.#options.report(thrown));
  }

  #otherOf(stored: StoredConversation | undefined): PersonId | undefined {
    return stored?.members.find((member) => member !== this.#options.me);
  }

  #deliveriesOf(events: readonly StoredEvent[]): Promise<readonly Delivery[]> {
    return this.#options.store.deliveries(events.flatMap(({ author, id }) => (author === this.#options.me ? [id] : [])));
  }

  /** As the last one that was looked at; the longest unseen is closed, unless nothing was said in it and so nothing could be read again. */
  #keepOpen(opened: Opened): void {
    this.#opened.delete(opened.id);
    this.#opened.set(opened.id, opened);
    for (const { id, events } of this.#opened.values()) {
      if (this.#opened.size <= LIMITS.maxOpenConversations) return;
      if (id !== opened.id && events.length > 0) this.#opened.delete(id);
    }
  }

  #merge(opened: Opened, events: readonly StoredEvent[], deliveries: readonly Delivery[]): void {
    const known = new Set(opened.events.map((event) => event.id));
    opened.events = [...opened.events, ...events.filter((event) => !known.has(event.id))].sort(
      (a, b) => a.depth - b.depth || a.time - b.time || (a.id < b.id ? -1 : 1),
    );
    for (const delivery of deliveries) opened.deliveries.set(delivery.event, delivery);
  }

  #row({ id, last, members, unread }: StoredConversation): ConversationRowView {
    const { people, me } = this.#options;
    const person = people.view(members.find((member) => member !== me) ?? me);
    return { id, title: person.name, sigil: person.sigil, presence: person.presence, lastText: textOf(last), lastTime: last.time, unread };
  }

  #show(opened: Opened): void {
    const { people, callsIn } = this.#options;
    const person = people.view(opened.other);
    const path = people.path(opened.other);
    const messages = opened.events.map((event) => this.#message(opened, event));
    // What was called before the first message that was read comes with the older ones.
    const since = opened.hasOlder ? (opened.events[0]?.time ?? 0) : 0;
    const calls = callsIn(opened.id, opened.other).filter(({ startedAt }) => startedAt >= since);
    const entries = [...messages, ...calls];
    if (entries.length > messages.length) entries.sort((a, b) => timeOf(a) - timeOf(b));
    const view = this.#views.get(opened.id) ?? signal<ConversationView | null | undefined>(undefined);
    this.#views.set(opened.id, view);
    view.value = {
      id: opened.id,
      title: person.name,
      sigil: person.sigil,
      members: [person],
      entries,
      hasOlder: opened.hasOlder,
      ...(opened.firstUnread ? { firstUnread: opened.firstUnread } : {}),
      draft: opened.draft,
      draftEdition: opened.draftEdition,
      ...(path ? { path } : {}),
    };
  }

  #message(opened: Opened, event: StoredEvent): MessageView {
    const mine = event.author === this.#options.me;
    const delivery = mine ? opened.deliveries.get(event.id) : undefined;
    const reason = delivery?.reason;
    const code: ErrorCode | undefined = isErrorCode(reason) ? reason : undefined;
    return {
      kind: 'message',
      id: event.id,
      author: this.#options.people.view(event.author),
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
