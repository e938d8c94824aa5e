import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { concatBytes, fromBase64url, toBase64url } from '../base/bytes.ts';
import { asParleyError, ParleyError } from '../base/errors.ts';
import { nodeIdOf, type NodeId } from '../base/ids.ts';
import { PERSON_SEED_BYTES } from '../crypto/person.ts';
import { hasNativeEd25519, scriptSignerOf, webCryptoSignerOf } from '../crypto/signing.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { Signer } from '../ports/keys.ts';
import type { Vault } from '../ports/vault.ts';
import { writeAtomically } from '../storage/file-records.ts';

/** The name of the node's key: a host is one node. */
export const NODE_KEY = 'node';
const SEED_BYTES = 32;
const NAME = /^[a-z0-9-]{1,32}$/;

/**
 * A host's keys, each 32 bytes in base64url in a file that only its owner may read. A machine without a person at it has nothing to unwrap a
 * key with that would not lie beside it: who can read these files is the host.
 */
export class KeyFiles implements Vault {
  readonly #folder: string;
  readonly #entropy: Entropy;

  constructor(folder: string, entropy: Entropy) {
    this.#folder = folder;
    this.#entropy = entropy;
  }

  async signer(name: string): Promise<Signer> {
    if (!NAME.test(name)) throw new ParleyError('bad-argument', 'A key’s name is 1 to 32 of a–z, 0–9 and “-”.');
    return signerOf(await this.#read(`${name}.key`));
  }

  personSeed(): Promise<Uint8Array> {
    return this.#read('person.seed');
  }

  async setPersonSeed(seed: Uint8Array): Promise<void> {
    if (seed.length !== PERSON_SEED_BYTES) throw new ParleyError('bad-argument', `A seed has ${PERSON_SEED_BYTES} bytes.`);
    await writeAtomically(join(this.#folder, 'person.seed'), toBase64url(seed));
  }

  async #read(fileName: string): Promise<Uint8Array> {
    const path = join(this.#folder, fileName);
    const text = (await textOf(path)) ?? (await this.#make(path));
    const bytes = bytesOf(text);
    if (bytes?.length === SEED_BYTES) return bytes;
    throw new ParleyError('storage-broken', `The key in ${path} is damaged. Restore it from a copy: a new one would make this host another one.`);
  }

  async #make(path: string): Promise<string> {
    const text = toBase64url(this.#entropy.bytes(SEED_BYTES));
    try {
      await writeAtomically(path, text);
    } catch (thrown) {
      throw new ParleyError('storage-denied', `The key ${path} cannot be made: ${asParleyError(thrown).message}`, { cause: thrown });
    }
    return text;
  }
}

/** The node id of a host's keys; `undefined` before it has any. @throws ParleyError `storage-denied`, `storage-broken` */
export async function nodeIdIn(folder: string): Promise<NodeId | undefined> {
  const path = join(folder, `${NODE_KEY}.key`);
  const text = await textOf(path);
  if (text === undefined) return undefined;
  const seed = bytesOf(text);
  if (seed?.length !== SEED_BYTES) throw new ParleyError('storage-broken', `The key in ${path} is damaged.`);
  return nodeIdOf(scriptSignerOf(seed).publicKey);
}

/** The same; a host that never ran gets its key now. @throws ParleyError `storage-denied`, `storage-broken` */
export async function makeNodeIdIn(folder: string, entropy: Entropy): Promise<NodeId> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return nodeIdOf((await new KeyFiles(folder, entropy).signer(NODE_KEY)).publicKey);
}

/** PKCS #8 of an Ed25519 key up to its 32 bytes (RFC 8410, appendix A). */
const PKCS8_PREFIX = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20);

/** The platform signs twenty times as fast as script; a host signs for every call. */
async function signerOf(seed: Uint8Array): Promise<Signer> {
  const script = scriptSignerOf(seed);
  if (!(await hasNativeEd25519())) return script;
  const key = await crypto.subtle.importKey('pkcs8', concatBytes(PKCS8_PREFIX, seed) as Uint8Array<ArrayBuffer>, 'Ed25519', false, ['sign']);
  seed.fill(0);
  return webCryptoSignerOf(key, script.publicKey);
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ParleyError('storage-denied', `The key in ${path} cannot be read: ${asParleyError(thrown).message}`, { cause: thrown });
  }
}

function bytesOf(text: string): Uint8Array | undefined {
  try {
    return fromBase64url(text.trim());
  } catch {
    return undefined;
  }
}
