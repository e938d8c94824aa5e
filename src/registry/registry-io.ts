import type { ErrorCode } from '../base/errors.ts';
import type { AgentId, NodeId, PersonId } from '../base/ids.ts';
import type { NeighbourInput, NeighbourOutput, SignedInput, SignOutput, VerifiedInput, VerifyOutput } from '../p2p/neighbours.ts';
import type { DocumentId } from './document-id.ts';
import type { EngineResult, EngineWork } from './engine/document-engine.ts';
import type { HistoryItem } from './history.ts';
import type { AgentRecord } from './records.ts';

/** A change that this node makes to its person's document. */
export type LocalEdit =
  | { readonly type: 'set-name'; readonly name: string }
  | { readonly type: 'put-node'; readonly node: NodeId; readonly title: string }
  /** With its agents. */
  | { readonly type: 'remove-node'; readonly node: NodeId }
  | { readonly type: 'put-agent'; readonly node: NodeId; readonly agent: AgentRecord }
  | { readonly type: 'remove-agent'; readonly node: NodeId; readonly agent: AgentId };

export type RegistryInput =
  | NeighbourInput
  | VerifiedInput
  | SignedInput
  /** What gossip got for the topic {@link REGISTRY_TOPIC}; answered by a `verdict` once. */
  | { readonly type: 'item'; readonly job: number; readonly bytes: Uint8Array; readonly from: NodeId }
  | { readonly type: 'edit'; readonly edit: LocalEdit }
  /** What a `store` output gave to storage. */
  | { readonly type: 'loaded'; readonly bytes: Uint8Array }
  /** Everything in storage was handed over; edits wait for this. */
  | { readonly type: 'loaded-all' }
  /** This node's chain (LocalIdentity.chain), anew after a device was added or removed. */
  | { readonly type: 'identity'; readonly chain: Uint8Array }
  | { readonly type: 'engine-done'; readonly job: number; readonly result: EngineResult }
  /** Which device changed what in the person's document, and when it says that it did; of the present generation, oldest first. */
  | { readonly type: 'history'; readonly person: PersonId; readonly answer: (items: readonly HistoryItem[]) => void };

/** What a program gives to the registry of its node. */
export type RegistryCommand = Extract<RegistryInput, { readonly type: 'edit' | 'identity' | 'loaded' | 'loaded-all' | 'engine-done' | 'history' }>;

export type RegistryOutput =
  | NeighbourOutput
  | VerifyOutput
  | SignOutput
  | { readonly type: 'publish'; readonly bytes: Uint8Array }
  | { readonly type: 'verdict'; readonly job: number; readonly verdict: 'accept' | 'ignore' | 'reject' }
  /** To be kept under the document's id; without bytes: to be deleted. */
  | { readonly type: 'store'; readonly document: DocumentId; readonly bytes: Uint8Array | undefined }
  /** The documents of these persons say something new. */
  | { readonly type: 'changed'; readonly persons: readonly PersonId[] }
  /** For the engine; answered by `engine-done`. */
  | { readonly type: 'engine'; readonly job: number; readonly work: EngineWork }
  /** Something that a person should hear of: two device lists for one place (`device-list-conflict`), a device that equivocated (`bad-signature`). */
  | { readonly type: 'alarm'; readonly person: PersonId; readonly code: ErrorCode; readonly detail: string };

export const REGISTRY_TOPIC = 'registry';
