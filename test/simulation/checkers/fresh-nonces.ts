import { toHex } from '../../../src/base/bytes.ts';
import { CHANNEL_FRAME, readSealedCounter } from '../../../src/crypto/channel-frames.ts';
import type { ObservedChannel } from '../sim-channels.ts';
import { Checker } from './checker.ts';

type Progress = { epoch: number; counter: number };

/**
 * No pair of key and nonce comes twice. The keys of a direction follow from the handshake's hash and the epoch: so no hash may belong to more than the two ends
 * of one channel, and within a channel the pair of epoch and counter may only grow.
 */
export class FreshNonces extends Checker {
  readonly name = 'fresh-nonces';
  readonly #progress = new WeakMap<ObservedChannel, Progress>();
  /** By handshake hash: the ends that were seen. */
  readonly #ends = new Map<string, 'initiator' | 'responder' | 'both'>();

  override established(channel: ObservedChannel, binding: Uint8Array): void {
    const hash = toHex(binding);
    const end = channel.isInitiator ? 'initiator' : 'responder';
    const seen = this.#ends.get(hash);
    if (seen === end || seen === 'both') this.violated('Two channels have the same keys.', channel.node.index);
    this.#ends.set(hash, seen ? 'both' : end);
  }

  override transmitted(channel: ObservedChannel, frame: Uint8Array): void {
    const type = frame[0];
    if (type !== CHANNEL_FRAME.small && type !== CHANNEL_FRAME.bulk && type !== CHANNEL_FRAME.control) return;
    const epochByte = frame[1] as number;
    const counter = readSealedCounter(frame);
    const before = this.#progress.get(channel);
    if (!before) {
      this.#progress.set(channel, { epoch: epochByte, counter });
      return;
    }
    const isNextEpoch = epochByte === ((before.epoch + 1) & 0xff);
    if (!isNextEpoch && (epochByte !== before.epoch || counter <= before.counter)) {
      this.violated(`Counter ${counter} of epoch ${epochByte} came after ${before.counter} of ${before.epoch}.`, channel.node.index);
    }
    before.epoch = epochByte;
    before.counter = counter;
  }
}
