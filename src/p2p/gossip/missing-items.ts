import { LIMITS } from '../../base/limits.ts';
import type { GossipLink } from './gossip-link.ts';
import type { ItemId } from './item-id.ts';

/** An item that others announced and nobody has pushed yet. */
export type Missing = {
  readonly id: ItemId;
  /** Those who announced it and were not asked yet, in the order of their announcements. */
  readonly announcers: GossipLink[];
  readonly asked: GossipLink[];
};

/** What we know of and lack. Bounded: what is announced while it is full must be announced by another neighbour again. */
export class MissingItems {
  readonly #missing = new Map<ItemId, Missing>();

  get size(): number {
    return this.#missing.size;
  }

  get(id: ItemId): Missing | undefined {
    return this.#missing.get(id);
  }

  /** Answers the entry if it is new. */
  announced(id: ItemId, link: GossipLink): Missing | undefined {
    const known = this.#missing.get(id);
    if (known) {
      const isNews = !known.announcers.includes(link) && !known.asked.includes(link);
      if (isNews && known.announcers.length + known.asked.length < LIMITS.maxGossipAnnouncers) known.announcers.push(link);
      return undefined;
    }
    if (this.#missing.size >= LIMITS.maxGossipMissing) return undefined;
    const missing: Missing = { id, announcers: [link], asked: [] };
    this.#missing.set(id, missing);
    return missing;
  }

  /** Takes the next one to be asked, unless it has too much to bring already. */
  ask(missing: Missing): GossipLink | undefined {
    const index = missing.announcers.findIndex((link) => link.asked < LIMITS.maxGossipAskedPerLink);
    const [link] = index < 0 ? [] : missing.announcers.splice(index, 1);
    if (!link) return undefined;
    missing.asked.push(link);
    link.asked++;
    return link;
  }

  /** The item came: whether `link` had been asked for it. */
  came(id: ItemId, link: GossipLink): boolean {
    const missing = this.#missing.get(id);
    if (!missing) return false;
    for (const each of missing.asked) each.asked--;
    this.#missing.delete(id);
    return missing.asked.includes(link);
  }

  /** `link` did not bring the item; answers whether it was still expected to. */
  broke(missing: Missing, link: GossipLink): boolean {
    if (this.#missing.get(missing.id) !== missing) return false;
    const index = missing.asked.indexOf(link);
    if (index < 0) return false;
    missing.asked.splice(index, 1);
    link.asked--;
    this.#dropIfHopeless(missing);
    return true;
  }

  /** The link is gone, and with it what it announced. */
  left(link: GossipLink): void {
    for (const missing of this.#missing.values()) {
      for (const list of [missing.announcers, missing.asked]) {
        const index = list.indexOf(link);
        if (index >= 0) list.splice(index, 1);
      }
      this.#dropIfHopeless(missing);
    }
  }

  #dropIfHopeless(missing: Missing): void {
    if (missing.announcers.length === 0 && missing.asked.length === 0) this.#missing.delete(missing.id);
  }
}
