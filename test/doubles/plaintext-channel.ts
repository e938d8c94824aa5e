import type { Channel, ChannelFactory, ChannelInput, ChannelOutput, FrameRoom } from '../../src/crypto/channel.ts';

/** No frame of the real channel begins so. */
const PLAIN = 0xff;

/** The real handshake, then payloads in clear: what encryption costs is the difference. For benchmarks and tests only. */
export function plaintextChannels(secure: ChannelFactory): ChannelFactory {
  return (options, now) => new PlaintextChannel(secure(options, now));
}

class PlaintextChannel implements Channel {
  readonly maxPayloadBytes: number;
  readonly room: FrameRoom;
  readonly pendingSeals = 0;
  readonly #inner: Channel;
  readonly #outputs: ChannelOutput[] = [];
  #early: ChannelOutput[] = [];
  #isEstablished = false;

  constructor(inner: Channel) {
    this.#inner = inner;
    this.maxPayloadBytes = inner.maxPayloadBytes;
    this.room = inner.room;
  }

  get receivedFrames(): number {
    return this.#inner.receivedFrames;
  }

  handle(input: Parameters<Channel['handle']>[0], now: number): void {
    const known = input as ChannelInput;
    if (known.type === 'send') this.#outputs.push({ type: 'transmit', frame: this.#clear(known.frame) });
    else if (known.type === 'frame' && known.bytes[0] === PLAIN) {
      (this.#isEstablished ? this.#outputs : this.#early).push({ type: 'deliver', payload: known.bytes.subarray(1) });
    } else this.#inner.handle(input, now);
  }

  poll(): ChannelOutput | undefined {
    const output = this.#inner.poll();
    if (output?.type === 'established') {
      this.#isEstablished = true;
      this.#outputs.push(...this.#early.splice(0));
    }
    return output ?? this.#outputs.shift();
  }

  #clear(frame: Uint8Array): Uint8Array {
    frame[this.room.before - 1] = PLAIN;
    return frame.subarray(this.room.before - 1, frame.length - this.room.after);
  }

  nextWakeAt(): number | undefined {
    return this.#inner.nextWakeAt();
  }
}
