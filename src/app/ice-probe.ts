import type { IceServer } from '../ports/rtc.ts';
import type { IceProbe } from '../view/connection-check.ts';

/** A STUN server that is blocked is asked for ten seconds by browsers; one that answers does in one. */
const PROBE_MS = 6_000;

/** Has the browser look for its own addresses, to learn what its network lets through. No connection is made; without servers nothing at all is sent. */
export async function probeIce(servers: readonly IceServer[] | undefined): Promise<IceProbe> {
  const isMissing = !('RTCPeerConnection' in globalThis);
  if (isMissing || !servers) return { candidates: [], isMissing, isUnused: !servers, isComplete: true, silentServers: 0 };
  const connection = new RTCPeerConnection({ iceServers: servers.map((server) => ({ ...server, urls: [...server.urls] })) });
  const candidates: IceProbe['candidates'][number][] = [];
  const silent = new Set<string>();
  try {
    connection.createDataChannel('probe');
    const isComplete = await new Promise<boolean>((resolve) => {
      setTimeout(() => resolve(false), PROBE_MS);
      connection.addEventListener('icecandidate', ({ candidate }) => {
        if (!candidate) return resolve(true);
        const { type, address, port } = candidate;
        const server = (candidate as { url?: string | null }).url ?? '';
        if (type && address && port !== null) candidates.push({ type, address, port, server });
      });
      connection.addEventListener('icecandidateerror', ({ url }) => silent.add(url));
      connection.setLocalDescription().catch(() => resolve(false));
    });
    return { candidates, isMissing: false, isComplete, silentServers: silent.size };
  } finally {
    connection.close();
  }
}
