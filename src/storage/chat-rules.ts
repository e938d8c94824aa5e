import type { DeliveryState, NewConversation, StoredConversation, StoredEvent } from '../ports/chat-store.ts';

const ORDER: readonly DeliveryState[] = ['queued', 'sent', 'delivered', 'read'];

/** Deliveries only go forward; a failed one may be queued again by the person. */
export function canAdvance(from: DeliveryState, to: DeliveryState): boolean {
  if (to === 'failed') return from === 'queued' || from === 'sent';
  if (from === 'failed') return to === 'queued' || to === 'delivered' || to === 'read';
  return ORDER.indexOf(to) > ORDER.indexOf(from);
}

/** Display order: (depth, time, id), the same on every device. */
export function inDisplayOrder(a: StoredEvent, b: StoredEvent): number {
  return a.depth - b.depth || a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

export function isBefore(a: StoredEvent, b: StoredEvent): boolean {
  return inDisplayOrder(a, b) < 0;
}

/** A conversation after one more event was stored in it. */
export function withEvent(before: StoredConversation | undefined, conversation: NewConversation, event: StoredEvent): StoredConversation {
  const isByOther = event.author !== conversation.members[0];
  if (!before) return { ...conversation, last: event, lastAt: event.time, unread: isByOther ? 1 : 0 };
  const last = isBefore(before.last, event) ? event : before.last;
  return { ...before, last, lastAt: last.time, unread: before.unread + (isByOther ? 1 : 0) };
}

/** A conversation that was seen up to an event; `after` are the events that follow it in display order. */
export function readUpTo(before: StoredConversation, event: StoredEvent, after: readonly StoredEvent[]): StoredConversation {
  return { ...before, readUpTo: event.id, unread: unreadAmong(after, before) };
}

export function unreadAmong(events: readonly StoredEvent[], { members: [me] }: NewConversation): number {
  return events.filter(({ author }) => author !== me).length;
}

/** Newest first: (time of the last event, id), both descending. */
export function isMoreRecent(a: StoredConversation, b: StoredConversation): boolean {
  return a.lastAt > b.lastAt || (a.lastAt === b.lastAt && a.id > b.id);
}
