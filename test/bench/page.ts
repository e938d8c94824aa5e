import SimplePeer from 'simple-peer/simplepeer.min.js';
import { systemClock } from '../../src/app/system-clock.ts';
import { parseAgentId, agentAddress, type NodeId } from '../../src/base/ids.ts';
import { WebCryptoBulkCipher } from '../../src/crypto/bulk-cipher.ts';
import { systemEntropy } from '../../src/crypto/entropy.ts';
import { createLocalIdentity } from '../../src/crypto/identity.ts';
import { createSecureChannelFactory } from '../../src/crypto/secure-channel.ts';
import { createVerifier } from '../../src/crypto/signing.ts';
import { RecordsVault } from '../../src/crypto/vault.ts';
import { AgentClients } from '../../src/mcp/agent-clients.ts';
import { AgentHost, type HostedAgent } from '../../src/mcp/agent-host.ts';
import type { Stream } from '../../src/node/api.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { RtcDial } from '../../src/ports/rtc.ts';
import { MemoryRecords } from '../../src/storage/memory-storage.ts';
import { WebRtcDialer } from '../../src/transport/webrtc-dialer.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { plaintextChannels } from '../doubles/plaintext-channel.ts';

/** One side of the benchmark: a raw data channel and a node, each to the same other page. Signals travel through the driver. */

type Signal = { readonly lane: string; readonly data: unknown };
declare const toOther: (signal: Signal) => Promise<void>;

const PROTOCOL = 'bench/1';
const lanes = new Map<string, (data: never) => void | Promise<void>>();
const early = new Map<string, unknown[]>();
const MIB = 2 ** 20;

function listen(lane: string, handler: (data: never) => void | Promise<void>): void {
  lanes.set(lane, handler);
  for (const data of early.get(lane) ?? []) void handler(data as never);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}

async function timed(count: number, once: () => Promise<unknown>): Promise<{ readonly p50: number; readonly p99: number }> {
  for (let index = 0; index < count / 5; index++) await once();
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    await once();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

// ── raw data channel ─────────────────────────────────────────────────────────────────────────────────────────────

let raw: RTCDataChannel;

async function openRaw(initiator: boolean): Promise<void> {
  const connection = new RTCPeerConnection();
  connection.addEventListener('icecandidate', ({ candidate }) => candidate && void toOther({ lane: 'raw', data: { candidate: candidate.toJSON() } }));
  listen('raw', async ({ description, candidate }: { description?: RTCSessionDescriptionInit; candidate?: RTCIceCandidateInit }) => {
    if (candidate) return connection.addIceCandidate(candidate);
    await connection.setRemoteDescription(description as RTCSessionDescriptionInit);
    if (initiator) return;
    await connection.setLocalDescription();
    void toOther({ lane: 'raw', data: { description: connection.localDescription?.toJSON() } });
  });
  raw = connection.createDataChannel('raw', { negotiated: true, id: 0 });
  raw.binaryType = 'arraybuffer';
  if (initiator) {
    await connection.setLocalDescription();
    void toOther({ lane: 'raw', data: { description: connection.localDescription?.toJSON() } });
  }
  await new Promise((resolve) => raw.addEventListener('open', resolve, { once: true }));
  if (initiator) return;
  let received = 0;
  raw.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
    // Echo what is small; of a transfer, answer each 64 MiB.
    if (data.byteLength <= 2048) return raw.send(data);
    received += data.byteLength;
    if (received >= 64 * MIB) {
      received = 0;
      raw.send(new ArrayBuffer(1));
    }
  });
}

function rawEcho(size: number): Promise<unknown> {
  const answer = new Promise((resolve) => raw.addEventListener('message', resolve, { once: true }));
  raw.send(new ArrayBuffer(size));
  return answer;
}

async function rawThroughput(messageBytes: number): Promise<number> {
  raw.bufferedAmountLowThreshold = MIB;
  const message = new ArrayBuffer(messageBytes);
  const answer = new Promise((resolve) => raw.addEventListener('message', resolve, { once: true }));
  const start = performance.now();
  for (let sent = 0; sent < 64 * MIB; sent += messageBytes) {
    if (raw.bufferedAmount > 4 * MIB) await new Promise((resolve) => raw.addEventListener('bufferedamountlow', resolve, { once: true }));
    raw.send(message);
  }
  await answer;
  return 64 / ((performance.now() - start) / 1000);
}

// ── node ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Kind = 'secure' | 'plaintext';
const nodes = new Map<Kind, { node: Node; other: NodeId; clients: AgentClients; handshakeMs: number }>();

function echoAgent(): HostedAgent {
  return {
    id: parseAgentId('echo'),
    title: 'Echo',
    description: 'Answers with what it got.',
    async createServer() {
      const { McpServer, z } = await import('../../src/mcp/runtime.ts');
      const server = new McpServer({ name: 'echo', version: '1' });
      server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({ content: [{ type: 'text', text }] }));
      return server;
    },
  };
}

