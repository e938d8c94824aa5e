import { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { RequestId } from '@modelcontextprotocol/client';
import { concatBytes, EMPTY_BYTES, utf8 } from '../../base/bytes.ts';
import { asParleyError, ParleyError } from '../../base/errors.ts';
import { HOST_LIMITS, LIMITS } from '../../base/limits.ts';
import type { AnswerText } from '../../mcp/answers/answer-text.ts';
import { LargeLine } from './large-line.ts';

/** A large answer that passes while the body goes on without it. */
export type OnLarge = (id: RequestId, text: AnswerText) => void;

const NEW_LINE = 0x0a;
const DATA_PREFIX = utf8('data:');

/** The response with a body in which large answers are short ones without a result, whose texts `onLarge` gets. `request`: what it answers. */
export async function withoutLargeAnswers(response: Response, request: RequestId, onLarge: OnLarge): Promise<Response> {
  const type = response.headers.get('content-type') ?? '';
  if (!response.ok || !response.body) return response;
  if (type.includes('text/event-stream')) {
    const events = withoutLargeEvents(response.body as unknown as AsyncIterable<Uint8Array>, request, onLarge);
    return like(response, NodeReadableStream.from(events) as unknown as BodyInit);
  }
  return type.includes('application/json') ? like(response, (await withoutLargeResult(response.body, request, onLarge)) as BodyInit) : response;
}

/** The same for a body that is one message. */
async function withoutLargeResult(body: ReadableStream<Uint8Array>, request: RequestId, onLarge: OnLarge): Promise<Uint8Array> {
  const reader = body.getReader();
  const held = new HeldBytes();
  const large = new LargeLine();
  for (;;) {
    const { value } = await reader.read();
    if (!value) return held.joined();
    const released = held.add(value, large) ? large.release(request) : undefined;
    if (!released) continue;
    const { id, text } = released;
    onLarge(id, text);
    void pump(reader, large, text);
    return stub(id);
  }
}

/** Reads the rest of the body as fast as it is taken. */
async function pump(reader: ReadableStreamDefaultReader<Uint8Array>, large: LargeLine, text: AnswerText): Promise<void> {
  const skip = text.onCancelled;
  text.onCancelled = (error) => {
    skip(error);
    reader.cancel(error).catch(() => undefined);
  };
  try {
    for (let next = await reader.read(); next.value; next = await reader.read()) await large.feed(next.value);
    large.finish();
  } catch (thrown) {
    large.fail(asParleyError(thrown, 'link-lost'));
    await reader.cancel().catch(() => undefined);
  }
}

/** Events pass as they are; of a large answer in one line of data the result goes another way. */
async function* withoutLargeEvents(body: AsyncIterable<Uint8Array>, request: RequestId, onLarge: OnLarge): AsyncGenerator<Uint8Array> {
  let line = new EventLine(request, onLarge);
  try {
    for await (const chunk of body) {
      for (let from = 0; from < chunk.length;) {
        const at = chunk.indexOf(NEW_LINE, from);
        const end = at < 0 ? chunk.length : at;
        const before = await line.add(chunk.subarray(from, end));
        if (before) yield before;
        if (at >= 0) {
          yield line.end();
          line = new EventLine(request, onLarge);
        }
        from = end + 1;
      }
    }
    yield line.rest();
  } finally {
    line.breakOff();
  }
}

/** One line of a stream of events. */
class EventLine {
  readonly #request: RequestId;
  readonly #onLarge: OnLarge;
  readonly #held = new HeldBytes();
  readonly #large = new LargeLine();
  #isPassing = false;

  constructor(request: RequestId, onLarge: OnLarge) {
    this.#request = request;
    this.#onLarge = onLarge;
  }

  /** Answers what is to be said at once. */
  async add(bytes: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#isPassing) {
      await this.#large.feed(bytes);
      return undefined;
    }
    const released = this.#held.add(bytes, this.#large, DATA_PREFIX) ? this.#large.release(this.#request) : undefined;
    if (!released) return undefined;
    this.#isPassing = true;
    this.#onLarge(released.id, released.text);
    // The event ends here: its reader is told of the result while that still comes.
    return concatBytes(DATA_PREFIX, stub(released.id), utf8('\n\n'));
  }

  /** Answers the line as it is to be said. */
  end(): Uint8Array {
    if (!this.#isPassing) return concatBytes(this.#held.joined(), Uint8Array.of(NEW_LINE));
    this.#isPassing = false;
    try {
      this.#large.finish();
    } catch {
      // Whoever reads the result knows; the events after it are none of its business.
    }
    return EMPTY_BYTES;
  }

  /** What there is of it. */
  rest(): Uint8Array {
    return this.#isPassing ? EMPTY_BYTES : this.#held.joined();
  }

  breakOff(): void {
    if (this.#isPassing) this.#large.fail(new ParleyError('link-lost', 'The result broke off.'));
  }
}

/** Bytes that are held until it is known whether they are of a large answer. */
class HeldBytes {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #isFollowed = false;
  #isOrdinary = false;

  /** Answers whether they are, and then holds nothing any more. */
  add(piece: Uint8Array, large: LargeLine, prefix: Uint8Array = EMPTY_BYTES): boolean {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > HOST_LIMITS.maxMountMessageBytes)
      throw new ParleyError('too-large', 'The server sent a message that is larger than any may be.');
    if (this.#isOrdinary || this.#bytes < LIMITS.streamAnswersFromBytes) return false;
    try {
      if (this.#isFollowed) void large.feed(piece);
      else this.#follow(large, prefix);
    } catch {
      // It is judged when all of it is there.
      this.#isOrdinary = true;
    }
    if (!large.isInResult || this.#isOrdinary) return false;
    this.#pieces = [];
    return true;
  }

  joined(): Uint8Array {
    return concatBytes(...this.#pieces);
  }

  #follow(large: LargeLine, prefix: Uint8Array): void {
    // A copy: the scanner makes spaces of line ends, and these bytes may still pass as they are.
    const bytes = this.joined();
    if (!prefix.every((byte, index) => bytes[index] === byte)) this.#isOrdinary = true;
    else void large.feed(bytes.subarray(prefix.length));
    this.#isFollowed = true;
  }
}

function stub(id: RequestId): Uint8Array {
  return utf8(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
}

function like({ status, statusText, headers }: Response, body: BodyInit): Response {
  const changed = new Headers(headers);
  // Of the body before.
  for (const name of ['content-length', 'content-encoding']) changed.delete(name);
  return new Response(body, { status, statusText, headers: changed });
}
