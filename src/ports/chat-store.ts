import type { PersonId } from '../base/ids.ts';

/** The hash of an event, base64url. */
export type EventId = string;
/** Base64url of a hash of what makes the conversation one: for direct messages the network and both persons. */
export type ConversationId = string;

/** One signed event as it is kept. `bytes` is the signed form, from which all else was derived when it was verified. */
export type StoredEvent = {
  readonly id: EventId;
  readonly conversation: ConversationId;
  readonly author: PersonId;
  /** The author's clock, Unix milliseconds. */
  readonly time: number;
  /** Longest path from the conversation's first event: parents always have a lower depth. */
  readonly depth: number;
  readonly bytes: Uint8Array;
  /** When this device stored it. */
  readonly storedAt: number;
};

/** How far an event of mine got with one recipient. */
export type DeliveryState = 'queued' | 'sent' | 'delivered' | 'read' | 'failed';

export type Delivery = {
  readonly event: EventId;
  readonly conversation: ConversationId;
  readonly to: PersonId;
  readonly state: DeliveryState;
  readonly at: number;
  /** An error code when failed. */
  readonly reason?: string;
};

export type NewConversation = {
  readonly id: ConversationId;
  readonly network: string;
  /** The person of this device first. */
  readonly members: readonly [PersonId, ...PersonId[]];
  readonly createdAt: number;
};

/** A conversation with what a list shows of it, kept up with every event so that a list costs no look at the events. */
export type StoredConversation = NewConversation & {
  /** Everything up to here in display order was seen; an event id. */
  readonly readUpTo?: EventId;
  /** The last event in display order. */
  readonly last: StoredEvent;
  /** `last.time`: lists are in this order, newest first. */
  readonly lastAt: number;
  /** Events by others that came after the last look. */
  readonly unread: number;
};

/**
 * The durable part of conversations. Each method is one transaction, durable when it resolves; several tabs may
 * call at once. Display order everywhere is (depth, time, id).
 */
export interface ChatStore {
  /** Stores an event with its conversation (made if absent) and, for one of mine, its deliveries. Answers false when it was there already: then nothing changed. */
  append(event: StoredEvent, conversation: NewConversation, deliveries: readonly Delivery[]): Promise<boolean>;
  get(id: EventId): Promise<StoredEvent | undefined>;
  /** The last `limit` events before `before` (exclusive) in display order, oldest first. */
  page(conversation: ConversationId, limit: number, before?: StoredEvent): Promise<readonly StoredEvent[]>;
  /** Events that no stored event names as a parent; `parentsOf` is how the caller reads them. */
  heads(conversation: ConversationId): Promise<readonly EventId[]>;
  setHeads(conversation: ConversationId, change: (heads: readonly EventId[]) => readonly EventId[]): Promise<void>;
  conversation(id: ConversationId): Promise<StoredConversation | undefined>;
  /** The `limit` conversations of a network with the newest last events before `before` (exclusive), newest first. */
  recent(network: string, limit: number, before?: StoredConversation): Promise<readonly StoredConversation[]>;
  /** Everything up to this event in display order was seen; what others said after it stays unread. */
  markRead(conversation: ConversationId, upTo: EventId): Promise<void>;
  /** Deliveries that are not yet `delivered`, `read` or `failed`, oldest event first. */
  undelivered(to: PersonId): Promise<readonly Delivery[]>;
  /** Moves a delivery forward (queued → sent → delivered → read; failed from queued or sent). Never back. Answers whether it moved. */
  advance(event: EventId, to: PersonId, state: DeliveryState, at: number, reason?: string): Promise<boolean>;
  /** Deliveries that are `delivered` and not yet `read`. */
  unread(to: PersonId): Promise<readonly Delivery[]>;
  /** The deliveries of these events. */
  deliveries(events: readonly EventId[]): Promise<readonly Delivery[]>;
}