function serveBench(stream: Stream): void {
  let received = 0;
  stream.onMessage(async (message) => {
    if (message.length <= 2048) return stream.send(message);
    received += message.length;
    if (received < 64 * MIB) return undefined;
    received = 0;
    return stream.send(new Uint8Array(1));
  });
}

async function openNode(kind: Kind, initiator: boolean): Promise<void> {
  const identity = await createLocalIdentity({
    vault: new RecordsVault(new MemoryRecords(), systemEntropy),
    nodeName: 'node-0',
    now: Date.now(),
    entropy: systemEntropy,
  });
  const networkId = openNetworkId('bench');
  const secure = createSecureChannelFactory({ identity, networkId, entropy: systemEntropy });
  const node = createNode({
    identity,
    networkId,
    clock: systemClock,
    entropy: systemEntropy,
    verifier: await createVerifier(),
    bulkCipher: new WebCryptoBulkCipher(),
    ...(kind === 'plaintext' ? { channels: plaintextChannels(secure) } : {}),
  });
  node.serve(PROTOCOL, serveBench);
  const host = new AgentHost(node, { decide: async () => 'run' });
  host.add(echoAgent());
  const up = new Promise<NodeId>((resolve) => node.on('peer-up', (peer) => resolve(peer.node)));
  let linkedAt = 0;
  const dial: RtcDial = new WebRtcDialer(SimplePeer).dial({
    initiator,
    iceServers: [],
    onSignal: (signal) => void toOther({ lane: kind, data: signal }),
    onLink: (link) => {
      linkedAt = performance.now();
      node.attachLink(link, initiator ? 'initiator' : 'responder');
    },
    onFailed: (end) => {
      throw new Error(`The dial failed: ${end.code}`);
    },
  });
  listen(kind, (signal: never) => dial.signal(signal));
  const other = await up;
  nodes.set(kind, { node, other, clients: new AgentClients(node, host), handshakeMs: performance.now() - linkedAt });
}

function nodeOf(kind: Kind) {
  const known = nodes.get(kind);
  if (!known) throw new Error('The node is not open.');
  return known;
}

async function nodeEcho(kind: Kind, size: number, count: number) {
  const { node, other } = nodeOf(kind);
  const stream = await node.open(other, PROTOCOL);
  let answered: () => void = () => undefined;
  stream.onMessage(() => answered());
  const result = await timed(count, async () => {
    const answer = new Promise<void>((resolve) => (answered = resolve));
    await stream.send(new Uint8Array(size));
    await answer;
  });
  stream.end();
  return result;
}

async function nodeThroughput(kind: Kind): Promise<number> {
  const { node, other } = nodeOf(kind);
  const stream = await node.open(other, PROTOCOL, { priority: 'bulk' });
  const done = new Promise<void>((resolve) => stream.onMessage(() => resolve()));
  const message = new Uint8Array(256 * 1024);
  const start = performance.now();
  const sends: Promise<void>[] = [];
  for (let sent = 0; sent < 64 * MIB; sent += message.length) {
    sends.push(stream.send(message));
    if (sends.length >= 8) await sends.shift();
  }
  await done;
  stream.end();
  return 64 / ((performance.now() - start) / 1000);
}

const TEXT = 'x'.repeat(1024);

async function nodeCall(kind: Kind) {
  const { clients, other } = nodeOf(kind);
  const { client } = await clients.session(agentAddress(other, parseAgentId('echo')));
  return () => client.callTool({ name: 'echo', arguments: { text: TEXT } });
}

async function memoryCall() {
  const { Client, InMemoryTransport } = await import('../../src/mcp/runtime.ts');
  const [here, there] = InMemoryTransport.createLinkedPair();
  await (await echoAgent().createServer()).connect(there);
  const client = new Client({ name: 'bench', version: '1' });
  await client.connect(here);
  return () => client.callTool({ name: 'echo', arguments: { text: TEXT } });
}

async function callsPerSecond(once: () => Promise<unknown>, total = 3000, inFlight = 32): Promise<number> {
  let left = total;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) await once();
    }),
  );
  return total / ((performance.now() - start) / 1000);
}

const api = {
  signal: ({ lane, data }: Signal) => {
    const handler = lanes.get(lane);
    if (handler) void handler(data as never);
    else early.set(lane, [...(early.get(lane) ?? []), data]);
  },
  openRaw,
  openNode,
  rawEcho: (size: number, count: number) => timed(count, () => rawEcho(size)),
  rawThroughput,
  nodeEcho,
  nodeThroughput,
  handshakeMs: (kind: Kind) => nodeOf(kind).handshakeMs,
  callTimes: async (kind: Kind | 'memory') => timed(500, kind === 'memory' ? await memoryCall() : await nodeCall(kind)),
  callRate: async (kind: Kind | 'memory') => callsPerSecond(kind === 'memory' ? await memoryCall() : await nodeCall(kind)),
};
Object.assign(globalThis, { bench: api });
