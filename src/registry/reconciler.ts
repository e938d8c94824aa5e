import { toHex } from '../base/bytes.ts';
import { asParleyError } from '../base/errors.ts';
import type { NodeId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier } from '../base/machine.ts';
import type { SeededRandom } from '../base/seeded-random.ts';
import type { Offence } from '../p2p/neighbours.ts';
import { stateOf } from './document-content.ts';
import { bundleWith, wholeBundle, type DocumentKeeper } from './document-keeper.ts';
import type { DocumentTable, Listed } from './document-table.ts';
import { assertSyncMessage } from './format/sync-message.ts';
import type { Intake } from './intake.ts';
import type { Jobs } from './jobs.ts';
import { decodeLaneMessage, encodeLaneMessage, type LaneMessage } from './lane-messages.ts';
import { Neighbour } from './neighbour.ts';
import type { ResidentDocument } from './resident-document.ts';

/** `againAt`: when somebody else is asked as well; `undefined` once that time has come. */
type Wanted = { readonly node: NodeId; readonly until: number; againAt: number | undefined };
type Message<Type extends LaneMessage['type']> = Extract<LaneMessage, { readonly type: Type }>;

/**
 * Keeps the registries of neighbours equal: on each new link, when something came that gossip does not spread, and now and then with a random
 * neighbour. Digests first; documents that only one side has travel whole, once, from one neighbour; documents that both have in different
 * versions by the Automerge sync protocol, whose changes travel beside its messages with their signatures.
 */
export class Reconciler {
  readonly #jobs: Jobs;
  readonly #table: DocumentTable;
  readonly #intake: Intake;
  readonly #me: NodeId;
  readonly #random: SeededRandom;
  readonly #neighbours = new Map<NodeId, Neighbour>();
  /** Documents on their way to us, so that several neighbours do not all send the same. */
  readonly #wanted = new Map<string, Wanted>();
  /** What came from one neighbour, or is too large for gossip, and is to be told to the others. */
  readonly #fresh = new Map<string, NodeId | undefined>();
  #spreadAt: number | undefined;
  #antiEntropyAt: number | undefined;

  constructor(options: { jobs: Jobs; keeper: DocumentKeeper; intake: Intake; me: NodeId; random: SeededRandom }) {
    this.#jobs = options.jobs;
    this.#table = options.keeper.table;
    this.#intake = options.intake;
    this.#me = options.me;
    this.#random = options.random;
  }

