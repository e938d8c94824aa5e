import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededEntropy, seededIdentity } from '../../../test/support/seeded-identity.ts';
import { fromBase64url, toBase64url } from '../../base/bytes.ts';
import { asParleyError, type ErrorCode } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { WAKE } from '../../base/machine.ts';
import type { LocalIdentity } from '../../crypto/identity.ts';
import { makeCard } from '../../crypto/peer-card.ts';
import { scriptVerifier } from '../../crypto/signing.ts';
import { openNetworkId } from '../../wire/networks.ts';
import { joinCodeText, joinCodeToSign, readJoinCode, type JoinCodeContent } from './join-code.ts';
import { JoinExchange, type JoinInput, type JoinOutput } from './join-exchange.ts';
import { sessionFactsOf, signalsOf, type IceCandidate, type SessionFacts } from './session-facts.ts';

const NOW = 1_800_000_000_000;
const NETWORK = openNetworkId('test');
const OTHER_NETWORK = openNetworkId('elsewhere');
const HELLO = new Uint8Array(40).fill(7);
const CANDIDATES = [
  'candidate:842163049 1 udp 2113937151 4d9b1e0c-6a52-4f0e-9c7b-0f6f2f0c1a2b.local 46154 typ host generation 0 ufrag aBcD network-cost 999',
  'candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0',
  'candidate:842163049 1 tcp 1518280447 203.0.113.7 9 typ host tcptype active',
];

function sdpOf(byte: number): string {
  const print = byte.toString(16).padStart(2, '0').toUpperCase();
  return `v=0\r\na=ice-ufrag:u${byte}u+\r\na=ice-pwd:secret/of${byte}\r\na=fingerprint:sha-256 ${Array(32).fill(print).join(':')}\r\n`;
}

async function codeWith(change: Partial<JoinCodeContent>, identity: LocalIdentity, network = NETWORK): Promise<string> {
  const content: JoinCodeContent = {
    kind: 'offer',
    exchangeId: new Uint8Array(16).fill(1),
    expiresAt: NOW + 60_000,
    session: sessionFactsOf(sdpOf(9), CANDIDATES, 16)!,
    hello: HELLO,
    card: await makeCard(identity, network, NOW),
    ...change,
  };
  const { body, message } = joinCodeToSign(content, network);
  return joinCodeText(body, await identity.nodeSigner.sign(message));
}

type Of<Type extends JoinOutput['type']> = Extract<JoinOutput, { readonly type: Type }>;

/** One side with the signatures that its node would make and check. */
class Side {
  now = NOW;
  readonly identity: LocalIdentity;
  readonly exchange: JoinExchange;
  readonly done: JoinOutput[] = [];

  private constructor(identity: LocalIdentity, seed: number) {
    this.identity = identity;
    this.exchange = new JoinExchange(identity.node, NETWORK, seededEntropy(seed));
  }

  static async of(seed: number): Promise<Side> {
    return new Side(await seededIdentity(seed, NOW), seed);
  }

  async give(input: JoinInput | typeof WAKE): Promise<void> {
    this.exchange.handle(input, this.now);
    for (let output = this.exchange.poll(); output; output = this.exchange.poll()) {
      this.done.push(output);
      if (output.type === 'code-verify') {
        const valid = (await Promise.all(output.checks.map((check) => scriptVerifier.verify(check)))).every(Boolean);
        await this.give({ type: 'code-verified', job: output.job, valid });
      } else if (output.type === 'compose') {
        const text = await codeWith({ ...output.content, hello: HELLO }, this.identity);
        await this.give({ type: 'composed', dial: output.dial, text });
      }
    }
  }

  /** What the platform would find. */
  async gather(type: 'offer' | 'answer', byte: number): Promise<void> {
    const { dial } = this.last('rtc-dial');
    await this.give({ type: 'rtc-signal', dial, signal: { type, sdp: sdpOf(byte) } });
    for (const candidate of CANDIDATES)
      await this.give({ type: 'rtc-signal', dial, signal: { type: 'candidate', candidate, sdpMid: '0', sdpMLineIndex: 0 } });
    await this.give({ type: 'rtc-gathered', dial });
  }

  async pass(ms: number): Promise<void> {
    this.now += ms;
    await this.give(WAKE);
  }

