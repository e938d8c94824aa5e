import type { DeviceId, NodeId, PersonId } from '../base/ids.ts';
import { deviceIdOf, nodeIdOf, personIdOf } from '../base/ids.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { Signer } from '../ports/keys.ts';
import type { Vault } from '../ports/vault.ts';
import { encodeIdentityChain, type SignedPart } from './certificates.ts';
import { deviceCertificateToSign, deviceListToSign, nodeCertificateToSign } from './certificates.ts';
import { generateKeyPair, type KeyPair } from './key-exchange.ts';
import { labelled, SIGNATURE_LABELS } from './labels.ts';
import { personSignerOf } from './person.ts';

/** Everything with which this node proves who it is. Lives in memory only, as long as the node runs. */
export type LocalIdentity = {
  readonly node: NodeId;
  readonly device: DeviceId;
  readonly person: PersonId;
  readonly nodeSigner: Signer;
  readonly deviceSigner: Signer;
  /** The Noise static pair; fresh in each run. */
  readonly noiseStatic: KeyPair;
  /** The pair to which introductions are sealed; fresh in each run. */
  readonly sealing: KeyPair;
  /** Encoded device list, device certificate and node certificate (certificates.ts). */
  readonly chain: Uint8Array;
  /** By the node key over the Noise static key, under its label. */
  readonly noiseSignature: Uint8Array;
};

export type LocalIdentityOptions = {
  readonly vault: Vault;
  /** The vault's name of the node key: `node-0` for the first tab, and so on. */
  readonly nodeName: string;
  /** The vault's name of the device key. */
  readonly deviceName?: string;
  /** Unix milliseconds: the certificates' time of issue. */
  readonly now: number;
  readonly entropy: Entropy;
};

/** Makes or loads the keys, and has each level certify the one below it. Needs the person's seed for a moment and wipes it. */
export async function createLocalIdentity(options: LocalIdentityOptions): Promise<LocalIdentity> {
  const { vault, nodeName, deviceName = 'device', now, entropy } = options;
  const [deviceSigner, nodeSigner, seed] = await Promise.all([vault.signer(deviceName), vault.signer(nodeName), vault.personSeed()]);
  const personSigner = personSignerOf(seed);
  seed.fill(0);

  const person = personIdOf(personSigner.publicKey);
  const device = deviceIdOf(deviceSigner.publicKey);
  const node = nodeIdOf(nodeSigner.publicKey);
  const noiseStatic = generateKeyPair(entropy);
  const sealing = generateKeyPair(entropy);

  const [list, deviceCertificate, nodeCertificate, noiseSignature] = await Promise.all([
    signPart(personSigner, deviceListToSign({ person, seq: 1, previousHash: undefined, devices: [device] })),
    signPart(personSigner, deviceCertificateToSign({ person, device, issuedAt: now })),
    signPart(deviceSigner, nodeCertificateToSign({ device, node, issuedAt: now })),
    nodeSigner.sign(labelled(SIGNATURE_LABELS.noiseStatic, noiseStatic.publicKey)),
  ]);
  const chain = encodeIdentityChain({ list, deviceCertificate, nodeCertificate });
  return { node, device, person, nodeSigner, deviceSigner, noiseStatic, sealing, chain, noiseSignature };
}

async function signPart(signer: Signer, part: { readonly body: Uint8Array; readonly message: Uint8Array }): Promise<SignedPart> {
  return { body: part.body, signature: await signer.sign(part.message) };
}
