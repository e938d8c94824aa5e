import type { ErrorCode } from '../base/errors.ts';
import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { Queue } from '../base/queue.ts';
import type { MuxInput } from '../p2p/streams/stream-mux.ts';
import type { Path, PeerIdentity, Stream, StreamEnd } from './api.ts';

export type StreamFacts = {
  readonly id: number;
  readonly protocol: string;
  readonly header: Uint8Array;
  readonly peer: PeerIdentity;
  /** As it is now: a session may move to another. */
  path(): Path;
};

export type StreamInput = Exclude<MuxInput, { readonly type: 'payload' | 'ping' }>;

type Handler = (message: Uint8Array) => void | Promise<void>;
type PendingSend = { resolve(): void; reject(error: ParleyError): void };

/** The {@link Stream} that programs hold: an inbox, pending sends, and the way into the connection's machine. */
export class NodeStream implements Stream {
  readonly protocol: string;
  readonly header: Uint8Array;
  readonly peer: PeerIdentity;
  readonly closed: Promise<StreamEnd>;
  readonly #id: number;
  readonly #path: () => Path;
  readonly #toMachine: (input: StreamInput) => void;
  readonly #sends = new Queue<PendingSend>();
  readonly #inbox = new Queue<Uint8Array>();
  #handler: Handler | undefined;
  #isBusy = false;
  #hasPeerEnded = false;
  #hasEnded = false;
  #end: StreamEnd | undefined;
  #resolveClosed!: (end: StreamEnd) => void;

  constructor(facts: StreamFacts, toMachine: (input: StreamInput) => void) {
    this.#id = facts.id;
    this.protocol = facts.protocol;
    this.header = facts.header;
    this.peer = facts.peer;
    this.#path = () => facts.path();
    this.#toMachine = toMachine;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
  }

  get path(): Path {
    return this.#path();
  }

  send(message: Uint8Array): Promise<void> {
    if (message.length > LIMITS.maxStreamMessageBytes) {
      return Promise.reject(
        new ParleyError('too-large', `A message has at most ${LIMITS.maxStreamMessageBytes} bytes; this one has ${message.length}.`),
      );
    }
    if (this.#end || this.#hasEnded) return Promise.reject(endError(this.#end?.code ?? 'closed-here'));
    return new Promise((resolve, reject) => {
      this.#sends.push({ resolve, reject });
      this.#toMachine({ type: 'send', stream: this.#id, message });
    });
  }

  onMessage(handler: Handler): void {
    this.#handler = handler;
    this.#deliver();
  }

  end(): void {
    if (this.#end || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#toMachine({ type: 'end', stream: this.#id });
  }

  reset(code: ErrorCode): void {
    if (this.#end) return;
    this.#toMachine({ type: 'reset', stream: this.#id, code });
    this.finish({ clean: false, code });
  }

  // ── for the pump ───────────────────────────────────────────────────────────────────────────────────────────────

  received(message: Uint8Array): void {
    this.#inbox.push(message);
    this.#deliver();
  }

  sent(): void {
    this.#sends.shift()?.resolve();
  }

  peerEnded(): void {
    this.#hasPeerEnded = true;
    this.#deliver();
  }

  finish(end: StreamEnd): void {
    if (this.#end) return;
    this.#end = end;
    for (let send = this.#sends.shift(); send; send = this.#sends.shift()) send.reject(endError(end.code ?? 'peer-closed'));
    if (end.clean) return this.#deliver();
    this.#discardInbox();
    this.#resolveClosed(end);
  }

  /** Gives messages to the handler one at a time, then tells that nothing follows. */
  #deliver(): void {
    const handler = this.#handler;
    while (handler && !this.#isBusy) {
      const message = this.#inbox.shift();
      if (!message) break;
      const working = this.#handle(handler, message);
      if (!working) this.#consumed(message);
      else {
        this.#isBusy = true;
        void working.finally(() => {
          this.#isBusy = false;
          this.#consumed(message);
          this.#deliver();
        });
      }
    }
    if (this.#isBusy || this.#inbox.length > 0) return;
    if (this.#hasPeerEnded) this.end();
    if (this.#end?.clean) this.#resolveClosed(this.#end);
  }

  /** A handler that fails has a defect or no use for this stream any more: either way the peer is told. */
  #handle(handler: Handler, message: Uint8Array): Promise<void> | undefined {
    try {
      return handler(message)?.catch(() => this.reset('internal'));
    } catch {
      this.reset('internal');
      return undefined;
    }
  }

  /** Also after the end: the message took its credit from all streams of the session. */
  #consumed(message: Uint8Array): void {
    this.#toMachine({ type: 'consumed', stream: this.#id, bytes: message.length });
  }

  #discardInbox(): void {
    const messages = this.#inbox.length;
    let bytes = 0;
    for (let message = this.#inbox.shift(); message; message = this.#inbox.shift()) bytes += message.length;
    if (messages > 0) this.#toMachine({ type: 'consumed', stream: this.#id, bytes, messages });
  }
}

function endError(code: ErrorCode): ParleyError {
  return new ParleyError(code, SENTENCES[code] ?? 'The stream to the other node has ended.');
}

const SENTENCES: Partial<Record<ErrorCode, string>> = {
  'closed-here': 'The stream was closed here.',
  'peer-closed': 'The other node closed the stream.',
  'link-lost': 'The connection to the other node broke.',
  refused: 'The other node refused.',
  'protocol-unknown': 'The other node does not speak this protocol.',
};
