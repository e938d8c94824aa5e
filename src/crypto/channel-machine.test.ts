import { beforeAll, describe, expect, it } from 'vitest';
import { ChannelPair, type Side } from '../../test/support/channel-pair.ts';
import { seededEntropy, seededIdentity } from '../../test/support/seeded-identity.ts';
import { EMPTY_BYTES, utf8 } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { CHANNEL_FRAME, SEALED_HEADER_BYTES, SEALED_OVERHEAD_BYTES } from './channel-frames.ts';
import type { ChannelOptions } from './channel.ts';
import type { LocalIdentity } from './identity.ts';
import { createSecureChannelFactory, type SecureChannelFactory } from './secure-channel.ts';

const START = Date.UTC(2026, 10, 24);
const NETWORK = new Uint8Array(32).fill(1);
const FINGERPRINT_A = new Uint8Array(34).fill(0xa);
const FINGERPRINT_B = new Uint8Array(34).fill(0xb);

let alice: LocalIdentity;
let bob: LocalIdentity;
let eve: LocalIdentity;

beforeAll(async () => {
  [alice, bob, eve] = await Promise.all([seededIdentity(1, START), seededIdentity(2, START), seededIdentity(3, START)]);
});

type PairOptions = {
  readonly pskA?: Uint8Array;
  readonly pskB?: Uint8Array;
  readonly networkB?: Uint8Array;
  readonly optionsA?: Partial<ChannelOptions>;
  readonly optionsB?: Partial<ChannelOptions>;
  readonly withHellos?: boolean;
  readonly identityB?: LocalIdentity;
};

function factory(identity: LocalIdentity, seed: number, psk?: Uint8Array, networkId: Uint8Array = NETWORK): SecureChannelFactory {
  return createSecureChannelFactory({ identity, networkId, entropy: seededEntropy(seed), ...(psk ? { psk } : {}) });
}

function pairOf(options: PairOptions = {}): ChannelPair {
  const a = factory(alice, 11, options.pskA);
  const b = factory(options.identityB ?? bob, 12, options.pskB, options.networkB);
  const fingerprintsA = { localFingerprint: FINGERPRINT_A, remoteFingerprint: FINGERPRINT_B };
  const fingerprintsB = { localFingerprint: FINGERPRINT_B, remoteFingerprint: FINGERPRINT_A };
  const helloA = options.withHellos ? { remoteHello: b.localHello } : {};
  const helloB = options.withHellos ? { remoteHello: a.localHello } : {};
  return new ChannelPair(
    a({ role: 'initiator', ...fingerprintsA, ...helloA, ...options.optionsA }, START),
    b({ role: 'responder', ...fingerprintsB, ...helloB, ...options.optionsB }, START),
    START,
  );
}

/** The payload as the channel takes it, inside the memory of its frame. */
function framed(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(SEALED_OVERHEAD_BYTES + payload.length);
  frame.set(payload, SEALED_HEADER_BYTES);
  return frame;
}

async function openPair(options: PairOptions = {}): Promise<ChannelPair> {
  const pair = pairOf(options);
  await pair.settle();
  expect(pair.a.end).toBeUndefined();
  expect(pair.b.end).toBeUndefined();
  expect(pair.a.established).toBeDefined();
  expect(pair.b.established).toBeDefined();
  return pair;
}