  last<Type extends JoinOutput['type']>(type: Type): Of<Type> {
    return this.done.findLast((output): output is Of<Type> => output.type === type)!;
  }

  signals(): readonly string[] {
    return this.done.flatMap((output) => (output.type === 'rtc-signal' ? [output.signal.type] : []));
  }

  get code(): string {
    return this.exchange.state.code ?? '';
  }
}

async function offering(): Promise<Side> {
  const side = await Side.of(1);
  await side.give({ type: 'begin' });
  await side.gather('offer', 0xa);
  return side;
}

async function exchanged(): Promise<readonly [Side, Side]> {
  const [ada, bo] = [await offering(), await Side.of(2)];
  await bo.give({ type: 'paste', text: ada.code });
  await bo.gather('answer', 0xb);
  await ada.give({ type: 'paste', text: bo.code });
  return [ada, bo];
}

describe('two people who exchange codes', () => {
  it('are linked, each knowing who the other says to be, with what descriptions and hellos held', async () => {
    const [ada, bo] = await exchanged();
    expect(ada.exchange.state).toMatchObject({ step: 'connecting', side: 'offer', node: bo.identity.node });
    expect(bo.exchange.state).toMatchObject({ step: 'showing', side: 'answer', node: ada.identity.node });
    expect(ada.signals()).toEqual(['answer', 'candidate', 'candidate']);
    for (const side of [ada, bo]) await side.give({ type: 'rtc-linked', dial: side.last('rtc-dial').dial });
    expect(ada.last('linked')).toMatchObject({ isInitiator: true, remoteHello: HELLO, card: { node: bo.identity.node } });
    expect(bo.last('linked')).toMatchObject({ isInitiator: false, remoteHello: HELLO, card: { node: ada.identity.node } });
    expect([ada.exchange.state.step, bo.exchange.state.step]).toEqual(['linked', 'linked']);
    expect(ada.exchange.nextWakeAt()).toBeUndefined();
  });

  it('take their time: the side that answered tries again and again until its code expires', async () => {
    const [, bo] = [await offering(), await Side.of(2)];
    const ada = await offering();
    await bo.give({ type: 'paste', text: ada.code });
    expect(bo.signals()).toEqual(['offer']);
    await bo.gather('answer', 0xb);
    expect(bo.signals()).toEqual(['offer', 'candidate', 'candidate']);
    await bo.pass(LIMITS.joinRetryMs);
    expect(bo.signals()).toHaveLength(5);
    await bo.pass(LIMITS.joinCodeLifetimeMs);
    expect(bo.exchange.state).toEqual({ step: 'idle', problem: 'code-expired' });
    expect(bo.last('rtc-abandon')).toBeDefined();
  });

  it('put into the code what was found in time, when the browser goes on looking', async () => {
    const ada = await Side.of(1);
    await ada.give({ type: 'begin' });
    const { dial } = ada.last('rtc-dial');
    await ada.give({ type: 'rtc-signal', dial, signal: { type: 'offer', sdp: sdpOf(1) } });
    await ada.give({ type: 'rtc-signal', dial, signal: { type: 'candidate', candidate: CANDIDATES[0]!, sdpMid: '0', sdpMLineIndex: 0 } });
    expect(ada.exchange.state.step).toBe('preparing');
    await ada.pass(LIMITS.joinGatherMs);
    expect(readJoinCode(ada.code, NETWORK, NOW).session.candidates).toHaveLength(1);
  });

  it('wait no longer than a while for a link once both codes were given', async () => {
    const [ada] = await exchanged();
    await ada.pass(LIMITS.joinConnectMs);
    expect(ada.exchange.state).toEqual({ step: 'idle', problem: 'ice-failed' });
  });

  it('end what they began when they cancel', async () => {
    const ada = await offering();
    await ada.give({ type: 'cancel' });
    expect(ada.exchange.state).toEqual({ step: 'idle' });
    expect(ada.last('rtc-abandon')).toEqual({ type: 'rtc-abandon', dial: ada.last('rtc-dial').dial });
  });
});

