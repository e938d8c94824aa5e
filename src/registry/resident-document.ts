import type { NodeId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { DocumentContent } from './document-content.ts';
import { tagOf, type DocumentId } from './document-id.ts';
import type { SignedChange } from './signed-change.ts';
import type { Writers } from './writers.ts';

/** A change that waits for its predecessors. */
export type Pending = {
  readonly change: SignedChange;
  readonly generation: number;
  readonly from: NodeId | undefined;
  readonly until: number;
  /** When the one who sent it is asked for what is missing. */
  askAt: number | undefined;
  readonly settle: (outcome: Outcome) => void;
};

/** What became of something that arrived. */
export type Outcome = 'new' | 'known' | 'refused' | 'ignored';

type Task = (done: (now: number) => void, now: number) => void;

/** A document in memory: its present version, what waits for it, and what is being done to it, one thing after the other. */
export class ResidentDocument {
  readonly id: DocumentId;
  readonly person: PersonId;
  readonly tag: string;
  readonly pending = new Map<string, Pending>();
  readonly bucket: TokenBucket;
  content: DocumentContent | undefined;
  /** Who may write, as long as there is no version to say it: what waits was verified with this. */
  heldWriters: Writers | undefined;
  versionTag: string | undefined;
  /** The generation that was replaced, until it is dropped. */
  replaced: { readonly content: DocumentContent; readonly dropAt: number } | undefined;
  readonly #tasks: Task[] = [];
  #isBusy = false;

  constructor(id: DocumentId, person: PersonId, now: number) {
    this.id = id;
    this.person = person;
    this.tag = tagOf(id);
    this.bucket = new TokenBucket(LIMITS.documentChangesPerSecond, LIMITS.documentChangesBurst, now);
  }

  get isIdle(): boolean {
    return !this.#isBusy && this.pending.size === 0;
  }

  has(hash: string): boolean {
    return this.pending.has(hash) || (this.content?.changes.some((change) => change.header.hash === hash) ?? false);
  }

  /** Does this when everything before it is done. */
  enqueue(task: Task, now: number): void {
    this.#tasks.push(task);
    if (!this.#isBusy) this.#next(now);
  }

  #next(now: number): void {
    const task = this.#tasks.shift();
    this.#isBusy = task !== undefined;
    task?.((later) => this.#next(later), now);
  }
}
