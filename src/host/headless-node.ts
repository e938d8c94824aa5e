import * as automerge from '@automerge/automerge';
import { WebSocket } from 'ws';
import { systemClock } from '../app/system-clock.ts';
import { LIMITS } from '../base/limits.ts';
import { WebCryptoBulkCipher } from '../crypto/bulk-cipher.ts';
import { systemEntropy } from '../crypto/entropy.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import { createVerifier } from '../crypto/signing.ts';
import { createNode, type Node } from '../node/node.ts';
import type { RtcDialer } from '../ports/rtc.ts';
import type { SignalingClient, SignalingConnection, SignalingHandlers, SignalingHelp } from '../ports/signaling.ts';
import { AutomergeEngine } from '../registry/engine/automerge-engine.ts';
import { Registry } from '../registry/registry.ts';
import { isSignalingUrl, WebSocketSignaling, type WebSocketConstructor } from '../transport/signaling-websocket.ts';
import { WebRtcDialer } from '../transport/webrtc-dialer.ts';
import { pskOf } from '../wire/networks.ts';
import type { NearbyServers } from './nearby/nearby-servers.ts';
import { NodeSimplePeer } from './node-rtc.ts';

export type HeadlessNodeOptions = {
  readonly identity: LocalIdentity;
  readonly network: { readonly networkId: Uint8Array; readonly secret?: Uint8Array };
  /** WebSocket URLs of signaling servers; the first is the node's own. */
  readonly signaling: readonly [string, ...string[]];
  /** Where nodes without WebRTC reach this one. Present on a host. */
  readonly hostUrls?: readonly string[];
  readonly hasPlaintextClients?: boolean;
  /** Signaling servers of the local network, as they come and go. */
  readonly nearbyServers?: NearbyServers;
  /** Default: WebRTC. */
  readonly rtc?: RtcDialer;
};

/** A node without a page: the core as it is in a tab, over the WebRTC of node-datachannel and the WebSockets of `ws`. */
export async function startHeadlessNode(options: HeadlessNodeOptions): Promise<Node> {
  const { identity, network, signaling, hostUrls, hasPlaintextClients, nearbyServers, rtc } = options;
  const [own, ...others] = signaling;
  return createNode({
    identity,
    networkId: network.networkId,
    ...(network.secret ? { psk: pskOf(network.secret) } : {}),
    clock: systemClock,
    entropy: systemEntropy,
    verifier: await createVerifier(),
    bulkCipher: new WebCryptoBulkCipher(),
    signaling: new SignalingWithOthers(signalingAt(own), others, nearbyServers),
    signalingFor: (url) => nearbyServers?.clientFor(url) ?? (isSignalingUrl(url) ? signalingAt(url) : undefined),
    rtc: rtc ?? webRtcDialer(),
    endOfTurn: setImmediate,
    ...(hostUrls ? { hostUrls } : {}),
    ...(hasPlaintextClients ? { hasPlaintextClients } : {}),
  });
}

export function webRtcDialer(): WebRtcDialer {
  return new WebRtcDialer(async () => NodeSimplePeer);
}

/** The registry's machine of a node, with its engine in this thread: a host has no page that would stand still meanwhile. */
export function createHeadlessRegistry(
  identity: LocalIdentity,
  networkId: Uint8Array,
): { readonly registry: Registry; readonly engine: AutomergeEngine } {
  const { node, device, person, chain } = identity;
  return { registry: new Registry({ networkId, node, device, person, chain, entropy: systemEntropy }), engine: new AutomergeEngine(automerge) };
}

export function signalingAt(url: string): WebSocketSignaling {
  return new WebSocketSignaling(url, systemClock, webSocketOf(LIMITS.maxSignalingMessageBytes));
}

/** WebSockets that take messages of up to so many bytes, and none that would unfold to more. */
export function webSocketOf(maxPayload: number): WebSocketConstructor {
  const BoundedWebSocket = class extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols, { maxPayload, perMessageDeflate: false });
    }
  };
  return BoundedWebSocket as unknown as WebSocketConstructor;
}

/** A server together with others that its owner knows of or that are near: they are made known at once, whether or not the first one answers. */
export class SignalingWithOthers implements SignalingClient {
  readonly #inner: SignalingClient & { readonly url: string };
  readonly #others: readonly string[];
  readonly #nearby: NearbyServers | undefined;

  constructor(inner: SignalingClient & { readonly url: string }, others: readonly string[], nearby: NearbyServers | undefined) {
    this.#inner = inner;
    this.#others = others;
    this.#nearby = nearby;
  }

  get host(): string {
    return this.#inner.host;
  }

  get url(): string {
    return this.#inner.url;
  }

  connect(handlers: SignalingHandlers): SignalingConnection {
    let told: SignalingHelp = { servers: [] };
    const tell = (): void => handlers.helped({ ...told, servers: [...this.#others, ...told.servers, ...(this.#nearby?.urls ?? [])] });
    if (this.#nearby) this.#nearby.onNew = tell;
    // Not within `connect`: the caller does not hold the connection yet.
    queueMicrotask(tell);
    return this.#inner.connect({
      ...handlers,
      helped: (help) => {
        told = help;
        tell();
      },
    });
  }
}
