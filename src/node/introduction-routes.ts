import { BoundedMap } from '../base/bounded-map.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';

/** Sealed introductions of one attempt that went to the server: an offer and its candidates. */
const MAX_REMEMBERED = 4;

/**
 * Which way introductions go: over the signaling server while it is there and knows the node, otherwise through the mesh; and answers the way the questions
 * came.
 */
export class IntroductionRoutes {
  readonly #inMesh = new BoundedMap<NodeId, true>(LIMITS.maxKnownPeers);
  /** What the server may still say that it cannot deliver. */
  readonly #sent = new BoundedMap<NodeId, Uint8Array[]>(LIMITS.maxDials);

  /** The node was heard from: over the mesh or over the server. */
  cameFrom(node: NodeId, isAlongMesh: boolean): void {
    if (isAlongMesh) this.#inMesh.set(node, true);
    else this.#inMesh.delete(node);
    this.#sent.delete(node);
  }

  routeTo(node: NodeId, sealed: Uint8Array, isServerUp: boolean): 'server' | 'mesh' {
    if (!isServerUp || this.#inMesh.has(node)) return 'mesh';
    const sent = this.#sent.get(node) ?? [];
    if (sent.length < MAX_REMEMBERED) sent.push(sealed);
    this.#sent.set(node, sent);
    return 'server';
  }

  /** The server does not know the node: what it was given goes through the mesh instead. */
  absent(node: NodeId): readonly Uint8Array[] {
    const sent = this.#sent.get(node) ?? [];
    this.#sent.delete(node);
    if (sent.length > 0) this.#inMesh.set(node, true);
    return sent;
  }

  /** The mesh does not know it either. */
  undeliverable(node: NodeId): void {
    this.#inMesh.delete(node);
  }
}
