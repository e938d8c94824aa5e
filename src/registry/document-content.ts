import { fromHex, toHex, uint64be, utf8 } from '../base/bytes.ts';
import type { DeviceId } from '../base/ids.ts';
import { sha256 } from '../crypto/hash.ts';
import { DERIVATION_LABELS } from '../crypto/labels.ts';
import { TAG_BYTES, type DocumentId } from './document-id.ts';
import type { DocumentState, RawEntries } from './engine/document-engine.ts';
import type { SignedChange } from './signed-change.ts';
import type { Writers } from './writers.ts';

/** One version of a document; never altered, so that nodes in one simulation may share the parts. */
export type DocumentContent = {
  readonly generation: number;
  readonly writers: Writers;
  /** Devices that equivocated, each with the proof. */
  readonly proofs: ReadonlyMap<DeviceId, Uint8Array>;
  /** Visible changes, each after its predecessors. */
  readonly changes: readonly SignedChange[];
  readonly heads: readonly string[];
  readonly entries: RawEntries;
};

export const NO_ENTRIES: RawEntries = new Map();

/** The changes on which no other depends, ascending. */
export function headsOf(changes: readonly SignedChange[]): readonly string[] {
  const heads = new Set<string>();
  for (const { header } of changes) heads.add(header.hash);
  for (const { header } of changes) for (const dep of header.deps) heads.delete(dep);
  return [...heads].toSorted();
}

export function stateOf(document: DocumentId, content: Pick<DocumentContent, 'generation' | 'changes' | 'heads'> | undefined): DocumentState {
  if (!content) return { key: `${document}:0|`, changes: [] };
  const { generation, heads, changes } = content;
  return { key: `${document}:${generation}|${heads.join()}`, changes: changes.map((change) => change.bytes) };
}

/** A short name of everything in which two nodes' versions can differ, hexadecimal. */
export function versionTagOf(document: DocumentId, content: DocumentContent): string {
  const { generation, heads, writers, proofs } = content;
  const certificates = [...writers.certificates].map(([device, { issuedAt }]) => `${device}@${issuedAt}`).toSorted();
  const text = [DERIVATION_LABELS.registryVersion, writers.list.hash, ...certificates, '!', ...[...proofs.keys()].toSorted()].join('\0');
  const digest = sha256(fromHex(document), uint64be(BigInt(generation)), utf8(`${heads.join()}\0${text}`));
  return toHex(digest.subarray(0, TAG_BYTES));
}

export function bytesOf(changes: readonly SignedChange[]): number {
  return changes.reduce((sum, change) => sum + change.bytes.length, 0);
}
