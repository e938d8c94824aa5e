import { fromHex, toHex } from '../base/bytes.ts';
import type { PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { sha256 } from '../crypto/hash.ts';
import { tagOf, type DocumentId } from './document-id.ts';
import { ResidentDocument } from './resident-document.ts';

/** A document and its version, by their tags. */
export type Listed = { readonly tag: string; readonly version: string };

const DIGEST_BYTES = 16;

/** All documents in memory, with one digest over all of their versions and one for each bucket of them. */
export class DocumentTable {
  readonly #documents = new Map<DocumentId, ResidentDocument>();
  readonly #byTag = new Map<string, ResidentDocument>();
  readonly #buckets = Array.from({ length: LIMITS.registryBuckets }, () => new Uint8Array(DIGEST_BYTES));
  #listed = 0;
  #digest: Uint8Array | undefined;

  get size(): number {
    return this.#documents.size;
  }

  /** Documents that have a version. */
  get listedCount(): number {
    return this.#listed;
  }

  get(id: DocumentId): ResidentDocument | undefined {
    return this.#documents.get(id);
  }

  byTag(tag: string): ResidentDocument | undefined {
    return this.#byTag.get(tag);
  }

  /** An open document; the one that was changed longest ago goes if there are too many. Answers what had to go. */
  open(id: DocumentId, person: PersonId, now: number, isKept: (document: ResidentDocument) => boolean): ResidentDocument | undefined {
    if (this.#documents.size >= LIMITS.maxResidentDocuments) {
      const victim = [...this.#documents.values()].find((document) => document.isIdle && !isKept(document));
      if (!victim) return undefined;
      this.remove(victim);
    }
    const document = new ResidentDocument(id, person, now);
    this.#documents.set(id, document);
    this.#byTag.set(tagOf(id), document);
    return document;
  }

  remove(document: ResidentDocument): void {
    this.setVersion(document, undefined);
    this.#documents.delete(document.id);
    this.#byTag.delete(document.tag);
  }

  /** Says that the document is of another version now; it becomes the last that would have to go. */
  setVersion(document: ResidentDocument, version: string | undefined): void {
    if (document.versionTag !== undefined) this.#toggle(document.tag, document.versionTag, -1);
    document.versionTag = version;
    if (version === undefined) return;
    this.#toggle(document.tag, version, 1);
    this.#documents.delete(document.id);
    this.#documents.set(document.id, document);
  }

  /** One hash over everything. */
  digest(): Uint8Array {
    return (this.#digest ??= sha256(...this.#buckets).subarray(0, DIGEST_BYTES));
  }

  /** 8 bytes for each bucket. */
  bucketDigests(): readonly string[] {
    return this.#buckets.map((bucket) => toHex(bucket.subarray(0, DIGEST_BYTES / 2)));
  }

  /** The documents of these buckets, or all. */
  list(buckets?: ReadonlySet<number>): readonly Listed[] {
    const listed: Listed[] = [];
    for (const { tag, versionTag } of this.#documents.values()) {
      if (versionTag !== undefined && (!buckets || buckets.has(bucketOf(tag)))) listed.push({ tag, version: versionTag });
    }
    return listed;
  }

  [Symbol.iterator](): IterableIterator<ResidentDocument> {
    return this.#documents.values();
  }

  #toggle(tag: string, version: string, count: 1 | -1): void {
    const bucket = this.#buckets[bucketOf(tag)] as Uint8Array;
    const digest = sha256(fromHex(tag + version));
    for (let index = 0; index < DIGEST_BYTES; index++) bucket[index]! ^= digest[index] as number;
    this.#listed += count;
    this.#digest = undefined;
  }
}

/** By the first byte of the tag. */
export function bucketOf(tag: string): number {
  return Number.parseInt(tag.slice(0, 2), 16) % LIMITS.registryBuckets;
}
