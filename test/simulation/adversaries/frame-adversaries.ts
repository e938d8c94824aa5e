import type { SeededRandom } from '../../../src/base/seeded-random.ts';
import { Adversary } from './adversary.ts';

/** The channel's handshake is let through: only who gets in does harm inside. */
const FIRST_SEALED_TYPE = 3;
const KEPT_FRAMES = 32;

abstract class FrameAdversary extends Adversary {
  protected readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    super();
    this.random = random;
  }

  override frames(frame: Uint8Array): readonly Uint8Array[] {
    return (frame[0] as number) >= FIRST_SEALED_TYPE ? this.attack(frame) : [frame];
  }

  protected abstract attack(frame: Uint8Array): readonly Uint8Array[];
}

/** Flips a bit in every fifth sealed frame. */
export class Garbler extends FrameAdversary {
  protected attack(frame: Uint8Array): readonly Uint8Array[] {
    if (this.random.float() >= 0.2) return [frame];
    const altered = frame.slice();
    const at = this.random.below(altered.length);
    altered[at] = (altered[at] as number) ^ (1 << this.random.below(8));
    return [altered];
  }
}

/** Sends frames again, at once or much later, on whatever link. */
export class Replayer extends FrameAdversary {
  readonly #kept: Uint8Array[] = [];

  protected attack(frame: Uint8Array): readonly Uint8Array[] {
    this.#kept.push(frame);
    if (this.#kept.length > KEPT_FRAMES) this.#kept.shift();
    const chance = this.random.float();
    if (chance < 0.3) return [frame, frame];
    const older = this.random.pick(this.#kept);
    return chance < 0.5 && older ? [frame, older] : [frame];
  }
}

/** Hands pairs of frames over in the wrong order. */
export class Reorderer extends FrameAdversary {
  #held: Uint8Array | undefined;

  protected attack(frame: Uint8Array): readonly Uint8Array[] {
    const held = this.#held;
    this.#held = undefined;
    if (held) return [frame, held];
    if (this.random.float() < 0.1) {
      this.#held = frame;
      return [];
    }
    return [frame];
  }
}

/** Sends five frames of noise with every one. */
export class Flooder extends FrameAdversary {
  protected attack(frame: Uint8Array): readonly Uint8Array[] {
    return [frame, ...Array.from({ length: 5 }, () => this.#noise())];
  }

  #noise(): Uint8Array {
    const noise = this.random.bytes(1 + this.random.below(200));
    noise[0] = this.random.below(8);
    return noise;
  }
}

/** Completes handshakes, then says nothing any more. */
export class Mute extends FrameAdversary {
  protected attack(frame: Uint8Array): readonly Uint8Array[] {
    // The word of the responder that it agrees is sealed too, and the first one.
    return frame.length < 64 && this.random.float() < 0.05 ? [frame] : [];
  }
}

/** Seals payloads that are no stream frames. */
export class Babbler extends Adversary {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    super();
    this.#random = random;
  }

  override payload(payload: Uint8Array): Uint8Array {
    return this.#random.float() < 0.1 ? this.#random.bytes(payload.length) : payload;
  }
}
