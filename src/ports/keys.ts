/** Signs with one Ed25519 key that may not be extractable. The signature is over exactly `message`: callers put the domain label in. */
export interface Signer {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

export type SignatureCheck = {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
};

/** Verifies Ed25519 as RFC 8032 with canonical encodings only: the same set of signatures in every back end. Never throws. */
export interface Verifier {
  verify(check: SignatureCheck): Promise<boolean>;
}

/** AES-256-GCM for bulk frames, off the main thread where the platform does that. */
export interface BulkCipher {
  /** Ciphertext ‖ 16-byte tag. */
  seal(job: BulkJob): Promise<Uint8Array>;
  /** `undefined` when the tag does not match. */
  open(job: BulkJob): Promise<Uint8Array | undefined>;
}

export type BulkJob = {
  /** The identity of the array is its name: an implementation may cache the imported key by it. */
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly associatedData: Uint8Array;
  readonly data: Uint8Array;
};
