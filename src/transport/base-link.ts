import { EMPTY_BYTES } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import type { Link, LinkEnd, LinkHandlers, LinkKind } from '../ports/link.ts';

/** What links have in common: frames before `bind` are kept, the end is told once, large frames end the link. */
export abstract class BaseLink implements Link {
  abstract readonly kind: LinkKind;
  abstract readonly bufferedBytes: number;
  readonly maxFrameBytes: number = LIMITS.maxFrameBytes;
  readonly localFingerprint: Uint8Array = EMPTY_BYTES;
  readonly remoteFingerprint: Uint8Array = EMPTY_BYTES;
  #handlers: LinkHandlers | undefined;
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #end: LinkEnd | undefined;
  #lowWaterBytes = LIMITS.firstBulkLinkBufferBytes / 2;

  get lowWaterBytes(): number {
    return this.#lowWaterBytes;
  }

  set lowWaterBytes(bytes: number) {
    this.#lowWaterBytes = bytes;
    this.lowWaterChanged();
  }

  /** For links whose platform watches the buffer. */
  protected lowWaterChanged(): void {}

  protected abstract transmit(frame: Uint8Array): void;
  /** Lets the platform's object go; `end` says why. Called once. */
  protected abstract release(end: LinkEnd): void;

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  bind(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    for (const frame of this.#early) handlers.frame(frame);
    this.#early = [];
    if (this.#end) handlers.closed(this.#end);
  }

  send(frame: Uint8Array): void {
    if (this.#end) return;
    if (frame.length > this.maxFrameBytes)
      return this.finish({ clean: false, code: 'too-large', detail: 'A frame was larger than the link carries.' });
    this.transmit(frame);
  }

  close(): void {
    this.finish({ clean: true, code: 'closed-here' });
  }

  protected received(frame: Uint8Array): void {
    if (this.#end) return;
    if (frame.length > LIMITS.maxFrameBytes)
      return this.finish({ clean: false, code: 'too-large', detail: 'The peer sent a frame larger than the link carries.' });
    if (this.#handlers) return this.#handlers.frame(frame);
    this.#earlyBytes += frame.length;
    if (this.#early.length >= LIMITS.maxEarlyFrames || this.#earlyBytes > LIMITS.maxEarlyBytes) {
      return this.finish({ clean: false, code: 'link-lost', detail: 'The peer sent too much before the link was in use.' });
    }
    this.#early.push(frame);
  }

  protected drained(): void {
    if (!this.#end) this.#handlers?.drained();
  }

  protected finish(end: LinkEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.release(end);
    this.#handlers?.closed(end);
  }
}
