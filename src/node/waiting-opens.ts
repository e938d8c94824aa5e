import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import type { PriorityClass } from '../p2p/streams/priority-scheduler.ts';
import type { MuxInput } from '../p2p/streams/stream-mux.ts';

/** What a program asked for: a stream to a node, by a deadline. `request` is the asker's own number for it. */
export type OpenRequest = {
  readonly request: number;
  readonly node: NodeId;
  readonly protocol: string;
  readonly header: Uint8Array;
  readonly priority: PriorityClass;
  readonly deadline: number;
};

export type WaitingOpensOutput =
  /** There is no session with the node yet: somebody has to dial it. */
  | { readonly type: 'want'; readonly node: NodeId }
  | { readonly type: 'stream'; readonly connection: number; readonly input: Extract<MuxInput, { readonly type: 'open' | 'reset' }> }
  /** The request's stream is accepted by the peer. */
  | { readonly type: 'opened'; readonly request: number; readonly connection: number; readonly stream: number }
  | { readonly type: 'open-failed'; readonly request: number; readonly code: ErrorCode };

type WaitingOpen = OpenRequest & { at: { readonly connection: number; readonly stream: number } | undefined };

/**
 * The streams that programs asked for and do not have yet. Each waits first for a session with its node, then, with a stream id on that session's
 * connection, for the peer's answer; and each is answered once, with its stream or with why there is none.
 */
export class WaitingOpens {
  readonly #allocateStream: (connection: number) => number | undefined;
  readonly #opens = new Map<number, WaitingOpen>();
  readonly #outputs = new Queue<WaitingOpensOutput>();

  /** `allocateStream` answers a fresh stream id of the connection, or `undefined` when it can have no more streams. */
  constructor(allocateStream: (connection: number) => number | undefined) {
    this.#allocateStream = allocateStream;
  }

  get size(): number {
    return this.#opens.size;
  }

  poll(): WaitingOpensOutput | undefined {
    return this.#outputs.shift();
  }

  /** The earliest deadline: when `wake` has something to do. */
  nextWakeAt(): number | undefined {
    let next: number | undefined;
    for (const open of this.#opens.values()) next = earlier(next, open.deadline);
    return next;
  }

  /** Nodes with which a session is waited for, each once. */
  wanted(): ReadonlySet<NodeId> {
    return new Set([...this.#opens.values()].filter(({ at }) => !at).map(({ node }) => node));
  }

  /** `session` is the connection that counts for the node, if there is one. */
  open(request: OpenRequest, session: number | undefined): void {
    if (this.#opens.size >= LIMITS.maxWaitingOpens) return this.#failed(request.request, 'overloaded');
    const open: WaitingOpen = { ...request, at: undefined };
    this.#opens.set(request.request, open);
    if (session === undefined) this.#outputs.push({ type: 'want', node: request.node });
    else this.#openOn(session, open);
  }

  cancel(request: number): void {
    const open = this.#opens.get(request);
    if (open) this.#fail(open, 'cancelled');
  }

  sessionOpened(node: NodeId, connection: number): void {
    for (const open of this.#opens.values()) if (open.node === node && !open.at) this.#openOn(connection, open);
  }

  /** Another session with the same node took over before the peer answered. */
  sessionReplaced(before: number, connection: number): void {
    for (const open of this.#opens.values()) if (open.at?.connection === before) this.#openOn(connection, open);
  }

  /** The peer accepted a stream; answers whether somebody waited for it here. */
  accepted(connection: number, stream: number): boolean {
    const open = this.#takeAt(connection, stream);
    if (open) this.#outputs.push({ type: 'opened', request: open.request, connection, stream });
    return open !== undefined;
  }

  /** A stream ended; answers whether somebody waited for it here. */
  refused(connection: number, stream: number, code: ErrorCode): boolean {
    const open = this.#takeAt(connection, stream);
    if (open) this.#failed(open.request, code);
    return open !== undefined;
  }

  connectionClosed(connection: number, code: ErrorCode): void {
    for (const open of this.#opens.values()) {
      if (open.at?.connection !== connection) continue;
      this.#opens.delete(open.request);
      this.#failed(open.request, code);
    }
  }

  /** Nobody tries to reach the node any more. */
  unreachable(node: NodeId, code: ErrorCode): void {
    for (const open of this.#opens.values()) if (open.node === node && !open.at) this.#fail(open, code);
  }

  failAll(code: ErrorCode): void {
    for (const open of this.#opens.values()) this.#fail(open, code);
  }

  wake(now: number): void {
    for (const open of this.#opens.values()) if (now >= open.deadline) this.#fail(open, 'timed-out');
  }

  #openOn(connection: number, open: WaitingOpen): void {
    const stream = this.#allocateStream(connection);
    if (stream === undefined) return this.#fail(open, 'overloaded');
    open.at = { connection, stream };
    const { protocol, header, priority } = open;
    this.#outputs.push({ type: 'stream', connection, input: { type: 'open', stream, protocol, header, priority } });
  }

  #fail(open: WaitingOpen, code: ErrorCode): void {
    this.#opens.delete(open.request);
    this.#failed(open.request, code);
    // The peer may have heard of the stream: it must not keep it.
    if (open.at)
      this.#outputs.push({ type: 'stream', connection: open.at.connection, input: { type: 'reset', stream: open.at.stream, code: 'cancelled' } });
  }

  #failed(request: number, code: ErrorCode): void {
    this.#outputs.push({ type: 'open-failed', request, code });
  }

  #takeAt(connection: number, stream: number): WaitingOpen | undefined {
    for (const open of this.#opens.values()) {
      if (open.at?.connection !== connection || open.at.stream !== stream) continue;
      this.#opens.delete(open.request);
      return open;
    }
    return undefined;
  }
}
