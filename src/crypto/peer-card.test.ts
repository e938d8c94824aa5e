import { describe, expect, it } from 'vitest';
import { seededIdentity } from '../../test/support/seeded-identity.ts';
import type { ErrorCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { openNetworkId } from '../wire/networks.ts';
import { CARD_FLAGS, cardToSign, decodeCard, isGoodbye, joinCard, makeCard, readCard } from './peer-card.ts';
import { scriptVerifier } from './signing.ts';

const NOW = 1_800_000_000_000;
const NETWORK = openNetworkId('test');
const identity = await seededIdentity(1, NOW);

async function cardOf(issuedAt: number, expiresAt: number): Promise<Uint8Array> {
  const content = { node: identity.node, person: identity.person, sealingKey: identity.sealing.publicKey, issuedAt, expiresAt, flags: 0 };
  const { body, message } = cardToSign(content, NETWORK);
  return joinCard(body, await identity.nodeSigner.sign(message));
}

function expectRefused(card: Uint8Array, code: ErrorCode): void {
  expect(() => readCard(card, NETWORK, NOW)).toThrow(expect.objectContaining({ code }));
}

describe('a peer card', () => {
  it('says who the node is, whose, how to seal to it and what it does for others, signed by the node', async () => {
    const bytes = await makeCard(identity, NETWORK, NOW, { flags: CARD_FLAGS.relay });
    const card = readCard(bytes, NETWORK, NOW);
    expect(card).toMatchObject({ node: identity.node, person: identity.person, issuedAt: NOW, flags: CARD_FLAGS.relay });
    expect(card.sealingKey).toEqual(identity.sealing.publicKey);
    expect(await scriptVerifier.verify(card.check)).toBe(true);
    expect(bytes.length).toBeLessThan(210);
  });

  it('of a host says where its sockets are, and nothing that is no address of one', async () => {
    const hostUrls = ['wss://parley.example.org/link', 'ws://192.168.1.5:8790/'];
    const host = { flags: CARD_FLAGS.host, hostUrls };
    expect(readCard(await makeCard(identity, NETWORK, NOW, host), NETWORK, NOW).hostUrls).toEqual(hostUrls);
    expect(readCard(await makeCard(identity, NETWORK, NOW), NETWORK, NOW).hostUrls).toBeUndefined();
    const wrong = ['https://x.example/', 'ws://user@x.example/', 'ws://x.example/#y', 'ws://X.example/', 'ws:', `ws://x.example/${'y'.repeat(200)}`];
    for (const url of wrong.slice(0, -1)) expectRefused(await makeCard(identity, NETWORK, NOW, { hostUrls: [url] }), 'malformed');
    expectRefused(await makeCard(identity, NETWORK, NOW, { hostUrls: wrong.slice(-1) }), 'too-large');
    expectRefused(await makeCard(identity, NETWORK, NOW, { hostUrls: [...hostUrls, 'ws://three.example/'] }), 'too-large');
    const longest = `wss://x.example/${'y'.repeat(LIMITS.maxHostUrlLength - 16)}`;
    const { length } = await makeCard(identity, NETWORK, NOW, { hostUrls: Array.from({ length: LIMITS.maxHostUrlsPerCard }, () => longest) });
    expect(length).toBeLessThan(LIMITS.maxPeerCardBytes);
  });

  it('does not verify in another network', async () => {
    const card = readCard(await makeCard(identity, NETWORK, NOW), openNetworkId('other'), NOW);
    expect(await scriptVerifier.verify(card.check)).toBe(false);
  });

  it('is refused when it has expired, comes from the future, or lives longer than cards may', async () => {
    const skew = LIMITS.maxClockSkewMs;
    const minute = 60_000;
    expectRefused(await cardOf(NOW - skew - minute, NOW - skew), 'bad-certificate');
    expectRefused(await cardOf(NOW + skew + 1, NOW + skew + minute), 'clock-skew');
    expectRefused(await cardOf(NOW, NOW + LIMITS.peerCardLifetimeMs + 1), 'bad-certificate');
    expectRefused(await cardOf(NOW, NOW - 1), 'malformed');
    expect(readCard(await cardOf(NOW + skew, NOW + skew + minute), NETWORK, NOW).issuedAt).toBe(NOW + skew);
  });

  it('that is a goodbye can be read, but is nobody to be introduced to', async () => {
    const bytes = await cardOf(NOW, NOW);
    expect(isGoodbye(decodeCard(bytes, NETWORK))).toBe(true);
    expectRefused(bytes, 'bad-certificate');
  });
});
