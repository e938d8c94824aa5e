import { utf8 } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import type { Entropy } from '../ports/entropy.ts';
import { generateKeyPair, type KeyPair } from './key-exchange.ts';
import { DERIVATION_LABELS } from './labels.ts';
import { HandshakeState } from './noise/handshake-state.ts';
import { PATTERN_N } from './noise/patterns.ts';
import { NOISE_25519_CHACHAPOLY } from './noise/suite.ts';

/**
 * Seals a message to an X25519 key in one shot, by Noise_N_25519_ChaChaPoly_SHA256 (Noise §7.4). The sender stays anonymous: who needs
 * to know signs inside. `purpose` and the target are bound in, so a box opens for nothing else.
 *
 * @throws ParleyError `handshake-failed` when the key is not usable.
 */
export function sealToKey(target: Uint8Array, purpose: string, message: Uint8Array, entropy: Entropy): Uint8Array {
  const handshake = new HandshakeState({
    pattern: PATTERN_N,
    suite: NOISE_25519_CHACHAPOLY,
    initiator: true,
    prologue: prologueOf(purpose),
    remoteStatic: target,
    generateEphemeral: () => generateKeyPair(entropy),
  });
  return handshake.writeMessage(message);
}

/** @throws ParleyError `decrypt-failed` for anything that was not sealed to this key for this purpose. */
export function openSealedBox(mine: KeyPair, purpose: string, sealed: Uint8Array): Uint8Array {
  const handshake = new HandshakeState({
    pattern: PATTERN_N,
    suite: NOISE_25519_CHACHAPOLY,
    initiator: false,
    prologue: prologueOf(purpose),
    localStatic: mine,
  });
  try {
    return handshake.readMessage(sealed);
  } catch (cause) {
    throw new ParleyError('decrypt-failed', 'The sealed message is not for us, or was altered.', { cause });
  }
}

function prologueOf(purpose: string): Uint8Array {
  return utf8(`${DERIVATION_LABELS.sealedBox}\0${purpose}`);
}
