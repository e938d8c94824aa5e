/** Cryptographically secure random bytes; a seeded double in simulations. */
export interface Entropy {
  bytes(length: number): Uint8Array;
}
