import type { ConnectionCheckView, NetworkStatusView, NodeView, SettingsView } from './types.ts';

/** What the browser found out about the network around it, with the STUN and TURN servers that the node uses. */
export type IceProbe = {
  readonly candidates: readonly { readonly type: string; readonly address: string; readonly port: number; readonly server: string }[];
  /** It could not be tried at all: this browser has no WebRTC. */
  readonly isMissing: boolean;
  /** It was not tried: this node wants no direct links. */
  readonly isUnused?: boolean;
  /** Every server was asked, and answered or failed; otherwise the time was over. */
  readonly isComplete: boolean;
  /** Servers of which the browser said that they did not answer. */
  readonly silentServers: number;
};

export type CheckFacts = {
  readonly isSecureContext: boolean;
  readonly server: NetworkStatusView['server'];
  readonly hasStun: boolean;
  readonly hasTurn: boolean;
  readonly probe: IceProbe;
  readonly peers: readonly NodeView[];
  readonly storage: SettingsView['storage'];
};

/** What this browser and its network allow, one line for each thing that can go wrong. Pure: facts in, findings out. */
export function connectionChecks(facts: CheckFacts): readonly ConnectionCheckView[] {
  return [
    { what: 'secure-context', ...(facts.isSecureContext ? { result: 'ok', finding: 'secure' } : { result: 'trouble', finding: 'insecure' }) },
    serverCheck(facts.server),
    stunCheck(facts),
    natCheck(facts),
    turnCheck(facts),
    directCheck(facts.peers),
    storageCheck(facts.storage),
  ];
}

function serverCheck({ host, state }: NetworkStatusView['server']): ConnectionCheckView {
  if (state === 'connected') return { what: 'server', result: 'ok', finding: 'server-answers', detail: host };
  return { what: 'server', result: 'trouble', finding: state === 'refused' ? 'server-refuses' : 'server-silent', detail: host };
}

function stunCheck({ hasStun, probe }: CheckFacts): ConnectionCheckView {
  if (probe.isMissing) return { what: 'stun', result: 'trouble', finding: 'no-webrtc' };
  if (probe.isUnused) return { what: 'stun', result: 'unknown', finding: 'direct-unused' };
  if (!hasStun) return { what: 'stun', result: 'unknown', finding: 'no-stun' };
  if (reflexive(probe).length > 0) return { what: 'stun', result: 'ok', finding: 'stun-answers' };
  // Where nothing stands between, the address that STUN sees is the one that was known before, and browsers do not list it twice.
  if (probe.isComplete && probe.silentServers === 0 && probe.candidates.length > 0) return { what: 'stun', result: 'ok', finding: 'no-nat' };
  return { what: 'stun', result: 'trouble', finding: 'udp-blocked' };
}

/** Symmetric: each server sees another port. With one server that cannot be told. */
function natCheck({ hasStun, probe }: CheckFacts): ConnectionCheckView {
  const seen = reflexive(probe);
  if (probe.isMissing || !hasStun || seen.length === 0) return { what: 'nat', result: 'unknown', finding: 'nat-unknown' };
  const servers = new Set(seen.map(({ server }) => server));
  if (servers.size < 2) return { what: 'nat', result: 'unknown', finding: 'nat-one-server' };
  const places = new Map<string, Set<number>>();
  for (const { address, port } of seen) places.set(address, (places.get(address) ?? new Set()).add(port));
  const isSymmetric = [...places.values()].some((ports) => ports.size > 1);
  return isSymmetric ? { what: 'nat', result: 'trouble', finding: 'nat-symmetric' } : { what: 'nat', result: 'ok', finding: 'nat-friendly' };
}

function turnCheck({ hasTurn, probe }: CheckFacts): ConnectionCheckView {
  if (!hasTurn || probe.isMissing || probe.isUnused) return { what: 'turn', result: 'unknown', finding: 'no-turn' };
  const isUsable = probe.candidates.some(({ type }) => type === 'relay');
  return { what: 'turn', ...(isUsable ? { result: 'ok', finding: 'turn-answers' } : { result: 'trouble', finding: 'turn-silent' }) };
}

function directCheck(peers: readonly NodeView[]): ConnectionCheckView {
  const connected = peers.filter((peer) => peer.state === 'connected');
  const relayed = connected.filter((peer) => peer.path?.kind === 'relayed');
  const failed = peers.find((peer) => peer.state !== 'connected' && peer.problem?.code === 'ice-failed');
  const isAnyDirect = connected.some((peer) => peer.path?.kind === 'direct');
  const names = [...new Set(relayed.flatMap((peer) => peer.path?.viaNames ?? []))].join(', ');
  const hosts = connected.filter((peer) => peer.path?.kind === 'host');
  if (hosts.length > 0 && !isAnyDirect) {
    const detail = [...new Set(hosts.flatMap((peer) => peer.person?.name ?? []))].join(', ');
    return { what: 'direct-links', result: 'ok', finding: 'through-hosts', detail };
  }
  if (relayed.length > 0) {
    return { what: 'direct-links', result: isAnyDirect ? 'ok' : 'trouble', finding: isAnyDirect ? 'some-relayed' : 'all-relayed', detail: names };
  }
  if (isAnyDirect) return { what: 'direct-links', result: 'ok', finding: 'direct' };
  if (failed?.problem) return { what: 'direct-links', result: 'trouble', finding: 'direct-failed', problem: failed.problem };
  return { what: 'direct-links', result: 'unknown', finding: 'nobody-tried' };
}

function storageCheck({ problem, persisted }: SettingsView['storage']): ConnectionCheckView {
  if (problem) return { what: 'storage', result: 'trouble', finding: 'storage-trouble', problem };
  return { what: 'storage', result: 'ok', finding: persisted ? 'storage-kept' : 'storage-not-kept' };
}

function reflexive(probe: IceProbe): IceProbe['candidates'] {
  return probe.candidates.filter(({ type }) => type === 'srflx');
}
