import type { ErrorCode } from '../../src/base/errors.ts';
import type { NodeId } from '../../src/base/ids.ts';
import type { ObservedChannel } from './sim-channels.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/** An application's message, as its receiver got it. */
export type ReceivedMessage = {
  readonly by: SimNode;
  /** Whom the session proved to be the sender. */
  readonly provenSender: NodeId | undefined;
  readonly claimedSender: number;
  readonly addressee: number;
  readonly id: number;
};

/** One call, from its request to its answer. */
export type FinishedCall = {
  readonly from: SimNode;
  readonly to: SimNode;
  /** Relays between the two when the answer came; two stands for two or three, which the caller cannot tell apart. */
  readonly relays: 0 | 1 | 2;
  /** The call had to find a way to the other and wait for its stream. */
  readonly isFirst: boolean;
  readonly tookMs: number;
};

/**
 * Everything that checkers and figures may see of a run. Each method is called when it happens; what an observer does not care for it leaves alone.
 * Times are virtual milliseconds, `world.now`.
 */
export class Observer {
  // ── frames ─────────────────────────────────────────────────────────────────────────────────────────────────────
  /** A channel gave a frame to its link. */
  transmitted(_channel: ObservedChannel, _frame: Uint8Array): void {}
  /** A channel gave a payload to its node, decrypted. */
  delivered(_channel: ObservedChannel, _payload: Uint8Array): void {}
  /** A channel's handshake is complete; `binding` names it, the same at both ends. */
  established(_channel: ObservedChannel, _binding: Uint8Array): void {}
  /** The signaling server carries an introduction. */
  introduced(_body: Uint8Array): void {}

  // ── nodes ──────────────────────────────────────────────────────────────────────────────────────────────────────
  started(_node: SimNode): void {}
  /** A link opened at the node; no session yet. */
  linked(_node: SimNode): void {}
  /** The node has one more open link: `node.linkCount` counts them, with a session or not yet. */
  linkAdded(_node: SimNode): void {}
  sessionUp(_node: SimNode, _peer: NodeId): void {}
  sessionDown(_node: SimNode, _peer: NodeId, _code: ErrorCode): void {}
  /** It crashed or closed, whichever. */
  gone(_node: SimNode): void {}
  /** The node was woken as it wished, and its outputs are carried out; `next` is when it wants to be woken again, on its own clock. */
  woken(_node: SimNode, _next: number | undefined): void {}
  fault(_node: SimNode, _code: ErrorCode, _detail: string): void {}

  // ── what nodes know and say ────────────────────────────────────────────────────────────────────────────────────
  received(_message: ReceivedMessage): void {}
  called(_call: FinishedCall): void {}
  /** The node can use the network from now on. */
  usable(_node: SimNode): void {}
  agentPublished(_address: string): void {}
  agentKnown(_node: SimNode, _address: string): void {}
  gossipPublished(_id: string, _audience: readonly SimNode[]): void {}
  gossipDelivered(_node: SimNode, _id: string): void {}
  /** The node no longer counts `peer` among those who are there. */
  presenceLost(_node: SimNode, _peer: NodeId): void {}
  presenceGained(_node: SimNode, _peer: NodeId): void {}

  // ── the run ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** A partition was healed: links are allowed again. */
  healed(): void {}
  /** Nobody does anything of their own accord from now on, until `idleEnded`. */
  idleBegan(_world: World): void {}
  idleEnded(_world: World): void {}
  /** Every virtual second. */
  inspect(_world: World): void {}
  ended(_world: World): void {}
}
