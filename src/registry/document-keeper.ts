import { BoundedMap } from '../base/bounded-map.ts';
import type { NodeId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier } from '../base/machine.ts';
import { admit, type Admission, type Offer } from './admission.ts';
import { encodeBundle } from './bundle.ts';
import { headsOf, NO_ENTRIES, stateOf, versionTagOf, type DocumentContent } from './document-content.ts';
import { DocumentTable } from './document-table.ts';
import type { DocumentId } from './document-id.ts';
import type { RawEntries } from './engine/document-engine.ts';
import type { Jobs } from './jobs.ts';
import type { Outcome, ResidentDocument } from './resident-document.ts';
import { encodeSignedChange, type SignedChange } from './signed-change.ts';
import { mayWrite, mergeWriters, writersExpireAt } from './writers.ts';

/** How something came: by gossip, which tells everybody; from a neighbour, which told us alone; from storage; from this node itself. */
export type Arrival = { readonly by: 'gossip' | 'neighbour' | 'storage' | 'local'; readonly from?: NodeId };

export type KeeperEvents = {
  /** The document has another version than before. */
  committed(document: ResidentDocument, before: DocumentContent | undefined, arrival: Arrival, now: number): void;
  /** Two contradicting changes met here. */
  proved(document: ResidentDocument, now: number): void;
  /** Who sent a change should have its predecessors too. */
  missing(document: ResidentDocument, from: NodeId, now: number): void;
  /** Of a person whose document is kept before others: our own, our neighbours'. */
  isClose(person: PersonId): boolean;
  /** The same content, perhaps as another node of this process holds it. */
  share(version: string, content: DocumentContent): DocumentContent;
};

/** Holds the documents and brings what was verified into them, each document in order. */
export class DocumentKeeper {
  readonly table = new DocumentTable();
  readonly #jobs: Jobs;
  readonly #events: KeeperEvents;
  /** Well signed and not applicable all the same. */
  readonly #rejected = new BoundedMap<string, true>(LIMITS.maxRejectedChanges);
  #nextWakeAt: number | undefined;

  constructor(jobs: Jobs, events: KeeperEvents) {
    this.#jobs = jobs;
    this.#events = events;
  }

  nextWakeAt(): number | undefined {
    return this.#nextWakeAt;
  }

  isRejected(hash: string): boolean {
    return this.#rejected.has(hash);
  }

