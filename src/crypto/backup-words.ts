import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { ParleyError } from '../base/errors.ts';
import { PERSON_SEED_BYTES } from './person.ts';

/** The person's seed as 24 words (BIP 39, English), from which the account can be had back. */
export function wordsOf(seed: Uint8Array): string {
  return entropyToMnemonic(seed, wordlist);
}

/** The seed in the words, however they are spaced and cased. @throws ParleyError `bad-argument` when a word or the checksum is wrong. */
export function seedOf(words: string): Uint8Array {
  try {
    const seed = mnemonicToEntropy(words.trim().toLowerCase().split(/\s+/).join(' '), wordlist);
    if (seed.length === PERSON_SEED_BYTES) return seed;
  } catch {
    // Said below, without the words.
  }
  throw new ParleyError('bad-argument', 'These are not 24 backup words in the right order: one of them is misspelt, missing or misplaced.');
}
