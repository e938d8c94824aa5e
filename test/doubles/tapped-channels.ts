import { Queue } from '../../src/base/queue.ts';
import type { Channel, ChannelFactory, ChannelInput, ChannelOutput } from '../../src/crypto/channel.ts';

/** What a node does with each payload of its sessions that came in: passes it on, altered, several times, or not at all. */
export type Tap = (payload: Uint8Array) => readonly Uint8Array[];

/** Real channels of a node that reads, and may change, what its own sessions deliver to it: what a hostile relay can do. */
export function tappedChannels(secure: ChannelFactory, tap: Tap): ChannelFactory {
  return (options, now) => new TappedChannel(secure(options, now), tap);
}

class TappedChannel implements Channel {
  readonly maxPayloadBytes: number;
  readonly #inner: Channel;
  readonly #tap: Tap;
  readonly #delivered = new Queue<ChannelOutput>();

  constructor(inner: Channel, tap: Tap) {
    this.#inner = inner;
    this.#tap = tap;
    this.maxPayloadBytes = inner.maxPayloadBytes;
  }

  get room(): Channel['room'] {
    return this.#inner.room;
  }

  get pendingSeals(): number {
    return this.#inner.pendingSeals;
  }

  handle(input: Parameters<Channel['handle']>[0], now: number): void {
    this.#inner.handle(input as ChannelInput, now);
  }

  poll(): ChannelOutput | undefined {
    for (;;) {
      const waiting = this.#delivered.shift();
      if (waiting) return waiting;
      const output = this.#inner.poll();
      if (output?.type !== 'deliver') return output;
      for (const payload of this.#tap(output.payload)) this.#delivered.push({ type: 'deliver', payload });
    }
  }

  nextWakeAt(): number | undefined {
    return this.#inner.nextWakeAt();
  }
}