  /** The person's document, also when nothing is known of it yet; `undefined` when there is no room. */
  open(id: DocumentId, person: PersonId, now: number): ResidentDocument | undefined {
    const opened = this.table.get(id) ?? this.table.open(id, person, now, (document) => this.#events.isClose(document.person));
    if (opened && !opened.content) this.#wakeBy(now + LIMITS.pendingChangeMs);
    return opened;
  }

  /** Adds what was verified. `settle` is told once what became of it, at the latest when its predecessors are given up. */
  admit(document: ResidentDocument, offer: Offer, arrival: Arrival, now: number, settle: (outcome: Outcome) => void): void {
    document.enqueue((done, started) => new AdmissionTask(this.#parts, document, offer, arrival, settle, done).attempt(started, false), now);
  }

  /** Makes this the document's version. */
  commit(document: ResidentDocument, content: DocumentContent, arrival: Arrival, now: number): void {
    const before = document.content;
    const version = versionTagOf(document.id, content);
    document.content = this.#events.share(version, content);
    document.heldWriters = undefined;
    this.table.setVersion(document, version);
    if (before && before.generation < content.generation) {
      document.replaced = { content: before, dropAt: now + LIMITS.replacedGenerationMs };
      this.#wakeBy(document.replaced.dropAt);
    }
    this.#settlePending(document, content);
    if (arrival.by !== 'storage') this.#jobs.emit({ type: 'store', document: document.id, bytes: wholeBundle(document.id, content) });
    if (before?.entries !== content.entries) this.#jobs.emit({ type: 'changed', persons: [document.person] });
    this.#wakeBy(writersExpireAt(content.writers));
    this.#events.committed(document, before, arrival, now);
  }

  /** Gives up what waited too long, and forgets what is over. */
  wake(now: number): void {
    if (this.#nextWakeAt === undefined || now < this.#nextWakeAt) return;
    this.#nextWakeAt = undefined;
    for (const document of [...this.table]) {
      this.#expirePending(document, now);
      if (document.replaced && document.replaced.dropAt <= now) document.replaced = undefined;
      const { content } = document;
      if (content && writersExpireAt(content.writers) <= now) this.#drop(document);
      else if (!content && document.isIdle) this.table.remove(document);
      for (const { askAt, until } of document.pending.values()) this.#wakeBy(askAt ?? until);
      if (document.replaced) this.#wakeBy(document.replaced.dropAt);
      if (content) this.#wakeBy(writersExpireAt(content.writers));
    }
  }

  #drop(document: ResidentDocument): void {
    this.table.remove(document);
    this.#jobs.emit({ type: 'store', document: document.id, bytes: undefined });
    this.#jobs.emit({ type: 'changed', persons: [document.person] });
  }

  #expirePending(document: ResidentDocument, now: number): void {
    for (const [hash, pending] of [...document.pending]) {
      if (pending.until <= now) {
        document.pending.delete(hash);
        pending.settle('ignored');
        if (pending.from) {
          const detail = 'the predecessors of a change never came';
          this.#jobs.emit({ type: 'misbehaved', node: pending.from, offence: 'broken-promise', detail });
        }
      } else if (pending.askAt !== undefined && pending.askAt <= now) {
        pending.askAt = undefined;
        if (pending.from) this.#events.missing(document, pending.from, now);
      }
    }
  }

  /** What waited and is visible now, or never will be. */
  #settlePending(document: ResidentDocument, content: DocumentContent): void {
    if (document.pending.size === 0) return;
    const visible = new Set(content.changes.map((change) => change.header.hash));
    for (const [hash, pending] of [...document.pending]) {
      const isPast = content.proofs.has(pending.change.device) || pending.generation < content.generation;
      if (!isPast && !visible.has(hash) && !this.#rejected.has(hash)) continue;
      document.pending.delete(hash);
      pending.settle(visible.has(hash) ? 'new' : isPast ? 'ignored' : 'refused');
    }
  }

  #wakeBy(at: number): void {
    this.#nextWakeAt = earlier(this.#nextWakeAt, at);
  }

  readonly #parts: AdmissionParts = {
    run: (work, then) => this.#jobs.run(work, then),
    emit: (output) => this.#jobs.emit(output),
    commit: (document, content, arrival, now) => this.commit(document, content, arrival, now),
    proved: (document, now) => this.#events.proved(document, now),
    rejected: this.#rejected,
    wakeBy: (at) => this.#wakeBy(at),
  };
}

type AdmissionParts = Pick<Jobs, 'run' | 'emit'> &
  Pick<KeeperEvents, 'proved'> & {
    commit(document: ResidentDocument, content: DocumentContent, arrival: Arrival, now: number): void;
    readonly rejected: BoundedMap<string, true>;
    wakeBy(at: number): void;
  };

/** One offer on its way into its document. */
class AdmissionTask {
  readonly #parts: AdmissionParts;
  readonly #document: ResidentDocument;
  #offer: Offer;
  readonly #arrival: Arrival;
  readonly #settle: (outcome: Outcome) => void;
  readonly #done: (now: number) => void;

  constructor(
    parts: AdmissionParts,
    document: ResidentDocument,
    offer: Offer,
    arrival: Arrival,
    settle: (outcome: Outcome) => void,
    done: (now: number) => void,
  ) {
    this.#parts = parts;
    this.#document = document;
    this.#offer = offer;
    this.#arrival = arrival;
    this.#settle = settle;
    this.#done = done;
  }

