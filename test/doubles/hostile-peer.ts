import { WAKE } from '../../src/base/machine.ts';
import { WebCryptoBulkCipher } from '../../src/crypto/bulk-cipher.ts';
import type { Channel, ChannelInput, ChannelOutput } from '../../src/crypto/channel.ts';
import type { LocalIdentity } from '../../src/crypto/identity.ts';
import { createSecureChannelFactory } from '../../src/crypto/secure-channel.ts';
import { scriptVerifier } from '../../src/crypto/signing.ts';
import type { Node } from '../../src/node/node.ts';
import { decodeStreamFrames, type StreamFrame } from '../../src/p2p/streams/stream-frames.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { LinkEnd } from '../../src/ports/link.ts';
import { memoryLinkPair, type MemoryLink } from '../../src/transport/memory-link.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { seededEntropy } from '../support/seeded-identity.ts';

/** What the peer does with each of its own sealed frames on their way out: by default it sends them as they are. */
export type Tampering = (frame: Uint8Array) => readonly Uint8Array[];

/** One end of a link with a real node, in the hand of a test: a real channel if it wants one, and any bytes before, in and after it. */
export class HostilePeer {
  readonly link: MemoryLink;
  /** Stream frames that the node sent. */
  readonly received: StreamFrame[] = [];
  /** How the channel ended, as this side saw it. */
  end: { readonly code: string; readonly remote: boolean } | undefined;
  linkEnd: LinkEnd | undefined;
  isEstablished = false;
  tamper: Tampering = (frame) => [frame];
  readonly #clock: Clock;
  readonly #cipher = new WebCryptoBulkCipher();
  #channel: Channel | undefined;
  #next = 1;

  /** Joins a link with the victim, on which this side dialled. Without an identity it says nothing of itself. */
  constructor(victim: Node, clock: Clock, identity?: LocalIdentity, networkId: Uint8Array = openNetworkId('test')) {
    this.#clock = clock;
    const [ours, theirs] = memoryLinkPair();
    this.link = ours;
    victim.attachLink(theirs, 'responder');
    ours.bind({
      frame: (bytes) => this.#input({ type: 'frame', bytes }),
      drained: () => undefined,
      closed: (end) => (this.linkEnd = end),
    });
    if (!identity) return;
    const factory = createSecureChannelFactory({ identity, networkId, entropy: seededEntropy(500) });
    this.#channel = factory({ role: 'initiator', localFingerprint: new Uint8Array(0), remoteFingerprint: new Uint8Array(0) }, clock.now());
    this.#drain();
  }

  /** One session payload of any bytes, sealed as it should be. */
  payload(bytes: Uint8Array): void {
    const { before, after } = (this.#channel as Channel).room;
    const frame = new Uint8Array(before + bytes.length + after);
    frame.set(bytes, before);
    this.#input({ type: 'send', frame });
  }

  /** The next stream id of this side. */
  stream(): number {
    const id = this.#next;
    this.#next += 2;
    return id;
  }

  /** Lets its own clock run: the peer renews keys when it is time. */
  wake(): void {
    this.#channel?.handle(WAKE, this.#clock.now());
    this.#drain();
  }

  #input(input: ChannelInput): void {
    this.#channel?.handle(input, this.#clock.now());
    this.#drain();
  }

  #drain(): void {
    for (let output = this.#channel?.poll(); output; output = this.#channel?.poll()) this.#output(output);
  }

  #output(output: ChannelOutput): void {
    switch (output.type) {
      case 'transmit':
        for (const frame of this.isEstablished ? this.tamper(output.frame) : [output.frame]) this.link.send(frame);
        return;
      case 'verify':
        void Promise.all(output.checks.map((check) => scriptVerifier.verify(check))).then((results) =>
          this.#input({ type: 'verified', job: output.job, valid: results.every(Boolean) }),
        );
        return;
      case 'bulk':
        void this.#cipher[output.operation](output.work).then((bytes) =>
          this.#input({ type: 'bulk-done', job: output.job, ...(bytes ? { bytes } : {}) }),
        );
        return;
      case 'established':
        this.isEstablished = true;
        return;
      case 'deliver':
        this.received.push(...(decodeStreamFrames(output.payload.slice()) ?? []));
        return;
      case 'closed':
        this.end = { code: output.code, remote: output.remote };
        return;
      case 'fault':
        return;
    }
  }
}
