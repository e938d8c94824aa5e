import type { ObservedChannel } from '../sim-channels.ts';
import type { World } from '../world.ts';
import { Checker, type ViolationSink } from './checker.ts';

/** canary · kind · sender · addressee, as sim-application.ts writes them. */
const ADDRESSEE_OFFSET = 8 + 1 + 4;

/**
 * An application's payload is readable at its addressee only: no frame on any link, no introduction at the server, and no payload that a third node
 * decrypts, a relay's included, shows the canary.
 */
export class NoPlaintext extends Checker {
  readonly name = 'no-plaintext';
  readonly #world: () => Pick<World, 'canary' | 'nodes'>;

  constructor(sink: ViolationSink, world: () => Pick<World, 'canary' | 'nodes'>) {
    super(sink);
    this.#world = world;
  }

  override transmitted({ node }: ObservedChannel, frame: Uint8Array): void {
    if (this.#find(frame, 0) >= 0) this.violated('An application’s payload is readable in a frame.', node.index);
  }

  override introduced(body: Uint8Array): void {
    if (this.#find(body, 0) >= 0) this.violated('An application’s payload is readable at the signaling server.');
  }

  override delivered({ node }: ObservedChannel, payload: Uint8Array): void {
    for (let at = this.#find(payload, 0); at >= 0; at = this.#find(payload, at + 1)) {
      const addressee = new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(at + ADDRESSEE_OFFSET);
      // A later run of the same node is the same addressee.
      if (this.#world().nodes[addressee]?.id !== node.id) this.violated(`A payload for node ${addressee} is readable here.`, node.index);
    }
  }

  #find(bytes: Uint8Array, from: number): number {
    const { canary } = this.#world();
    if (bytes.length - from < canary.length) return -1;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(canary, from);
  }
}
