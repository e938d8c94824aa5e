import type { NodeId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier, type Machine, type Wake } from '../base/machine.ts';
import { SeededRandom } from '../base/seeded-random.ts';
import { Author, type AuthorOptions } from './author.ts';
import { bytesOf, type DocumentContent } from './document-content.ts';
import { documentIdOf } from './document-id.ts';
import { bundleWith, DocumentKeeper, type Arrival } from './document-keeper.ts';
import { viewOf } from './document-view.ts';
import { entriesOf, type Liveness, type RegistryEntry } from './entries.ts';
import { historyOf, type HistoryItem } from './history.ts';
import { Intake } from './intake.ts';
import { Jobs } from './jobs.ts';
import { Reconciler } from './reconciler.ts';
import type { RegistryInput, RegistryOutput } from './registry-io.ts';
import type { Outcome, ResidentDocument } from './resident-document.ts';

export type RegistryOptions = AuthorOptions & {
  /** For simulations: answers the content of that version as it was given first, so that nodes in one process hold equal content once. */
  readonly shareContent?: (version: string, content: DocumentContent) => DocumentContent;
};

const VERDICTS = { new: 'accept', known: 'ignore', ignored: 'ignore', refused: 'reject' } as const satisfies Record<Outcome, string>;

/**
 * The network's agents: one document per person, written by that person's devices, kept equal everywhere (README.md). Presence is not here;
 * {@link entries} is told of it.
 */
