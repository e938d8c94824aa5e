import type { ErrorCode } from '../base/errors.ts';
import type { NodeId, PersonId } from '../base/ids.ts';
import { WAKE, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { overlayPlace } from '../crypto/overlay-place.ts';
import { Overlay, type OverlayInput, type OverlayOutput } from '../p2p/overlay/overlay.ts';
import type { MuxOutput } from '../p2p/streams/stream-mux.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { LinkKind } from '../ports/link.ts';
import { NeighbourLanes, type LaneInput, type LaneOutput } from './neighbour-lanes.ts';

export type MeshInput =
  /** A session over a link of our own is established. `stream` is allocated by the side that opens the mesh stream. */
  | {
      readonly type: 'session';
      readonly node: NodeId;
      readonly person: PersonId;
      readonly kind: LinkKind;
      readonly connection: number;
      readonly stream: number | undefined;
    }
  | { readonly type: 'session-ended'; readonly node: NodeId; readonly connection: number; readonly code: ErrorCode }
  | Extract<LaneInput, { readonly type: 'send' }>
  | { readonly type: 'overlay'; readonly input: Exclude<OverlayInput, { readonly type: 'connected' | 'disconnected' }> };

export type MeshOutput = OverlayOutput | LaneOutput;

export type MeshOptions = {
  readonly me: NodeId;
  readonly networkId: Uint8Array;
  readonly entropy: Entropy;
  /** Whether programs have streams on the session with the node. */
  isInUse(node: NodeId): boolean;
};

/** Everything that neighbours do for each other, wired together: which links there are, and the protocols on the lanes between them. */
export class Mesh implements Machine<MeshInput, MeshOutput> {
  readonly #outputs = new Queue<MeshOutput>();
  readonly #overlay: Overlay;
  readonly #lanes = new NeighbourLanes();

  constructor(options: MeshOptions) {
    const { me, networkId, entropy, isInUse } = options;
    this.#overlay = new Overlay({ me, placeOf: (node) => overlayPlace(networkId, node), isInUse, entropy });
  }

  /** Whether there is room for a link with the node. */
  mayAccept(node: NodeId): boolean {
    return this.#overlay.mayAccept(node);
  }

  handle(input: MeshInput | Wake, now: number): void {
    switch (input.type) {
      case 'session':
        this.#overlay.handle({ type: 'connected', node: input.node, isTab: input.kind === 'tab' }, now);
        this.#lanes.handle({ type: 'session', node: input.node, connection: input.connection, stream: input.stream });
        break;
      case 'session-ended':
        this.#lanes.handle({ type: 'session-ended', connection: input.connection, code: input.code });
        this.#overlay.handle({ type: 'disconnected', node: input.node, code: input.code }, now);
        break;
      case 'send':
        this.#lanes.handle(input);
        break;
      case 'overlay':
        this.#overlay.handle(input.input, now);
        break;
      case 'wake':
        this.#overlay.handle(WAKE, now);
    }
    this.#drain();
  }

  /** Takes what happened on a stream, if it is one of the mesh's; answers whether it was. */
  handleStream(connection: number, output: MuxOutput): boolean {
    const isOurs = this.#lanes.handleStream(connection, output);
    if (isOurs) this.#drain();
    return isOurs;
  }

  poll(): MeshOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    return this.#overlay.nextWakeAt();
  }

  #drain(): void {
    for (let output = this.#lanes.poll(); output; output = this.#lanes.poll()) this.#outputs.push(output);
    for (let output = this.#overlay.poll(); output; output = this.#overlay.poll()) this.#outputs.push(output);
  }
}
