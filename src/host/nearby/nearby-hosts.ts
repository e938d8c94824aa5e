import type { NodeId } from '../../base/ids.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { retryDelayMs } from '../../base/retry-delay.ts';
import type { NodeApi } from '../../node/api.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { HostDialer } from '../../ports/host-dialer.ts';

export type NearbyHostsOptions = {
  readonly node: Pick<NodeApi, 'id' | 'on' | 'peers' | 'attachLink'>;
  readonly dialer: HostDialer;
  readonly clock: Clock;
  readonly entropy: Entropy;
};

type Host = {
  readonly url: string;
  /** Known after its first word. */
  node?: NodeId;
  state: 'idle' | 'waiting' | 'dialling';
  failures: number;
  giveUp: () => void;
};

/** Links this node with the hosts of the local network that it has no link with, as long as they are there. What they are is for the handshake to prove. */
export class NearbyHosts {
  readonly #options: NearbyHostsOptions;
  readonly #hosts = new Map<string, Host>();
  readonly #stops: readonly (() => void)[];

  constructor(options: NearbyHostsOptions) {
    this.#options = options;
    this.#stops = [
      options.node.on('peer-up', ({ node }) => this.#of(node).forEach((host) => (host.failures = 0))),
      options.node.on('peer-down', ({ peer }) => this.#of(peer.node).forEach((host) => this.#wait(host))),
    ];
  }

  /** These are near now. Links with those that are not any more last as long as they last. */
  set(urls: readonly string[]): void {
    for (const [url, host] of this.#hosts) if (!urls.includes(url)) this.#forget(host);
    for (const url of urls) {
      if (this.#hosts.has(url) || this.#options.dialer.problemOf(url)) continue;
      const host: Host = { url, state: 'idle', failures: 0, giveUp: () => undefined };
      this.#hosts.set(url, host);
      this.#dial(host);
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const host of this.#hosts.values()) this.#forget(host);
  }

  #of(node: NodeId): readonly Host[] {
    return [...this.#hosts.values()].filter((host) => host.node === node);
  }

  #forget(host: Host): void {
    this.#hosts.delete(host.url);
    host.giveUp();
  }

  #dial(host: Host): void {
    const { node, dialer } = this.#options;
    host.state = 'dialling';
    host.giveUp = dialer.dial(host.url, {
      linked: (link, found) => {
        host.node = found;
        if (this.#isServed(found)) link.close();
        else node.attachLink(link, 'initiator', found);
      },
      ended: () => this.#ended(host),
    });
  }

  /** Is tried again when the session that there is ends, or later. */
  #ended(host: Host): void {
    host.state = 'idle';
    if (host.node !== undefined && this.#isServed(host.node)) return;
    host.failures++;
    this.#wait(host);
  }

  #wait(host: Host): void {
    if (host.state !== 'idle' || this.#hosts.get(host.url) !== host) return;
    const { clock, entropy } = this.#options;
    const delayMs = retryDelayMs(host.failures, { firstMs: HOST_LIMITS.nearbyRetryFirstMs, maxMs: HOST_LIMITS.nearbyRetryMaxMs }, entropy);
    host.state = 'waiting';
    host.giveUp = clock.wakeAt(clock.now() + delayMs, () => {
      host.state = 'idle';
      if (host.node === undefined || !this.#isServed(host.node)) this.#dial(host);
    });
  }

  /** It is this node, or one with a link that needs no relay. */
  #isServed(node: NodeId): boolean {
    if (node === this.#options.node.id) return true;
    const peer = this.#options.node.peers().find((known) => known.node === node);
    return peer?.state === 'connected' && peer.path !== undefined && peer.path.kind !== 'relayed';
  }
}