  /** `isCareful`: one change at a time, after all together failed, to find the one that is to blame. */
  attempt(now: number, isCareful: boolean): void {
    const { content, pending, heldWriters } = this.#document;
    if (!content && heldWriters) this.#offer = { ...this.#offer, writers: mergeWriters(heldWriters, this.#offer.writers).writers };
    const generation = Math.max(content?.generation ?? 0, this.#offer.generation);
    const waiting = [...pending.values()].filter((entry) => entry.generation === generation).map((entry) => entry.change);
    const admission = admit(content, waiting, this.#offer, this.#parts.rejected);
    if (admission.isConflict) this.#alarm();
    const added = isCareful ? admission.added.slice(0, 1) : admission.added;
    if (added.length === 0 && !admission.isRebuilt) return this.#finish(admission, content?.entries ?? NO_ENTRIES, now);

    const known = admission.isRebuilt ? undefined : content;
    const changes = [...(known?.changes ?? []), ...added];
    if (changes.length === 0) return this.#finish(admission, NO_ENTRIES, now);
    const state = stateOf(this.#document.id, known ?? { generation: admission.generation, changes: [], heads: [] });
    this.#parts.run({ type: 'apply', state, changes: added.map((change) => change.bytes) }, (result, later) => {
      const heads = headsOf(changes);
      if (result.type === 'applied' && result.heads.join() === heads.join()) {
        if (added.length === admission.added.length) return this.#finish(admission, result.entries, later);
        this.#commit(admission, changes, result.entries, later);
        return this.attempt(later, true);
      }
      if (result.type === 'failed' && result.reason === 'unavailable') return this.#end('ignored', later);
      if (added.length > 1) return this.attempt(later, true);
      this.#reject(added[0] as SignedChange);
      this.attempt(later, isCareful);
    });
  }

  #finish(admission: Admission, entries: RawEntries, now: number): void {
    const { content, versionTag } = this.#document;
    if (content || admission.visible.length > 0) this.#commit(admission, admission.visible, entries, now);
    const visible = new Set(admission.visible.map((change) => change.header.hash));
    if (this.#offer.changes.some(({ header }) => this.#parts.rejected.has(header.hash))) return this.#end('refused', now);
    const late = this.#offer.changes.filter(({ header }) => !visible.has(header.hash));
    // Its relay may honestly not know yet that this device writes no more.
    if (late.some(({ device }) => admission.proofs.has(device) || !mayWrite(admission.writers, device))) return this.#end('ignored', now);
    if (this.#offer.generation < admission.generation) return this.#end('ignored', now);
    if (late.length > 0) return this.#wait(late, now);
    this.#end(this.#document.versionTag === versionTag ? 'known' : 'new', now);
  }

  #commit(admission: Admission, changes: readonly SignedChange[], entries: RawEntries, now: number): void {
    const { generation, writers, proofs, found } = admission;
    const before = this.#document.content;
    const content: DocumentContent = { generation, writers, proofs, changes, heads: headsOf(changes), entries };
    const isSame = before !== undefined && versionTagOf(this.#document.id, content) === this.#document.versionTag;
    if (!isSame) this.#parts.commit(this.#document, content, this.#arrival, now);
    if (found.length > 0) this.#parts.proved(this.#document, now);
  }

  #wait(late: readonly SignedChange[], now: number): void {
    const { pending } = this.#document;
    if (!this.#document.content) this.#document.heldWriters = this.#offer.writers;
    let isHeld = false;
    for (const change of late) {
      if (pending.has(change.header.hash) || pending.size >= LIMITS.maxPendingChanges) continue;
      // A bundle is settled with the last of its changes that waits; gossip brings one at a time.
      const settle = isHeld ? (): void => undefined : this.#settle;
      isHeld = true;
      const askAt = this.#arrival.from ? now + LIMITS.pendingAskMs : undefined;
      pending.set(change.header.hash, {
        change,
        generation: this.#offer.generation,
        from: this.#arrival.from,
        until: now + LIMITS.pendingChangeMs,
        askAt,
        settle,
      });
      this.#parts.wakeBy(askAt ?? now + LIMITS.pendingChangeMs);
    }
    if (!isHeld) this.#settle('ignored');
    this.#done(now);
  }

  #reject(change: SignedChange): void {
    this.#parts.rejected.set(change.header.hash, true);
    const node = this.#arrival.from;
    if (node) this.#parts.emit({ type: 'misbehaved', node, offence: 'invalid', detail: 'a change that the engine refuses' });
  }

  #alarm(): void {
    const detail = 'Two different device lists of this person have the same place in their chain.';
    this.#parts.emit({ type: 'alarm', person: this.#document.person, code: 'device-list-conflict', detail });
  }

  #end(outcome: Outcome, now: number): void {
    this.#settle(outcome);
    this.#done(now);
  }
}

/** The document with everything that proves it. */
export function wholeBundle(document: DocumentId, content: DocumentContent): Uint8Array {
  return bundleWith(document, content, content.changes);
}

/** Some of the document's changes, with what proves them. */
export function bundleWith(document: DocumentId, content: DocumentContent, changes: readonly SignedChange[]): Uint8Array {
  const { generation, writers, proofs } = content;
  return encodeBundle({ document, generation, writers, proofs: proofs.values(), changes: changes.map(encodeSignedChange) });
}
