import { concatBytes } from '../../src/base/bytes.ts';
import type { Channel, ChannelFactory, ChannelInput, ChannelOutput } from '../../src/crypto/channel.ts';

/** No frame of the real channel begins so. */
const PLAIN = Uint8Array.of(0xff);

/** The real handshake, then payloads in clear: what encryption costs is the difference. For benchmarks and tests only. */
export function plaintextChannels(secure: ChannelFactory): ChannelFactory {
  return (options, now) => new PlaintextChannel(secure(options, now));
}

class PlaintextChannel implements Channel {
  readonly maxPayloadBytes: number;
  readonly pendingSeals = 0;
  readonly #inner: Channel;
  readonly #outputs: ChannelOutput[] = [];
  #early: ChannelOutput[] = [];
  #isEstablished = false;

  constructor(inner: Channel) {
    this.#inner = inner;
    this.maxPayloadBytes = inner.maxPayloadBytes;
  }

  handle(input: Parameters<Channel['handle']>[0], now: number): void {
    const known = input as ChannelInput;
    if (known.type === 'send') this.#outputs.push({ type: 'transmit', frame: concatBytes(PLAIN, known.payload) });
    else if (known.type === 'frame' && known.bytes[0] === PLAIN[0]) {
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

  nextWakeAt(): number | undefined {
    return this.#inner.nextWakeAt();
  }
}
