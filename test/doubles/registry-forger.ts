import * as automerge from '@automerge/automerge';
import { toHex } from '../../src/base/bytes.ts';
import type { SignedPart } from '../../src/crypto/certificates.ts';
import { encodeBundle } from '../../src/registry/bundle.ts';
import { documentIdOf, newActor } from '../../src/registry/document-id.ts';
import { readChangeHeader } from '../../src/registry/format/change-header.ts';
import { encodeEntry, KEYS } from '../../src/registry/records.ts';
import { changeMessage, encodeSignedChange, type SignedChange } from '../../src/registry/signed-change.ts';
import { readWriters } from '../../src/registry/writers.ts';
import type { TestDevice, TestPerson } from '../support/registry-people.ts';
import { NETWORK_ID, START } from './registry-network.ts';

type Root = Record<string, unknown>;

/** A device whose program does as it likes: signs what it wants, twice, out of order, under other names. */
export class Forger {
  readonly person: TestPerson;
  readonly device: TestDevice;
  readonly actor: string;
  generation = 1;

  constructor(person: TestPerson, device: TestDevice = person.devices[0] as TestDevice, run = 1) {
    this.person = person;
    this.device = device;
    this.actor = toHex(newActor(device.id, new Uint8Array(16).fill(run)));
  }

  begin(): automerge.Doc<Root> {
    return automerge.init<Root>({ actor: this.actor });
  }

  /** One more change of the document that sets the person's name. */
  name(doc: automerge.Doc<Root>, name: string, revision = 1): { readonly doc: automerge.Doc<Root>; readonly change: Uint8Array } {
    return this.change(doc, (root) => {
      root[KEYS.name] = encodeEntry({ kind: 'name', revision, name });
    });
  }

  change(doc: automerge.Doc<Root>, edit: (root: Root) => void): { readonly doc: automerge.Doc<Root>; readonly change: Uint8Array } {
    const next = automerge.change(automerge.clone(doc, { actor: this.actor }), { time: 1 }, edit);
    return { doc: next, change: automerge.getLastLocalChange(next) as Uint8Array };
  }

  sign(bytes: Uint8Array, key = this.device.key): SignedChange {
    const header = readChangeHeader(bytes);
    const document = documentIdOf(NETWORK_ID, this.person.id);
    const signature = key.sign(changeMessage({ networkId: NETWORK_ID, document, generation: this.generation }, header.hash));
    return { header, bytes, device: this.device.id, signature };
  }

  bundle(changes: readonly SignedChange[], options: { list?: SignedPart; devices?: readonly TestDevice[]; proofs?: Uint8Array[] } = {}): Uint8Array {
    const { list = this.person.list(), devices = [this.device], proofs = [] } = options;
    const certificates = devices.map((device) => this.person.certificate(device, START));
    return encodeBundle({
      document: documentIdOf(NETWORK_ID, this.person.id),
      generation: this.generation,
      writers: readWriters(list, certificates, START),
      proofs,
      changes: changes.map(encodeSignedChange),
    });
  }
}
