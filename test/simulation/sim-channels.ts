import type { Channel, ChannelOptions, ChannelOutput } from '../../src/crypto/channel.ts';
import type { SecureChannelFactory } from '../../src/crypto/secure-channel.ts';
import type { Adversary } from './adversaries/adversary.ts';
import type { Observer } from './observer.ts';
import type { SimNode } from './sim-node.ts';

/** A real channel, seen from outside: what it gives to its link and to its node. An adversary's payloads are changed before they are sealed. */
export class ObservedChannel implements Channel {
  readonly node: SimNode;
  readonly isInitiator: boolean;
  readonly maxPayloadBytes: number;
  readonly #inner: Channel;
  readonly #observers: readonly Observer[];
  readonly #adversary: Adversary | undefined;

  constructor(inner: Channel, node: SimNode, options: ChannelOptions, observers: readonly Observer[], adversary: Adversary | undefined) {
    this.node = node;
    this.isInitiator = options.role === 'initiator';
    this.maxPayloadBytes = inner.maxPayloadBytes;
    this.#inner = inner;
    this.#observers = observers;
    this.#adversary = adversary;
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

  handle(input: Parameters<Channel['handle']>[0], now: number): void {
    const changed = input.type === 'send' && this.#adversary ? this.#changed(input.frame, this.#adversary) : input;
    if (changed) this.#inner.handle(changed, now);
  }

  /** The frame with what the adversary makes of its payload. */
  #changed(frame: Uint8Array, adversary: Adversary): Parameters<Channel['handle']>[0] | undefined {
    const { before, after } = this.room;
    const payload = adversary.payload(frame.subarray(before, frame.length - after), this);
    if (!payload) return undefined;
    const changed = new Uint8Array(before + payload.length + after);
    changed.set(payload, before);
    return { type: 'send', frame: changed };
  }

  poll(): ChannelOutput | undefined {
    const output = this.#inner.poll();
    if (!output) return undefined;
    if (output.type === 'transmit') for (const observer of this.#observers) observer.transmitted(this, output.frame);
    else if (output.type === 'deliver') {
      for (const observer of this.#observers) observer.delivered(this, output.payload);
      this.#adversary?.heard(output.payload, this);
    } else if (output.type === 'established') for (const observer of this.#observers) observer.established(this, output.channelBinding);
    return output;
  }

  nextWakeAt(): number | undefined {
    return this.#inner.nextWakeAt();
  }
}

export function observedChannels(
  secure: SecureChannelFactory,
  node: SimNode,
  observers: readonly Observer[],
  adversary: Adversary | undefined,
): SecureChannelFactory {
  return Object.assign(
    (options: ChannelOptions, now: number): Channel => new ObservedChannel(secure(options, now), node, options, observers, adversary),
    {
      localHello: secure.localHello,
    },
  );
}
