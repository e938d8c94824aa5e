/**
 * The bytes as WebCrypto's types want them: backed by an ArrayBuffer that is not shared. Ours never are, so this
 * copies only what somebody handed in from shared memory.
 */
export function arrayBufferBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
