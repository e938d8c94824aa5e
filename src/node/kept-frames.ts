/**
 * The sealed frames of a session that its peer may not have yet, numbered from the session's first. When the link that carried them is lost, they go again
 * over another; those that no link took so far wait here too.
 */
export class KeptFrames {
  #frames: Uint8Array[] = [];
  #head = 0;
  #headNumber: number;
  #next: number;
  #bytes = 0;

  /** `sentBefore`: frames of the session that went over links which keep none. */
  constructor(sentBefore: number) {
    this.#headNumber = this.#next = sentBefore;
  }

  /** The number of the oldest frame that is kept. */
  get from(): number {
    return this.#headNumber;
  }

  /** How many frames there have been. */
  get end(): number {
    return this.#headNumber + this.#frames.length - this.#head;
  }

  /** The number of the first frame that the present link has not taken. */
  get unsent(): number {
    return this.#next;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether frames wait for the link. */
  get hasBacklog(): boolean {
    return this.#next < this.end;
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** The next frame for the link. */
  takeNext(): Uint8Array | undefined {
    return this.hasBacklog ? this.#frames[this.#head + this.#next++ - this.#headNumber] : undefined;
  }

  /** The peer has all frames before this number; false when it speaks of frames that were never sent. */
  acknowledge(upTo: number): boolean {
    if (upTo > this.#next) return false;
    for (; this.#headNumber < upTo; this.#headNumber++) {
      this.#bytes -= (this.#frames[this.#head] as Uint8Array).length;
      this.#frames[this.#head++] = NOTHING;
    }
    if (this.#head * 2 < this.#frames.length) return true;
    this.#frames = this.#frames.slice(this.#head);
    this.#head = 0;
    return true;
  }

  /** Another link: everything from this number on goes again. False when it is not kept any more. */
  rewind(from: number): boolean {
    if (from < this.#headNumber || !this.acknowledge(from)) return false;
    this.#next = from;
    return true;
  }
}

const NOTHING = new Uint8Array();
