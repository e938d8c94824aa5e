import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { LinkKind } from '../ports/link.ts';

/** Which links a node has: *decentralised*, its own to other nodes; *centralised*, sockets of hosts; *hybrid*, both. */
export type Mode = 'decentralised' | 'hybrid' | 'centralised';

const LEFT: Readonly<Record<Mode, LinkKind | undefined>> = { decentralised: 'websocket', hybrid: undefined, centralised: 'webrtc' };

/** Links of the kind that the node's mode does without, until their sessions are elsewhere. */
export class LeftLinks {
  #kind: LinkKind | undefined;
  /** When each session that is on such a link is given up, if nothing else carries it by then. */
  readonly #until = new Map<NodeId, number>();
  #nextAt: number | undefined;

  /** The mode changed: links that are left from now on are looked after at once. */
  set(mode: Mode, now: number): void {
    this.#kind = LEFT[mode];
    this.#until.clear();
    this.#nextAt = this.#kind ? now : undefined;
  }

  isLeft(kind: LinkKind): boolean {
    return kind === this.#kind;
  }

  nextWakeAt(): number | undefined {
    return this.#nextAt;
  }

  isDue(now: number): boolean {
    return this.#nextAt !== undefined && now >= this.#nextAt;
  }

  /**
   * The sessions that are on such links now. Answers those to which another way is to be looked for, and those that have waited long enough; asks to be
   * woken as long as there are any.
   */
  look(nodes: readonly NodeId[], now: number): { readonly waiting: readonly NodeId[]; readonly over: readonly NodeId[] } {
    const present = new Set(nodes);
    for (const node of this.#until.keys()) if (!present.has(node)) this.#until.delete(node);
    for (const node of nodes) if (!this.#until.has(node)) this.#until.set(node, now + LIMITS.leaveLinkMs);
    this.#nextAt = nodes.length > 0 ? now + LIMITS.leaveLinkRetryMs : undefined;
    const isOver = (node: NodeId): boolean => now >= (this.#until.get(node) as number);
    return { waiting: nodes.filter((node) => !isOver(node)), over: nodes.filter(isOver) };
  }
}
