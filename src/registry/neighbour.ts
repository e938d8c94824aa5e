import type { NodeId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { SyncState } from './engine/document-engine.ts';
import type { DocumentId } from './document-id.ts';

const MINUTE_MS = 60_000;

/** What is remembered of the exchange with one neighbour. */
export class Neighbour {
  readonly node: NodeId;
  readonly person: PersonId;
  /** Documents that are being brought in step, until there is nothing more to say. */
  readonly syncs = new Map<DocumentId, { readonly generation: number; readonly state: SyncState | undefined; readonly at: number }>();
  /** When it last said something of registries. */
  spokeAt = 0;
  readonly #bucket: TokenBucket;
  readonly #rounds = new Map<string, number>();
  #roundsSince: number;
  #blamedAt: number | undefined;

  constructor(node: NodeId, person: PersonId, now: number) {
    this.node = node;
    this.person = person;
    this.#bucket = new TokenBucket(LIMITS.registryMessagesPerSecond, LIMITS.registryMessagesBurst, now);
    this.#roundsSince = now;
  }

  takeMessage(now: number): boolean {
    return this.#bucket.take(now);
  }

  /** Whether the document may go round once more in this minute. */
  takeRound(tag: string, now: number): boolean {
    if (now - this.#roundsSince >= MINUTE_MS) {
      this.#rounds.clear();
      this.#roundsSince = now;
    }
    const rounds = (this.#rounds.get(tag) ?? 0) + 1;
    if (rounds <= LIMITS.maxSyncRoundsPerMinute) this.#rounds.set(tag, rounds);
    return rounds <= LIMITS.maxSyncRoundsPerMinute;
  }

  /** Once a minute is enough to say so. */
  mayBlame(now: number): boolean {
    if (this.#blamedAt !== undefined && now - this.#blamedAt < MINUTE_MS) return false;
    this.#blamedAt = now;
    return true;
  }
}
