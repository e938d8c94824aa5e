import SimplePeer from 'simple-peer/simplepeer.min.js';
import { systemClock } from '../../src/app/system-clock.ts';
import type { NodeId } from '../../src/base/ids.ts';
import { WebCryptoBulkCipher } from '../../src/crypto/bulk-cipher.ts';
import { systemEntropy } from '../../src/crypto/entropy.ts';
import { createLocalIdentity } from '../../src/crypto/identity.ts';
import { createSecureChannelFactory } from '../../src/crypto/secure-channel.ts';
import { createVerifier } from '../../src/crypto/signing.ts';
import { RecordsVault } from '../../src/crypto/vault.ts';
import { AgentClients } from '../../src/mcp/agent-clients.ts';
import { AgentHost } from '../../src/mcp/agent-host.ts';
import type { Stream } from '../../src/node/api.ts';
import { createNode, type Node, type NodeOptions } from '../../src/node/node.ts';
import type { RtcDial } from '../../src/ports/rtc.ts';
import { MemoryRecords } from '../../src/storage/memory-storage.ts';
import { signalingUrlOf, WebSocketSignaling } from '../../src/transport/signaling-websocket.ts';
import { WebRtcDialer } from '../../src/transport/webrtc-dialer.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { plaintextChannels } from '../doubles/plaintext-channel.ts';
import { echoAgent } from './echo-agent.ts';
import { listen, sendSignal } from './signals.ts';
import { MAX_ECHO_BYTES, TRANSFER_BYTES } from './timing.ts';

/** The nodes of a page: one with the real sessions, one whose payloads travel in clear, and one whose only link is with a relay. */
export type Kind = 'secure' | 'plaintext' | 'relayed';

type BenchNode = { readonly node: Node; readonly other: NodeId; readonly clients: AgentClients; readonly handshakeMs: number };

const PROTOCOL = 'bench/1';
/** Fits into one frame with what stands around it, as a program would choose it. */
const MESSAGE_BYTES = 255 * 1024;
/** Messages given to the stream ahead of what it has taken. */
const SENDS_AHEAD = 8;

const nodes = new Map<Kind, BenchNode>();

export async function openNode(kind: Kind, isInitiator: boolean): Promise<void> {
  nodes.set(kind, await connect(kind, kind, isInitiator));
}

/** From the open link to the session, in ms. */
export async function handshakeMs(run: number, isInitiator: boolean): Promise<number> {
  const { node, handshakeMs: duration } = await connect('secure', `handshake ${run}`, isInitiator);
  await node.close();
  return duration;
}

/** The end of a path over the page of `openRelay`; answers its id, for the other end's {@link reachOver}. */
export async function openEnd(lane: string, isInitiator: boolean): Promise<NodeId> {
  const { node } = await makeNode('relayed');
  await linkWith(node, lane, isInitiator);
  ends.push(node);
  return node.id;
}

/** A node that relays between the pages at the other sides of these lanes. */
export async function openRelay(...lanes: readonly string[]): Promise<void> {
  const { node } = await makeNode('relayed');
  node.setRelayTrust('everybody');
  await Promise.all(lanes.map((lane) => linkWith(node, lane, false)));
}

/** From now on the page's relayed node is measured with this other one. Fails when the path is not over one relay. */
export async function reachOver(other: NodeId): Promise<void> {
  const node = ends.at(-1) as Node;
  nodes.set('relayed', { node, other, clients: new AgentClients(node, new AgentHost(node, { decide: async () => 'run' })), handshakeMs: 0 });
  const { path } = await node.open(other, PROTOCOL);
  if (path.kind !== 'relayed') throw new Error(`The path is ${path.kind}.`);
}

const ends: Node[] = [];

async function connect(kind: Kind, lane: string, isInitiator: boolean): Promise<BenchNode> {
  const { node, host } = await makeNode(kind);
  return { node, ...(await linkWith(node, lane, isInitiator)), clients: new AgentClients(node, host) };
}

