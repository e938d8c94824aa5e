import { fromHex, toHex } from '../../base/bytes.ts';
import type { RtcSignal } from '../../ports/rtc.ts';

export const CANDIDATE_TYPES = ['host', 'srflx', 'relay'] as const;

/** A UDP address under which a side can be tried (RFC 8839 §5.1). A name of mDNS is the 16 bytes of its UUID. */
export type IceCandidate = {
  readonly type: (typeof CANDIDATE_TYPES)[number];
  readonly address: string | Uint8Array;
  readonly port: number;
  readonly priority: number;
};

/** What of a session description differs between two data channels; the rest is the same for all, and need not travel. */
export type SessionFacts = {
  readonly ufrag: string;
  readonly password: string;
  /** SHA-256 of the DTLS certificate. */
  readonly fingerprint: Uint8Array;
  readonly candidates: readonly IceCandidate[];
};

export const FINGERPRINT_BYTES = 32;
export const MDNS_BYTES = 16;
export const MAX_ICE_TEXT_LENGTH = 64;

const MDNS_NAME = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\.local$/i;

/** Letters, digits, `+` and `/` (RFC 8839 §5.4). */
export function isIceText(text: string): boolean {
  return /^[A-Za-z0-9+/]{4,}$/.test(text);
}

/** An IPv4 or IPv6 address, as far as its characters tell. */
export function isAddress(text: string): boolean {
  return /^[0-9A-Fa-f:.]{2,}$/.test(text);
}

/** Takes a local description and its candidates apart; `undefined` where something is missing. */
export function sessionFactsOf(sdp: string, candidates: readonly string[], maxCandidates: number): SessionFacts | undefined {
  const ufrag = /^a=ice-ufrag:(\S+)\s*$/m.exec(sdp)?.[1];
  const password = /^a=ice-pwd:(\S+)\s*$/m.exec(sdp)?.[1];
  const print = /^a=fingerprint:sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})\s*$/im.exec(sdp)?.[1];
  if (!ufrag || !password || !print || !isIceText(ufrag) || !isIceText(password)) return undefined;
  const lines = [...(sdp.match(/^a=candidate:.*$/gm) ?? []), ...candidates];
  const found = new Map<string, IceCandidate>();
  for (const line of lines) {
    const candidate = candidateOf(line);
    if (candidate && found.size < maxCandidates) found.set(`${String(candidate.address)} ${candidate.port}`, candidate);
  }
  return { ufrag, password, fingerprint: fromHex(print.replaceAll(':', '').toLowerCase()), candidates: [...found.values()] };
}

/** UDP only: two browsers never meet over ICE's TCP, where both only dial. */
function candidateOf(line: string): IceCandidate | undefined {
  // candidate:foundation component transport priority address port "typ" type …
  const [, , transport, priority, address = '', port, , type] = line.trim().split(' ');
  const kind = CANDIDATE_TYPES.find((known) => known === type);
  if (!kind || transport?.toLowerCase() !== 'udp') return undefined;
  const name = MDNS_NAME.exec(address);
  if (!name && !isAddress(address)) return undefined;
  return { type: kind, address: name ? fromHex(name.slice(1).join('').toLowerCase()) : address, port: Number(port), priority: Number(priority) };
}

/** The description and candidates that the facts stand for, as signals of the other side. */
export function signalsOf(kind: 'offer' | 'answer', { ufrag, password, fingerprint, candidates }: SessionFacts): readonly RtcSignal[] {
  const print = (toHex(fingerprint).toUpperCase().match(/../g) ?? []).join(':');
  const lines = [
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${print}`,
    // The answerer always begins DTLS (RFC 8842 §5.3).
    `a=setup:${kind === 'offer' ? 'actpass' : 'active'}`,
    'a=mid:0',
    'a=sctp-port:5000',
    'a=max-message-size:262144',
  ];
  const description: RtcSignal = { type: kind, sdp: `${lines.join('\r\n')}\r\n` };
  return [description, ...candidates.map(candidateSignal)];
}

function candidateSignal({ type, address, port, priority }: IceCandidate, index: number): RtcSignal {
  const place = typeof address === 'string' ? address : mdnsName(address);
  const origin = type === 'host' ? '' : ' raddr 0.0.0.0 rport 0';
  return {
    type: 'candidate',
    candidate: `candidate:${index + 1} 1 udp ${priority} ${place} ${port} typ ${type}${origin}`,
    sdpMid: '0',
    sdpMLineIndex: 0,
  };
}

function mdnsName(uuid: Uint8Array): string {
  const hex = toHex(uuid);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}.local`;
}
