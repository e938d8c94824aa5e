import { BoundedMap } from '../base/bounded-map.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { PeerInfo } from './api.ts';

const NONE: readonly PeerInfo[] = [];

/** What is known of every node that was seen in this run; those with a session never have to go for others. */
export class PeerTable {
  readonly #peers = new BoundedMap<NodeId, PeerInfo>(LIMITS.maxKnownPeers);
  readonly #changed = new Set<NodeId>();

  get size(): number {
    return this.#peers.size;
  }

  get(node: NodeId): PeerInfo | undefined {
    return this.#peers.get(node);
  }

  all(): readonly PeerInfo[] {
    return [...this.#peers].map(([, peer]) => peer);
  }

  update(node: NodeId, change: Partial<PeerInfo>): void {
    const before = this.#peers.get(node) ?? { node, state: 'away', bytesSent: 0, bytesReceived: 0 };
    this.#peers.set(node, { ...before, ...change });
    this.#changed.add(node);
  }

  /** Drops fields that hold no longer. */
  clear(node: NodeId, ...fields: readonly ('path' | 'rttMs' | 'connectedAt' | 'reason')[]): void {
    const before = this.#peers.get(node);
    if (!before) return;
    const after = { ...before };
    for (const field of fields) delete after[field];
    this.#peers.set(node, after);
    this.#changed.add(node);
  }

  takeChanged(): readonly PeerInfo[] {
    if (this.#changed.size === 0) return NONE;
    const changed = [...this.#changed].map((node) => this.#peers.get(node)).filter((peer) => peer !== undefined);
    this.#changed.clear();
    return changed;
  }
}
