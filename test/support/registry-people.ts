import { ed25519 } from '@noble/curves/ed25519.js';
import { SeededRandom } from '../../src/base/seeded-random.ts';
import { deviceIdOf, nodeIdOf, personIdOf, type AgentId, type DeviceId, type NodeId, type PersonId } from '../../src/base/ids.ts';
import {
  deviceCertificateToSign,
  deviceListToSign,
  encodeIdentityChain,
  nodeCertificateToSign,
  type SignedPart,
} from '../../src/crypto/certificates.ts';
import type { SignatureCheck } from '../../src/ports/keys.ts';
import type { AgentRecord } from '../../src/registry/records.ts';

/** Keys that sign at once: the machines under test ask for signatures and get them in the same turn. */
export type TestKey = { readonly publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array };

export function testKey(random: SeededRandom): TestKey {
  const seed = random.bytes(32);
  return { publicKey: ed25519.getPublicKey(seed), sign: (message) => ed25519.sign(message, seed) };
}

export function checkSignature({ publicKey, message, signature }: SignatureCheck): boolean {
  return ed25519.verify(signature, message, publicKey, { zip215: false });
}

export type TestDevice = { readonly id: DeviceId; readonly key: TestKey };

/** A person with devices, and the lists and certificates that they sign. */
export class TestPerson {
  readonly id: PersonId;
  readonly devices: TestDevice[] = [];
  readonly key: TestKey;
  readonly #random: SeededRandom;

  constructor(seed: number, deviceCount = 1) {
    this.#random = new SeededRandom(seed);
    this.key = testKey(this.#random);
    this.id = personIdOf(this.key.publicKey);
    for (let index = 0; index < deviceCount; index++) {
      const key = testKey(this.#random);
      this.devices.push({ id: deviceIdOf(key.publicKey), key });
    }
  }

  list(devices: readonly TestDevice[] = this.devices, seq = 1, previousHash?: Uint8Array): SignedPart {
    return this.#part(this.key, deviceListToSign({ person: this.id, seq, previousHash, devices: devices.map(({ id }) => id) }));
  }

  certificate(device: TestDevice, issuedAt: number): SignedPart {
    return this.#part(this.key, deviceCertificateToSign({ person: this.id, device: device.id, issuedAt }));
  }

  /** A node of the device, with its chain. */
  node(device: TestDevice, issuedAt: number, list: SignedPart = this.list()): { readonly node: NodeId; readonly chain: Uint8Array } {
    const node = nodeIdOf(testKey(this.#random).publicKey);
    const nodeCertificate = this.#part(device.key, nodeCertificateToSign({ device: device.id, node, issuedAt }));
    return { node, chain: encodeIdentityChain({ list, deviceCertificate: this.certificate(device, issuedAt), nodeCertificate }) };
  }

  #part(key: TestKey, { body, message }: { body: Uint8Array; message: Uint8Array }): SignedPart {
    return { body, signature: key.sign(message) };
  }
}

export function testAgent(id: string, title = id): AgentRecord {
  return {
    id: id as AgentId,
    title,
    description: `What ${title} does`,
    version: '1.0.0',
    visibility: 'contacts',
    kind: 'built-in',
    definitions: [
      { kind: 'tool', name: 'search', sha256: new Uint8Array(32).fill(1) },
      { kind: 'tool', name: 'add', sha256: new Uint8Array(32).fill(2) },
    ],
  };
}
