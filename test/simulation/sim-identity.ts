import type { LocalIdentity } from '../../src/crypto/identity.ts';
import { createLocalIdentity } from '../../src/crypto/identity.ts';
import { makeCard } from '../../src/crypto/peer-card.ts';
import type { ScriptSigner } from '../../src/crypto/signing.ts';
import type { Entropy } from '../../src/ports/entropy.ts';
import type { Vault } from '../../src/ports/vault.ts';
import { memoryVault } from '../support/seeded-identity.ts';

/** One run of a node: its keys, of which the vault's are kept from run to run, and its card. */
export type SimIdentity = {
  readonly local: LocalIdentity;
  readonly vault: Vault;
  readonly signer: ScriptSigner;
  readonly deviceSigner: ScriptSigner;
  readonly card: Uint8Array;
};

/** With the vault of an earlier run it is the same node again. */
export async function simIdentity(entropy: Entropy, networkId: Uint8Array, now: number, vault: Vault = memoryVault(entropy)): Promise<SimIdentity> {
  const local = await createLocalIdentity({ vault, nodeName: 'node-0', now, entropy });
  return {
    local,
    vault,
    signer: local.nodeSigner as ScriptSigner,
    deviceSigner: local.deviceSigner as ScriptSigner,
    card: await makeCard(local, networkId, now),
  };
}
