import { SeededRandom } from '../../src/base/seeded-random.ts';
import { createLocalIdentity, type LocalIdentity } from '../../src/crypto/identity.ts';
import { scriptSignerOf } from '../../src/crypto/signing.ts';
import type { Entropy } from '../../src/ports/entropy.ts';
import type { Signer } from '../../src/ports/keys.ts';
import type { Vault } from '../../src/ports/vault.ts';

/** Predictable randomness: for tests only. */
export function seededEntropy(seed: number): Entropy {
  const random = new SeededRandom(seed);
  return { bytes: (length) => random.bytes(length) };
}

/** A vault in memory whose keys follow from the entropy. */
export function memoryVault(entropy: Entropy): Vault {
  const signers = new Map<string, Signer>();
  let seed = entropy.bytes(32);
  return {
    signer: async (name) => {
      const signer = signers.get(name) ?? scriptSignerOf(entropy.bytes(32));
      signers.set(name, signer);
      return signer;
    },
    personSeed: async () => seed.slice(),
    setPersonSeed: async (next) => {
      seed = next.slice();
    },
  };
}

export async function seededIdentity(seed: number, now: number, run = 0): Promise<LocalIdentity> {
  const entropy = seededEntropy(seed);
  const vault = memoryVault(entropy);
  return createLocalIdentity({ vault, nodeName: 'node-0', now, entropy: run === 0 ? entropy : seededEntropy(seed + 10_000 * run) });
}