/** Joins the open network by a signaling server, as a tab does, and serves the echo agent to everybody in it; answers its id when it has a session with the host. */
export async function joinNetwork(server: string, host: NodeId): Promise<NodeId> {
  const { node } = await makeNode('secure', {
    networkId: openNetworkId('Commons'),
    signaling: new WebSocketSignaling(signalingUrlOf(server), systemClock),
    rtc: new WebRtcDialer(() => Promise.resolve(SimplePeer)),
  });
  if (!node.peers().some((peer) => peer.node === host && peer.state === 'connected'))
    await new Promise<void>((resolve) => node.on('peer-up', (peer) => peer.node === host && resolve()));
  return node.id;
}

async function makeNode(kind: Kind, options: Partial<NodeOptions> = {}): Promise<{ readonly node: Node; readonly host: AgentHost }> {
  const identity = await createLocalIdentity({
    vault: new RecordsVault(new MemoryRecords(), systemEntropy),
    nodeName: 'node-0',
    now: Date.now(),
    entropy: systemEntropy,
  });
  const networkId = options.networkId ?? openNetworkId('bench');
  const secure = createSecureChannelFactory({ identity, networkId, entropy: systemEntropy });
  const node = createNode({
    identity,
    networkId,
    clock: systemClock,
    entropy: systemEntropy,
    verifier: await createVerifier(),
    bulkCipher: new WebCryptoBulkCipher(),
    ...(kind === 'plaintext' ? { channels: plaintextChannels(secure) } : {}),
    ...options,
  });
  node.serve(PROTOCOL, answer);
  const host = new AgentHost(node, { decide: async () => 'run' });
  host.add(echoAgent());
  return { node, host };
}

async function linkWith(node: Node, lane: string, isInitiator: boolean): Promise<{ readonly other: NodeId; readonly handshakeMs: number }> {
  const up = new Promise<NodeId>((resolve) => node.on('peer-up', (peer) => resolve(peer.node)));
  let linkedAt = 0;
  const dial: RtcDial = new WebRtcDialer(() => Promise.resolve(SimplePeer)).dial({
    initiator: isInitiator,
    iceServers: [],
    onSignal: (signal) => sendSignal(lane, signal),
    onLink: (link) => {
      linkedAt = performance.now();
      node.attachLink(link, isInitiator ? 'initiator' : 'responder');
    },
    onFailed: (end) => {
      throw new Error(`The dial failed: ${end.code}`);
    },
  });
  listen(lane, (signal: never) => dial.signal(signal));
  const other = await up;
  return { other, handshakeMs: performance.now() - linkedAt };
}

function answer(stream: Stream): void {
  let received = 0;
  stream.onMessage(async (message) => {
    if (message.length <= MAX_ECHO_BYTES) return stream.send(message);
    received += message.length;
    if (received < TRANSFER_BYTES) return undefined;
    received = 0;
    return stream.send(new Uint8Array(1));
  });
}

export function nodeOf(kind: Kind): BenchNode {
  const known = nodes.get(kind);
  if (!known) throw new Error('The node is not open.');
  return known;
}

/** Opens a stream of the kind on which lines are sent in chat; each run of the answer is one line there and back. */
export async function openEcho(kind: Kind, size: number): Promise<() => Promise<void>> {
  const { node, other } = nodeOf(kind);
  const stream = await node.open(other, PROTOCOL);
  let answered: () => void = () => undefined;
  stream.onMessage(() => answered());
  return async () => {
    const echo = new Promise<void>((resolve) => (answered = resolve));
    await stream.send(new Uint8Array(size));
    await echo;
  };
}

export async function nodeTransfer(kind: Kind): Promise<void> {
  const { node, other } = nodeOf(kind);
  const stream = await node.open(other, PROTOCOL, { priority: 'bulk' });
  const done = new Promise<void>((resolve) => stream.onMessage(() => resolve()));
  const message = new Uint8Array(MESSAGE_BYTES);
  const sends: Promise<void>[] = [];
  for (let sent = 0; sent < TRANSFER_BYTES; sent += message.length) {
    sends.push(stream.send(message));
    if (sends.length >= SENDS_AHEAD) await sends.shift();
  }
  await done;
  stream.end();
}
