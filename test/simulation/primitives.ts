import { fromHex, toHex } from '../../src/base/bytes.ts';
import { scriptSignerOf } from '../../src/crypto/signing.ts';
import { MAX_NODES_WITH_REAL_CRYPTOGRAPHY } from './options.ts';

/** RFC 8032 §7.1, test 1. */
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const PUBLIC_KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

/** @throws when the fakes of large simulations are in the place of the primitives in a small one. */
export function assertRealCryptography(nodes: number): void {
  const isReal = toHex(scriptSignerOf(fromHex(SEED)).publicKey) === PUBLIC_KEY;
  if (!isReal && nodes <= MAX_NODES_WITH_REAL_CRYPTOGRAPHY) throw new Error(`With ${nodes} nodes the cryptography must be the real one.`);
}