describe('the secure channel', () => {
  it('proves to each side who the other is, with hellos in the introductions and on the link', async () => {
    for (const withHellos of [true, false]) {
      const pair = await openPair({ withHellos });
      expect(pair.a.established?.identity).toMatchObject({ node: bob.node, device: bob.device, person: bob.person });
      expect(pair.b.established?.identity).toMatchObject({ node: alice.node, device: alice.device, person: alice.person });
      expect(pair.a.established?.channelBinding).toEqual(pair.b.established?.channelBinding);
    }
  });

  it('carries payloads of every size in the order in which they were sent', async () => {
    const pair = await openPair();
    const sizes = [0, 1, 100, 5000, 10, 65_000, 1, LIMITS.bulkFrameBytes, LIMITS.bulkFrameBytes + 1, pair.a.channel.maxPayloadBytes];
    for (const size of sizes) pair.input(pair.a, { type: 'send', frame: framed(new Uint8Array(size).fill(size)) });
    for (const size of sizes) pair.input(pair.b, { type: 'send', frame: framed(new Uint8Array(size).fill(size)) });
    await pair.settle();
    expect(pair.b.delivered.map((payload) => payload.length)).toEqual(sizes);
    expect(pair.a.delivered.map((payload) => payload.length)).toEqual(sizes);
    expect(pair.b.delivered.every((payload) => payload.every((byte) => byte === payload.length % 256))).toBe(true);
    expect(Math.max(...pair.a.transmitted.map((frame) => frame.length))).toBe(LIMITS.maxFrameBytes);
  });

  it('lets nobody on the link read a payload', async () => {
    const pair = await openPair();
    const canary = utf8('canary-canary-canary');
    pair.input(pair.a, { type: 'send', frame: framed(canary) });
    pair.input(pair.a, { type: 'send', frame: framed(new Uint8Array(9000).fill(0x63)) });
    await pair.settle();
    const seen = pair.a.transmitted.map((frame) => Buffer.from(frame).toString('latin1')).join();
    expect(seen).not.toContain('canary');
    expect(seen).not.toContain('cccccccc');
  });

  it('opens in a private network for those who have the secret', async () => {
    const psk = new Uint8Array(32).fill(9);
    await openPair({ pskA: psk, pskB: psk });
  });

  it('ends with wrong-network-secret on both sides when the secrets differ', async () => {
    const pair = pairOf({ pskA: new Uint8Array(32).fill(9), pskB: new Uint8Array(32).fill(8) });
    await pair.settle();
    expect(pair.b.end).toEqual({ code: 'wrong-network-secret', remote: false });
    expect(pair.a.end).toEqual({ code: 'wrong-network-secret', remote: true });
    expect(pair.a.established ?? pair.b.established).toBeUndefined();
  });

  it.each([
    ['another network', { networkB: new Uint8Array(32).fill(2) }],
    ['a swapped fingerprint', { optionsA: { remoteFingerprint: new Uint8Array(34).fill(0xe) } }],
    ['a swapped fingerprint at the responder', { optionsB: { remoteFingerprint: new Uint8Array(34).fill(0xe) } }],
    ['a secret on one side only', { pskA: new Uint8Array(32).fill(9) }],
  ] as const)('fails the handshake for %s', async (_what, options) => {
    const pair = pairOf(options);
    await pair.settle();
    expect(pair.a.end?.code).toBe('handshake-failed');
    expect(pair.b.end?.code).toBe('handshake-failed');
    expect(pair.a.established ?? pair.b.established).toBeUndefined();
  });

  it('fails the handshake when somebody edits a hello on its way', async () => {
    const pair = pairOf();
    pair.tamper = (frame) => {
      if (frame[0] === CHANNEL_FRAME.hello) frame[frame.length - 1] = (frame.at(-1) as number) ^ 1;
      return frame;
    };
    await pair.settle();
    expect([pair.a.end?.code, pair.b.end?.code]).toEqual(['handshake-failed', 'handshake-failed']);
  });

  it('refuses another node than the one that was called', async () => {
    const pair = pairOf({ optionsA: { expectedNode: bob.node }, identityB: eve });
    await pair.settle();
    expect(pair.a.end?.code).toBe('wrong-node');
  });

  it('refuses an identity whose chain was signed by somebody else', async () => {
    const forged: LocalIdentity = { ...eve, node: bob.node, chain: bob.chain };
    const pair = pairOf({ identityB: forged });
    await pair.settle();
    expect(pair.a.end?.code).toBe('bad-signature');
    expect(pair.b.end?.code).toBe('bad-signature');
  });

  it('drops altered, repeated and invented frames and goes on', async () => {
    const pair = await openPair();
    pair.tamper = (frame) => {
      const altered = frame.slice();
      altered[altered.length - 1] = (altered.at(-1) as number) ^ 1;
      return [altered, frame, frame, Uint8Array.of(CHANNEL_FRAME.small), Uint8Array.of(CHANNEL_FRAME.alert, 1), EMPTY_BYTES];
    };
    pair.input(pair.a, { type: 'send', frame: framed(utf8('once')) });
    pair.input(pair.a, { type: 'send', frame: framed(new Uint8Array(20_000)) });
    await pair.settle();
    expect(pair.b.delivered.map((payload) => payload.length)).toEqual([4, 20_000]);
    expect(pair.b.faults).toContain('decrypt-failed');
    expect(pair.b.faults).toContain('replayed');
    expect(pair.b.end).toBeUndefined();
  });

  for (const size of [4, 20_000]) {
    it(`ends when a frame is missing before one of ${size} bytes, and delivers nothing that came after it`, async () => {
      const pair = await openPair();
      const payloads = ['first', 'lost', 'last'].map((name) => new Uint8Array(size).fill(name.length));
      let count = 0;
      pair.tamper = (frame, from) => (from === pair.a && count++ === 1 ? undefined : frame);
      for (const payload of payloads) pair.input(pair.a, { type: 'send', frame: framed(payload) });
      await pair.settle();
      expect(pair.b.delivered).toEqual([payloads[0]]);
      expect(pair.b.end?.code).toBe('link-lost');
    });
  }

  it('ends when nothing but garbage comes', async () => {
    const pair = await openPair();
    for (let i = 0; i < LIMITS.maxBadFramesInRow; i++) pair.input(pair.b, { type: 'frame', bytes: new Uint8Array(40).fill(CHANNEL_FRAME.small) });
    await pair.settle();
    expect(pair.b.end?.code).toBe('decrypt-failed');
  });

  it('renews its keys by age without losing or reordering what is under way', async () => {
    const pair = await openPair();
    const before = pair.a.transmitted.length;
    for (let round = 1; round <= 5; round++) {
      await pair.advance(START + round * 60_000);
      pair.input(pair.a, { type: 'send', frame: framed(new Uint8Array(8000).fill(round)) });
      pair.input(pair.a, { type: 'send', frame: framed(Uint8Array.of(round)) });
      pair.input(pair.b, { type: 'send', frame: framed(Uint8Array.of(round)) });
      await pair.settle();
    }
    expect(pair.b.delivered.map((payload) => payload[0])).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    expect(pair.a.delivered.map((payload) => payload[0])).toEqual([1, 2, 3, 4, 5]);
    const epochs = new Set(pair.a.transmitted.slice(before).map((frame) => frame[1]));
    expect(epochs.size).toBeGreaterThanOrEqual(2);
    expect([...pair.a.faults, ...pair.b.faults]).toEqual([]);
  });

  it('says so when the peer does not renew the keys', async () => {
    const pair = await openPair();
    pair.tamper = () => undefined;
    await pair.advance(START + LIMITS.rekeyAfterMs + 2 * LIMITS.handshakeTimeoutMs);
    expect(pair.a.stalled).toContain('timed-out');
    expect(pair.a.end).toBeUndefined();
  });

  describe('when frames vanish just before the keys change', () => {
    /** Lets `from` ask for fresh keys; `between` is sent behind the request, still under the old keys. */
    async function renewWith(pair: ChannelPair, from: Side, between: readonly Uint8Array[]): Promise<void> {
      pair.now = START + LIMITS.rekeyAfterMs;
      for (const payload of between) pair.input(from, { type: 'send', frame: framed(payload) });
      await pair.settle();
      pair.input(from, { type: 'send', frame: framed(utf8('under fresh keys')) });
      await pair.settle();
    }

    const isPayload = (frame: Uint8Array) => frame[0] === CHANNEL_FRAME.small || frame[0] === CHANNEL_FRAME.bulk;

    for (const size of [4, 20_000]) {
      for (const side of ['a', 'b'] as const) {
        it(`ends for who renews them, side ${side}, frames of ${size} bytes`, async () => {
          const pair = await openPair();
          const [from, to] = side === 'a' ? [pair.a, pair.b] : [pair.b, pair.a];
          const payloads = [1, 2, 3].map((value) => new Uint8Array(size).fill(value));
          let count = 0;
          pair.tamper = (frame, sender) => (sender === from && isPayload(frame) && frame[1] === 0 && ++count > 1 ? undefined : frame);
          await renewWith(pair, from, payloads);
          expect(from.transmitted.at(-1)?.[1]).toBe(1);
          expect(to.delivered).toEqual([payloads[0]]);
          expect(to.end?.code).toBe('link-lost');
        });

        it(`ends for who answers, side ${side}, frames of ${size} bytes`, async () => {
          const pair = await openPair();
          const [asker, answerer] = side === 'a' ? [pair.b, pair.a] : [pair.a, pair.b];
          const payload = new Uint8Array(size).fill(1);
          pair.tamper = (frame, sender) => (sender === answerer && isPayload(frame) && frame[1] === 0 ? undefined : frame);
          pair.input(answerer, { type: 'send', frame: framed(payload) });
          await renewWith(pair, asker, [utf8('asks')]);
          pair.input(answerer, { type: 'send', frame: framed(utf8('under fresh keys')) });
          await pair.settle();
          expect(asker.delivered).toEqual([]);
          expect(asker.end?.code).toBe('link-lost');
        });
      }
    }

    it('ends when the first frame under the fresh keys, which tells how many came before, vanishes too', async () => {
      const pair = await openPair();
      pair.tamper = (frame, sender) => (sender === pair.a && frame[1] === 1 && frame[0] === CHANNEL_FRAME.control ? undefined : frame);
      await renewWith(pair, pair.a, [utf8('before')]);
      expect(pair.b.delivered).toEqual([utf8('before')]);
      expect(pair.b.end?.code).toBe('link-lost');
    });

    it('goes on when none does, though both ask at once and large frames are still being sealed', async () => {
      const pair = await openPair();
      pair.now = START + LIMITS.rekeyAfterMs;
      const sizes = [5, 20_000, 60_000, 3, 30_000];
      for (const side of [pair.a, pair.b]) for (const size of sizes) pair.input(side, { type: 'send', frame: framed(new Uint8Array(size)) });
      await pair.settle();
      for (const side of [pair.a, pair.b]) for (const size of sizes) pair.input(side, { type: 'send', frame: framed(new Uint8Array(size)) });
      await pair.settle();
      for (const side of [pair.a, pair.b]) {
        expect(side.delivered.map((payload) => payload.length)).toEqual([...sizes, ...sizes]);
        expect(side.transmitted.at(-1)?.[1]).toBe(1);
        expect([side.end, side.faults]).toEqual([undefined, []]);
      }
    });
  });

  it('delivers nothing behind a large frame that was altered on its way', async () => {
    const pair = await openPair();
    pair.tamper = (frame) => {
      if (frame[0] === CHANNEL_FRAME.bulk) frame[100] = (frame[100] as number) ^ 1;
      return frame;
    };
    pair.input(pair.a, { type: 'send', frame: framed(new Uint8Array(20_000)) });
    pair.input(pair.a, { type: 'send', frame: framed(utf8('the end')) });
    await pair.settle();
    expect(pair.b.delivered).toEqual([]);
    expect(pair.b.end?.code).toBe('link-lost');
  });

  it('tells the peer why it closes', async () => {
    const pair = await openPair();
    pair.input(pair.a, { type: 'close', reason: 'replaced' });
    await pair.settle();
    expect(pair.a.end).toEqual({ code: 'replaced', remote: false });
    expect(pair.b.end).toEqual({ code: 'replaced', remote: true });
  });

  it('gives a silent peer little time', async () => {
    const pair = pairOf();
    pair.tamper = () => undefined;
    await pair.settle();
    await pair.advance(START + LIMITS.handshakeTimeoutMs);
    expect([pair.a.end?.code, pair.b.end?.code]).toEqual(['timed-out', 'timed-out']);
  });

  it('survives any bytes at any stage of the handshake', async () => {
    const entropy = seededEntropy(99);
    for (let i = 0; i < 300; i++) {
      const pair = pairOf({ withHellos: i % 2 === 0 });
      const bytes = entropy.bytes(i);
      if (bytes.length > 0) bytes[0] = i % 7;
      pair.input(i % 3 === 0 ? pair.a : pair.b, { type: 'frame', bytes });
      await pair.settle();
    }
  });
});