  nextWakeAt(): number | undefined {
    let next = earlier(this.#spreadAt, this.#antiEntropyAt);
    for (const { until, againAt } of this.#wanted.values()) next = earlier(next, earlier(until, againAt));
    return next;
  }

  isNeighbour(person: PersonId): boolean {
    return [...this.#neighbours.values()].some((neighbour) => neighbour.person === person);
  }

  up(node: NodeId, person: PersonId, now: number): void {
    this.#neighbours.set(node, new Neighbour(node, person, now));
    this.#antiEntropyAt ??= now + this.#antiEntropyDelay();
    // One of the two begins.
    if (this.#me < node) this.#sendSummary(node, []);
  }

  down(node: NodeId, now: number): void {
    this.#neighbours.delete(node);
    for (const [tag, wanted] of this.#wanted) if (wanted.node === node) this.#wanted.delete(tag);
    if (this.#neighbours.size === 0) this.#antiEntropyAt = undefined;
    else if (this.#antiEntropyAt !== undefined) this.#antiEntropyAt = Math.min(this.#antiEntropyAt, now + LIMITS.registrySpreadMs * 5);
  }

  /** Tells the neighbours, except the one that told us, that this document has another version. */
  spread(document: ResidentDocument, from: NodeId | undefined, now: number): void {
    this.#fresh.set(document.tag, from);
    this.#spreadAt ??= now + LIMITS.registrySpreadMs;
  }

  /** Asks the neighbour for what is missing in this document. */
  askFor(document: ResidentDocument, node: NodeId, now: number): void {
    const neighbour = this.#neighbours.get(node);
    if (!neighbour) return;
    if (document.content) this.#startSync(neighbour, document, now);
    else this.#want(neighbour, [document.tag], now);
  }

  wake(now: number): void {
    this.#askAgain(now);
    this.#giveUpWaiting(now);
    if (this.#spreadAt !== undefined && this.#spreadAt <= now) this.#spreadNow();
    if (this.#antiEntropyAt !== undefined && this.#antiEntropyAt <= now) {
      const node = this.#random.pick([...this.#neighbours.keys()]);
      if (node) this.#sendSummary(node, []);
      this.#antiEntropyAt = now + this.#antiEntropyDelay();
    }
  }

  /**
   * Documents that are overdue are asked of somebody else. A neighbour broke its promise, once for all of them, if it spoke meanwhile, but not of this; one
   * that was silent may be overburdened. Nobody is blamed when we ourselves come late, with the answer perhaps unread before us.
   */
  #giveUpWaiting(now: number): void {
    const overdue = [...this.#wanted].filter(([, { until }]) => until <= now);
    if (overdue.length === 0) return;
    const blamed = new Map<NodeId, Offence>();
    for (const [tag, { node, until }] of overdue) {
      this.#wanted.delete(tag);
      const hasSpoken = (this.#neighbours.get(node)?.spokeAt ?? 0) > until - LIMITS.wantedDocumentMs;
      if (now - until < LIMITS.lateWakeMs && !this.#table.byTag(tag)?.content) blamed.set(node, hasSpoken ? 'broken-promise' : 'stale');
    }
    for (const [node, offence] of blamed) this.#blame(node, offence, 'a listed document never came');
    const slow = new Set(overdue.map(([, { node }]) => node));
    const others = [...this.#neighbours.keys()].filter((node) => !slow.has(node));
    const next = this.#random.pick(others.length > 0 ? others : [...this.#neighbours.keys()]);
    if (next) this.#sendSummary(next, []);
  }

  /** What is late is asked of somebody else too, long before it counts as kept back. */
  #askAgain(now: number): void {
    const late = new Set<NodeId>();
    for (const wanted of this.#wanted.values()) {
      if (wanted.againAt === undefined || wanted.againAt > now || wanted.until <= now) continue;
      wanted.againAt = undefined;
      late.add(wanted.node);
    }
    if (late.size === 0) return;
    const other = this.#random.pick([...this.#neighbours.keys()].filter((node) => !late.has(node)));
    if (other) this.#sendSummary(other, []);
  }

  message(from: NodeId, bytes: Uint8Array, now: number): void {
    const neighbour = this.#neighbours.get(from);
    if (!neighbour) return;
    neighbour.spokeAt = now;
    if (!neighbour.takeMessage(now)) {
      if (neighbour.mayBlame(now)) this.#blame(from, 'flood', 'too many registry messages');
      return;
    }
    let message: LaneMessage;
    try {
      message = decodeLaneMessage(bytes);
      if (message.type === 'sync' && message.message) assertSyncMessage(message.message);
    } catch (thrown) {
      return this.#blame(from, 'malformed', asParleyError(thrown).message);
    }
    switch (message.type) {
      case 'summary':
        return this.#summary(neighbour, message, now);
      case 'buckets':
        return this.#buckets(neighbour, message);
      case 'list':
        return this.#list(neighbour, message, now);
      case 'want':
        return this.#serve(neighbour, message.tags, now);
      case 'documents':
        for (const bundle of message.bundles) this.#takeDocument(neighbour, bundle, now);
        return;
      case 'sync':
        return this.#sync(neighbour, message, now);
    }
  }

  #summary(neighbour: Neighbour, message: Message<'summary'>, now: number): void {
    if (message.digest === toHex(this.#table.digest())) return;
    if (message.isComplete) return this.#answer(neighbour, message.listed, this.#table.list(), now);
    if (message.listed.length > 0) return this.#takeFresh(neighbour, message.listed, now);
    if (this.#table.listedCount <= LIMITS.inlineListDocuments) {
      return this.#send(neighbour.node, { type: 'list', buckets: ALL_BUCKETS, listed: this.#table.list() });
    }
    this.#send(neighbour.node, { type: 'buckets', digests: this.#table.bucketDigests() });
  }

  #buckets(neighbour: Neighbour, message: Message<'buckets'>): void {
    const ours = this.#table.bucketDigests();
    const buckets = new Set([...ours.keys()].filter((index) => ours[index] !== message.digests[index]));
    if (buckets.size > 0) this.#send(neighbour.node, { type: 'list', buckets, listed: this.#table.list(buckets) });
  }

  #list(neighbour: Neighbour, { buckets, listed }: Message<'list'>, now: number): void {
    if (buckets) return this.#answer(neighbour, listed, this.#table.list(buckets), now);
    this.#takeFresh(neighbour, listed, now);
  }

  /** The neighbour listed all that it has of what we have in `ours`: takes what is missing here, and tells what is missing there. */
  #answer(neighbour: Neighbour, theirs: readonly Listed[], ours: readonly Listed[], now: number): void {
    const listed = new Set(theirs.map(({ tag }) => tag));
    const missingThere = ours.filter(({ tag }) => !listed.has(tag));
    if (missingThere.length > 0) this.#send(neighbour.node, { type: 'list', buckets: undefined, listed: missingThere });
    this.#takeFresh(neighbour, theirs, now);
  }

  #takeFresh(neighbour: Neighbour, theirs: readonly Listed[], now: number): void {
    const missing: string[] = [];
    for (const { tag, version } of theirs) {
      const document = this.#table.byTag(tag);
      if (!document?.content) missing.push(tag);
      else if (document.versionTag !== version) this.#startSync(neighbour, document, now);
    }
    this.#want(neighbour, missing, now);
  }

  #want(neighbour: Neighbour, tags: readonly string[], now: number): void {
    const wanted = tags.filter((tag) => this.#mayWant(tag, neighbour.node)).slice(0, LIMITS.maxResidentDocuments);
    for (const tag of wanted) this.#asked(tag, neighbour.node, now);
    if (wanted.length > 0) this.#send(neighbour.node, { type: 'want', tags: wanted });
  }

  #mayWant(tag: string, node: NodeId): boolean {
    const known = this.#wanted.get(tag);
    if (!known) return this.#wanted.size < LIMITS.maxResidentDocuments;
    return known.againAt === undefined && known.node !== node;
  }

  /** Who was asked first answers for it; the second has the same time before a third is asked. */
  #asked(tag: string, node: NodeId, now: number): void {
    const known = this.#wanted.get(tag);
    const againAt = now + LIMITS.wantedAgainMs;
    if (known) known.againAt = againAt;
    else this.#wanted.set(tag, { node, until: now + LIMITS.wantedDocumentMs, againAt });
  }

  #serve(neighbour: Neighbour, tags: readonly string[], now: number): void {
    let bundles: Uint8Array[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (bundles.length > 0) this.#send(neighbour.node, { type: 'documents', bundles });
      bundles = [];
      bytes = 0;
    };
    for (const tag of tags) {
      const document = this.#table.byTag(tag);
      if (!document?.content) continue;
      if (!this.#mayGoRound(neighbour, tag, now)) break;
      const bundle = wholeBundle(document.id, document.content);
      if (bytes + bundle.length > LIMITS.registryPackBytes) flush();
      bundles.push(bundle);
      bytes += bundle.length;
    }
    flush();
  }

  #takeDocument(neighbour: Neighbour, bundle: Uint8Array, now: number): void {
    this.#intake.receive(bundle, LIMITS.maxRegistryMessageBytes, { by: 'neighbour', from: neighbour.node }, now, (_, document) => {
      if (document) this.#wanted.delete(document.tag);
    });
  }

  /** Begins, unless the two are at it already. */
  #startSync(neighbour: Neighbour, document: ResidentDocument, now: number): void {
    const { content } = document;
    const running = neighbour.syncs.get(document.id);
    if (!content || (running?.generation === content.generation && now - running.at < LIMITS.wantedDocumentMs)) return;
    neighbour.syncs.set(document.id, { generation: content.generation, state: undefined, at: now });
    this.#syncStep(neighbour, document, undefined, now);
  }

  #sync(neighbour: Neighbour, { document: id, generation, message, bundle }: Message<'sync'>, now: number): void {
    this.#intake.receive(bundle, LIMITS.maxRegistryMessageBytes, { by: 'neighbour', from: neighbour.node }, now, (outcome, received) => {
      const document = this.#table.get(id);
      const content = document?.content;
      if (outcome === 'refused' || !document || !content || (received && received.id !== id)) return;
      if (this.#neighbours.get(neighbour.node) !== neighbour) return;
      if (generation < content.generation) return this.#serve(neighbour, [document.tag], now);
      if (generation > content.generation) return this.#want(neighbour, [document.tag], now);
      this.#syncStep(neighbour, document, message, now);
    });
  }

  #syncStep(neighbour: Neighbour, document: ResidentDocument, received: Uint8Array | undefined, now: number): void {
    const { content } = document;
    if (!content || !this.#mayGoRound(neighbour, document.tag, now)) return void neighbour.syncs.delete(document.id);
    const { generation } = content;
    const known = neighbour.syncs.get(document.id);
    const sync = known?.generation === generation ? known.state : undefined;
    this.#jobs.run({ type: 'sync', state: stateOf(document.id, content), sync, message: received }, (result, later) => {
      if (result.type !== 'synced') {
        neighbour.syncs.delete(document.id);
        if (result.type === 'failed' && result.reason !== 'unavailable')
          this.#blame(neighbour.node, 'invalid', 'a sync message that the engine refuses');
        return;
      }
      if (this.#neighbours.get(neighbour.node) !== neighbour) return;
      if (!result.message) return void neighbour.syncs.delete(document.id);
      if (result.isInStep) neighbour.syncs.delete(document.id);
      else neighbour.syncs.set(document.id, { generation, state: result.sync, at: later });
      const send = new Set(result.send);
      const bundle = bundleWith(
        document.id,
        content,
        content.changes.filter(({ header }) => send.has(header.hash)),
      );
      this.#send(neighbour.node, { type: 'sync', document: document.id, generation, message: result.message, bundle });
    });
  }

  #mayGoRound(neighbour: Neighbour, tag: string, now: number): boolean {
    if (neighbour.takeRound(tag, now)) return true;
    if (neighbour.mayBlame(now)) this.#blame(neighbour.node, 'flood', 'one document goes round and round');
    return false;
  }

  #spreadNow(): void {
    this.#spreadAt = undefined;
    const fresh = [...this.#fresh];
    this.#fresh.clear();
    for (const node of this.#neighbours.keys()) {
      const listed: Listed[] = [];
      for (const [tag, from] of fresh) {
        const version = this.#table.byTag(tag)?.versionTag;
        if (version !== undefined && from !== node) listed.push({ tag, version });
      }
      if (listed.length > 0) this.#sendSummary(node, listed);
    }
  }

  /** With so few documents that they fit, all of them; else those that are fresh, unless they are many. */
  #sendSummary(node: NodeId, fresh: readonly Listed[]): void {
    const isComplete = this.#table.listedCount <= LIMITS.inlineListDocuments && fresh.length === 0;
    const listed = isComplete ? this.#table.list() : fresh.length <= LIMITS.inlineListDocuments ? fresh : [];
    this.#send(node, { type: 'summary', count: this.#table.listedCount, digest: toHex(this.#table.digest()), isComplete, listed });
  }

  #send(to: NodeId, message: LaneMessage): void {
    this.#jobs.emit({ type: 'send', to, bytes: encodeLaneMessage(message) });
  }

  #blame(node: NodeId, offence: Offence, detail: string): void {
    this.#jobs.emit({ type: 'misbehaved', node, offence, detail });
  }

  #antiEntropyDelay(): number {
    return this.#random.jitter(LIMITS.antiEntropyMs, LIMITS.antiEntropySpread);
  }
}

const ALL_BUCKETS: ReadonlySet<number> = new Set(Array.from({ length: LIMITS.registryBuckets }, (_, index) => index));
