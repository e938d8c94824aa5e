import { createSecureChannelFactory } from '../../src/crypto/secure-channel.ts';
import type { RtcDialer } from '../../src/ports/rtc.ts';
import type { Stream } from '../../src/node/api.ts';
import type { Node, NodeOptions } from '../../src/node/node.ts';
import { decodeStreamFrames, encodeStreamFrame, STREAM_FRAME, type StreamFrame, type StreamFrameType } from '../../src/p2p/streams/stream-frames.ts';
import type { MemoryLink, MemoryLinkOptions } from '../../src/transport/memory-link.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { concatBytes } from '../../src/base/bytes.ts';
import { seededEntropy, seededIdentity } from '../support/seeded-identity.ts';
import { joinNodes, localNode } from './local-nodes.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { tappedChannels, type Tap } from './tapped-channels.ts';

/** Real nodes joined by links in memory as the edges say. Everybody relays for everybody, unless a test says otherwise. */
export async function meshOf(
  count: number,
  edges: readonly (readonly [number, number])[],
  options: {
    readonly nodes?: Partial<NodeOptions>;
    readonly rtc?: Readonly<Record<number, RtcDialer>>;
    readonly taps?: Readonly<Record<number, Tap>>;
    readonly links?: (from: number, to: number) => MemoryLinkOptions;
  } = {},
): Promise<{ readonly nodes: readonly Node[]; readonly link: (from: number, to: number) => MemoryLink }> {
  const nodes = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const tap = options.taps?.[index];
      return localNode(index + 1, {
        ...options.nodes,
        ...(options.rtc?.[index] ? { rtc: options.rtc[index] } : {}),
        ...(tap ? { channels: await tapped(index + 1, tap, options.nodes?.clock?.now() ?? Date.now()) } : {}),
      });
    }),
  );
  for (const node of nodes) node.setRelayTrust('everybody');
  const links = new Map<string, MemoryLink>();
  for (const [from, to] of edges) {
    const [left, right] = await joinNodes(nodes[from] as Node, nodes[to] as Node, options.links?.(from, to));
    links.set(`${from} ${to}`, left).set(`${to} ${from}`, right);
  }
  return { nodes, link: (from, to) => links.get(`${from} ${to}`) as MemoryLink };
}

/** Changes the whole messages of streams among what a hostile relay's sessions deliver to it. */
export function tapMessages(change: (message: StreamFrame) => readonly Uint8Array[]): Tap {
  return (payload) => {
    const frames = decodeStreamFrames(payload) ?? [];
    const changed = frames.flatMap((frame) => {
      const bodies = frame.type === STREAM_FRAME.message ? change(frame) : [frame.body];
      return bodies.map((body) => encodeStreamFrame(frame.type as StreamFrameType, frame.stream, body));
    });
    return changed.length > 0 ? [concatBytes(...changed)] : [];
  };
}

export function echo(node: Node): void {
  node.serve('echo/1', (stream) => stream.onMessage((message) => stream.send(message)));
}

export function nextMessage(stream: Stream): Promise<Uint8Array> {
  return new Promise((resolve) => stream.onMessage(resolve));
}

/** The answer of the other side's echo. */
export async function ask(stream: Stream, message: Uint8Array): Promise<Uint8Array> {
  const answer = nextMessage(stream);
  await stream.send(message);
  return answer;
}

/** Resolves when the node's record of the other says so. */
export function untilPath(node: Node, other: Node, kind: string): Promise<void> {
  return new Promise((resolve) => {
    const isThere = () => node.peers().some((peer) => peer.node === other.id && peer.path?.kind === kind);
    if (isThere()) return resolve();
    const off = node.on('peer', () => {
      if (!isThere()) return;
      off();
      resolve();
    });
  });
}

/**
 * Lets virtual time run until the promise has its result. The ciphers of bulk frames work in threads of their own, which
 * virtual time does not wait for: without real time for them, minutes pass on the clock while a frame is sealed.
 */
export async function settled<T>(clock: VirtualClock, promise: Promise<T>, atMostMs = 60_000): Promise<T> {
  let isDone = false;
  const done = () => (isDone = true);
  void promise.then(done, done);
  for (let waited = 0; !isDone && waited < atMostMs; waited += 100) {
    await clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return promise;
}

async function tapped(seed: number, tap: Tap, now: number): Promise<ReturnType<typeof tappedChannels>> {
  const identity = await seededIdentity(seed, now);
  return tappedChannels(createSecureChannelFactory({ identity, networkId: openNetworkId('test'), entropy: seededEntropy(seed + 2000) }), tap);
}
