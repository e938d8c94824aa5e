import type { NodeId } from '../../../src/base/ids.ts';
import type { SeededRandom } from '../../../src/base/seeded-random.ts';
import type { Lane } from '../../../src/node/neighbour-lanes.ts';
import { LANES } from '../../../src/node/neighbour-lanes.ts';
import type { NodeInput } from '../../../src/node/node-io.ts';
import { decodeGossipMessage } from '../../../src/p2p/gossip/gossip-messages.ts';
import { decodeStreamFrames, STREAM_FRAME } from '../../../src/p2p/streams/stream-frames.ts';
import type { SimNode } from '../sim-node.ts';
import type { World } from '../world.ts';
import { Adversary } from './adversary.ts';

const INTERVAL_MS = 1_000;
/** The last two minutes of the scenario `hostile` are for what they did to settle: neighbours compare tables once a minute, and at the end all have to be equal. */
const UNTIL_MS = 180_000;
const KEPT_ITEMS = 64;

/** Speaks on the lanes of the mesh what its own machines would never say. By itself it acts every second. */
export abstract class LaneAdversary extends Adversary {
  protected readonly random: SeededRandom;
  protected node!: SimNode;
  protected world!: World;

  constructor(random: SeededRandom) {
    super();
    this.random = random;
  }

  override start(node: SimNode, world: World): void {
    this.node = node;
    this.world = world;
    world.every(INTERVAL_MS, world.now, UNTIL_MS, () => {
      if (node.isRunning && this.neighbours().length > 0) this.act();
    });
  }

  protected abstract act(): void;

  protected neighbours(): readonly NodeId[] {
    return [...this.node.sessions].filter((peer) => this.node.isNeighbourOf(peer));
  }

  protected say(to: NodeId, lane: Lane, bytes: Uint8Array): void {
    // No program may send on a lane: only the machine's own parts do, through this input.
    this.node.tell({ type: 'mesh', input: { type: 'send', to, lane, bytes } } as unknown as NodeInput);
  }

  protected sayToAll(lane: Lane, bytes: Uint8Array): void {
    for (const to of this.neighbours()) this.say(to, lane, bytes);
  }

  /** Another honest node, at random. */
  protected victim(): SimNode | undefined {
    return this.random.pick(this.world.honest().filter((other) => other !== this.node));
  }
}

/** Keeps the items of some topics that pass by. */
export abstract class ItemKeeper extends LaneAdversary {
  protected readonly kept: { readonly topic: string; readonly bytes: Uint8Array; readonly heardAt: number }[] = [];

  protected abstract wants(topic: string): boolean;

  override heard(payload: Uint8Array): void {
    for (const { type, body } of decodeStreamFrames(payload) ?? []) {
      if (type === STREAM_FRAME.message && body[0] === LANES.gossip) this.#read(body.subarray(1));
    }
  }

  #read(bytes: Uint8Array): void {
    const message = decodeGossipMessage(bytes);
    if (message.type !== 'push' || !this.wants(message.topic)) return;
    this.kept.push({ topic: message.topic, bytes: message.bytes.slice(), heardAt: this.world.now });
    if (this.kept.length > KEPT_ITEMS) this.kept.splice(this.random.below(KEPT_ITEMS), 1);
  }
}
