import { asParleyError } from '../base/errors.ts';
import type { DeviceId } from '../base/ids.ts';
import type { Offence } from '../p2p/neighbours.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import type { Offer } from './admission.ts';
import { decodeBundle, readProof, type Bundle } from './bundle.ts';
import { documentIdOf } from './document-id.ts';
import type { Arrival, DocumentKeeper } from './document-keeper.ts';
import type { Jobs } from './jobs.ts';
import type { Outcome, ResidentDocument } from './resident-document.ts';
import { changeCheck, openSealedChange } from './signed-change.ts';
import { mayWrite, readWriters, writersChecks, writersExpireAt, type Writers } from './writers.ts';

/**
 * Everything that comes from elsewhere passes here. The checks stand in the order of their cost: size, shape, what is known already, the
 * document's rate, the headers of the changes, signatures; the engine is last (document-keeper.ts).
 */
export class Intake {
  readonly #jobs: Jobs;
  readonly #keeper: DocumentKeeper;
  readonly #networkId: Uint8Array;

  constructor(jobs: Jobs, keeper: DocumentKeeper, networkId: Uint8Array) {
    this.#jobs = jobs;
    this.#keeper = keeper;
    this.#networkId = networkId;
  }

  /** Takes an encoded bundle; `settle` is told once what became of it. */
  receive(bytes: Uint8Array, maxBytes: number, arrival: Arrival, now: number, settle: (outcome: Outcome, document?: ResidentDocument) => void): void {
    const read = this.#read(bytes, maxBytes, arrival, now);
    if (typeof read === 'string') return settle(read);
    const { bundle, writers } = read;
    const known = this.#keeper.table.get(bundle.document);
    const news = newsIn(bundle, writers, known, (hash) => this.#keeper.isRejected(hash));
    if (!news) return settle('known', known);
    const isStranger = arrival.by !== 'storage';
    if (isStranger && (this.#jobs.isFull || writersExpireAt(writers) <= now)) return settle('ignored');
    const document = this.#keeper.open(bundle.document, writers.person, now);
    if (!document || (isStranger && !document.bucket.take(now))) return settle('ignored');
    const opened = this.#open(news, writers, document, arrival);
    if (!opened) return settle('refused');
    this.#jobs.verify(isStranger ? opened.checks : [], now, (isValid, later) => {
      if (isValid) return this.#keeper.admit(document, opened.offer, arrival, later, (outcome) => settle(outcome, document));
      this.#blame(arrival, 'invalid', 'a signature of a registry document does not hold');
      settle('refused');
    });
  }

  #read(
    bytes: Uint8Array,
    maxBytes: number,
    arrival: Arrival,
    now: number,
  ): { readonly bundle: Bundle; readonly writers: Writers } | 'refused' | 'ignored' {
    try {
      const bundle = decodeBundle(bytes, maxBytes);
      const writers = readWriters(bundle.list, bundle.certificates, now);
      if (bundle.document !== documentIdOf(this.#networkId, writers.person)) {
        this.#blame(arrival, 'invalid', 'a registry document under the name of another');
        return 'refused';
      }
      return { bundle, writers };
    } catch (thrown) {
      const { code, message } = asParleyError(thrown);
      // One of the two clocks is wrong, and it may be ours.
      if (code === 'clock-skew') return 'ignored';
      this.#blame(arrival, code === 'bad-certificate' ? 'invalid' : 'malformed', message);
      return 'refused';
    }
  }

  /** Looks into the changes that are new. `undefined` when they are not what they should be. */
  #open(
    bundle: Bundle,
    writers: Writers,
    document: ResidentDocument,
    arrival: Arrival,
  ): { readonly offer: Offer; readonly checks: readonly SignatureCheck[] } | undefined {
    const { generation } = bundle;
    const place = { networkId: this.#networkId, document: bundle.document, generation };
    try {
      const checks: SignatureCheck[] = [...writersChecks(writers, document.content?.writers)];
      const proofs = new Map<DeviceId, Uint8Array>();
      for (const bytes of bundle.proofs) {
        const proof = readProof(bytes, this.#networkId, bundle.document);
        if (!writers.list.devices.includes(proof.device) || document.content?.proofs.has(proof.device)) continue;
        proofs.set(proof.device, bytes);
        checks.push(...proof.checks);
      }
      const changes = bundle.changes.map(openSealedChange);
      if (!changes.every(({ device }) => mayWrite(writers, device))) {
        this.#blame(arrival, 'invalid', 'a change by a device that is not in its person’s list');
        return undefined;
      }
      checks.push(...changes.map((change) => changeCheck(place, change)));
      return { offer: { generation, writers, proofs, changes }, checks };
    } catch (thrown) {
      this.#blame(arrival, 'malformed', asParleyError(thrown).message);
      return undefined;
    }
  }

  #blame(arrival: Arrival, offence: Offence, detail: string): void {
    if (arrival.from) this.#jobs.emit({ type: 'misbehaved', node: arrival.from, offence, detail });
  }
}

/** The part of a bundle that is not known yet; `undefined` when there is none. */
function newsIn(bundle: Bundle, writers: Writers, known: ResidentDocument | undefined, isRejected: (hash: string) => boolean): Bundle | undefined {
  const content = known?.content;
  if (content && bundle.generation < content.generation) return undefined;
  const changes = bundle.changes.filter(({ hash, device }) => !known?.has(hash) && !isRejected(hash) && !content?.proofs.has(device));
  const hasNews =
    changes.length > 0 ||
    (content !== undefined &&
      (bundle.generation > content.generation || bundle.proofs.length > content.proofs.size || saysMore(writers, content.writers)));
  return hasNews ? { ...bundle, changes } : undefined;
}

/** Whether the offered list or one of its certificates is newer, or a rival of ours. */
function saysMore(offered: Writers, known: Writers): boolean {
  if (offered.list.seq > known.list.seq) return true;
  if (offered.list.seq === known.list.seq && offered.list.hash !== known.list.hash) return true;
  if (offered.list.seq < known.list.seq) return false;
  return [...offered.certificates].some(([device, { issuedAt }]) => issuedAt > (known.certificates.get(device)?.issuedAt ?? 0));
}