export class Registry implements Machine<RegistryInput, RegistryOutput> {
  readonly #jobs = new Jobs();
  readonly #keeper: DocumentKeeper;
  readonly #intake: Intake;
  readonly #author: Author;
  readonly #reconciler: Reconciler;
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#keeper = new DocumentKeeper(this.#jobs, {
      committed: (document, before, arrival, now) => this.#committed(document, before, arrival, now),
      proved: (document, now) => this.#proved(document, now),
      missing: (document, from, now) => this.#reconciler.askFor(document, from, now),
      share: (version, content) => options.shareContent?.(version, content) ?? content,
      isClose: (person) => person === options.person || this.#reconciler.isNeighbour(person),
    });
    this.#intake = new Intake(this.#jobs, this.#keeper, options.networkId);
    this.#author = new Author(this.#jobs, this.#keeper, options);
    const random = new SeededRandom(new DataView(options.entropy.bytes(4).slice().buffer).getUint32(0));
    this.#reconciler = new Reconciler({ jobs: this.#jobs, keeper: this.#keeper, intake: this.#intake, me: options.node, random });
  }

  handle(input: RegistryInput | Wake, now: number): void {
    switch (input.type) {
      case 'neighbour-up':
        return this.#reconciler.up(input.node, input.person, now);
      case 'neighbour-down':
        return this.#reconciler.down(input.node, now);
      case 'message':
        return this.#reconciler.message(input.from, input.bytes, now);
      case 'item':
        return this.#item(input.job, input.bytes, input.from, now);
      case 'edit':
        return this.#author.edit(input.edit, now);
      case 'identity':
        return this.#author.setIdentity(input.chain, now);
      case 'loaded':
        return this.#intake.receive(input.bytes, LIMITS.maxRegistryMessageBytes, { by: 'storage' }, now, () => undefined);
      case 'loaded-all':
        return this.#author.loaded(now);
      case 'history':
        return this.#history(input.person, input.answer);
      case 'verified':
      case 'signed':
      case 'engine-done':
        return this.#jobs.answer(input, now);
      case 'wake':
        this.#keeper.wake(now);
        this.#author.wake(now);
        this.#reconciler.wake(now);
    }
  }

  poll(): RegistryOutput | undefined {
    return this.#jobs.poll();
  }

  nextWakeAt(): number | undefined {
    return earlier(earlier(this.#keeper.nextWakeAt(), this.#author.nextWakeAt()), this.#reconciler.nextWakeAt());
  }

  /** All nodes and agents of all persons, with the state that follows from what is known of their nodes. */
  entries(liveness: (node: NodeId) => Liveness, now: number): readonly RegistryEntry[] {
    const entries: RegistryEntry[] = [];
    for (const { person, content } of this.#keeper.table) if (content) entries.push(...entriesOf(person, viewOf(content.entries), liveness, now));
    return entries;
  }

  /** The same of one person. */
  entriesOf(person: PersonId, liveness: (node: NodeId) => Liveness, now: number): readonly RegistryEntry[] {
    const content = this.#contentOf(person);
    return content ? entriesOf(person, viewOf(content.entries), liveness, now) : [];
  }

  /** What the person calls themselves. */
  nameOf(person: PersonId): string | undefined {
    const content = this.#contentOf(person);
    return content && viewOf(content.entries).name;
  }

  persons(): readonly PersonId[] {
    return [...this.#keeper.table].filter(({ content }) => content).map(({ person }) => person);
  }

  /** One hash over all documents in their versions: equal on nodes that know the same. */
  digest(): Uint8Array {
    return this.#keeper.table.digest();
  }

  /** How much is held: for checkers of bounds. */
  sizes(): { readonly documents: number; readonly changes: number; readonly bytes: number; readonly pending: number } {
    let [changes, bytes, pending] = [0, 0, 0];
    for (const document of this.#keeper.table) {
      pending += document.pending.size;
      changes += document.content?.changes.length ?? 0;
      bytes += document.content ? bytesOf(document.content.changes) : 0;
    }
    return { documents: this.#keeper.table.size, changes, bytes, pending };
  }

  #contentOf(person: PersonId): DocumentContent | undefined {
    return this.#keeper.table.get(documentIdOf(this.#options.networkId, person))?.content;
  }

  #history(person: PersonId, then: (items: readonly HistoryItem[]) => void): void {
    const content = this.#contentOf(person);
    if (!content) return then([]);
    historyOf(this.#jobs, documentIdOf(this.#options.networkId, person), content, then);
  }

  #item(job: number, bytes: Uint8Array, from: NodeId, now: number): void {
    this.#intake.receive(bytes, LIMITS.maxRegistryItemBytes, { by: 'gossip', from }, now, (outcome) => {
      this.#jobs.emit({ type: 'verdict', job, verdict: VERDICTS[outcome] });
    });
  }

  #committed(document: ResidentDocument, before: DocumentContent | undefined, arrival: Arrival, now: number): void {
    const content = document.content as DocumentContent;
    if (arrival.by === 'local') this.#publish(document, before, content, now);
    if (arrival.by === 'neighbour') this.#reconciler.spread(document, arrival.from, now);
    for (const device of content.proofs.keys()) {
      if (before?.proofs.has(device)) continue;
      const detail = 'A device signed two changes that contradict each other; what it wrote is ignored.';
      this.#jobs.emit({ type: 'alarm', person: document.person, code: 'bad-signature', detail });
    }
    const isForeignGeneration = document.person === this.#options.person && arrival.by !== 'local';
    if (isForeignGeneration && before && before.generation < content.generation) this.#author.generationBegan(before, content, now);
  }

  /** What was not in the version before, by gossip; what is too large for it, from neighbour to neighbour. */
  #publish(document: ResidentDocument, before: DocumentContent | undefined, content: DocumentContent, now: number): void {
    const known = new Set(before?.changes.map((change) => change.header.hash));
    const news = content.changes.filter(({ header }) => !known.has(header.hash));
    const bytes = bundleWith(document.id, content, news);
    if (bytes.length <= LIMITS.maxRegistryItemBytes) this.#jobs.emit({ type: 'publish', bytes });
    else this.#reconciler.spread(document, undefined, now);
  }

  #proved(document: ResidentDocument, now: number): void {
    const { content } = document;
    if (!content) return;
    const bytes = bundleWith(document.id, content, []);
    if (bytes.length <= LIMITS.maxRegistryItemBytes) this.#jobs.emit({ type: 'publish', bytes });
    else this.#reconciler.spread(document, undefined, now);
  }
}
