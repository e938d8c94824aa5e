import { createCipheriv, createDecipheriv } from 'node:crypto';
import { LIMITS } from '../../base/limits.ts';
import { SEALED_HEADER_BYTES, SEALED_OVERHEAD_BYTES } from '../../crypto/channel-frames.ts';

const ALGORITHM = 'chacha20-poly1305';
const TAG_BYTES = SEALED_OVERHEAD_BYTES - SEALED_HEADER_BYTES;
const OPTIONS = { authTagLength: TAG_BYTES };

/** In the place of src/crypto/small-cipher.ts: the same frames by OpenSSL, in a third of the time at 1 KiB. */
export function sealFrame(key: Uint8Array, nonce: Uint8Array, frame: Uint8Array): void {
  const text = frame.subarray(SEALED_HEADER_BYTES, frame.length - TAG_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, OPTIONS);
  cipher.setAAD(frame.subarray(0, SEALED_HEADER_BYTES), { plaintextLength: text.length });
  text.set(cipher.update(text));
  cipher.final();
  frame.set(cipher.getAuthTag(), frame.length - TAG_BYTES);
}

export function openFrame(key: Uint8Array, nonce: Uint8Array, frame: Uint8Array): Uint8Array | undefined {
  const textBytes = frame.length - SEALED_OVERHEAD_BYTES;
  if (textBytes < 0 || textBytes > LIMITS.bulkFrameBytes) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, nonce, OPTIONS);
  decipher.setAAD(frame.subarray(0, SEALED_HEADER_BYTES), { plaintextLength: textBytes });
  decipher.setAuthTag(frame.subarray(frame.length - TAG_BYTES));
  // Not a view of a buffer that others share: what is read from it is kept, and may be handed to a worker.
  const plaintext = new Uint8Array(textBytes);
  plaintext.set(decipher.update(frame.subarray(SEALED_HEADER_BYTES, frame.length - TAG_BYTES)));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}
