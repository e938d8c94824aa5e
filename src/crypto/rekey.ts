import { concatBytes, EMPTY_BYTES, utf8, uint64be } from '../base/bytes.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { TransportKeys } from './epoch.ts';
import { generateKeyPair, type KeyPair } from './key-exchange.ts';
import { DERIVATION_LABELS } from './labels.ts';
import { HandshakeState } from './noise/handshake-state.ts';
import { PATTERN_KK } from './noise/patterns.ts';
import { NOISE_25519_CHACHAPOLY } from './noise/suite.ts';

export type FreshKeys = { readonly keys: TransportKeys; readonly binding: Uint8Array };

/**
 * A fresh Noise KK handshake inside a session, with the static keys that the first handshake proved. Its prologue names the session and the
 * epoch that it ends, so no message of it fits another session or another time.
 */
export class RekeyHandshake {
  readonly #noise: HandshakeState;

  constructor(options: {
    readonly initiator: boolean;
    readonly localStatic: KeyPair;
    readonly remoteStatic: Uint8Array;
    readonly binding: Uint8Array;
    readonly epoch: number;
    readonly entropy: Entropy;
  }) {
    this.#noise = new HandshakeState({
      pattern: PATTERN_KK,
      suite: NOISE_25519_CHACHAPOLY,
      initiator: options.initiator,
      prologue: concatBytes(utf8(DERIVATION_LABELS.rekeyPrologue), options.binding, uint64be(BigInt(options.epoch))),
      localStatic: options.localStatic,
      remoteStatic: options.remoteStatic,
      generateEphemeral: () => generateKeyPair(options.entropy),
    });
  }

  write(): Uint8Array {
    return this.#noise.writeMessage(EMPTY_BYTES);
  }

  /** @throws for anything but the peer's message of this handshake. */
  read(message: Uint8Array): void {
    this.#noise.readMessage(message);
  }

  finish(): FreshKeys {
    const fresh = { keys: this.#noise.split(), binding: this.#noise.handshakeHash.slice() };
    this.#noise.wipe();
    return fresh;
  }

  wipe(): void {
    this.#noise.wipe();
  }
}
