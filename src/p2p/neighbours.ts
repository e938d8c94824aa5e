import type { ErrorCode } from '../base/errors.ts';
import type { NodeId, PersonId } from '../base/ids.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import type { LinkKind } from '../ports/link.ts';

/**
 * What every protocol between neighbours is told. A neighbour is a node with a session over a link of our own, not over a circuit. Each protocol
 * has a lane: its messages arrive whole and in order, or the neighbour goes down.
 */
export type NeighbourInput =
  | { readonly type: 'neighbour-up'; readonly node: NodeId; readonly person: PersonId; readonly kind: LinkKind }
  | { readonly type: 'neighbour-down'; readonly node: NodeId; readonly code: ErrorCode }
  | { readonly type: 'message'; readonly from: NodeId; readonly bytes: Uint8Array };

/** What every protocol between neighbours may ask for. */
export type NeighbourOutput =
  | { readonly type: 'send'; readonly to: NodeId; readonly bytes: Uint8Array }
  /** The neighbour did what no honest node does; the node keeps the score and decides what follows. */
  | { readonly type: 'misbehaved'; readonly node: NodeId; readonly offence: Offence; readonly detail: string };

/**
 * `malformed`: bytes that decode as nothing. `invalid`: well-formed, but a signature or rule does not hold. `flood`: more than the quota.
 * `broken-promise`: announced and never delivered. `stale`: repeated or far out of date, which an unlucky honest node may do now and then.
 */
export type Offence = 'malformed' | 'invalid' | 'flood' | 'broken-promise' | 'stale';

/** All of these must hold; answered by {@link VerifiedInput}. */
export type VerifyOutput = { readonly type: 'verify'; readonly job: number; readonly checks: readonly SignatureCheck[] };
export type VerifiedInput = { readonly type: 'verified'; readonly job: number; readonly valid: boolean };

/** To be signed with the named key of this node; answered by {@link SignedInput}. */
export type SignOutput = { readonly type: 'sign'; readonly job: number; readonly key: 'node' | 'device'; readonly message: Uint8Array };
export type SignedInput = { readonly type: 'signed'; readonly job: number; readonly signature: Uint8Array };
