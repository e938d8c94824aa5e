import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { Queue } from '../base/queue.ts';

/** One end of a circuit, as the link that it is to the session on it: frames go as messages of one stream with the relay. */
export class CircuitEnd {
  readonly link: number;
  readonly connection: number;
  readonly stream: number;
  /** The relay next to this end. */
  readonly via: NodeId;
  isOpen = false;
  /** Frames that the stream has not sent yet. */
  bufferedBytes = 0;
  readonly #waiting = new Queue<number>();
  #reportedBytes = 0;

  constructor(link: number, connection: number, stream: number, via: NodeId) {
    this.link = link;
    this.connection = connection;
    this.stream = stream;
    this.via = via;
  }

  queued(bytes: number): void {
    this.#waiting.push(bytes);
    this.bufferedBytes += bytes;
    this.#reportedBytes += bytes;
  }

  /** The oldest frame is on its way; answers whether so much has left that the session should know. */
  left(): boolean {
    this.bufferedBytes -= this.#waiting.shift() ?? 0;
    const isMuch = this.#reportedBytes - this.bufferedBytes >= LIMITS.creditStepBytes || this.bufferedBytes === 0;
    if (isMuch) this.#reportedBytes = this.bufferedBytes;
    return isMuch;
  }
}
