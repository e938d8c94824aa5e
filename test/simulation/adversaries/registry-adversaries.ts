import * as automerge from '@automerge/automerge';
import { toHex, utf8 } from '../../../src/base/bytes.ts';
import { identityPartsOf } from '../../../src/crypto/certificates.ts';
import { LANES } from '../../../src/node/neighbour-lanes.ts';
import { encodePush } from '../../../src/p2p/gossip/gossip-messages.ts';
import { encodeBundle } from '../../../src/registry/bundle.ts';
import { documentIdOf, newActor, type DocumentId } from '../../../src/registry/document-id.ts';
import { readChangeHeader } from '../../../src/registry/format/change-header.ts';
import { encodeEntry, KEYS } from '../../../src/registry/records.ts';
import { REGISTRY_TOPIC } from '../../../src/registry/registry-io.ts';
import { changeMessage, encodeSignedChange } from '../../../src/registry/signed-change.ts';
import { readWriters } from '../../../src/registry/writers.ts';
import { LaneAdversary } from './lane-adversary.ts';

const RUN_BYTES = 16;
const HUGE_BYTES = 60_000;
type Root = Record<string, unknown>;
type BundleOptions = { readonly document?: DocumentId; readonly isUnsigned?: boolean };

abstract class RegistryAdversary extends LaneAdversary {
  protected spread(bundle: Uint8Array): void {
    this.sayToAll(LANES.gossip, encodePush(REGISTRY_TOPIC, bundle, false));
  }

  protected actor(): string {
    return toHex(newActor(this.node.identity.local.device, this.random.bytes(RUN_BYTES)));
  }

  /** The first change of an actor of ours: a name for its person. */
  protected name(actor: string, name: string): Uint8Array {
    const doc = automerge.change(automerge.init<Root>({ actor }), { time: 1 }, (root) => {
      root[KEYS.name] = encodeEntry({ kind: 'name', revision: 1, name });
    });
    return automerge.getLastLocalChange(doc) as Uint8Array;
  }

  /** The change as it travels, in our own document unless the options name another. */
  protected bundle(change: Uint8Array, { document, isUnsigned = false }: BundleOptions = {}): Uint8Array {
    const { local, deviceSigner } = this.node.identity;
    const { networkId } = this.world;
    const { list, deviceCertificate } = identityPartsOf(local.chain);
    const place = { networkId, document: document ?? documentIdOf(networkId, local.person), generation: 1 };
    const header = readChangeHeader(change);
    const message = isUnsigned ? utf8('nothing') : changeMessage(place, header.hash);
    const signed = { header, bytes: change, device: local.device, signature: deviceSigner.signNow(message) };
    const writers = readWriters(list, [deviceCertificate], this.node.clock);
    return encodeBundle({ document: place.document, generation: 1, writers, proofs: [], changes: [encodeSignedChange(signed)] });
  }
}

/** Changes of its own document without the signature that they need. */
export class UnsignedChanges extends RegistryAdversary {
  protected act(): void {
    this.spread(this.bundle(this.name(this.actor(), 'unsigned'), { isUnsigned: true }));
  }
}

/** Changes, well signed by its own device, of other persons' documents. */
export class ForeignChanges extends RegistryAdversary {
  protected act(): void {
    const victim = this.victim();
    if (!victim) return;
    const document = documentIdOf(this.world.networkId, victim.identity.local.person);
    this.spread(this.bundle(this.name(this.actor(), 'foreign'), { document }));
  }
}

/** Messages of sixty kilobytes on the registry's lane, and the largest items that gossip takes. */
export class HugeDocuments extends RegistryAdversary {
  protected act(): void {
    this.sayToAll(LANES.registry, this.random.bytes(HUGE_BYTES));
    this.spread(this.random.bytes(16 * 1024));
  }
}

/** Two changes under one number, of which half of the neighbours get the one and half the other. */
export class Equivocator extends RegistryAdversary {
  protected act(): void {
    const actor = this.actor();
    const [one, other] = [this.bundle(this.name(actor, 'one')), this.bundle(this.name(actor, 'other'))];
    for (const [index, to] of this.neighbours().entries())
      this.say(to, LANES.gossip, encodePush(REGISTRY_TOPIC, index % 2 === 0 ? one : other, false));
  }
}
