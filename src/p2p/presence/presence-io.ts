import type { NodeId } from '../../base/ids.ts';
import type { PeerCard } from '../../crypto/peer-card.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { NeighbourInput, NeighbourOutput, SignedInput, SignOutput, VerifiedInput, VerifyOutput } from '../neighbours.ts';
import type { OwnCardFacts, OwnCardTraits } from './own-card.ts';
import type { PresenceItemReader } from './presence-item.ts';

/** The topic of cards and gone notices. */
export const PRESENCE_TOPIC = 'presence';

/** What gossip is to do with an item (p2p/gossip). */
export type Verdict = 'accept' | 'ignore' | 'defer' | 'reject';

/** `observed`: by us; `witnessed`: by others; `forgotten`: the table was full; `unconfirmed`: one neighbour told of it, and others do not know it. */
export type GoneReason = 'goodbye' | 'observed' | 'witnessed' | 'expired' | 'forgotten' | 'unconfirmed';

export type PresenceInput =
  | NeighbourInput
  /** To be judged for gossip; answered by a `verdict`. */
  | { readonly type: 'item'; readonly job: number; readonly bytes: Uint8Array; readonly from: NodeId }
  | VerifiedInput
  | SignedInput
  /** Our session with the node ended for lack of an answer, or its link broke. */
  | { readonly type: 'lost'; readonly node: NodeId }
  /** The node told us that it leaves. */
  | { readonly type: 'said-goodbye'; readonly node: NodeId }
  /** What we are to others has changed (`CARD_FLAGS`). */
  | { readonly type: 'flags'; readonly flags: number }
  /** Of a host: where its sockets are has changed. */
  | { readonly type: 'host-urls'; readonly urls: readonly string[] }
  /** We leave: the goodbye comes as a `publish`. */
  | { readonly type: 'close' };

export type PresenceOutput =
  | NeighbourOutput
  | VerifyOutput
  | SignOutput
  /** To be published on {@link PRESENCE_TOPIC}. */
  | { readonly type: 'publish'; readonly bytes: Uint8Array }
  | { readonly type: 'verdict'; readonly job: number; readonly verdict: Verdict }
  | { readonly type: 'appeared'; readonly card: PeerCard }
  /** More than the times of its card. */
  | { readonly type: 'changed'; readonly card: PeerCard }
  | { readonly type: 'gone'; readonly node: NodeId; readonly why: GoneReason };

export type PresenceOptions = OwnCardFacts &
  OwnCardTraits & {
    readonly entropy: Entropy;
    readonly now: number;
    /** Default {@link readPresenceItem}. */
    readonly readItem?: PresenceItemReader;
  };

/** Where an item came from: gossip waits for a verdict. */
export type Origin = { readonly from: NodeId; readonly gossipJob: number | undefined };
