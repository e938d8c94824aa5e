import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import type { FoundPath } from '../p2p/routing/path-finder.ts';
import type { PathId } from '../p2p/routing/routing-messages.ts';

export type ReachInput =
  /** A session over relays is wanted with the node. */
  | { readonly type: 'want'; readonly node: NodeId; /** Not over these. */ readonly avoid?: readonly NodeId[] }
  /** The session with the node is over relays: this path may be better, and is opened to find out. */
  | { readonly type: 'compare'; readonly node: NodeId; readonly path: FoundPath }
  | { readonly type: 'found'; readonly request: number; readonly paths: readonly FoundPath[] }
  | { readonly type: 'not-found'; readonly request: number }
  /** There is a session with the node, over whatever link. */
  | { readonly type: 'reached'; readonly node: NodeId; readonly link: number }
  /** A circuit did not open, or no session came about on it. */
  | { readonly type: 'circuit-failed'; readonly link: number; readonly code: ErrorCode };

export type ReachOutput =
  | { readonly type: 'find'; readonly request: number; readonly node: NodeId; readonly avoid: ReadonlySet<NodeId> }
  | { readonly type: 'cancel-find'; readonly request: number }
  | { readonly type: 'open-circuit'; readonly link: number; readonly node: NodeId; readonly via: NodeId; readonly path: PathId }
  | { readonly type: 'drop-circuit'; readonly link: number }
  | { readonly type: 'did-not-lead'; readonly node: NodeId; readonly via: NodeId }
  | { readonly type: 'failed'; readonly node: NodeId; readonly code: ErrorCode };

type Attempt = {
  readonly node: NodeId;
  readonly tried: Set<NodeId>;
  readonly avoided: readonly NodeId[];
  /** Circuits under way, by their links: over whom. */
  readonly circuits: Map<number, NodeId>;
  untried: readonly FoundPath[];
  request: number | undefined;
  nextAt: number | undefined;
  code: ErrorCode;
  /** There is a session, and nothing else is tried. */
  isComparison: boolean;
};

/**
 * Attempts to reach nodes over relays: looks for paths, opens a circuit over the best, and another beside it when that one brings no session about in time; so
 * a relay that drops or delays everything costs two seconds. Ends with the first session with the node, or when nothing is left to try.
 */
export class Reach implements Machine<ReachInput, ReachOutput> {
  readonly #outputs = new Queue<ReachOutput>();
  readonly #attempts = new Map<NodeId, Attempt>();
  readonly #allocateLink: () => number;
  #nextRequest = 1;

  constructor(allocateLink: () => number) {
    this.#allocateLink = allocateLink;
  }

  isTrying(node: NodeId): boolean {
    return this.#attempts.has(node);
  }

  /** The node that a circuit of an attempt is to lead to. */
  targetOf(link: number): NodeId | undefined {
    return this.#attemptOf(link)?.node;
  }

  handle(input: ReachInput | Wake, now: number): void {
    switch (input.type) {
      case 'want':
        return this.#want(input.node, input.avoid ?? []);
      case 'compare':
        return this.#compare(input.node, input.path);
      case 'found': {
        const attempt = this.#byRequest(input.request);
        if (!attempt) return;
        attempt.request = undefined;
        attempt.untried = input.paths;
        return this.#tryNext(attempt, now);
      }
      case 'not-found': {
        const attempt = this.#byRequest(input.request);
        if (!attempt) return;
        attempt.request = undefined;
        return this.#failIfOver(attempt);
      }
      case 'reached':
        return this.#reached(input.node, input.link);
      case 'circuit-failed':
        return this.#circuitFailed(input.link, input.code, now);
      case 'wake':
        for (const attempt of this.#attempts.values()) {
          if (attempt.nextAt === undefined || now < attempt.nextAt) continue;
          attempt.nextAt = undefined;
          this.#tryNext(attempt, now);
        }
    }
  }

