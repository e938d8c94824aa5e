import { toHex } from '../base/bytes.ts';
import type { DeviceId, NodeId, PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { identityPartsOf } from '../crypto/certificates.ts';
import type { Entropy } from '../ports/entropy.ts';
import { bytesOf, headsOf, NO_ENTRIES, stateOf, type DocumentContent } from './document-content.ts';
import { documentIdOf, newActor } from './document-id.ts';
import type { DocumentKeeper } from './document-keeper.ts';
import { viewOf } from './document-view.ts';
import { planEdit, planGeneration } from './edits.ts';
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
  #written = 0;
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
    const edits = this.#edits;
    this.#edits = [];
    const content = document.content;
    const writers = this.#writers(document, now);
    const view = viewOf(content?.entries ?? NO_ENTRIES);
    const { device } = this.#options;
    if (!mayWrite(writers, device)) {
      const detail = 'This device is not in the device list that the network knows.';
      this.#jobs.emit({ type: 'alarm', person: this.#options.person, code: 'device-list-conflict', detail });
      return done(now);
    }
    const isNewGeneration = content !== undefined && (isLong(content) || losesWriters(content, writers));
    const unique = `${toHex(this.#run)}.${this.#written++}`;
    const plan = isNewGeneration
      ? planGeneration({ view, edits, device, now, unique, covers: content.heads })
      : planEdit(view, edits, device, now, unique);
    if (plan.puts.length + plan.deletes.length === 0) return done(now);

    const generation = (content?.generation ?? 1) + (isNewGeneration ? 1 : 0);
    const base = isNewGeneration ? undefined : content;
    const state = stateOf(document.id, base ?? { generation, changes: [], heads: [] });
    const actor = toHex(newActor(device, this.#run));
    this.#jobs.run({ type: 'edit', state, actor, time: Math.floor(now / 1000), ...plan }, (result, later) => {
      if (result.type !== 'edited') return this.#failed(edits, result, later, done);
      const header = readChangeHeader(result.change);
      const message = changeMessage({ networkId: this.#options.networkId, document: document.id, generation }, header.hash);
      this.#jobs.sign(message, (signature, signedAt) => {
        const change: SignedChange = { header, bytes: result.change, device, signature };
        const changes = [...(base?.changes ?? []), change];
        const proofs = content?.proofs ?? new Map<DeviceId, Uint8Array>();
        const next: DocumentContent = { generation, writers, proofs, changes, heads: headsOf(changes), entries: result.entries };
        this.#keeper.commit(document, next, { by: 'local' }, signedAt);
        done(signedAt);
      });
    });
  }

  #failed(edits: readonly LocalEdit[], result: EngineResult, now: number, done: (now: number) => void): void {
    if (result.type === 'failed' && result.reason === 'unavailable') {
      this.#edits = [...edits, ...this.#edits].slice(-LIMITS.maxWaitingEdits);
      this.#retryAt = now + RETRY_MS;
    } else {
      const detail = result.type === 'failed' ? result.detail : 'the engine answered something else';
      this.#jobs.emit({ type: 'alarm', person: this.#options.person, code: 'internal', detail });
    }
    done(now);
  }
}

function isLong(content: DocumentContent): boolean {
  return content.changes.length >= LIMITS.compactAfterChanges || bytesOf(content.changes) >= LIMITS.compactAfterBytes;
}

/** Whether a device wrote here that may not write any more: its changes would vanish, and with them all that came after. */
function losesWriters(content: DocumentContent, writers: Writers): boolean {
  return content.changes.some(({ device }) => !writers.list.devices.includes(device));
}
