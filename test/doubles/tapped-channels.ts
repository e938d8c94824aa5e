import { Queue } from '../../src/base/queue.ts';
import type { Channel, ChannelFactory, ChannelInput, ChannelOutput } from '../../src/crypto/channel.ts';

/** What a node does with each payload of its sessions that came in: passes it on, altered, several times, or not at all. */
export type Tap = (payload: Uint8Array) => readonly Uint8Array[];

/** Real channels of a node that reads, and may change, what its own sessions deliver to it: what a hostile relay can do. */
export function tappedChannels(secure: ChannelFactory, tap: Tap): ChannelFactory {
  const change = (output: ChannelOutput) => (output.type === 'deliver' ? tap(output.payload).map((payload) => ({ ...output, payload })) : [output]);
  return (options, now) => new ChangedChannel(secure(options, now), change);
}

/** A channel whose outputs are replaced, each by as many as one likes. */
export class ChangedChannel implements Channel {
  readonly maxPayloadBytes: number;
  readonly #inner: Channel;
  readonly #change: (output: ChannelOutput) => readonly ChannelOutput[];
  readonly #changed = new Queue<ChannelOutput>();

  constructor(inner: Channel, change: (output: ChannelOutput) => readonly ChannelOutput[]) {
    this.#inner = inner;
    this.#change = change;
    this.maxPayloadBytes = inner.maxPayloadBytes;
  }

  get room(): Channel['room'] {
    return this.#inner.room;
  }

  get pendingSeals(): number {
    return this.#inner.pendingSeals;
  }

  get receivedFrames(): number {
    return this.#inner.receivedFrames;
  }

  handle(input: ChannelInput, now: number): void {
    this.#inner.handle(input, now);
  }

  poll(): ChannelOutput | undefined {
    for (;;) {
      const waiting = this.#changed.shift();
      if (waiting) return waiting;
      const output = this.#inner.poll();
      if (!output) return undefined;
      for (const changed of this.#change(output)) this.#changed.push(changed);
    }
  }

  nextWakeAt(): number | undefined {
    return this.#inner.nextWakeAt();
  }
}
