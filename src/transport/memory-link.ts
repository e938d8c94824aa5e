import { EMPTY_BYTES } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import type { Link, LinkEnd, LinkHandlers, LinkKind } from '../ports/link.ts';

/**
 * How a memory link carries one frame: call `deliver` when it arrives, any number of times, with the frame or an altered one.
 * By default in the next microtask.
 */
export type Carrier = (frame: Uint8Array, deliver: (frame: Uint8Array) => void) => void;

export type MemoryLinkOptions = {
  readonly carry?: Carrier;
  readonly maxFrameBytes?: number;
  readonly lowWaterBytes?: number;
  /** What the link stands for, where that matters. */
  readonly kind?: LinkKind;
  /** Of each end, where the link stands for one with DTLS. */
  readonly fingerprints?: readonly [Fingerprints, Fingerprints];
};

export type Fingerprints = { readonly local: Uint8Array; readonly remote: Uint8Array };

/** Two ends of one link within this process: for nodes of one program, and with a {@link Carrier} that delays or loses for tests. */
export function memoryLinkPair(options: MemoryLinkOptions = {}): readonly [MemoryLink, MemoryLink] {
  const a = new MemoryLink(options, options.fingerprints?.[0]);
  const b = new MemoryLink(options, options.fingerprints?.[1]);
  a.join(b);
  b.join(a);
  return [a, b];
}

export class MemoryLink implements Link {
  readonly kind: LinkKind;
  readonly maxFrameBytes: number;
  readonly localFingerprint: Uint8Array;
  readonly remoteFingerprint: Uint8Array;
  lowWaterBytes: number;
  bufferedBytes = 0;
  /** For whoever opened the link, beside its handlers. */
  onEnd: (end: LinkEnd) => void = () => undefined;
  readonly #carry: Carrier;
  #other: MemoryLink | undefined;
  #handlers: LinkHandlers | undefined;
  #early: Uint8Array[] = [];
  #end: LinkEnd | undefined;

  constructor(options: MemoryLinkOptions, fingerprints: Fingerprints = { local: EMPTY_BYTES, remote: EMPTY_BYTES }) {
    this.kind = options.kind ?? 'memory';
    this.localFingerprint = fingerprints.local;
    this.remoteFingerprint = fingerprints.remote;
    this.#carry = options.carry ?? ((frame, deliver) => queueMicrotask(() => deliver(frame)));
    this.maxFrameBytes = options.maxFrameBytes ?? LIMITS.maxFrameBytes;
    this.lowWaterBytes = options.lowWaterBytes ?? LIMITS.firstBulkLinkBufferBytes / 2;
  }

  join(other: MemoryLink): void {
    this.#other = other;
  }

  bind(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    for (const frame of this.#early.splice(0)) handlers.frame(frame);
    if (this.#end) handlers.closed(this.#end);
  }

  send(frame: Uint8Array): void {
    if (this.#end) return;
    if (frame.length > this.maxFrameBytes) return this.fail({ clean: false, code: 'too-large' }, { clean: false, code: 'link-lost' });
    this.bufferedBytes += frame.length;
    let isBuffered = true;
    this.#carry(frame, (arrived) => {
      if (isBuffered) this.#left(frame.length);
      isBuffered = false;
      this.#other?.receive(arrived.slice());
    });
  }

  close(): void {
    // Behind what was sent before.
    this.#finish({ clean: true, code: 'closed-here' });
    this.#carry(EMPTY_BYTES, () => this.#other?.end({ clean: true, code: 'peer-closed' }));
  }

  /** Breaks the link as a platform would: both ends hear of it. */
  fail(here: LinkEnd = { clean: false, code: 'link-lost' }, there: LinkEnd = here): void {
    this.#finish(here);
    queueMicrotask(() => this.#other?.end(there));
  }

  receive(frame: Uint8Array): void {
    if (this.#end) return;
    if (this.#handlers) this.#handlers.frame(frame);
    else this.#early.push(frame);
  }

  end(end: LinkEnd): void {
    this.#finish(end);
  }

  #left(bytes: number): void {
    const before = this.bufferedBytes;
    this.bufferedBytes -= bytes;
    if (!this.#end && before > this.lowWaterBytes && this.bufferedBytes <= this.lowWaterBytes) this.#handlers?.drained();
  }

  #finish(end: LinkEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#handlers?.closed(end);
    this.onEnd(end);
  }
}
