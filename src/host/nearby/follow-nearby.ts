import { Nearby } from '../../../signaling-server/src/nearby.ts';
import { systemClock } from '../../app/system-clock.ts';
import { LIMITS } from '../../base/limits.ts';
import { systemEntropy } from '../../crypto/entropy.ts';
import type { Node } from '../../node/node.ts';
import { WebSocketHostDialer } from '../../transport/host-dialer.ts';
import { webSocketOf } from '../headless-node.ts';
import type { LinkListener } from '../listen.ts';
import type { Logger } from '../logger.ts';
import type { HostOptions } from '../options.ts';
import { NearbyHosts } from './nearby-hosts.ts';
import type { NearbyServers } from './nearby-servers.ts';

export type NearbyParts = {
  readonly node: Node;
  readonly servers: NearbyServers;
  /** What is announced; without it this host only looks for others. */
  readonly links: LinkListener | undefined;
  readonly options: Pick<HostOptions, 'listen' | 'mdnsInterface'>;
  readonly log: Logger;
};

/** Programs, unlike pages, may open any socket. */
const ANYWHERE = { protocol: 'http:', hostname: 'localhost' };

/** Finds servers and hosts of the local network and has the node use them, and announces this one. Answers how to stop. */
export function followNearby({ node, servers, links, options, log }: NearbyParts): () => Promise<void> {
  const dialer = new WebSocketHostDialer(systemClock, ANYWHERE, webSocketOf(LIMITS.maxFrameBytes));
  const hosts = new NearbyHosts({ node, dialer, clock: systemClock, entropy: systemEntropy });
  servers.onAlias = (url) => log.debug(`This host is at ${url} already, under another name.`);
  const nearby = new Nearby({
    ...(links ? { own: { kind: 'host', port: links.port, isTls: false, listensOn: options.listen?.host } } : {}),
    ...(options.mdnsInterface === undefined ? {} : { interfaceAddress: options.mdnsInterface }),
    onChange: () => {
      const [near, nearHosts] = [nearby.urls('server'), nearby.urls('host')];
      log.debug(`On the local network: ${[...near, ...nearHosts].join(', ') || 'nobody'}.`);
      servers.set(near);
      hosts.set(nearHosts);
    },
    onTrouble: ({ message }) => log.warn(`Nobody on the local network is found or told by multicast DNS: ${message}. The host runs on without.`),
  });
  if (links && !nearby.isAnnounced) log.info('Others on the local network are not told of --listen: from there it cannot be reached.');
  return async () => {
    hosts.close();
    await nearby.stop();
  };
}
