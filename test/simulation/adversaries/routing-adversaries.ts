import { toBase64url } from '../../../src/base/bytes.ts';
import type { NodeId } from '../../../src/base/ids.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import type { Channel } from '../../../src/crypto/channel.ts';
import { RELAY_PROTOCOL } from '../../../src/node/circuits.ts';
import { LANES } from '../../../src/node/neighbour-lanes.ts';
import { nodeTagBytes, tagOf, type NodeTag } from '../../../src/p2p/routing/node-tag.ts';
import { encodeRelayHeader, encodeRoutingMessage, PATH_ID_BYTES } from '../../../src/p2p/routing/routing-messages.ts';
import { decodeOpenBody, decodeStreamFrames, encodeStreamFrame, STREAM_FRAME, type StreamFrameType } from '../../../src/p2p/streams/stream-frames.ts';
import { concatBytes } from '../../../src/base/bytes.ts';
import { Adversary } from './adversary.ts';
import { LaneAdversary } from './lane-adversary.ts';

const LIE_EVERY = 5;
/** Above every number that an honest list would have. */
const FIRST_SEQ = 1_000_000;
const MAX_RELAYS_LEFT = LIMITS.maxRelays - 1;

/** Says to have links with other nodes than it has, so that everybody's paths lead over it. */
export class ListLiar extends LaneAdversary {
  #turn = 0;
  #seq = FIRST_SEQ;

  protected act(): void {
    if (this.#turn++ % LIE_EVERY !== 0) return;
    const others = this.world.draw(this.world.honest(), LIMITS.maxListedLinks);
    const tags = others.map(({ id }) => this.#tagOf(id));
    this.sayToAll(LANES.routing, encodeRoutingMessage({ type: 'links', seq: this.#seq++, tags }));
  }

  #tagOf(node: NodeId): NodeTag {
    return tagOf(nodeTagBytes(this.world.networkId, node));
  }
}

const DATA_FRAMES: ReadonlySet<number> = new Set([STREAM_FRAME.message, STREAM_FRAME.first, STREAM_FRAME.middle, STREAM_FRAME.last]);

/** Takes circuits and carries nothing. All else it does as it should, so that nobody has a reason to avoid it. */
export class BlackHole extends Adversary {
  readonly #circuits = new Map<Channel, Set<number>>();

  override heard(payload: Uint8Array, channel: Channel): void {
    this.#notice(payload, channel);
  }

  override payload(payload: Uint8Array, channel: Channel): Uint8Array | undefined {
    this.#notice(payload, channel);
    const circuits = this.#circuits.get(channel);
    if (!circuits) return payload;
    const frames = decodeStreamFrames(payload) ?? [];
    const rest = frames.filter(({ type, stream }) => !DATA_FRAMES.has(type) || !circuits.has(stream));
    if (rest.length === frames.length) return payload;
    return rest.length > 0
      ? concatBytes(...rest.map(({ type, stream, body }) => encodeStreamFrame(type as StreamFrameType, stream, body)))
      : undefined;
  }

  #notice(payload: Uint8Array, channel: Channel): void {
    for (const { type, stream, body } of decodeStreamFrames(payload) ?? []) {
      if (type !== STREAM_FRAME.open || decodeOpenBody(body)?.protocol !== RELAY_PROTOCOL) continue;
      const circuits = this.#circuits.get(channel) ?? new Set();
      this.#circuits.set(channel, circuits.add(stream));
    }
  }
}

/** Opens circuits with one and the same path over all neighbours at once, towards whoever is far: loops and copies, and more than anybody needs. */
export class CircuitLooper extends LaneAdversary {
  protected act(): void {
    const target = this.victim();
    if (!target) return;
    const path = toBase64url(this.random.bytes(PATH_ID_BYTES));
    const tag = tagOf(nodeTagBytes(this.world.networkId, target.id));
    const header = encodeRelayHeader({ path, tag, relaysLeft: MAX_RELAYS_LEFT });
    for (const neighbour of this.neighbours()) for (let count = 0; count < 2; count++) this.#open(neighbour, header);
  }

  #open(neighbour: NodeId, header: Uint8Array): void {
    const { node } = this;
    const connection = node.connectionWith(neighbour);
    const stream = connection === undefined ? undefined : node.machine.connectionOf(connection)?.allocateStream();
    if (connection === undefined || stream === undefined) return;
    const input = { type: 'open', stream, protocol: RELAY_PROTOCOL, header, priority: 1 } as const;
    node.tell({ type: 'connection', connection, input: { type: 'stream', input } });
  }
}
