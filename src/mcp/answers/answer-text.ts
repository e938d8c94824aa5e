import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { ParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { Queue } from '../../base/queue.ts';

/** What is known of a result when all of it has passed. */
export type ResultSummary = {
  /** Of its JSON as it travelled. */
  readonly bytes: number;
  readonly sha256: Uint8Array;
  /** Members of the result that say what kind it is, where they are there. */
  readonly isError?: boolean;
  readonly resultType?: string;
};

/**
 * The JSON of a result that nobody holds whole: it is written and read piece by piece, by one reader and once. Whoever writes waits when the reader is
 * slower.
 */
export class AnswerText {
  /** Resolves when all of it was read; rejects when it broke off. */
  readonly done: Promise<ResultSummary>;
  readonly #pieces = new Queue<Uint8Array>();
  #waitingBytes = 0;
  #summary: ResultSummary | undefined;
  #error: Error | undefined;
  #resolveDone!: (summary: ResultSummary) => void;
  #rejectDone!: (error: Error) => void;
  #wakeReader: () => void = () => undefined;
  #drained: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  /** Called once, when somebody begins to read it. */
  onWanted: () => void = () => undefined;
  #isWanted = false;
  /** Called with each piece that is read. */
  onRead: () => void = () => undefined;
  /** Called once, when the reader wants no more of it. */
  onCancelled: (error: Error) => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#resolveDone = resolve;
      this.#rejectDone = reject;
    });
    // Not everybody who handles a text wants to know its end.
    this.done.catch(() => undefined);
  }

  // ── for whoever writes it ────────────────────────────────────────────────────────────────────────────────────────

  /** Answers a promise where the writer should wait before the next piece. The piece must not change any more. */
  write(piece: Uint8Array): Promise<void> | undefined {
    if (this.#error || piece.length === 0) return undefined;
    this.#pieces.push(piece);
    this.#waitingBytes += piece.length;
    this.#wakeReader();
    if (this.#waitingBytes <= LIMITS.answerAheadBytes) return undefined;
    if (!this.#drained) {
      let resolve!: () => void;
      const promise = new Promise<void>((settle) => (resolve = settle));
      this.#drained = { promise, resolve };
    }
    return this.#drained.promise;
  }

  finish(summary: ResultSummary): void {
    this.#summary = summary;
    this.#wakeReader();
    this.#settle();
  }

  /** It breaks off here: who read a part of it must not take that for the whole. */
  fail(error: Error): void {
    if (this.#error || (this.#summary && this.#pieces.length === 0)) return;
    this.#error = error;
    this.#pieces.clear();
    this.#waitingBytes = 0;
    this.#wakeReader();
    this.#drained?.resolve();
    this.#rejectDone(error);
  }

  // ── for whoever reads it ─────────────────────────────────────────────────────────────────────────────────────────

  /** The next piece, or `undefined` at the end. @throws why it broke off */
  async read(): Promise<Uint8Array | undefined> {
    if (!this.#isWanted) {
      this.#isWanted = true;
      this.onWanted();
    }
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) {
        this.#waitingBytes -= piece.length;
        this.onRead();
        if (this.#drained && this.#waitingBytes <= LIMITS.answerAheadBytes / 2) {
          this.#drained.resolve();
          this.#drained = undefined;
        }
        return piece;
      }
      if (this.#error) throw this.#error;
      if (this.#summary) {
        this.#settle();
        return undefined;
      }
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  /** The reader wants no more of it. */
  cancel(error: Error = new ParleyError('cancelled', 'Nobody wants the rest of the result.')): void {
    if (this.#error || (this.#summary && this.#pieces.length === 0)) return;
    this.fail(error);
    this.onCancelled(error);
  }

  #settle(): void {
    if (this.#summary && this.#pieces.length === 0) this.#resolveDone(this.#summary);
  }
}

/** A JSON-RPC answer whose result is not in it: `result` is an empty object, and the JSON that belongs there comes from `textOf`. */
type AnswerWithText = Extract<JSONRPCMessage, { result: unknown }> & { readonly [TEXT]: AnswerText };
type RequestId = Extract<JSONRPCMessage, { result: unknown }>['id'];

const TEXT = Symbol('answer text');

export function answerWithText(id: RequestId, text: AnswerText): AnswerWithText {
  return { jsonrpc: '2.0', id, result: {}, [TEXT]: text };
}

/** The text of an answer that has one. */
export function textOf(message: JSONRPCMessage): AnswerText | undefined {
  return (message as Partial<AnswerWithText>)[TEXT];
}
