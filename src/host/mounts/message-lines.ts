import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/client';
import { ParleyError } from '../../base/errors.ts';
import { HOST_LIMITS, LIMITS } from '../../base/limits.ts';
import { answerWithText } from '../../mcp/answers/answer-text.ts';
import { isJsonRpc } from '../../mcp/stream-transport.ts';
import { LargeLine } from './large-line.ts';

const [NEW_LINE, RETURN] = [0x0a, 0x0d];

export type MessageLinesOptions = {
  onMessage(message: JSONRPCMessage): void;
  /** A line that is no message; the next one may be. */
  onFault(error: Error): void;
  /** The one request that waits for its answer; `undefined` when several do. */
  onlyRequest(): RequestId | undefined;
};

/**
 * MCP messages of a server's standard output, one in each line (MCP, stdio transport). A message is held whole up to a bound; an answer above it passes
 * while it comes. Whose it is, is known from its id, or where that comes last (as the official TypeScript SDKs send it) from there being one request only;
 * with several, its result waits in a file until the id comes.
 */
export class MessageLines {
  readonly #options: MessageLinesOptions;
  /** The line at hand, as far as it is held. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #large: LargeLine | undefined;

  constructor(options: MessageLinesOptions) {
    this.#options = options;
  }

  /** Answers where whoever takes a result wants no more yet. @throws ParleyError `too-large` for a message that can neither be held nor passed on */
  append(chunk: Buffer): Promise<void> | undefined {
    let room: Promise<void> | undefined;
    let from = 0;
    while (from < chunk.length) {
      const end = chunk.indexOf(NEW_LINE, from);
      const rest = chunk.subarray(from, end < 0 ? chunk.length : end);
      if (rest.length > 0) room = this.#add(rest) ?? room;
      if (end < 0) break;
      this.#lineEnded();
      from = end + 1;
    }
    return room;
  }

  /** The server is gone: what passes breaks off. */
  close(reason: string): void {
    this.#large?.fail(new ParleyError('link-lost', reason));
    this.#clear();
  }

  #add(bytes: Buffer): Promise<void> | undefined {
    const large = this.#large;
    if (large && !large.isHeld) return this.#passOn(large, bytes);
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes < LIMITS.streamAnswersFromBytes) return undefined;
    if (this.#heldBytes > HOST_LIMITS.maxMountMessageBytes) throw new ParleyError('too-large', 'It sent a message that is larger than any may be.');
    return this.#look(bytes);
  }

  /** A line has become large: looks whether it can pass from here on. */
  #look(bytes: Buffer): Promise<void> | undefined {
    const large = this.#large ?? new LargeLine();
    try {
      for (const piece of this.#large ? [bytes] : this.#held) void large.feed(piece);
    } catch {
      // It is judged when all of it is there.
      return undefined;
    }
    this.#large = large;
    if (!large.isInResult) return undefined;
    this.#held = [];
    const released = large.release(this.#options.onlyRequest());
    if (released) this.#options.onMessage(answerWithText(released.id, released.text));
    return undefined;
  }

  #passOn(large: LargeLine, bytes: Buffer): Promise<void> | undefined {
    try {
      return large.feed(bytes);
    } catch (thrown) {
      large.fail(thrown as Error);
      this.#options.onFault(thrown as Error);
      return undefined;
    }
  }

  #lineEnded(): void {
    const [large, held] = [this.#large, this.#held];
    this.#clear();
    try {
      if (large && !large.isHeld) {
        const waited = large.finish();
        if (waited) this.#options.onMessage(answerWithText(waited.id, waited.text));
      } else if (held.length > 0) this.#message(held);
    } catch (thrown) {
      this.#options.onFault(thrown as Error);
    }
  }

  #message(held: readonly Buffer[]): void {
    const line = held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held);
    if (line.length === 1 && line[0] === RETURN) return;
    const message: unknown = JSON.parse(line.toString('utf8'));
    if (!isJsonRpc(message)) throw new ParleyError('malformed', 'A line that is no JSON-RPC message.');
    this.#options.onMessage(message);
  }

  #clear(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#large = undefined;
  }
}
