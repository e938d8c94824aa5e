import type { Channel } from '../../../src/crypto/channel.ts';
import type { SimNode } from '../sim-node.ts';
import type { World } from '../world.ts';

/**
 * A double of our own node: it runs the real machines, and what it does wrong is done at their edges. Each subclass overrides what its attack needs;
 * by itself this one is honest.
 */
export class Adversary {
  /** Called once, when its node runs. */
  start(_node: SimNode, _world: World): void {}

  /** What goes to a link instead of the frame. */
  frames(frame: Uint8Array): readonly Uint8Array[] {
    return [frame];
  }

  /** What its sessions seal instead of the payload: whole stream frames, as src/p2p/streams has them. `undefined`: nothing. */
  payload(payload: Uint8Array, _channel: Channel): Uint8Array | undefined {
    return payload;
  }

  /** What its sessions received, decrypted. */
  heard(_payload: Uint8Array, _channel: Channel): void {}

  /** What goes to the signaling server instead of the introduction. */
  introductions(sealed: Uint8Array): readonly Uint8Array[] {
    return [sealed];
  }

  /** What its clock shows more than the others'. */
  readonly skewMs: number = 0;
}
