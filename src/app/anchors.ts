import type { Node } from '../node/node.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records } from '../ports/records.ts';

/** The cards of the last good neighbours, and when they were. */
type Anchors = { readonly at: number; readonly cards: readonly Uint8Array[] };

/** A neighbour counts as good once it has been there for so long; and what changes in one moment is written once. */
const SETTLE_MS = 5_000;

/**
 * Remembers the last good neighbours, and tries them first at the next start: whoever knew somebody finds the network again, whatever a server tells.
 * It is a convenience: where storage fails, the node starts without.
 */
export async function keepAnchors(node: Node, records: Records, network: string, clock: Clock): Promise<void> {
  const table = records.table<Anchors>('peers');
  const key = `anchors:${network}`;
  let isWaiting = false;
  const write = (): void => {
    isWaiting = false;
    const cards = node.neighbourCards();
    // With nobody left, the last ones are still the best guess.
    if (cards.length > 0) table.put(key, { at: clock.now(), cards }).catch(() => undefined);
  };
  const writeSoon = (): void => {
    if (isWaiting) return;
    isWaiting = true;
    clock.wakeAt(clock.now() + SETTLE_MS, write);
  };
  node.on('peer-up', writeSoon);
  // Their cards are renewed, and some may have come before this was listened to.
  node.on('node-up', writeSoon);
  writeSoon();
  const known = await table.get(key).catch(() => undefined);
  for (const card of known?.cards ?? []) node.meet(card, true);
}
