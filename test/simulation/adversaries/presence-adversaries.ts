import { nodeIdOf } from '../../../src/base/ids.ts';
import { cardToSign, joinCard } from '../../../src/crypto/peer-card.ts';
import { scriptSignerOf, type ScriptSigner } from '../../../src/crypto/signing.ts';
import { LANES } from '../../../src/node/neighbour-lanes.ts';
import { encodePush } from '../../../src/p2p/gossip/gossip-messages.ts';
import { PRESENCE_TOPIC } from '../../../src/p2p/presence/presence-io.ts';
import { encodeNotice, noticeMessage } from '../../../src/p2p/presence/presence-item.ts';
import { encodePresenceMessage } from '../../../src/p2p/presence/presence-messages.ts';
import type { SimNode } from '../sim-node.ts';
import { ItemKeeper, LaneAdversary } from './lane-adversary.ts';

const MINUTE_MS = 60_000;
const GHOSTS_PER_SECOND = 30;
const REPLAYED_CARDS = 5;

abstract class PresenceAdversary extends LaneAdversary {
  /** By gossip and, as if asked for, outside it. */
  protected spread(item: Uint8Array): void {
    this.sayToAll(LANES.gossip, encodePush(PRESENCE_TOPIC, item, false));
    this.sayToAll(LANES.presence, encodePresenceMessage({ type: 'items', isLast: false, items: [item] }));
  }

  protected card(signer: ScriptSigner, issuedAt: number): Uint8Array {
    const { local } = this.node.identity;
    const content = {
      node: nodeIdOf(signer.publicKey),
      person: local.person,
      sealingKey: local.sealing.publicKey,
      issuedAt: Math.floor(issuedAt),
      expiresAt: Math.floor(issuedAt) + 10 * MINUTE_MS,
      flags: 0,
    };
    const { body, message } = cardToSign(content, this.world.networkId);
    return joinCard(body, signer.signNow(message));
  }
}

/** Says that nodes are gone that are not: in its own name, well signed, and in the names of others. */
export class FalseWitness extends PresenceAdversary {
  protected act(): void {
    const victim = this.victim();
    const other = this.victim();
    if (!victim || !other) return;
    this.#accuse(victim, this.node);
    this.#accuse(victim, other);
  }

  #accuse(victim: SimNode, witness: SimNode): void {
    const card = [...this.node.machine.nodes()].find(({ node }) => node === victim.id);
    if (!card || witness === victim) return;
    const notice = { node: victim.id, issuedAt: card.issuedAt, witness: witness.id };
    const signature = this.node.identity.signer.signNow(noticeMessage(notice, this.world.networkId));
    this.spread(encodeNotice(notice, signature));
  }
}

/** Spreads old cards and notices again. */
export class CardReplayer extends ItemKeeper {
  protected wants(topic: string): boolean {
    return topic === PRESENCE_TOPIC;
  }

  protected act(): void {
    for (const { bytes } of this.kept.slice(0, REPLAYED_CARDS)) {
      this.sayToAll(LANES.gossip, encodePush(PRESENCE_TOPIC, bytes, false));
      this.sayToAll(LANES.presence, encodePresenceMessage({ type: 'items', isLast: false, items: [bytes] }));
    }
  }
}

/** Spreads cards of its own that are issued three and ten minutes from now. */
export class FutureCards extends PresenceAdversary {
  protected act(): void {
    for (const minutes of [3, 10]) this.spread(this.card(this.node.identity.signer, this.node.clock + minutes * MINUTE_MS));
  }
}

/** Makes up nodes. */
export class CardFlooder extends PresenceAdversary {
  protected act(): void {
    for (let count = 0; count < GHOSTS_PER_SECOND; count++) this.spread(this.card(scriptSignerOf(this.random.bytes(32)), this.node.clock));
  }
}

/** Makes up nodes, others for each neighbour. */
export class CrowdMaker extends PresenceAdversary {
  protected act(): void {
    for (const to of this.neighbours()) {
      for (let count = 0; count < GHOSTS_PER_SECOND / 3; count++) {
        const card = this.card(scriptSignerOf(this.random.bytes(32)), this.node.clock);
        this.say(to, LANES.gossip, encodePush(PRESENCE_TOPIC, card, false));
      }
    }
  }
}
