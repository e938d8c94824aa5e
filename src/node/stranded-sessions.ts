import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier } from '../base/machine.ts';

/** Sessions that lost their circuit, and when another path is looked for next. The session itself knows how long it waits. */
export class StrandedSessions {
  /** Absent while an attempt is under way. */
  readonly #nextAt = new Map<NodeId, number | undefined>();

  has(node: NodeId): boolean {
    return this.#nextAt.has(node);
  }

  nextWakeAt(): number | undefined {
    let next: number | undefined;
    for (const at of this.#nextAt.values()) next = earlier(next, at);
    return next;
  }

  /** The session's initiator looks at once; the other side leaves it the first attempt. */
  add(node: NodeId, isInitiator: boolean, now: number): void {
    this.#nextAt.set(node, now + (isInitiator ? 0 : LIMITS.politeResumeMs));
  }

  /** The session has a link again, or is over. */
  delete(node: NodeId): void {
    this.#nextAt.delete(node);
  }

  /** An attempt came to nothing. */
  unreached(node: NodeId, now: number): void {
    if (this.has(node)) this.#nextAt.set(node, now + LIMITS.resumeRetryMs);
  }

  /** Somebody new may know a way. */
  retryNow(now: number): void {
    for (const [node, at] of this.#nextAt) if (at !== undefined) this.#nextAt.set(node, now);
  }

  /** The nodes to which a path is to be looked for now. */
  takeDue(now: number): readonly NodeId[] {
    const due = [...this.#nextAt].filter(([, at]) => at !== undefined && now >= at).map(([node]) => node);
    for (const node of due) this.#nextAt.set(node, undefined);
    return due;
  }
}
