import { gcm } from '@noble/ciphers/aes.js';
import type { BulkJob } from '../../src/ports/keys.ts';

/** AES-256-GCM at once: what the pump's WebCrypto does later. `undefined` when a tag does not match. */
export function bulkNow(operation: 'seal' | 'open', { key, nonce, associatedData, data }: BulkJob): Uint8Array | undefined {
  const cipher = gcm(key, nonce, associatedData);
  if (operation === 'seal') return cipher.encrypt(data);
  try {
    return cipher.decrypt(data);
  } catch {
    return undefined;
  }
}
