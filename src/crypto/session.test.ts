import { beforeEach, describe, expect, it } from 'vitest';
import { seededEntropy } from '../../test/support/seeded-identity.ts';
import { EMPTY_BYTES, utf8 } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { CONTROL, epochBeginBody, SEALED_ROOM } from './channel-frames.ts';
import type { ChannelOutput } from './channel.ts';
import { generateKeyPair } from './key-exchange.ts';
import { RekeyHandshake } from './rekey.ts';
import { Session } from './session.ts';

const START = 1_800_000_000_000;
const BINDING = new Uint8Array(32).fill(3);
const ENTROPY = seededEntropy(9);
const [localPair, remotePair] = [generateKeyPair(ENTROPY), generateKeyPair(ENTROPY)];
const key = (value: number) => new Uint8Array(32).fill(value);

/** The text in a frame with room for what sealing adds. */
function framed(text: string): Uint8Array {
  const payload = utf8(text);
  const frame = new Uint8Array(SEALED_ROOM.before + payload.length + SEALED_ROOM.after);
  frame.set(payload, SEALED_ROOM.before);
  return frame;
}

/** A session, and the one of a peer who seals control frames at will. */
class Pair {
  readonly outputs: ChannelOutput[] = [];
  readonly ends: string[] = [];
  readonly victim: Session;
  readonly peer: Session;
  now = START;

  constructor() {
    const shared = { binding: BINDING, entropy: ENTROPY, now: START, onConfirmed: () => undefined };
    this.victim = new Session(
      {
        ...shared,
        isInitiator: false,
        keys: { sending: key(1), receiving: key(2) },
        localStatic: localPair,
        remoteStatic: remotePair.publicKey,
        emit: (output) => this.outputs.push(output),
        onEnd: (code) => {
          this.ends.push(code);
          this.victim.wipe();
        },
      },
      1,
    );
    this.peer = new Session(
      {
        ...shared,
        isInitiator: true,
        keys: { sending: key(2), receiving: key(1) },
        localStatic: remotePair,
        remoteStatic: localPair.publicKey,
        emit: (output) => output.type === 'transmit' && this.victim.receive(output.frame, this.now),
        onEnd: () => undefined,
      },
      1,
    );
  }

  request(): Uint8Array {
    return new RekeyHandshake({
      initiator: true,
      localStatic: remotePair,
      remoteStatic: localPair.publicKey,
      binding: BINDING,
      epoch: 0,
      entropy: ENTROPY,
    }).write();
  }

  faults(): readonly string[] {
    return this.outputs.flatMap((output) => (output.type === 'fault' ? [output.code] : []));
  }

  delivered(): readonly Uint8Array[] {
    return this.outputs.flatMap((output) => (output.type === 'deliver' ? [output.payload] : []));
  }
}

describe('a session whose peer seals control frames at will', () => {
  let pair: Pair;

  beforeEach(() => {
    pair = new Pair();
  });

  it('answers a request for fresh keys when it is time', () => {
    pair.now = START + LIMITS.minRekeyIntervalMs;
    pair.peer.control(CONTROL.rekeyRequest, pair.request());
    expect(pair.ends).toEqual([]);
    expect(pair.outputs.filter(({ type }) => type === 'transmit')).toHaveLength(2);
  });

  it('ends as rate-limited when fresh keys are asked for too often: no handshake is computed', () => {
    for (let count = 0; count < 5; count++) pair.peer.control(CONTROL.rekeyRequest, pair.request());
    expect(pair.ends).toEqual(['rate-limited']);
    expect(pair.outputs.filter(({ type }) => type === 'transmit')).toEqual([]);
  });

  it.each([EMPTY_BYTES, new Uint8Array(48), new Uint8Array(4_000)])('ends as handshake-failed for a request that does not fit', (message) => {
    pair.now = START + LIMITS.rekeyAfterMs;
    pair.peer.control(CONTROL.rekeyRequest, message);
    expect(pair.ends).toEqual(['handshake-failed']);
  });

  it('ends as handshake-failed for an answer that does not fit', () => {
    pair.now = START + LIMITS.rekeyAfterMs;
    pair.victim.send(framed('asks'), pair.now);
    pair.peer.control(CONTROL.rekeyAnswer, new Uint8Array(48));
    expect(pair.ends).toEqual(['handshake-failed']);
  });

  it('drops an answer that nobody asked for and a control frame of no known kind', () => {
    pair.peer.control(CONTROL.rekeyAnswer, new Uint8Array(48));
    pair.peer.control(99, EMPTY_BYTES);
    pair.peer.send(framed('goes on'), START);
    expect(pair.faults()).toEqual(['protocol-violation', 'protocol-violation']);
    expect(pair.delivered()).toEqual([utf8('goes on')]);
    expect(pair.ends).toEqual([]);
  });

  it('takes no word of a new epoch in the middle of one', () => {
    pair.peer.control(CONTROL.epochBegin, epochBeginBody(0));
    pair.peer.control(CONTROL.epochBegin, EMPTY_BYTES);
    pair.peer.send(framed('goes on'), START);
    expect(pair.delivered()).toEqual([utf8('goes on')]);
    expect(pair.ends).toEqual([]);
  });

  it('ends as overloaded when the peer sends faster than large frames are opened', () => {
    const frames: Uint8Array[] = [];
    for (let index = 0; index <= LIMITS.maxQueuedFrames; index++) {
      const frame = new Uint8Array(8 + 16 + LIMITS.bulkFrameBytes + 1);
      frame[0] = 4;
      frame.set([index >> 8, index & 0xff], 6);
      frames.push(frame);
    }
    for (const frame of frames) pair.victim.receive(frame, START);
    expect(pair.ends).toEqual(['overloaded']);
  });
});
