import type { Entropy } from '../ports/entropy.ts';
import { createLocalHello } from '../wire/hello.ts';
import type { ChannelFactory } from './channel.ts';
import type { LocalIdentity } from './identity.ts';
import { SecureChannel } from './channel-machine.ts';

export type SecureChannelFactoryOptions = {
  readonly identity: LocalIdentity;
  readonly networkId: Uint8Array;
  /** The private network's key (`pskOf(secret)`); absent in open networks. */
  readonly psk?: Uint8Array;
  readonly entropy: Entropy;
};

export type SecureChannelFactory = ChannelFactory & {
  /** Our hello: for introductions, so that the peer can pass it as its `remoteHello`. */
  readonly localHello: Uint8Array;
};

/** How the node makes its channels: Noise XX (XXpsk3 with a secret), then sessions that renew their keys. */
export function createSecureChannelFactory(options: SecureChannelFactoryOptions): SecureChannelFactory {
  const localHello = createLocalHello(options.entropy);
  const local = { ...options, localHello };
  const factory: ChannelFactory = (channelOptions, now) => new SecureChannel(local, channelOptions, now);
  return Object.assign(factory, { localHello });
}
