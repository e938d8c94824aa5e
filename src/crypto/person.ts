import type { Signer } from '../ports/keys.ts';
import { hkdfSha256 } from './hash.ts';
import { DERIVATION_LABELS } from './labels.ts';
import { scriptSignerOf } from './signing.ts';

export const PERSON_SEED_BYTES = 32;

/** The account's signing key, derived from the person's seed. The seed may be wiped afterwards. */
export function personSignerOf(seed: Uint8Array): Signer {
  return scriptSignerOf(personKeyOf(seed));
}

function personKeyOf(seed: Uint8Array): Uint8Array {
  return hkdfSha256(seed, undefined, DERIVATION_LABELS.personKey, 32);
}
