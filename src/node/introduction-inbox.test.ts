import { beforeAll, describe, expect, it } from 'vitest';
import { seededEntropy, seededIdentity } from '../../test/support/seeded-identity.ts';
import { LIMITS } from '../base/limits.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import { introductionToSign, sealIntroduction, type Introduction, type IntroductionRoute } from '../crypto/introductions.ts';
import { makeCard } from '../crypto/peer-card.ts';
import { scriptVerifier } from '../crypto/signing.ts';
import { openNetworkId } from '../wire/networks.ts';
import { IntroductionInbox, type InboxOutput } from './introduction-inbox.ts';

const START = 1_800_000_000_000;
const NETWORK = openNetworkId('test');
const ORIGIN = { server: 1 };
const ENTROPY = seededEntropy(50);
const OFFER: Introduction = { kind: 'offer', dialId: new Uint8Array(16), seq: 0, sentAt: START, hello: new Uint8Array(9), signals: [] };
const CANDIDATES: Introduction = { kind: 'candidates', dialId: new Uint8Array(16), seq: 1, sentAt: START, signals: [] };

let alice: LocalIdentity;
let bob: LocalIdentity;
let eve: LocalIdentity;

beforeAll(async () => {
  [alice, bob, eve] = await Promise.all([seededIdentity(1, START), seededIdentity(2, START), seededIdentity(3, START)]);
});

/** To bob, by alice unless the route says otherwise. */
async function sealed(introduction: Introduction, route: Partial<IntroductionRoute> = {}, signer = alice): Promise<Uint8Array> {
  const { body, message } = introductionToSign(introduction, { from: alice.node, to: bob.node, networkId: NETWORK, ...route });
  return sealIntroduction(body, await signer.nodeSigner.sign(message), bob.sealing.publicKey, ENTROPY);
}

function inboxOf(): IntroductionInbox {
  return new IntroductionInbox(bob, NETWORK, START);
}

function outputsOf(inbox: IntroductionInbox): readonly InboxOutput[] {
  const outputs: InboxOutput[] = [];
  for (let output = inbox.poll(); output; output = inbox.poll()) outputs.push(output);
  return outputs;
}

/** Does the signature checks that the inbox asked for, as they come. */
async function checked(inbox: IntroductionInbox): Promise<readonly InboxOutput[]> {
  for (const output of outputsOf(inbox)) {
    if (output.type !== 'verify') return [output];
    const results = await Promise.all(output.checks.map((check) => scriptVerifier.verify(check)));
    inbox.verified(output.job, results.every(Boolean));
  }
  return outputsOf(inbox);
}

async function faultOf(bytes: Uint8Array): Promise<string> {
  const inbox = inboxOf();
  inbox.relayed(bytes, ORIGIN, START);
  const [output] = await checked(inbox);
  return output?.type === 'fault' ? output.code : String(output?.type);
}

describe('what the signaling server brings', () => {
  it('comes out when its signatures hold: cards, offers with their card, candidates', async () => {
    const inbox = inboxOf();
    const card = await makeCard(alice, NETWORK, START);
    inbox.card(card, 1, START);
    inbox.relayed(await sealed({ ...OFFER, card }), ORIGIN, START);
    inbox.relayed(await sealed(CANDIDATES), ORIGIN, START);
    expect(await checked(inbox)).toMatchObject([
      { type: 'card' },
      { type: 'introduction', from: alice.node, introduction: { kind: 'offer' }, sealingKey: alice.sealing.publicKey },
      { type: 'introduction', from: alice.node, introduction: { kind: 'candidates' } },
    ]);
  });

  it('comes out in the order of arrival, however long each check takes', async () => {
    const inbox = inboxOf();
    inbox.relayed(await sealed({ ...OFFER, card: await makeCard(alice, NETWORK, START) }), ORIGIN, START);
    inbox.relayed(await sealed(CANDIDATES), ORIGIN, START);
    const jobs = outputsOf(inbox).map((output) => (output.type === 'verify' ? output.job : 0));
    inbox.verified(jobs[1] as number, true);
    expect(outputsOf(inbox)).toEqual([]);
    inbox.verified(jobs[0] as number, true);
    expect(outputsOf(inbox)).toMatchObject([{ introduction: { kind: 'offer' } }, { introduction: { kind: 'candidates' } }]);
  });

  it('is refused with its reason when anything in it is not what it must be', async () => {
    const card = await makeCard(alice, NETWORK, START);
    const old = await makeCard(alice, NETWORK, START - LIMITS.peerCardLifetimeMs - LIMITS.maxClockSkewMs);
    const longLived = await makeCard(alice, NETWORK, START + 2 * LIMITS.peerCardLifetimeMs);
    const altered = (await sealed(CANDIDATES)).slice();
    altered[60] = (altered[60] as number) ^ 1;
    expect({
      'for another target': await faultOf(await sealed(CANDIDATES, { to: eve.node })),
      'from another network': await faultOf(await sealed(CANDIDATES, { networkId: openNetworkId('other') })),
      'signed by somebody else': await faultOf(await sealed(CANDIDATES, {}, eve)),
      'altered on its way': await faultOf(altered),
      garbage: await faultOf(ENTROPY.bytes(300)),
      nothing: await faultOf(new Uint8Array(0)),
      giant: await faultOf(new Uint8Array(LIMITS.maxIntroductionBytes + 1)),
      'an expired card': await faultOf(await sealed({ ...OFFER, card: old })),
      'a card from the future': await faultOf(await sealed({ ...OFFER, card: longLived })),
      'somebody else’s card': await faultOf(await sealed({ ...OFFER, card }, { from: eve.node }, eve)),
      'an offer without a card': await faultOf(await sealed(OFFER)),
    }).toEqual({
      'for another target': 'wrong-node',
      'from another network': 'handshake-failed',
      'signed by somebody else': 'bad-signature',
      'altered on its way': 'decrypt-failed',
      garbage: 'decrypt-failed',
      nothing: 'decrypt-failed',
      giant: 'too-large',
      'an expired card': 'bad-certificate',
      'a card from the future': 'clock-skew',
      'somebody else’s card': 'wrong-node',
      'an offer without a card': 'malformed',
    });
  });

  it('is bounded in rate, and the rate comes back', async () => {
    const inbox = inboxOf();
    const bytes = ENTROPY.bytes(200);
    for (let index = 0; index <= LIMITS.introductionsBurst; index++) inbox.relayed(bytes, ORIGIN, START);
    expect(outputsOf(inbox).at(-1)).toMatchObject({ type: 'fault', code: 'rate-limited' });
    inbox.relayed(await sealed(CANDIDATES), ORIGIN, START + 1_000);
    expect(await checked(inbox)).toMatchObject([{ type: 'introduction' }]);
  });

  it('waits in bounded number for its checks', async () => {
    const inbox = inboxOf();
    const card = await makeCard(alice, NETWORK, START);
    for (let index = 0; index <= LIMITS.introductionsBurst; index++) inbox.card(card, 1, START);
    const outputs = outputsOf(inbox);
    expect(outputs.filter(({ type }) => type === 'verify')).toHaveLength(LIMITS.introductionsBurst);
    expect(outputs.at(-1)).toMatchObject({ type: 'fault', code: 'overloaded' });
  });
});
