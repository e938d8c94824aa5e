import { toHex } from '../base/bytes.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { DeviceId, NodeId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { identityPartsOf } from '../crypto/certificates.ts';
import type { Entropy } from '../ports/entropy.ts';
import { bytesOf, headsOf, NO_ENTRIES, stateOf, type DocumentContent } from './document-content.ts';
import { documentIdOf, newActor } from './document-id.ts';
import type { DocumentKeeper } from './document-keeper.ts';
import { viewOf } from './document-view.ts';
import { bytesAfter, isValid, piecesOf, planEdit, planGeneration, sizeOf, type PlannedEdit } from './edits.ts';
import type { EngineResult } from './engine/document-engine.ts';
import { readChangeHeader } from './format/change-header.ts';
import type { Jobs } from './jobs.ts';
import type { LocalEdit } from './registry-io.ts';
import type { ResidentDocument } from './resident-document.ts';
import { changeMessage, type SignedChange } from './signed-change.ts';
import { mayWrite, mergeWriters, readWriters, type Writers } from './writers.ts';

export type AuthorOptions = {
  readonly networkId: Uint8Array;
  readonly node: NodeId;
  readonly device: DeviceId;
  readonly person: PersonId;
  /** LocalIdentity.chain */
  readonly chain: Uint8Array;
  readonly entropy: Entropy;
};

const RUN_BYTES = 16;
const RETRY_MS = 5_000;

/** Writes this node's part of its person's document: edits become changes, signed by the device; a long history begins anew. */
export class Author {
  readonly #jobs: Jobs;
  readonly #keeper: DocumentKeeper;
  readonly #options: AuthorOptions;
  readonly #run: Uint8Array;
  #chain: Uint8Array;
  #edits: LocalEdit[] = [];
  #isLoaded = false;
  #isWriting = false;
  #retryAt: number | undefined;

  constructor(jobs: Jobs, keeper: DocumentKeeper, options: AuthorOptions) {
    this.#jobs = jobs;
    this.#keeper = keeper;
    this.#options = options;
    this.#chain = options.chain;
    this.#run = options.entropy.bytes(RUN_BYTES);
  }

  nextWakeAt(): number | undefined {
    return this.#retryAt;
  }