  poll(): ReachOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    let next: number | undefined;
    for (const { nextAt } of this.#attempts.values()) next = earlier(next, nextAt);
    return next;
  }

  #want(node: NodeId, avoid: readonly NodeId[]): void {
    const present = this.#attempts.get(node);
    if (present) present.isComparison = false;
    if (present) return;
    if (this.#attempts.size >= LIMITS.maxFinds) return this.#outputs.push({ type: 'failed', node, code: 'overloaded' });
    this.#find(this.#newAttempt(node, false, avoid));
  }

  #compare(node: NodeId, path: FoundPath): void {
    if (this.#attempts.has(node) || this.#attempts.size >= LIMITS.maxFinds) return;
    this.#open(this.#newAttempt(node, true), path);
  }

  #newAttempt(node: NodeId, isComparison: boolean, avoided: readonly NodeId[] = []): Attempt {
    const empty = { tried: new Set<NodeId>(), circuits: new Map<number, NodeId>(), untried: [], request: undefined, nextAt: undefined };
    const attempt: Attempt = { node, ...empty, avoided, code: 'unreachable', isComparison };
    this.#attempts.set(node, attempt);
    return attempt;
  }

  #find(attempt: Attempt): void {
    attempt.request = this.#nextRequest++;
    this.#outputs.push({ type: 'find', request: attempt.request, node: attempt.node, avoid: new Set([...attempt.tried, ...attempt.avoided]) });
  }

  #tryNext(attempt: Attempt, now: number): void {
    if (attempt.circuits.size >= LIMITS.maxCircuitsAtOnce) return;
    const path = attempt.untried.find(({ via }) => !attempt.tried.has(via) && !attempt.avoided.includes(via));
    if (!path) {
      const mayFind = attempt.request === undefined && attempt.tried.size < LIMITS.maxRelaysTried;
      return mayFind ? this.#find(attempt) : this.#failIfOver(attempt);
    }
    attempt.nextAt = now + LIMITS.nextRelayAfterMs;
    this.#open(attempt, path);
  }

  #open(attempt: Attempt, { via, path }: FoundPath): void {
    const link = this.#allocateLink();
    attempt.tried.add(via);
    attempt.circuits.set(link, via);
    this.#outputs.push({ type: 'open-circuit', link, node: attempt.node, via, path });
  }

  #circuitFailed(link: number, code: ErrorCode, now: number): void {
    const attempt = this.#attemptOf(link);
    const via = attempt?.circuits.get(link);
    if (!attempt || via === undefined) return;
    attempt.circuits.delete(link);
    attempt.code = code;
    // A path that is no better leads there all the same.
    if (code !== 'not-needed') this.#outputs.push({ type: 'did-not-lead', node: attempt.node, via });
    if (attempt.isComparison) this.#failIfOver(attempt);
    else this.#tryNext(attempt, now);
  }

  #reached(node: NodeId, link: number): void {
    const attempt = this.#attempts.get(node);
    if (!attempt) return;
    this.#attempts.delete(node);
    if (attempt.request !== undefined) this.#outputs.push({ type: 'cancel-find', request: attempt.request });
    for (const other of attempt.circuits.keys()) if (other !== link) this.#outputs.push({ type: 'drop-circuit', link: other });
  }

  #failIfOver(attempt: Attempt): void {
    if (attempt.circuits.size > 0 || attempt.request !== undefined) return;
    this.#attempts.delete(attempt.node);
    this.#outputs.push({ type: 'failed', node: attempt.node, code: attempt.code });
  }

  #attemptOf(link: number): Attempt | undefined {
    for (const attempt of this.#attempts.values()) if (attempt.circuits.has(link)) return attempt;
    return undefined;
  }

  #byRequest(request: number): Attempt | undefined {
    for (const attempt of this.#attempts.values()) if (attempt.request === request) return attempt;
    return undefined;
  }
}
