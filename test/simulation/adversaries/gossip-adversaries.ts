import { LANES } from '../../../src/node/neighbour-lanes.ts';
import { encodeEnvelope, envelopeMessage, type Envelope } from '../../../src/p2p/gossip/envelope.ts';
import { encodeIds, encodePush } from '../../../src/p2p/gossip/gossip-messages.ts';
import { ITEM_ID_BYTES, unpackIds } from '../../../src/p2p/gossip/item-id.ts';
import { wireTopic } from '../../../src/p2p/gossip/publications.ts';
import type { SimNode } from '../sim-node.ts';
import { ItemKeeper, LaneAdversary } from './lane-adversary.ts';

const TOPIC = wireTopic('sim');
const PAYLOAD_BYTES = 100;
const FLOOD_ITEMS = 100;
const PROMISED_IDS = 20;
/** Between the first copy and the repetition. */
const REPLAY_AFTER_MS = 10_000;

abstract class Publisher extends LaneAdversary {
  #seq = 0;

  /** An envelope in the name of `author`, signed by this node. */
  protected envelope(author: SimNode): Uint8Array {
    this.#seq = Math.max(this.#seq + 1, Math.floor(this.node.clock));
    const envelope: Envelope = { author: author.id, seq: this.#seq, sentAt: this.node.clock, payload: this.random.bytes(PAYLOAD_BYTES) };
    const message = envelopeMessage(envelope, { networkId: this.world.networkId, topic: TOPIC });
    return encodeEnvelope(envelope, this.node.identity.signer.signNow(message));
  }
}

/** Publishes in the names of others. */
export class GossipForger extends Publisher {
  protected act(): void {
    const victim = this.victim();
    if (victim) this.sayToAll(LANES.gossip, encodePush(TOPIC, this.envelope(victim), false));
  }
}

/** Publishes a hundred items a second to each neighbour, all of its own and well signed. */
export class GossipFlooder extends Publisher {
  protected act(): void {
    for (let count = 0; count < FLOOD_ITEMS; count++) this.sayToAll(LANES.gossip, encodePush(TOPIC, this.envelope(this.node), false));
  }
}

/** Pushes what it heard a while ago, as it was and under another topic. */
export class GossipReplayer extends ItemKeeper {
  protected wants(topic: string): boolean {
    return topic === TOPIC;
  }

  protected act(): void {
    const old = this.random.pick(this.kept.filter(({ heardAt }) => heardAt + REPLAY_AFTER_MS < this.world.now));
    if (!old) return;
    this.sayToAll(LANES.gossip, encodePush(TOPIC, old.bytes, false));
    this.sayToAll(LANES.gossip, encodePush(wireTopic('else'), old.bytes, false));
  }
}

/** Announces items that there are not. */
export class Promiser extends LaneAdversary {
  protected act(): void {
    this.sayToAll(LANES.gossip, encodeIds('have', unpackIds(this.random.bytes(PROMISED_IDS * ITEM_ID_BYTES))));
  }
}
