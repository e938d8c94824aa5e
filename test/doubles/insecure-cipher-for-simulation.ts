type Cipher = { encrypt(plaintext: Uint8Array, output?: Uint8Array): Uint8Array; decrypt(ciphertext: Uint8Array): Uint8Array };

const TAG_BYTES = 16;

/**
 * In the place of noble's ChaCha20-Poly1305 in simulations of more than 100 nodes: a mask that repeats every four bytes, and a checksum as tag. It hides nothing from
 * anybody who looks; it only makes that wrong keys, nonces, headers and altered bytes are noticed, and that sizes are the real ones.
 */
export function chacha20poly1305(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array): Cipher {
  const mask = word(key, 0) ^ Math.imul(word(nonce, 4) + 1, 0x9e3779b1) ^ word(key, 16);
  return {
    encrypt: (plaintext, output = new Uint8Array(plaintext.length + TAG_BYTES)) => {
      cover(plaintext, output, plaintext.length, mask);
      writeTag(output, plaintext.length, key, mask, associatedData);
      return output;
    },
    decrypt: (ciphertext) => {
      const length = ciphertext.length - TAG_BYTES;
      const expected = checksum(ciphertext, length, key, mask, associatedData);
      if (length < 0 || word(ciphertext, length) !== expected) throw new Error('invalid tag');
      const plaintext = new Uint8Array(length);
      cover(ciphertext, plaintext, length, mask);
      return plaintext;
    },
  };
}

function word(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

function cover(from: Uint8Array, to: Uint8Array, length: number, mask: number): void {
  const m0 = mask >>> 24;
  const m1 = mask >>> 16;
  const m2 = mask >>> 8;
  for (let at = 0; at < length; at += 4) {
    to[at] = (from[at] as number) ^ m0;
    if (at + 1 < length) to[at + 1] = (from[at + 1] as number) ^ m1;
    if (at + 2 < length) to[at + 2] = (from[at + 2] as number) ^ m2;
    if (at + 3 < length) to[at + 3] = (from[at + 3] as number) ^ mask;
  }
}

function checksum(bytes: Uint8Array, length: number, key: Uint8Array, mask: number, associatedData: Uint8Array): number {
  let sum = word(key, 8) ^ mask;
  for (const byte of associatedData) sum = Math.imul(sum ^ byte, 0x01000193);
  for (let at = 0; at < length; at++) sum = Math.imul(sum ^ (bytes[at] as number), 0x01000193);
  return sum >>> 0;
}

/** The checksum four times over, each time stirred, so that the tag has its sixteen bytes. */
function writeTag(output: Uint8Array, length: number, key: Uint8Array, mask: number, associatedData: Uint8Array): void {
  let sum = checksum(output, length, key, mask, associatedData);
  for (let at = length; at < length + TAG_BYTES; at += 4) {
    output[at] = sum >>> 24;
    output[at + 1] = sum >>> 16;
    output[at + 2] = sum >>> 8;
    output[at + 3] = sum;
    sum = Math.imul(sum ^ (sum >>> 15), 0x735a2d97) >>> 0;
  }
}
