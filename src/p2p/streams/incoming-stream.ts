import { LIMITS } from '../../base/limits.ts';
import { MESSAGE_LENGTH_BYTES, readUint32, STREAM_FRAME, type StreamFrame } from './stream-frames.ts';

export type Received =
  | { readonly kind: 'partial'; readonly cost: number }
  | { readonly kind: 'message'; readonly cost: number; readonly message: Uint8Array }
  | { readonly kind: 'violation'; readonly detail: string };

/** The receiving side of one stream: joins fragments, and sees that the sender keeps to its credit. */
export class IncomingStream {
  /** What the sender may still begin. */
  #window: number = LIMITS.streamWindowBytes;
  #joining: Uint8Array | undefined;
  #joined = 0;
  hasEnded = false;

  /** What the message under way has taken of the session's window without having been delivered. */
  get undeliveredCost(): number {
    return this.#joining ? this.#joining.length + LIMITS.messageOverheadBytes : 0;
  }

  addWindow(bytes: number): void {
    this.#window += bytes;
  }

  /** A frame of type message, first, middle or last. `cost` is what it takes of the session's window. */
  receive({ type, body }: StreamFrame): Received {
    if (this.hasEnded) return violation('a message after the end of its stream');
    if (type === STREAM_FRAME.message) return this.#whole(body);
    if (type === STREAM_FRAME.first) return this.#first(body);
    return this.#continue(body, type === STREAM_FRAME.last);
  }

  #whole(body: Uint8Array): Received {
    if (this.#joining) return violation('a message inside another of its stream');
    const cost = body.length + LIMITS.messageOverheadBytes;
    if (cost > this.#window) return violation('more than the credit of the stream');
    this.#window -= cost;
    return { kind: 'message', cost, message: body };
  }

  #first(body: Uint8Array): Received {
    if (this.#joining) return violation('a message inside another of its stream');
    if (body.length <= MESSAGE_LENGTH_BYTES) return violation('an empty first fragment');
    const length = readUint32(body, 0);
    const cost = length + LIMITS.messageOverheadBytes;
    if (length > LIMITS.maxStreamMessageBytes || cost > this.#window) return violation('more than the credit of the stream');
    const fragment = body.subarray(MESSAGE_LENGTH_BYTES);
    if (fragment.length >= length) return violation('a first fragment that is the whole message');
    this.#window -= cost;
    this.#joining = new Uint8Array(length);
    this.#joining.set(fragment);
    this.#joined = fragment.length;
    return { kind: 'partial', cost };
  }

  #continue(body: Uint8Array, isLast: boolean): Received {
    const message = this.#joining;
    if (!message) return violation('a fragment without a beginning');
    const joined = this.#joined + body.length;
    if (body.length === 0 || (isLast ? joined !== message.length : joined >= message.length))
      return violation('fragments that do not add up to their message');
    message.set(body, this.#joined);
    this.#joined = joined;
    if (!isLast) return { kind: 'partial', cost: 0 };
    this.#joining = undefined;
    return { kind: 'message', cost: 0, message };
  }
}

function violation(detail: string): Received {
  return { kind: 'violation', detail };
}
