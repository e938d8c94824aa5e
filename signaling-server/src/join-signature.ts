import { Buffer } from 'node:buffer';
import { createHash, createPublicKey, verify } from 'node:crypto';

const JOIN_LABEL = Buffer.from('parley/join/v1\0');
/** SubjectPublicKeyInfo of an Ed25519 key up to the key itself, RFC 8410 §4. */
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** What a node signs to join, PROTOCOL.md. */
export function joinPayload(challenge: Uint8Array, room: Uint8Array, card: Uint8Array): Buffer {
  return Buffer.concat([JOIN_LABEL, challenge, room, createHash('sha256').update(card).digest()]);
}

/** Whether `signature` over the payload is by `node`, a raw Ed25519 key (RFC 8032). Any other input is just not a valid signature. */
export function isJoinSignature(node: Uint8Array, signature: Uint8Array, payload: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.concat([ED25519_SPKI_PREFIX, node]), format: 'der', type: 'spki' });
    return verify(null, payload, key, signature);
  } catch {
    return false;
  }
}
