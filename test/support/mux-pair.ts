import { EMPTY_BYTES } from '../../src/base/bytes.ts';
import { LIMITS } from '../../src/base/limits.ts';
import type { PriorityClass } from '../../src/p2p/streams/priority-scheduler.ts';
import { StreamMux, type MuxInput, type MuxOutput } from '../../src/p2p/streams/stream-mux.ts';

/** Small messages travel together up to this size. */
export const PACK_BYTES = LIMITS.packedFrameBytes;
/** What a session's payload may have on a link of any kind. */
const MAX_PAYLOAD_BYTES = LIMITS.portableFrameBytes - 24;

/** One of two muxes that talk to each other, with what it told. Consumes what it gets unless `isReading` is false. */
export class MuxSide {
  readonly mux: StreamMux;
  readonly outputs: MuxOutput[] = [];
  /** Payloads under way to the other side. */
  readonly underWay: Uint8Array[] = [];
  isReading = true;
  isAccepting = true;
  readonly #now: number;

  constructor(isInitiator: boolean, now: number) {
    this.mux = new StreamMux(isInitiator, now);
    this.#now = now;
  }

  input(input: MuxInput): void {
    this.mux.handle(input, this.#now);
  }

  open(priority: PriorityClass = 1, protocol = 'test/1'): number {
    const stream = this.mux.allocate();
    if (stream === undefined) throw new Error('no stream left');
    this.input({ type: 'open', stream, protocol, header: EMPTY_BYTES, priority });
    return stream;
  }

  /** Takes the next payload of the mux onto the way; answers whether there was one. */
  pull(lowestPriority: PriorityClass = 2): boolean {
    const payload = this.mux.nextFrame({ room: { before: 0, after: 0 }, maxPayloadBytes: MAX_PAYLOAD_BYTES }, lowestPriority);
    if (payload) this.underWay.push(payload.slice());
    return payload !== undefined;
  }

  /** Reads the outputs since the last time, accepting streams and consuming messages on the way. */
  read(): void {
    for (let output = this.mux.poll(); output; output = this.mux.poll()) {
      this.outputs.push(output);
      if (output.type === 'incoming' && this.isAccepting) this.input({ type: 'accept', stream: output.stream });
      if (output.type === 'message' && this.isReading) this.input({ type: 'consumed', stream: output.stream, bytes: output.message.length });
    }
  }

  of<Type extends MuxOutput['type']>(type: Type): readonly Extract<MuxOutput, { readonly type: Type }>[] {
    return this.outputs.filter((output): output is Extract<MuxOutput, { readonly type: Type }> => output.type === type);
  }
}

export class MuxPair {
  readonly a: MuxSide;
  readonly b: MuxSide;

  constructor(now = 0) {
    this.a = new MuxSide(true, now);
    this.b = new MuxSide(false, now);
  }

  /** Gives one payload that is under way to its receiver. */
  deliver(from: MuxSide): boolean {
    const bytes = from.underWay.shift();
    const to = from === this.a ? this.b : this.a;
    if (bytes) to.input({ type: 'payload', bytes });
    to.read();
    return bytes !== undefined;
  }

  /** Carries payloads until nothing moves any more. */
  settle(): void {
    for (let isMoving = true; isMoving;) {
      isMoving = false;
      for (const side of [this.a, this.b]) {
        side.read();
        while (side.pull()) isMoving = true;
        while (this.deliver(side)) isMoving = true;
      }
    }
  }

  /** A stream that `from` opened and the other side accepted. */
  openStream(from: MuxSide, priority: PriorityClass = 1): number {
    const stream = from.open(priority);
    this.settle();
    return stream;
  }
}

const PROBE_MESSAGE_BYTES = 64 * 1024 - LIMITS.messageOverheadBytes;

/** How many bytes of credit the session has from one side to the other: what it sends while nobody reads. Uses the pair up. */
export function sessionCreditOf(pair: MuxPair, from: MuxSide): number {
  const to = from === pair.a ? pair.b : pair.a;
  to.isReading = false;
  to.isAccepting = true;
  const before = from.of('sent').length;
  for (let count = 0; count < 5; count++) {
    const stream = pair.openStream(from);
    for (let index = 0; index < 40; index++) from.input({ type: 'send', stream, message: new Uint8Array(PROBE_MESSAGE_BYTES) });
  }
  pair.settle();
  return (from.of('sent').length - before) * (PROBE_MESSAGE_BYTES + LIMITS.messageOverheadBytes);
}
