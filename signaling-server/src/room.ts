import { randomInt } from 'node:crypto';
import type { Peer } from './peer.ts';

/** The joined peers of one room, and those of them that are handed to newcomers. */
export class Room {
  readonly id: string;
  readonly #peers = new Map<string, Peer>();
  /** In no order, each peer knowing its place: joining, leaving and sampling cost the same in a room of any size. */
  readonly #announced: Peer[] = [];

  constructor(id: string) {
    this.id = id;
  }

  get size(): number {
    return this.#peers.size;
  }

  get(node: string): Peer | undefined {
    return this.#peers.get(node);
  }

  add(peer: Peer): void {
    this.#peers.set(peer.node, peer);
    this.announce(peer, true);
  }

  remove(peer: Peer): void {
    this.announce(peer, false);
    if (this.#peers.get(peer.node) === peer) this.#peers.delete(peer.node);
  }

  announce(peer: Peer, on: boolean): void {
    if (on === peer.announcedAt >= 0) return;
    if (on) {
      peer.announcedAt = this.#announced.push(peer) - 1;
      return;
    }
    const last = this.#announced.pop() as Peer;
    if (last !== peer) {
      this.#announced[peer.announcedAt] = last;
      last.announcedAt = peer.announcedAt;
    }
    peer.announcedAt = -1;
  }

  /** Up to `count` announced peers drawn uniformly without repetition, never `except`. */
  sample(count: number, except: Peer): readonly Peer[] {
    const sampled: Peer[] = [];
    // The first steps of a Fisher–Yates shuffle: what was drawn moves to the front.
    for (let i = 0; i < this.#announced.length && sampled.length < count; i++) {
      this.#swap(i, randomInt(i, this.#announced.length));
      const drawn = this.#announced[i] as Peer;
      if (drawn !== except) sampled.push(drawn);
    }
    return sampled;
  }

  #swap(i: number, j: number): void {
    const a = this.#announced[i] as Peer;
    const b = this.#announced[j] as Peer;
    this.#announced[i] = b;
    this.#announced[j] = a;
    b.announcedAt = i;
    a.announcedAt = j;
  }
}
