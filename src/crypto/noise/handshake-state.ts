import { concatBytes, EMPTY_BYTES } from '../../base/bytes.ts';
import { ParleyError } from '../../base/errors.ts';
import type { KeyPair } from '../key-exchange.ts';
import type { NoisePattern, NoiseToken } from './patterns.ts';
import { SymmetricState } from './symmetric-state.ts';
import type { NoiseSuite } from './suite.ts';

export type HandshakeOptions = {
  readonly pattern: NoisePattern;
  readonly suite: NoiseSuite;
  readonly initiator: boolean;
  readonly prologue: Uint8Array;
  /** `s` */
  readonly localStatic?: KeyPair;
  /** `rs`, where the pattern has it as a pre-message. */
  readonly remoteStatic?: Uint8Array;
  /** 32 bytes, for patterns with a `psk` token. */
  readonly psk?: Uint8Array;
  /** `GENERATE_KEYPAIR()` for `e`; not needed by a side that never sends one. */
  generateEphemeral?(): KeyPair;
};

const TAG_BYTES = 16;
/** Noise §3. */
const MAX_MESSAGE_BYTES = 65_535;

/** HandshakeState, Noise revision 34, §5.3, with the pre-shared keys of §9. */
export class HandshakeState {
  readonly #suite: NoiseSuite;
  readonly #symmetric: SymmetricState;
  readonly #initiator: boolean;
  readonly #messages: readonly (readonly NoiseToken[])[];
  readonly #hasPsk: boolean;
  readonly #options: HandshakeOptions;
  #e: KeyPair | undefined;
  #rs: Uint8Array | undefined;
  #re: Uint8Array | undefined;
  #next = 0;

  /** Initialize */
  constructor(options: HandshakeOptions) {
    const { pattern, suite, initiator, prologue, localStatic, remoteStatic } = options;
    this.#options = options;
    this.#suite = suite;
    this.#initiator = initiator;
    this.#messages = pattern.messages;
    this.#hasPsk = pattern.messages.some((tokens) => tokens.includes('psk'));
    this.#symmetric = new SymmetricState(suite, `Noise_${pattern.name}_${suite.name}`);
    this.#symmetric.mixHash(prologue);
    this.#rs = remoteStatic;
    const initiatorStatic = initiator ? localStatic?.publicKey : remoteStatic;
    const responderStatic = initiator ? remoteStatic : localStatic?.publicKey;
    if (pattern.preInitiator.length > 0) this.#symmetric.mixHash(need(initiatorStatic));
    if (pattern.preResponder.length > 0) this.#symmetric.mixHash(need(responderStatic));
  }

  get isComplete(): boolean {
    return this.#next >= this.#messages.length;
  }

  /** Whether the next message is ours to write. */
  get isOurTurn(): boolean {
    return !this.isComplete && (this.#next % 2 === 0) === this.#initiator;
  }

  /** The peer's static key, once it is known. */
  get remoteStatic(): Uint8Array | undefined {
    return this.#rs;
  }

  /** `h`: after the last message it names this session (§11.2). */
  get handshakeHash(): Uint8Array {
    return this.#symmetric.handshakeHash();
  }

  /** WriteMessage */
  writeMessage(payload: Uint8Array): Uint8Array {
    if (!this.isOurTurn) throw new ParleyError('internal', 'A handshake message out of turn.');
    const parts: Uint8Array[] = [];
    for (const token of this.#takeTokens()) {
      if (token === 'e') {
        this.#e = need(this.#options.generateEphemeral)();
        parts.push(this.#e.publicKey);
        this.#symmetric.mixHash(this.#e.publicKey);
        // §9.2: with pre-shared keys the ephemeral also randomises the key.
        if (this.#hasPsk) this.#symmetric.mixKey(this.#e.publicKey);
      } else if (token === 's') {
        parts.push(this.#symmetric.encryptAndHash(need(this.#options.localStatic).publicKey));
      } else {
        this.#mix(token);
      }
    }
    parts.push(this.#symmetric.encryptAndHash(payload));
    return concatBytes(...parts);
  }

  /** ReadMessage. @throws for anything but the message that belongs here. The handshake is of no use afterwards. */
  readMessage(message: Uint8Array): Uint8Array {
    if (this.isComplete || this.isOurTurn) throw new ParleyError('handshake-failed', 'A handshake message out of turn.');
    if (message.length > MAX_MESSAGE_BYTES) throw new ParleyError('too-large', 'A handshake message is too large.');
    let offset = 0;
    const take = (length: number): Uint8Array => {
      if (offset + length > message.length) throw new ParleyError('malformed', 'A handshake message is cut off.');
      offset += length;
      return message.subarray(offset - length, offset);
    };
    for (const token of this.#takeTokens()) {
      if (token === 'e') {
        this.#re = take(this.#suite.dhBytes).slice();
        this.#symmetric.mixHash(this.#re);
        if (this.#hasPsk) this.#symmetric.mixKey(this.#re);
      } else if (token === 's') {
        this.#rs = this.#symmetric.decryptAndHash(take(this.#suite.dhBytes + (this.#symmetric.hasKey() ? TAG_BYTES : 0))).slice();
      } else {
        this.#mix(token);
      }
    }
    return this.#symmetric.decryptAndHash(message.subarray(offset));
  }

  /** Split: the keys for sending and for receiving, from this side. */
  split(): { readonly sending: Uint8Array; readonly receiving: Uint8Array } {
    const [first, second] = this.#symmetric.split();
    return this.#initiator ? { sending: first, receiving: second } : { sending: second, receiving: first };
  }

  exportChainingKey(): Uint8Array {
    return this.#symmetric.exportChainingKey();
  }

  wipe(): void {
    this.#e?.privateKey.fill(0);
    this.#symmetric.wipe();
  }

  #takeTokens(): readonly NoiseToken[] {
    return this.#messages[this.#next++] as readonly NoiseToken[];
  }

  /** The tokens that only mix a secret in. */
  #mix(token: Exclude<NoiseToken, 'e' | 's'>): void {
    const { localStatic, psk } = this.#options;
    switch (token) {
      case 'ee':
        return this.#symmetric.mixKey(this.#suite.dh(need(this.#e), need(this.#re)));
      case 'es':
        return this.#symmetric.mixKey(
          this.#initiator ? this.#suite.dh(need(this.#e), need(this.#rs)) : this.#suite.dh(need(localStatic), need(this.#re)),
        );
      case 'se':
        return this.#symmetric.mixKey(
          this.#initiator ? this.#suite.dh(need(localStatic), need(this.#re)) : this.#suite.dh(need(this.#e), need(this.#rs)),
        );
      case 'ss':
        return this.#symmetric.mixKey(this.#suite.dh(need(localStatic), need(this.#rs)));
      case 'psk':
        return this.#symmetric.mixKeyAndHash(psk ?? EMPTY_BYTES);
    }
  }
}

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new ParleyError('internal', 'A handshake was set up without a key that its pattern needs.');
  return value;
}