describe('a code that is no use', () => {
  it.each([
    ['code-broken', async (ada: Side) => ada.code.slice(0, -9)],
    ['code-broken', async () => 'hello there'],
    ['code-broken', async () => ''],
    ['code-broken', async (_: Side, bo: LocalIdentity) => flipped(await codeWith({}, bo))],
    ['code-own', async (ada: Side) => ada.code],
    ['code-expired', async (_: Side, bo: LocalIdentity) => codeWith({ expiresAt: NOW }, bo)],
    ['code-foreign', async (_: Side, bo: LocalIdentity) => codeWith({}, bo, OTHER_NETWORK)],
    ['code-unexpected', async (_: Side, bo: LocalIdentity) => codeWith({ kind: 'answer' }, bo)],
  ] as const)('is told apart (%s), and what is shown stays', async (problem, text) => {
    const ada = await offering();
    const before = ada.exchange.state;
    await ada.give({ type: 'paste', text: await text(ada, await seededIdentity(2, NOW)) });
    expect(ada.exchange.state).toEqual({ ...before, problem });
  });

  it('is one whose card is another node’s than the one that signed it', async () => {
    const [ada, bo, eve] = [await offering(), await seededIdentity(2, NOW), await seededIdentity(3, NOW)];
    const stolen = await codeWith({ card: await makeCard(bo, NETWORK, NOW) }, eve);
    await ada.give({ type: 'paste', text: stolen });
    expect(ada.exchange.state).toMatchObject({ step: 'showing', problem: 'code-broken' });
  });

  it('is an answer that comes a second time', async () => {
    const [ada, bo] = await exchanged();
    await ada.give({ type: 'paste', text: bo.code });
    expect(ada.exchange.state).toMatchObject({ step: 'connecting', problem: 'code-unexpected' });
  });
});

const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.uint8Array({ minLength: 16, maxLength: 16 }));
const candidate: fc.Arbitrary<IceCandidate> = fc.record({
  type: fc.constantFrom('host', 'srflx', 'relay'),
  address,
  port: fc.integer({ min: 1, max: 65_535 }),
  priority: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});
const iceText = fc.string({ unit: fc.constantFrom('a', 'z', 'Q', '0', '9', '+', '/'), minLength: 4, maxLength: 32 });
const session: fc.Arbitrary<SessionFacts> = fc.record({
  ufrag: iceText,
  password: iceText,
  fingerprint: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  candidates: fc.uniqueArray(candidate, { maxLength: LIMITS.maxJoinCandidates, selector: ({ address: at, port }) => `${String(at)} ${port}` }),
});

describe('join codes', () => {
  it('carry every session there and back, and fit into a picture', async () => {
    const identity = await seededIdentity(1, NOW);
    await fc.assert(
      fc.asyncProperty(session, async (facts) => {
        const text = await codeWith({ session: facts }, identity);
        expect(text.length).toBeLessThanOrEqual(LIMITS.maxJoinCodeLength);
        const wrapped = text.replaceAll(/.{60}/g, '$&\r\n');
        expect(readJoinCode(wrapped, NETWORK, NOW).session).toEqual(facts);
        const [description, ...candidates] = signalsOf('offer', facts);
        const lines = candidates.flatMap((signal) => (signal.type === 'candidate' ? [signal.candidate] : []));
        if (description?.type === 'offer') expect(sessionFactsOf(description.sdp, lines, LIMITS.maxJoinCandidates)).toEqual(facts);
      }),
      { numRuns: 40 },
    );
  });

  it('are below a kilobyte for a usual browser', async () => {
    expect((await codeWith({}, await seededIdentity(1, NOW))).length).toBeLessThan(1_000);
  });

  it('are read totally: whatever is not one is said to be broken', async () => {
    const whole = fromBase64url(await codeWith({}, await seededIdentity(1, NOW)));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => whole.with(at, byte)),
      fc.nat(whole.length).map((length) => whole.slice(0, length)),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        const code = codeOf(() => readJoinCode(toBase64url(given), NETWORK, NOW));
        expect([undefined, 'code-broken', 'code-foreign', 'code-expired']).toContain(code);
      }),
      { numRuns: 400 },
    );
  });
});

function flipped(code: string): string {
  const bytes = fromBase64url(code);
  return toBase64url(bytes.with(bytes.length - 5, (bytes.at(-5) ?? 0) ^ 1));
}

function codeOf(run: () => unknown): ErrorCode | undefined {
  try {
    run();
    return undefined;
  } catch (thrown) {
    return asParleyError(thrown).code;
  }
}
