import { describe, expect, it } from 'vitest';
import { loadVectors } from '../../../test/support/vectors.ts';
import { fromHex, toHex } from '../../base/bytes.ts';
import { keyPairOf } from '../key-exchange.ts';
import { CipherState } from './cipher-state.ts';
import { HandshakeState } from './handshake-state.ts';
import { PATTERN_KK, PATTERN_N, PATTERN_XX, PATTERN_XXPSK3, type NoisePattern } from './patterns.ts';
import { NOISE_25519_CHACHAPOLY } from './suite.ts';
import cacophony from './cacophony-vectors.json' with { type: 'json' };

type Vector = {
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly init_ephemeral?: string;
  readonly init_static?: string;
  readonly init_remote_static?: string;
  readonly init_psks?: readonly string[];
  readonly resp_prologue: string;
  readonly resp_ephemeral?: string;
  readonly resp_static?: string;
  readonly resp_remote_static?: string;
  readonly resp_psks?: readonly string[];
  readonly handshake_hash?: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
};

const PATTERNS: Readonly<Record<string, NoisePattern>> = { N: PATTERN_N, XX: PATTERN_XX, XXpsk3: PATTERN_XXPSK3, KK: PATTERN_KK };

function side(vector: Vector, prefix: 'init' | 'resp'): HandshakeState {
  const hex = (name: string): Uint8Array | undefined => {
    const text = (vector as unknown as Record<string, string | undefined>)[`${prefix}_${name}`];
    return text === undefined ? undefined : fromHex(text);
  };
  const [, pattern = ''] = vector.protocol_name.split('_');
  const localStatic = hex('static');
  const remoteStatic = hex('remote_static');
  const ephemeral = hex('ephemeral');
  const psk = vector[`${prefix}_psks`]?.[0];
  return new HandshakeState({
    pattern: PATTERNS[pattern] as NoisePattern,
    suite: NOISE_25519_CHACHAPOLY,
    initiator: prefix === 'init',
    prologue: hex('prologue') as Uint8Array,
    ...(localStatic ? { localStatic: keyPairOf(localStatic) } : {}),
    ...(remoteStatic ? { remoteStatic } : {}),
    ...(psk ? { psk: fromHex(psk) } : {}),
    ...(ephemeral ? { generateEphemeral: () => keyPairOf(ephemeral) } : {}),
  });
}

function run(vector: Vector): void {
  const initiator = side(vector, 'init');
  const responder = side(vector, 'resp');
  const transport: { initiator: CipherState; responder: CipherState }[] = [];
  const isOneWay = vector.protocol_name.startsWith('Noise_N_');
  vector.messages.forEach(({ payload, ciphertext }, index) => {
    if (!initiator.isComplete) {
      const [writer, reader] = index % 2 === 0 ? [initiator, responder] : [responder, initiator];
      const message = writer.writeMessage(fromHex(payload));
      expect(toHex(message)).toBe(ciphertext);
      expect(toHex(reader.readMessage(message))).toBe(payload);
      if (!initiator.isComplete) return;
      if (vector.handshake_hash) expect(toHex(initiator.handshakeHash)).toBe(vector.handshake_hash);
      expect(toHex(responder.handshakeHash)).toBe(toHex(initiator.handshakeHash));
      const a = initiator.split();
      const b = responder.split();
      for (const [sending, receiving] of [
        [a.sending, b.receiving],
        [b.sending, a.receiving],
      ] as const) {
        const pair = { initiator: new CipherState(NOISE_25519_CHACHAPOLY), responder: new CipherState(NOISE_25519_CHACHAPOLY) };
        pair.initiator.initializeKey(sending);
        pair.responder.initializeKey(receiving);
        transport.push(pair);
      }
      return;
    }
    const direction = transport[isOneWay ? 0 : index % 2] as { initiator: CipherState; responder: CipherState };
    const sealed = direction.initiator.encryptWithAd(new Uint8Array(0), fromHex(payload));
    expect(toHex(sealed)).toBe(ciphertext);
    expect(toHex(direction.responder.decryptWithAd(new Uint8Array(0), sealed))).toBe(payload);
  });
}

describe('Noise', () => {
  for (const vector of cacophony.vectors as readonly Vector[]) {
    it(`reproduces the public vector of ${vector.protocol_name}`, () => run(vector));
  }

  it('reproduces every public vector of its patterns and suite', () => {
    const file = loadVectors<{ readonly vectors: readonly Vector[] }>('noise/noise-25519-sha256.json');
    const ours = (file?.vectors ?? []).filter(({ protocol_name: name }) => /^Noise_(N|XX|XXpsk3|KK)_25519_ChaChaPoly_SHA256$/.test(name));
    for (const vector of ours) run(vector);
    if (file) expect(ours.length).toBe(4);
  });

  it('refuses an altered message', () => {
    const vector = (cacophony.vectors as readonly Vector[]).find(({ protocol_name: name }) => name.includes('_XX_')) as Vector;
    const initiator = side(vector, 'init');
    const responder = side(vector, 'resp');
    responder.readMessage(initiator.writeMessage(new Uint8Array(0)));
    const second = responder.writeMessage(new Uint8Array(3));
    second[40] = (second[40] as number) ^ 1;
    expect(() => initiator.readMessage(second)).toThrow();
  });
});
