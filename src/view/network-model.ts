import { signal, type Signal } from '@preact/signals-core';
import type { NodeApi, NodeInfo, PeerInfo } from '../node/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { IceServer } from '../ports/rtc.ts';
import { connectionChecks, type IceProbe } from './connection-check.ts';
import type { People } from './people.ts';
import type { ConnectionCheckView, JoinView, NetworkDetailView, NodeView, SettingsView, ThroughputView } from './types.ts';

export type NetworkModelOptions = {
  readonly node: NodeApi;
  readonly people: People;
  readonly clock: Clock;
  readonly serverHost: string;
  readonly probeIce: (servers: readonly IceServer[] | undefined) => Promise<IceProbe>;
};

/** Bytes per second of all sessions are measured this often; the chart shows the last five minutes. */
const SAMPLE_MS = 5_000;
const MAX_SAMPLES = 60;

/** The network page's data: everybody who is there, how they are linked, servers, what goes to and fro. */
export class NetworkModel {
  readonly detail: Signal<NetworkDetailView>;
  readonly join: Signal<JoinView>;
  readonly #options: NetworkModelOptions;
  #throughput: readonly ThroughputView[] = [];
  #totals = { sent: 0, received: 0 };

  constructor(options: NetworkModelOptions) {
    this.#options = options;
    this.detail = signal(this.#look());
    this.join = signal(this.#joinView());
    options.node.on('join', () => (this.join.value = this.#joinView()));
    this.#sampleLater();
  }

  refresh(): void {
    this.detail.value = this.#look();
    if (this.join.value.person?.name !== this.#joinView().person?.name) this.join.value = this.#joinView();
  }

  async check(storage: SettingsView['storage']): Promise<readonly ConnectionCheckView[]> {
    const { node, serverHost, probeIce } = this.#options;
    const iceServers = node.iceServers();
    const servers = node.servers();
    const probe = await probeIce(node.mode === 'centralised' ? undefined : iceServers);
    return connectionChecks({
      isSecureContext: globalThis.isSecureContext,
      server: { host: serverHost, state: node.state().signaling },
      hasStun: servers.some(({ hasStun }) => hasStun),
      hasTurn: servers.some(({ hasTurn }) => hasTurn),
      probe,
      peers: this.#look().nodes,
      storage,
    });
  }

  #sampleLater(): void {
    const { clock } = this.#options;
    clock.wakeAt(clock.now() + SAMPLE_MS, () => {
      this.#sample(clock.now());
      this.#sampleLater();
    });
  }

  #sample(at: number): void {
    const totals = { sent: 0, received: 0 };
    for (const peer of this.#options.node.peers()) {
      totals.sent += peer.bytesSent;
      totals.received += peer.bytesReceived;
    }
    const perSecond = (now: number, before: number): number => Math.max(0, ((now - before) * 1000) / SAMPLE_MS);
    const sample = {
      at,
      sentPerSecond: perSecond(totals.sent, this.#totals.sent),
      receivedPerSecond: perSecond(totals.received, this.#totals.received),
    };
    this.#totals = totals;
    this.#throughput = [...this.#throughput, sample].slice(-MAX_SAMPLES);
    this.refresh();
  }

  #look(): NetworkDetailView {
    const { node } = this.#options;
    const present = new Map(node.nodes().map((info) => [info.node, info]));
    const peers = node.peers();
    const links = node.links();
    const hubs = new Map<string, string>();
    for (const { from, to } of links) if (present.get(to)?.isLeaf && !hubs.has(to)) hubs.set(to, from);
    const known = new Set(peers.map((peer) => peer.node));
    const nodes = [
      ...peers.map((peer) => this.#nodeOf(peer, present.get(peer.node), hubs)),
      ...[...present.values()].flatMap((info) => (known.has(info.node) ? [] : [this.#nodeOf(undefined, info, hubs)])),
    ];
    return {
      nodes: nodes.sort(byNearness),
      links: onceEach(links),
      servers: node.servers(),
      relaying: node.relaying(),
      throughput: this.#throughput,
    };
  }

  #nodeOf(peer: PeerInfo | undefined, info: NodeInfo | undefined, hubs: ReadonlyMap<string, string>): NodeView {
    const { people } = this.#options;
    const node = peer?.node ?? (info as NodeInfo).node;
    const person = peer?.identity?.person ?? info?.person;
    const hub = hubs.get(node);
    const state = peer?.state === 'away' || !peer ? (info ? 'reachable' : 'away') : peer.state;
    return {
      node,
      person: person && people.view(person),
      state,
      isLeaf: info?.isLeaf ?? peer?.path?.kind === 'tab',
      isHost: info?.isHost ?? false,
      isBehindHosts: info?.isBehindHosts ?? false,
      hasPlaintextClients: info?.hasPlaintextClients ?? false,
      bytesSent: peer?.bytesSent ?? 0,
      bytesReceived: peer?.bytesReceived ?? 0,
      ...(hub === undefined ? {} : { hub }),
      ...(peer?.path ? { path: people.pathView(peer.path, peer.rttMs) } : {}),
      ...(peer?.connectedAt === undefined ? {} : { connectedAt: peer.connectedAt }),
      ...(peer?.lastSeenAt === undefined ? {} : { lastSeenAt: peer.lastSeenAt }),
      ...(peer?.reason && state !== 'connected' ? { problem: { code: peer.reason } } : {}),
    };
  }

  #joinView(): JoinView {
    const { node, people } = this.#options;
    const { step, side, code, expiresAt, node: other, problem } = node.joinState();
    const person = other === undefined ? undefined : people.ofNode(other);
    return {
      step,
      ...(side ? { side } : {}),
      ...(code === undefined ? {} : { code }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(person ? { person } : {}),
      ...(problem ? { problem: { code: problem } } : {}),
    };
  }
}

const ORDER: readonly NodeView['state'][] = ['connected', 'connecting', 'reachable', 'away'];

function byNearness(a: NodeView, b: NodeView): number {
  const states = ORDER.indexOf(a.state) - ORDER.indexOf(b.state);
  return states !== 0 ? states : (a.person?.name ?? '').localeCompare(b.person?.name ?? '') || (a.node < b.node ? -1 : 1);
}

/** Both ends tell of a link. */
function onceEach(links: readonly { readonly from: string; readonly to: string }[]): NetworkDetailView['links'] {
  const seen = new Map<string, { readonly from: string; readonly to: string }>();
  for (const { from, to } of links) seen.set(from < to ? `${from} ${to}` : `${to} ${from}`, { from, to });
  return [...seen.values()];
}
