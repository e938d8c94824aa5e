import { concatBytes, EMPTY_BYTES, equalBytes, utf8 } from '../base/bytes.ts';
import { asParleyError, ParleyError } from '../base/errors.ts';
import { publicKeyOf, type NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { SignatureCheck } from '../ports/keys.ts';
import { decode, encode } from '../wire/codec.ts';
import { chooseFromHellos, decodeHello } from '../wire/hello.ts';
import { readArray, readBytes, readBytesUpTo } from '../wire/readers.ts';
import { readIdentityChain } from './certificates.ts';
import type { ChannelOptions, ProvenIdentity } from './channel.ts';
import type { TransportKeys } from './epoch.ts';
import { hkdfSha256, sha256 } from './hash.ts';
import type { LocalIdentity } from './identity.ts';
import { generateKeyPair } from './key-exchange.ts';
import { DERIVATION_LABELS, labelled, SIGNATURE_LABELS } from './labels.ts';
import { HandshakeState } from './noise/handshake-state.ts';
import { PATTERN_XX, PATTERN_XXPSK3 } from './noise/patterns.ts';
import { NOISE_25519_CHACHAPOLY } from './noise/suite.ts';

/** What every channel of a node shares. */
export type LocalChannelParts = {
  readonly identity: LocalIdentity;
  readonly networkId: Uint8Array;
  readonly psk?: Uint8Array;
  readonly entropy: Entropy;
  readonly localHello: Uint8Array;
};

/** An identity that a handshake message claims; it holds when all of `checks` hold. */
export type ClaimedIdentity = { readonly identity: ProvenIdentity; readonly checks: readonly SignatureCheck[] };

const SIGNATURE_BYTES = 64;

/**
 * The handshake of one channel: Noise XX, or XXpsk3 in a private network. Its prologue binds the network, both hellos and both DTLS certificates in the
 * order of the roles; its payloads carry the identity chains and each node key's signature over the Noise static key.
 *
 *     -> e
 *     <- e, ee, s, es, {responder's identity}
 *     -> s, se, [psk], {initiator's identity}
 */
export class ChannelHandshake {
  readonly #local: LocalChannelParts;
  readonly #expectedNode: NodeId | undefined;
  readonly #isInitiator: boolean;
  readonly #noise: HandshakeState;
  /** The first message carries no identity: its payload would be in clear. */
  #isFirstMessage = true;

  /** @throws ParleyError `malformed`, `too-large`, `version-unsupported` for a peer's hello that cannot be used. */
  constructor(local: LocalChannelParts, options: ChannelOptions, remoteHello: Uint8Array) {
    this.#local = local;
    this.#expectedNode = options.expectedNode;
    this.#isInitiator = options.role === 'initiator';
    const hellos = this.#isInitiator ? [local.localHello, remoteHello] : [remoteHello, local.localHello];
    const fingerprints = this.#isInitiator
      ? [options.localFingerprint, options.remoteFingerprint]
      : [options.remoteFingerprint, options.localFingerprint];
    const [initiatorHello, responderHello] = hellos as [Uint8Array, Uint8Array];
    chooseFromHellos(decodeHello(initiatorHello), decodeHello(responderHello));
    this.#noise = new HandshakeState({
      pattern: local.psk ? PATTERN_XXPSK3 : PATTERN_XX,
      suite: NOISE_25519_CHACHAPOLY,
      initiator: this.#isInitiator,
      prologue: concatBytes(
        utf8(DERIVATION_LABELS.handshakePrologue),
        local.networkId,
        sha256(initiatorHello),
        sha256(responderHello),
        ...fingerprints.map(lengthPrefixed),
      ),
      localStatic: local.identity.noiseStatic,
      ...(local.psk ? { psk: local.psk } : {}),
      generateEphemeral: () => generateKeyPair(local.entropy),
    });
  }

  get isOurTurn(): boolean {
    return this.#noise.isOurTurn;
  }

  get isComplete(): boolean {
    return this.#noise.isComplete;
  }

  get remoteStatic(): Uint8Array | undefined {
    return this.#noise.remoteStatic;
  }

  /** Our next message: the first carries nothing, the second and third our identity. */
  write(): Uint8Array {
    const { chain, noiseSignature } = this.#local.identity;
    const isFirst = this.#isFirstMessage;
    this.#isFirstMessage = false;
    return this.#noise.writeMessage(isFirst ? EMPTY_BYTES : encode([chain, noiseSignature]));
  }

  /**
   * The peer's next message, and who it says to be; nobody in the first message.
   * @throws ParleyError `handshake-failed`, `wrong-network-secret`, `wrong-node`, or what is wrong with the identity chain.
   */
  read(message: Uint8Array, now: number): ClaimedIdentity | undefined {
    const isFirst = this.#isFirstMessage;
    this.#isFirstMessage = false;
    let payload: Uint8Array;
    try {
      payload = this.#noise.readMessage(message);
    } catch (thrown) {
      throw this.#readFailure(thrown);
    }
    if (isFirst) return undefined;
    return this.#claimed(payload, now);
  }

  /** `claimKey` is for {@link sessionClaims}: it shows on another link that one is an end of this session. */
  finish(): { readonly keys: TransportKeys; readonly binding: Uint8Array; readonly claimKey: Uint8Array } {
    const chainingKey = this.#noise.exportChainingKey();
    const claimKey = hkdfSha256(chainingKey, undefined, DERIVATION_LABELS.sessionClaimKey, 32);
    const result = { keys: this.#noise.split(), binding: this.#noise.handshakeHash.slice(), claimKey };
    chainingKey.fill(0);
    this.#noise.wipe();
    return result;
  }

  /** The pre-shared key is mixed in last: when only what comes after it does not open, only the secret differs. */
  #readFailure(thrown: unknown): ParleyError {
    if (this.#local.psk && !this.#isInitiator && this.#noise.remoteStatic) {
      return new ParleyError('wrong-network-secret', 'The other node does not have this network’s secret.', { cause: thrown });
    }
    const error = asParleyError(thrown, 'handshake-failed');
    return error.code === 'handshake-failed'
      ? error
      : new ParleyError('handshake-failed', 'The handshake does not fit this link.', { cause: thrown });
  }

  #claimed(payload: Uint8Array, now: number): ClaimedIdentity {
    const [chainItem, signatureItem] = readArray(decode(payload, LIMITS.maxIdentityPayloadBytes), 'An identity', 2);
    const chain = readIdentityChain(readBytesUpTo(chainItem, 'An identity chain', LIMITS.maxIdentityPayloadBytes), now);
    if (this.#expectedNode && chain.node !== this.#expectedNode) {
      throw new ParleyError('wrong-node', 'Another node answered than the one that was called.');
    }
    const staticKey = this.#noise.remoteStatic as Uint8Array;
    if (equalBytes(staticKey, this.#local.identity.noiseStatic.publicKey))
      throw new ParleyError('handshake-failed', 'The peer is a reflection of this node.');
    const signed: SignatureCheck = {
      publicKey: publicKeyOf(chain.node),
      message: labelled(SIGNATURE_LABELS.noiseStatic, staticKey),
      signature: readBytes(signatureItem, 'A signature', SIGNATURE_BYTES),
    };
    const { node, device, person, deviceList } = chain;
    return { identity: { node, device, person, deviceList, run: staticKey.slice() }, checks: [...chain.checks, signed] };
  }
}

function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}
