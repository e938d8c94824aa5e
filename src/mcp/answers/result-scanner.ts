import { fromUtf8 } from '../../base/bytes.ts';
import { ParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { sha256InPieces } from '../../crypto/hash.ts';
import type { ResultSummary } from './answer-text.ts';

const [QUOTE, BACKSLASH, COMMA, COLON, NEW_LINE, RETURN, SPACE, TAB] = [0x22, 0x5c, 0x2c, 0x3a, 0x0a, 0x0d, 0x20, 0x09];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/** What of a message or a result is read as it passes: names and plain values, never more than this. */
const MAX_NOTED_BYTES = 512;

/**
 * Follows the JSON of one answer as it passes, and tells its result from what stands around it. It checks what a message must not break for others:
 * nesting, brackets, text, and no line ends; whether each value is well-formed is for whoever parses it. Linear, with memory for names only.
 *
 * Depth 1 is the message's object, depth 2 its result's.
 */
export class ResultScanner {
  readonly #onResult: (piece: Uint8Array) => void;
  readonly #hash = sha256InPieces();
  #resultBytes = 0;
  /** For each open bracket the one that closes it. */
  readonly #closers: number[] = [];
  /** The name of the member at hand, of the message and of its result. */
  readonly #names: [string | undefined, string | undefined] = [undefined, undefined];
  readonly #seen = new Set<string>();
  readonly #values: { id?: string; isError?: string; resultType?: string } = {};
  #expectsName = false;
  #inText = false;
  #isEscaped = false;
  /** Bytes of the name or plain value at hand, where it is one that is read. */
  #noted: number[] | undefined;
  #notesName = false;
  readonly #isResultOnly: boolean;
  /** The result is an object, and it began. */
  #isObject = false;
  #isOver = false;

  private constructor(onResult: (piece: Uint8Array) => void, isResultOnly: boolean) {
    this.#onResult = onResult;
    this.#isResultOnly = isResultOnly;
    if (!isResultOnly) return;
    this.#closers.push(CLOSE_OBJECT);
    this.#names[0] = 'result';
  }

  /** For a whole message; `onResult` gets the pieces of its result. */
  static ofMessage(onResult: (piece: Uint8Array) => void): ResultScanner {
    return new ResultScanner(onResult, false);
  }

  /** For a result alone. */
  static ofResult(onResult: (piece: Uint8Array) => void): ResultScanner {
    return new ResultScanner(onResult, true);
  }

  /** Whether the message is now in its result, and was nothing but an answer so far. */
  get isInResult(): boolean {
    return this.#closers.length > 1 && this.#names[0] === 'result' && !this.#seen.has('method') && !this.#seen.has('error');
  }

  /** The message's id, once it passed. @throws ParleyError `malformed` where it is none */
  get id(): string | number | undefined {
    if (this.#values.id === undefined) return undefined;
    const id = parsed(this.#values.id);
    if (typeof id !== 'string' && typeof id !== 'number') throw malformed('an answer to no request');
    return id;
  }

  /**
   * The next bytes. Line ends between values become spaces, in place. @throws ParleyError `malformed`, `too-large` when it nests deeper than anybody bears
   */
  feed(bytes: Uint8Array): void {
    const hasLineEnds = bytes.includes(NEW_LINE) || bytes.includes(RETURN);
    // Where the result's part of these bytes begins.
    let resultFrom = this.#names[0] === 'result' && this.#closers.length > 0 ? 0 : -1;
    let nextSlash = bytes.indexOf(BACKSLASH);
    for (let index = 0; index < bytes.length; index++) {
      if (this.#inText) {
        const from = index;
        if (this.#isEscaped) {
          this.#isEscaped = false;
          index++;
        }
        let quote = bytes.indexOf(QUOTE, index);
        for (;;) {
          if (nextSlash >= 0 && nextSlash < index) nextSlash = bytes.indexOf(BACKSLASH, index);
          if (nextSlash < 0 || (quote >= 0 && nextSlash > quote)) break;
          index = nextSlash + 2;
          if (quote >= 0 && quote < index) quote = bytes.indexOf(QUOTE, index);
          if (index > bytes.length) {
            this.#isEscaped = true;
            quote = -1;
            break;
          }
        }
        const to = quote < 0 ? bytes.length : quote;
        if (hasLineEnds && hasLineEnd(bytes, from, to)) throw malformed('a line end inside text');
        this.#note(bytes, from, Math.min(to + 1, bytes.length));
        index = to;
        if (quote >= 0) this.#textEnded();
        continue;
      }
      const byte = bytes[index] as number;
      switch (byte) {
        case QUOTE:
          this.#inText = true;
          this.#textBegins();
          break;
        case OPEN_OBJECT:
        case OPEN_ARRAY:
          this.#open(byte);
          break;
        case CLOSE_OBJECT:
        case CLOSE_ARRAY:
          if (this.#closers.length === 1 && resultFrom >= 0 && !this.#isResultOnly) {
            this.#emit(bytes.subarray(resultFrom, index));
            resultFrom = -1;
          }
          this.#close(byte);
          break;
        case COLON:
          this.#checkPlace();
          this.#expectsName = false;
          if (this.#closers.length === 1 && this.#names[0] === 'result') resultFrom = index + 1;
          this.#valueBegins();
          break;
        case COMMA:
          if (this.#closers.length === 1) {
            this.#checkPlace();
            if (resultFrom >= 0) this.#emit(bytes.subarray(resultFrom, index));
            resultFrom = -1;
          }
          this.#valueEnded();
          break;
        case NEW_LINE:
        case RETURN:
          bytes[index] = SPACE;
          break;
        case SPACE:
        case TAB:
          break;
        default:
          this.#checkPlace();
          this.#note(bytes, index, index + 1);
      }
    }
    if (resultFrom >= 0) this.#emit(bytes.subarray(resultFrom));
  }

  /** @throws ParleyError `malformed` when it is not whole, or no answer with a result */
  finish(): ResultSummary {
    if (this.#inText || this.#closers.length !== (this.#isResultOnly ? 1 : 0)) throw malformed('half a message');
    if (!this.#isObject) throw malformed('an answer whose result is no object');
    if (!this.#isResultOnly && (this.id === undefined || this.#seen.has('method') || this.#seen.has('error'))) throw malformed('no answer');
    const { isError, resultType } = this.#values;
    const type = resultType === undefined ? undefined : parsed(resultType);
    return {
      bytes: this.#resultBytes,
      sha256: this.#hash.digest(),
      ...(isError === undefined ? {} : { isError: isError === 'true' }),
      ...(typeof type === 'string' ? { resultType: type } : {}),
    };
  }

  #emit(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#resultBytes += piece.length;
    if (this.#resultBytes > LIMITS.maxStreamedAnswerBytes)
      throw new ParleyError('too-large', `The result is larger than ${LIMITS.maxStreamedAnswerBytes / 2 ** 30} GiB.`);
    this.#hash.update(piece);
    this.#onResult(piece);
  }

  /** Nothing stands outside the message, and nothing but its object in a result alone. */
  #checkPlace(): void {
    if (this.#closers.length <= (this.#isResultOnly ? 1 : 0)) throw malformed('something that does not belong there');
  }

  #open(bracket: number): void {
    const depth = this.#closers.length;
    if (depth === 0 && (bracket !== OPEN_OBJECT || this.#isOver)) throw malformed('no message');
    if (depth === 1 && this.#names[0] === 'result') {
      if (bracket !== OPEN_OBJECT || this.#isObject) throw malformed('an answer whose result is no object');
      this.#isObject = true;
    }
    if (depth >= LIMITS.maxJsonDepth) throw new ParleyError('too-large', 'The message nests too deep.');
    this.#noted = undefined;
    this.#closers.push(bracket === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY);
    this.#expectsName = bracket === OPEN_OBJECT;
  }

  #close(bracket: number): void {
    this.#valueEnded();
    if (this.#closers.pop() !== bracket || (this.#isResultOnly && this.#closers.length === 0)) throw malformed('brackets that do not match');
    if (this.#closers.length === 0) this.#isOver = true;
    this.#expectsName = false;
    if (this.#closers.length <= 1) this.#names[1] = undefined;
  }

  #textBegins(): void {
    this.#checkPlace();
    const isOfInterest = this.#closers.length === 1 || (this.#closers.length === 2 && this.#names[0] === 'result');
    if (this.#expectsName && isOfInterest) {
      this.#noted = [];
      this.#notesName = true;
    }
    this.#noted?.push(QUOTE);
  }

  #textEnded(): void {
    this.#inText = false;
    if (!this.#notesName) return;
    // What is longer than all that is read is the name of something else.
    const name = this.#noted ? String(parsed(textFrom(this.#noted))) : '';
    this.#noted = undefined;
    this.#notesName = false;
    const level = this.#closers.length - 1;
    this.#names[level] = name;
    if (level > 0) return;
    // Two ids, or two results: programs do not agree on which one counts.
    if (name !== '' && this.#seen.has(name)) throw malformed('a member that is there twice');
    if (this.#seen.size >= MAX_MEMBERS) throw malformed('a message with many members');
    this.#seen.add(name);
  }

  #valueBegins(): void {
    const level = this.#closers.length - 1;
    const name = this.#names[level];
    const isNoted = level === 0 ? name === 'id' : level === 1 && this.#names[0] === 'result' && (name === 'isError' || name === 'resultType');
    this.#noted = isNoted ? [] : undefined;
  }

  #valueEnded(): void {
    const level = this.#closers.length - 1;
    const name = this.#names[level];
    if (this.#noted && !this.#notesName && (name === 'id' || name === 'isError' || name === 'resultType')) this.#values[name] = textFrom(this.#noted);
    this.#noted = undefined;
    this.#expectsName = this.#closers.at(-1) === CLOSE_OBJECT;
    if (level <= 1 && level >= 0 && !(this.#isResultOnly && level === 0)) this.#names[level as 0 | 1] = undefined;
  }

  #note(bytes: Uint8Array, from: number, to: number): void {
    if (!this.#noted) return;
    if (this.#noted.length + to - from > MAX_NOTED_BYTES) {
      this.#noted = undefined;
      return;
    }
    for (let index = from; index < to; index++) this.#noted.push(bytes[index] as number);
  }
}

const MAX_MEMBERS = 32;

function hasLineEnd(bytes: Uint8Array, from: number, to: number): boolean {
  const [line, back] = [bytes.indexOf(NEW_LINE, from), bytes.indexOf(RETURN, from)];
  return (line >= 0 && line < to) || (back >= 0 && back < to);
}

function textFrom(bytes: readonly number[]): string {
  return fromUtf8(Uint8Array.from(bytes));
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw malformed('a value that is no JSON');
  }
}

function malformed(what: string): ParleyError {
  return new ParleyError('malformed', `The other side sent ${what}.`);
}
