import type { DeliveryState, StoredEvent } from '../ports/chat-store.ts';

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
