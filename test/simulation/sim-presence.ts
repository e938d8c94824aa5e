import { BoundedMap } from '../../src/base/bounded-map.ts';
import { readPresenceItem, type PresenceItem, type PresenceItemReader } from '../../src/p2p/presence/presence-item.ts';

const MAX_SHARED = 20_000;

/** Cards and notices that were read once: all nodes are one process, and equal bytes give equal, never altered objects. */
export class SharedPresenceItems {
  readonly #items = new BoundedMap<string, PresenceItem>(MAX_SHARED);

  readonly read: PresenceItemReader = (bytes, networkId) => {
    const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const known = this.#items.get(name);
    if (known) return known;
    const item = readPresenceItem(bytes, networkId);
    this.#items.set(name, item);
    return item;
  };
}
