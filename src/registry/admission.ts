import type { DeviceId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { encodeProof, equivocates, positionOf } from './bundle.ts';
import type { DocumentContent } from './document-content.ts';
import { encodeSignedChange, type SignedChange } from './signed-change.ts';
import { mayWrite, mergeWriters, type Writers } from './writers.ts';

/** Something about a document whose signatures hold. */
export type Offer = {
  readonly generation: number;
  readonly writers: Writers;
  readonly proofs: ReadonlyMap<DeviceId, Uint8Array>;
  readonly changes: readonly SignedChange[];
};

export type Admission = {
  readonly generation: number;
  readonly writers: Writers;
  readonly proofs: ReadonlyMap<DeviceId, Uint8Array>;
  /** Proofs that nobody told us: the two changes met here. */
  readonly found: readonly Uint8Array[];
  /** Everything that is visible from now on, each after its predecessors. */
  readonly visible: readonly SignedChange[];
  /** The last of `visible`: what is new. */
  readonly added: readonly SignedChange[];
  /** Something that was visible is not any more, or a generation began: the document is built anew. */
  readonly isRebuilt: boolean;
  /** Changes whose predecessors are missing. */
  readonly waiting: readonly SignedChange[];
  /** Two device lists claim the same place. */
  readonly isConflict: boolean;
};

/**
 * What becomes of a document when something is added to it. Visible is each change by a device that may write and did not equivocate, all of
 * whose predecessors are visible: a function of *what* is known, not of the order in which it came, so that nodes agree.
 */
export function admit(
  before: DocumentContent | undefined,
  pending: readonly SignedChange[],
  offer: Offer,
  rejected: { has(hash: string): boolean },
): Admission {
  const { writers, isConflict } = mergeWriters(before?.writers, offer.writers);
  const generation = Math.max(before?.generation ?? 0, offer.generation);
  const isCurrent = before?.generation === generation;
  const known = isCurrent ? before.changes : [];
  const proofs = new Map([...(before?.proofs ?? []), ...offer.proofs]);
  const candidates = uniqueOf([...known, ...pending, ...(offer.generation === generation ? offer.changes : [])]);
  const found = findEquivocations(candidates, generation, proofs);

  const allowed = candidates.filter(({ header, device }) => mayWrite(writers, device) && !proofs.has(device) && !rejected.has(header.hash));
  const { visible, waiting } = inCausalOrder(allowed);
  const isRebuilt = !isCurrent || known.some((change, index) => visible[index] !== change);
  return { generation, writers, proofs, found, visible, added: isRebuilt ? visible : visible.slice(known.length), isRebuilt, waiting, isConflict };
}

function uniqueOf(changes: readonly SignedChange[]): readonly SignedChange[] {
  const unique = new Map<string, SignedChange>();
  for (const change of changes) if (!unique.has(change.header.hash)) unique.set(change.header.hash, change);
  return [...unique.values()];
}

/** Adds to `proofs` and answers what was found. */
function findEquivocations(changes: readonly SignedChange[], generation: number, proofs: Map<DeviceId, Uint8Array>): readonly Uint8Array[] {
  const positions = new Map<string, SignedChange>();
  const found: Uint8Array[] = [];
  for (const change of changes) {
    const other = positions.get(positionOf(change));
    positions.set(positionOf(change), change);
    if (!other || !equivocates(other, change) || proofs.has(change.device)) continue;
    const proof = encodeProof(generation, encodeSignedChange(other), encodeSignedChange(change));
    proofs.set(change.device, proof);
    found.push(proof);
  }
  return found;
}

function inCausalOrder(changes: readonly SignedChange[]): { readonly visible: readonly SignedChange[]; readonly waiting: readonly SignedChange[] } {
  const visible: SignedChange[] = [];
  const hashes = new Set<string>();
  let left = changes;
  let bytes = 0;
  for (let isMoving = true; isMoving && left.length > 0;) {
    const next: SignedChange[] = [];
    for (const change of left) {
      const fits = bytes + change.bytes.length <= LIMITS.maxRegistryDocumentBytes && visible.length < LIMITS.maxRegistryDocumentChanges;
      if (fits && change.header.deps.every((dep) => hashes.has(dep))) {
        visible.push(change);
        hashes.add(change.header.hash);
        bytes += change.bytes.length;
      } else {
        next.push(change);
      }
    }
    isMoving = next.length < left.length;
    left = next;
  }
  return { visible, waiting: left };
}
