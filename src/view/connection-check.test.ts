import { describe, expect, it } from 'vitest';
import { connectionChecks, type CheckFacts, type IceProbe } from './connection-check.ts';
import type { ConnectionCheckView, NodeView } from './types.ts';

const PROBE: IceProbe = { candidates: [], isMissing: false, isComplete: true, silentServers: 0 };
const HOST = { type: 'host', address: 'name.local', port: 5000, server: '' };
const seen = (server: string, port: number) => ({ type: 'srflx', address: '203.0.113.7', port, server });
const NODE: NodeView = {
  node: 'n',
  person: undefined,
  state: 'connected',
  isLeaf: false,
  isHost: false,
  isBehindHosts: false,
  hasPlaintextClients: false,
  bytesSent: 0,
  bytesReceived: 0,
};

function findings(change: Partial<CheckFacts> = {}): Readonly<Record<ConnectionCheckView['what'], ConnectionCheckView['finding']>> {
  const checks = connectionChecks({
    isSecureContext: true,
    server: { host: 'server.test', state: 'connected' },
    hasStun: true,
    hasTurn: false,
    probe: { ...PROBE, candidates: [HOST, seen('stun:a', 6000)] },
    peers: [],
    storage: { usedBytes: 0, quotaBytes: 0, persisted: true },
    ...change,
  });
  return Object.fromEntries(checks.map(({ what, finding }) => [what, finding])) as ReturnType<typeof findings>;
}

describe('the connection check', () => {
  it('tells a network that blocks UDP from one without a router, and both from no STUN at all', () => {
    expect(findings().stun).toBe('stun-answers');
    expect(findings({ probe: { ...PROBE, candidates: [HOST], silentServers: 1 } }).stun).toBe('udp-blocked');
    expect(findings({ probe: { ...PROBE, candidates: [HOST], isComplete: false } }).stun).toBe('udp-blocked');
    expect(findings({ probe: { ...PROBE, candidates: [HOST] } }).stun).toBe('no-nat');
    expect(findings({ hasStun: false }).stun).toBe('no-stun');
    expect(findings({ probe: { ...PROBE, isMissing: true } }).stun).toBe('no-webrtc');
    expect(findings({ probe: { ...PROBE, isUnused: true } }).stun).toBe('direct-unused');
  });

  it('suspects a strict router where two servers see two ports, and says so where one server cannot tell', () => {
    expect(findings().nat).toBe('nat-one-server');
    expect(findings({ probe: { ...PROBE, candidates: [seen('stun:a', 6000), seen('stun:b', 6000)] } }).nat).toBe('nat-friendly');
    expect(findings({ probe: { ...PROBE, candidates: [seen('stun:a', 6000), seen('stun:b', 6001)] } }).nat).toBe('nat-symmetric');
    expect(findings({ probe: PROBE }).nat).toBe('nat-unknown');
  });

  it('says whether TURN that is configured answers', () => {
    expect(findings().turn).toBe('no-turn');
    expect(findings({ hasTurn: true }).turn).toBe('turn-silent');
    expect(findings({ hasTurn: true, probe: { ...PROBE, candidates: [{ ...HOST, type: 'relay' }] } }).turn).toBe('turn-answers');
  });

  it('names those through whom people are relayed', () => {
    const direct: NodeView = { ...NODE, path: { kind: 'direct', via: [] } };
    const relayed: NodeView = { ...NODE, path: { kind: 'relayed', via: ['k'], viaNames: ['Kit'] } };
    const failed: NodeView = { ...NODE, state: 'away', problem: { code: 'ice-failed' } };
    expect(findings()['direct-links']).toBe('nobody-tried');
    expect(findings({ peers: [direct, failed] })['direct-links']).toBe('direct');
    expect(findings({ peers: [failed] })['direct-links']).toBe('direct-failed');
    expect(findings({ peers: [direct, relayed] })['direct-links']).toBe('some-relayed');
    expect(findings({ peers: [relayed] })['direct-links']).toBe('all-relayed');
    const host: NodeView = { ...NODE, isHost: true, path: { kind: 'host', via: [] } };
    expect(findings({ peers: [relayed, host] })['direct-links']).toBe('through-hosts');
    expect(findings({ peers: [direct, host] })['direct-links']).toBe('direct');
  });

  it('looks at the page, the server and the storage', () => {
    expect(findings()).toMatchObject({ 'secure-context': 'secure', server: 'server-answers', storage: 'storage-kept' });
    const trouble = { usedBytes: 0, quotaBytes: 0, persisted: false, problem: { code: 'storage-broken' } } as const;
    expect(findings({ isSecureContext: false, server: { host: 's', state: 'unreachable' }, storage: trouble })).toMatchObject({
      'secure-context': 'insecure',
      server: 'server-silent',
      storage: 'storage-trouble',
    });
  });
});
