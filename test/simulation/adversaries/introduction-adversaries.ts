import type { SeededRandom } from '../../../src/base/seeded-random.ts';
import { introductionToSign, sealIntroduction } from '../../../src/crypto/introductions.ts';
import type { SimNode } from '../sim-node.ts';
import type { World } from '../world.ts';
import { Adversary } from './adversary.ts';

const INTERVAL_MS = 200;
const FOREVER_MS = 3_600_000;

/** Sends garbage and each introduction twice through the server. */
export class IntroductionFlooder extends Adversary {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    super();
    this.#random = random;
  }

  override start(node: SimNode, world: World): void {
    world.every(INTERVAL_MS, world.now, FOREVER_MS, () => {
      const target = this.#random.pick(world.honest());
      if (target && node.isRunning) node.relay(target.id, this.#random.bytes(200));
    });
  }

  override introductions(sealed: Uint8Array): readonly Uint8Array[] {
    return [sealed, sealed];
  }
}

/** Offers in the name of others: its own signature under somebody else's key. */
export class Impostor extends Adversary {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    super();
    this.#random = random;
  }

  override start(node: SimNode, world: World): void {
    world.every(INTERVAL_MS * 5, world.now, FOREVER_MS, () => {
      const honest = world.honest();
      const target = this.#random.pick(honest);
      const victim = this.#random.pick(honest);
      if (target && victim && target !== victim && node.isRunning) node.relay(target.id, this.#forged(node, victim, target, world));
    });
  }

  #forged(node: SimNode, victim: SimNode, target: SimNode, world: World): Uint8Array {
    const { body, message } = introductionToSign(
      {
        kind: 'offer',
        dialId: this.#random.bytes(16),
        seq: 0,
        sentAt: node.clock,
        hello: this.#random.bytes(40),
        card: victim.identity.card,
        signals: [],
      },
      { from: victim.id, to: target.id, networkId: world.networkId },
    );
    const entropy = { bytes: (length: number) => this.#random.bytes(length) };
    return sealIntroduction(body, node.identity.signer.signNow(message), target.identity.local.sealing.publicKey, entropy);
  }
}

/** Lives an hour in the future. */
export class WrongClock extends Adversary {
  override readonly skewMs = 3_600_000;
}
