import type { RequestId } from '@modelcontextprotocol/client';
import { ParleyError } from '../../base/errors.ts';
import { AnswerText, type ResultSummary } from '../../mcp/answers/answer-text.ts';
import { ResultScanner } from '../../mcp/answers/result-scanner.ts';
import { SpooledAnswer } from './spooled-answer.ts';

/** One line that is larger than most: what it is shows while it comes. */
export class LargeLine {
  readonly #scanner = ResultScanner.ofMessage((piece) => this.#passOn(piece));
  /** Of its result, before it is known where that goes. */
  #early: Uint8Array[] | undefined = [];
  /** `undefined` when nobody wants the rest. */
  #sink: AnswerText | SpooledAnswer | undefined;
  #room: Promise<void> | undefined;
  /** The request that it is taken to answer before its own id passed. */
  #assumed: RequestId | undefined;

  /** Answers where whoever takes the result wants no more yet. @throws ParleyError `malformed`, `too-large` */
  feed(bytes: Uint8Array): Promise<void> | undefined {
    this.#room = undefined;
    if (this.isHeld || this.#sink) this.#scanner.feed(bytes);
    return this.#room;
  }

  /** Whether its bytes are still to be kept. */
  get isHeld(): boolean {
    return this.#early !== undefined;
  }

  get isInResult(): boolean {
    return this.#scanner.isInResult;
  }

  /** Its result goes on from here; answers the request that it answers and the text, where that is known, or else puts the result aside until `finish`. */
  release(onlyRequest: RequestId | undefined): { readonly id: RequestId; readonly text: AnswerText } | undefined {
    const own = this.#scanner.id;
    const id = own ?? onlyRequest;
    const sink = id === undefined ? new SpooledAnswer() : new AnswerText();
    if (own === undefined) this.#assumed = onlyRequest;
    if (sink instanceof AnswerText) sink.onCancelled = () => (this.#sink = undefined);
    this.#sink = sink;
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const piece of early) this.#passOn(piece);
    return id !== undefined && sink instanceof AnswerText ? { id, text: sink } : undefined;
  }

  /** The line is over; answers what was put aside and whose it is. @throws ParleyError `malformed`, `protocol-violation`: then the result broke off */
  finish(): { readonly id: RequestId; readonly text: AnswerText } | undefined {
    const sink = this.#sink;
    if (!sink) return undefined;
    let summary: ResultSummary;
    try {
      summary = this.#scanner.finish();
      if (this.#assumed !== undefined && this.#scanner.id !== this.#assumed)
        throw new ParleyError('protocol-violation', 'The server answered another request than the one under way.');
    } catch (thrown) {
      this.fail(thrown as Error);
      throw thrown;
    }
    sink.finish(summary);
    return sink instanceof SpooledAnswer ? { id: this.#scanner.id as RequestId, text: sink.text } : undefined;
  }

  fail(error: Error): void {
    this.#sink?.fail(error);
    this.#sink = undefined;
  }

  #passOn(piece: Uint8Array): void {
    if (this.#early) this.#early.push(piece);
    else this.#room = this.#sink?.write(piece);
  }
}
