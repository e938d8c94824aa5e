import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededIdentity } from '../../../test/support/seeded-identity.ts';
import { utf8 } from '../../base/bytes.ts';
import { ParleyError } from '../../base/errors.ts';
import { nodeIdOf } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { scriptVerifier } from '../../crypto/signing.ts';
import { openNetworkId } from '../../wire/networks.ts';
import { decodeEnvelope, encodeEnvelope, envelopeMessage } from './envelope.ts';
import { ReplayGuard } from './replay-guard.ts';

const NOW = 1_800_000_000_000;
const identity = await seededIdentity(1, NOW);
const scope = { networkId: openNetworkId('test'), topic: 'news' };
const envelope = { author: identity.node, seq: NOW, sentAt: NOW, payload: utf8('hello') };
const bytes = encodeEnvelope(envelope, await identity.nodeSigner.sign(envelopeMessage(envelope, scope)));

describe('an envelope', () => {
  it('comes back as it went, and its signature holds in its own network and topic alone', async () => {
    const { check, ...read } = decodeEnvelope(bytes, scope);
    expect(read).toEqual(envelope);
    expect(await scriptVerifier.verify(check)).toBe(true);
    for (const other of [
      { ...scope, topic: 'other' },
      { ...scope, networkId: openNetworkId('other') },
    ]) {
      expect(await scriptVerifier.verify(decodeEnvelope(bytes, other).check)).toBe(false);
    }
  });

  it('that is garbage or damaged is a typed error or does not verify', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (garbage, at, change) => {
        const damaged = bytes.slice();
        damaged[at] = (damaged[at] as number) ^ change;
        for (const each of [garbage, damaged]) {
          try {
            expect(await scriptVerifier.verify(decodeEnvelope(each, scope).check)).toBe(false);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ParleyError);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('holds a bounded payload', () => {
    const payload = new Uint8Array(LIMITS.maxGossipPayloadBytes + 1);
    expect(() => envelopeMessage({ ...envelope, payload }, scope)).toThrow(ParleyError);
    const largest = encodeEnvelope({ ...envelope, payload: payload.subarray(1) }, new Uint8Array(64));
    expect(largest.length).toBeLessThanOrEqual(LIMITS.maxGossipItemBytes);
  });
});

describe('the replay guard', () => {
  it('takes each number of an author once, also out of order and after a restart', () => {
    const guard = new ReplayGuard();
    for (const seq of [10, 12, 11, 5_000]) {
      expect(guard.judge({ ...envelope, seq }, NOW)).toBe('fresh');
      expect(guard.record({ ...envelope, seq })).toBe(true);
      expect(guard.judge({ ...envelope, seq }, NOW)).toBe('repeated');
      expect(guard.record({ ...envelope, seq })).toBe(false);
    }
    expect(guard.judge({ ...envelope, seq: 10, author: nodeIdOf(new Uint8Array(32).fill(9)) }, NOW)).toBe('fresh');
  });

  it('takes no number below its window', () => {
    const guard = new ReplayGuard();
    for (let seq = 100; seq <= 100 + LIMITS.gossipReplayWindow; seq++) guard.record({ ...envelope, seq });
    expect(guard.judge({ ...envelope, seq: 99 }, NOW)).toBe('repeated');
    expect(guard.judge({ ...envelope, seq: 100 }, NOW)).toBe('repeated');
  });

  it('takes nothing whose time is too far from ours', () => {
    const guard = new ReplayGuard();
    expect(guard.judge(envelope, NOW + LIMITS.maxClockSkewMs)).toBe('fresh');
    expect(guard.judge(envelope, NOW + LIMITS.maxClockSkewMs + 1)).toBe('stale');
    expect(guard.judge(envelope, NOW - LIMITS.maxClockSkewMs - 1)).toBe('stale');
  });

  it('remembers a bounded number of authors, and of the forgotten ones nothing passes gossip a second time', () => {
    const guard = new ReplayGuard();
    for (let index = 0; index <= LIMITS.maxGossipAuthors; index++) {
      const author = nodeIdOf(Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? index >> 8 : at === 1 ? index & 0xff : 7)));
      guard.record({ ...envelope, author, seq: 1 });
    }
    const first = nodeIdOf(Uint8Array.from({ length: 32 }, (_, at) => (at < 2 ? 0 : 7)));
    expect(guard.judge({ ...envelope, author: first, seq: 1 }, NOW)).toBe('fresh');
    expect(LIMITS.gossipSeenMs).toBeGreaterThan(2 * LIMITS.maxClockSkewMs);
  });
});