  wake(now: number): void {
    if (this.#retryAt === undefined || now < this.#retryAt) return;
    this.#retryAt = undefined;
    this.#write(now);
  }

  /** Storage was read: before that, our own document might seem empty and be begun a second time. */
  loaded(now: number): void {
    this.#isLoaded = true;
    this.#vouch(now);
    this.#write(now);
  }

  edit(edit: LocalEdit, now: number): void {
    if (!isValid(edit, this.#options.device)) return this.#alarm('too-large', 'What was to be published is longer than the registry takes.');
    if (this.#edits.length >= LIMITS.maxWaitingEdits) this.#edits.shift();
    this.#edits.push(edit);
    this.#write(now);
  }

  setIdentity(chain: Uint8Array, now: number): void {
    this.#chain = chain;
    this.#vouch(now);
  }

  /** Another device began a generation: what this node had written and it did not know is written once more. */
  generationBegan(before: DocumentContent, after: DocumentContent, now: number): void {
    const view = viewOf(after.entries);
    if (before.heads.every((head) => view.covers.has(head))) return;
    const mine = viewOf(before.entries).nodes.get(this.#options.node);
    if (!mine) return;
    const there = view.nodes.get(mine.node);
    if (there?.device === undefined) this.edit({ type: 'put-node', node: mine.node, title: mine.title }, now);
    for (const agent of mine.agents.values()) {
      if (!there?.agents.has(agent.id)) this.edit({ type: 'put-agent', node: mine.node, agent }, now);
    }
  }

  /** Shows a newer device list or certificate where the document has an older one. */
  #vouch(now: number): void {
    const document = this.#document(now);
    const content = document?.content;
    if (!document || !content) return;
    const writers = this.#writers(document, now);
    if (losesWriters(content, writers)) return this.#write(now);
    this.#keeper.admit(document, { generation: content.generation, writers, proofs: new Map(), changes: [] }, { by: 'local' }, now, () => undefined);
  }

  #document(now: number): ResidentDocument | undefined {
    const { networkId, person } = this.#options;
    return this.#keeper.open(documentIdOf(networkId, person), person, now);
  }

  /** Our list, and our certificate if the one in the document will not last. */
  #writers(document: ResidentDocument, now: number): Writers {
    const known = document.content?.writers ?? document.heldWriters;
    const { list, deviceCertificate } = identityPartsOf(this.#chain);
    const own = readWriters(list, [deviceCertificate], now);
    const shown = known?.certificates.get(this.#options.device);
    const lasts = shown !== undefined && shown.expiresAt - now >= LIMITS.renewCertificateMs;
    return mergeWriters(known, lasts ? { ...own, certificates: new Map() } : own).writers;
  }

  #write(now: number): void {
    if (!this.#isLoaded || this.#isWriting || this.#retryAt !== undefined) return;
    const document = this.#document(now);
    if (!document) return;
    this.#isWriting = true;
    document.enqueue((done, started) => {
      this.#step(document, started, (later) => {
        this.#isWriting = false;
        done(later);
        if (this.#edits.length > 0) this.#write(later);
      });
    }, now);
  }

  #step(document: ResidentDocument, now: number, done: (now: number) => void): void {
    const edits = this.#takeEdits();
    const content = document.content;
    const writers = this.#writers(document, now);
    const { device } = this.#options;
    if (!mayWrite(writers, device)) {
      this.#alarm('device-list-conflict', 'This device is not in the device list that the network knows.');
      return done(now);
    }
    const entries = content?.entries ?? NO_ENTRIES;
    const isNewGeneration = content !== undefined && (isLong(content) || losesWriters(content, writers));
    const options = { view: viewOf(entries), edits, device, now };
    const plan = isNewGeneration ? planGeneration({ ...options, covers: content.heads, run: toHex(this.#run) }) : planEdit(options);
    if (bytesAfter(isNewGeneration ? NO_ENTRIES : entries, plan) > LIMITS.maxRegistryEntriesBytes) {
      this.#alarm('too-large', 'There are more agents than one person can publish.');
      return done(now);
    }
    const generation = (content?.generation ?? 1) + (isNewGeneration ? 1 : 0);
    const base = isNewGeneration ? undefined : content;
    this.#writePieces({ document, writers, generation, edits }, base, piecesOf(plan), now, done);
  }

  /** One change for each piece, each on top of the one before. */
  #writePieces(writing: Writing, base: DocumentContent | undefined, pieces: readonly PlannedEdit[], now: number, done: (now: number) => void): void {
    const [piece, ...others] = pieces;
    if (!piece) return done(now);
    const { document, writers, generation, edits } = writing;
    const { device, networkId } = this.#options;
    const state = stateOf(document.id, base ?? { generation, changes: [], heads: [] });
    const actor = toHex(newActor(device, this.#run));
    this.#jobs.run({ type: 'edit', state, actor, time: Math.floor(now / 1000), ...piece }, (result, later) => {
      if (result.type !== 'edited') return this.#failed(edits, result, later, done);
      const header = readChangeHeader(result.change);
      this.#jobs.sign(changeMessage({ networkId, document: document.id, generation }, header.hash), (signature, signedAt) => {
        const change: SignedChange = { header, bytes: result.change, device, signature };
        const changes = [...(base?.changes ?? []), change];
        const proofs = document.content?.proofs ?? new Map<DeviceId, Uint8Array>();
        const next: DocumentContent = { generation, writers, proofs, changes, heads: headsOf(changes), entries: result.entries };
        this.#keeper.commit(document, next, { by: 'local' }, signedAt);
        this.#writePieces(writing, next, others, signedAt, done);
      });
    });
  }

  /** As many of the waiting edits as fit into one change. */
  #takeEdits(): readonly LocalEdit[] {
    let bytes = 0;
    let count = 0;
    for (const edit of this.#edits) {
      bytes += sizeOf(edit, this.#options.device);
      if (count > 0 && bytes > LIMITS.registryEditBytes) break;
      count++;
    }
    return this.#edits.splice(0, count);
  }

  #failed(edits: readonly LocalEdit[], result: EngineResult, now: number, done: (now: number) => void): void {
    if (result.type === 'failed' && result.reason === 'unavailable') {
      this.#edits = [...edits, ...this.#edits].slice(-LIMITS.maxWaitingEdits);
      this.#retryAt = now + RETRY_MS;
    } else {
      this.#alarm('internal', result.type === 'failed' ? result.detail : 'The engine answered something else.');
    }
    done(now);
  }

  #alarm(code: ErrorCode, detail: string): void {
    this.#jobs.emit({ type: 'alarm', person: this.#options.person, code, detail });
  }
}

type Writing = {
  readonly document: ResidentDocument;
  readonly writers: Writers;
  readonly generation: number;
  readonly edits: readonly LocalEdit[];
};

/** Half full, and at least half of it history. */
function isLong(content: DocumentContent): boolean {
  const bytes = bytesOf(content.changes);
  const isMostlyHistory = bytes >= 2 * bytesAfter(content.entries, { puts: [], deletes: [] });
  return content.changes.length >= LIMITS.compactAfterChanges || (bytes >= LIMITS.compactAfterBytes && isMostlyHistory);
}

/** Whether a device wrote here that may not write any more: its changes would vanish, and with them all that came after. */
function losesWriters(content: DocumentContent, writers: Writers): boolean {
  return content.changes.some(({ device }) => !writers.list.devices.includes(device));
}
