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

export type StoredConversation = {
  readonly id: ConversationId;
  readonly network: string;
  readonly members: readonly PersonId[];
  readonly createdAt: number;
  /** Everything up to here in display order was seen; an event id. */
  readonly readUpTo?: EventId;
};

/**
 * The durable part of conversations. Each method is one transaction, durable when it resolves; several tabs may
 * call at once. Display order everywhere is (depth, time, id).
 */
export interface ChatStore {
  /** Stores an event with its conversation (made if absent) and, for one of mine, its deliveries. Answers false when it was there already: then nothing changed. */
  append(event: StoredEvent, conversation: StoredConversation, deliveries: readonly Delivery[]): Promise<boolean>;
  get(id: EventId): Promise<StoredEvent | undefined>;
  /** The last `limit` events before `before` (exclusive) in display order, oldest first. */
  page(conversation: ConversationId, limit: number, before?: StoredEvent): Promise<readonly StoredEvent[]>;
  /** Events that no stored event names as a parent; `parentsOf` is how the caller reads them. */
  heads(conversation: ConversationId): Promise<readonly EventId[]>;
  setHeads(conversation: ConversationId, change: (heads: readonly EventId[]) => readonly EventId[]): Promise<void>;
  conversations(): Promise<readonly StoredConversation[]>;
  markRead(conversation: ConversationId, upTo: EventId): Promise<void>;
  /** Deliveries that are not yet `delivered`, `read` or `failed`, oldest event first. */
  undelivered(to: PersonId): Promise<readonly Delivery[]>;
  /** Moves a delivery forward (queued → sent → delivered → read; failed from queued or sent). Never back. Answers whether it moved. */
  advance(event: EventId, to: PersonId, state: DeliveryState, at: number, reason?: string): Promise<boolean>;
  deliveries(conversation: ConversationId): Promise<readonly Delivery[]>;
}
