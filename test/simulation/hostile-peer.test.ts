import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes, EMPTY_BYTES, fromUtf8, utf8 } from '../../src/base/bytes.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { deviceCertificateToSign, deviceListToSign, encodeIdentityChain, nodeCertificateToSign } from '../../src/crypto/certificates.ts';
import type { LocalIdentity } from '../../src/crypto/identity.ts';
import { scriptSignerOf } from '../../src/crypto/signing.ts';
import { deviceIdOf, personIdOf, type DeviceId } from '../../src/base/ids.ts';
import type { Node } from '../../src/node/node.ts';
import type { Signer } from '../../src/ports/keys.ts';
import { encodeOpenBody, encodeStreamFrame as frame, STREAM_FRAME, uint32Body } from '../../src/p2p/streams/stream-frames.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { HostilePeer } from '../doubles/hostile-peer.ts';
import { joinNodes, localNode } from '../doubles/local-nodes.ts';
import { VirtualClock } from '../doubles/virtual-clock.ts';
import { seededEntropy, seededIdentity } from '../support/seeded-identity.ts';

const ENTROPY = seededEntropy(31);
const START = new VirtualClock().now();
let mallory: LocalIdentity;
let bob: LocalIdentity;

beforeAll(async () => {
  [bob, mallory] = await Promise.all([seededIdentity(2, START), seededIdentity(66, START)]);
});

/** A real node with a friend, and whoever comes against it. */
class World {
  readonly clock = new VirtualClock();
  readonly faults: string[] = [];
  readonly downs: string[] = [];
  victim!: Node;
  friend!: Node;

  static async create(): Promise<World> {
    const world = new World();
    world.victim = await localNode(1, { clock: world.clock });
    world.friend = await localNode(2, { clock: world.clock });
    world.victim.on('fault', ({ code }) => world.faults.push(code));
    world.victim.on('peer-down', ({ code }) => world.downs.push(code));
    for (const protocol of ['echo/1']) world.victim.serve(protocol, (stream) => stream.onMessage((message) => stream.send(message)));
    const joining = joinNodes(world.friend, world.victim);
    await world.clock.advance(50);
    await joining;
    return world;
  }

  /** Lets things happen, the work of ciphers and signatures included, until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (let turn = 0; turn < 2_000 && !isSo(); turn++) await this.clock.advance(1);
    expect(isSo()).toBe(true);
  }

  peer(identity: LocalIdentity | undefined = mallory, networkId?: Uint8Array): HostilePeer {
    return new HostilePeer(this.victim, this.clock, identity, networkId);
  }

  async established(): Promise<HostilePeer> {
    const peer = this.peer();
    await this.clock.advance(50);
    expect(peer.isEstablished).toBe(true);
    return peer;
  }

  /** The victim's other session, and streams on it, do what they always do. */
  async expectFriendServed(): Promise<void> {
    const opening = this.friend.open(this.victim.id, 'echo/1');
    await this.clock.advance(20);
    const stream = await opening;
    const answer = new Promise<Uint8Array>((resolve) => stream.onMessage(resolve));
    void stream.send(utf8('still there?'));
    await this.clock.advance(20);
    expect(fromUtf8(await answer)).toBe('still there?');
    stream.end();
    await this.clock.advance(20);
    expect(this.downs).not.toContain('internal');
  }
}

const open = (stream: number, protocol = 'echo/1', header = EMPTY_BYTES) =>
  frame(STREAM_FRAME.open, stream, encodeOpenBody({ priority: 1, protocol, header }));

describe('somebody who has not proven who they are', () => {
  it('may send any bytes: no session comes of it, and others are served', async () => {
    const world = await World.create();
    const bytes = fc.uint8Array({ minLength: 0, maxLength: 300 });
    const typed = fc.tuple(fc.nat(6), bytes).map(([type, rest]) => concatBytes(Uint8Array.of(type), rest));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(bytes, typed), { minLength: 1, maxLength: 8 }), async (frames) => {
        const peer = new HostilePeer(world.victim, world.clock);
        for (const one of frames) peer.link.send(one);
        await world.clock.advance(LIMITS.handshakeTimeoutMs);
        expect(peer.linkEnd).toBeDefined();
        expect(world.victim.state().connectedPeers).toBe(1);
      }),
      { numRuns: 60 },
    );
    await world.expectFriendServed();
  });

  it('gets one of few places and little time: half-open handshakes do not pile up', async () => {
    const world = await World.create();
    const silent = Array.from({ length: 60 }, () => new HostilePeer(world.victim, world.clock));
    await world.clock.advance(100);
    expect(silent.filter(({ linkEnd }) => linkEnd === undefined)).toHaveLength(LIMITS.maxPendingHandshakes);
    expect(world.faults.filter((code) => code === 'overloaded')).toHaveLength(silent.length - LIMITS.maxPendingHandshakes);
    await world.expectFriendServed();
    await world.clock.advance(LIMITS.handshakeTimeoutMs);
    expect(silent.every(({ linkEnd }) => linkEnd !== undefined)).toBe(true);
    await world.established();
  });

  it('cannot hold more than a little before the handshake is complete', async () => {
    const world = await World.create();
    const peer = new HostilePeer(world.victim, world.clock);
    for (let index = 0; index < LIMITS.framesBurst + 10; index++) peer.link.send(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0));
    await world.clock.advance(100);
    expect(peer.linkEnd?.code).toBe('peer-closed');
    await world.expectFriendServed();
  });
});

describe('somebody whose identity is not what it must be', () => {
  const IDENTITIES: Readonly<Record<string, { readonly code: string; readonly make: () => Promise<LocalIdentity> | LocalIdentity }>> = {
    'certificates that expired': { code: 'bad-certificate', make: () => seededIdentity(66, START - 400 * 86_400_000) },
    'certificates from the future': { code: 'clock-skew', make: () => seededIdentity(66, START + 3_600_000) },
    'the chain of another person': { code: 'bad-signature', make: () => ({ ...mallory, chain: bob.chain }) },
    'a node certificate by another device': { code: 'bad-certificate', make: () => chainOf({ nodeCertifier: 'other' }) },
    'a device that another person certified': { code: 'bad-certificate', make: () => chainOf({ deviceCertifier: 'other' }) },
    'a device that is not in the list': { code: 'bad-certificate', make: () => chainOf({ devices: [] }) },
    'a device list by somebody else': { code: 'bad-signature', make: () => chainOf({ listSigner: 'other' }) },
    'a second device list without a predecessor': { code: 'malformed', make: () => chainOf({ seq: 2 }) },
    'no chain at all': { code: 'malformed', make: () => ({ ...mallory, chain: EMPTY_BYTES }) },
    'a chain of garbage': { code: 'malformed', make: () => ({ ...mallory, chain: ENTROPY.bytes(500) }) },
    'somebody else’s Noise key signed': { code: 'bad-signature', make: () => ({ ...mallory, noiseSignature: bob.noiseSignature }) },
  };

  for (const [what, { code, make }] of Object.entries(IDENTITIES)) {
    it(`is told ${code} for ${what}`, async () => {
      const world = await World.create();
      const peer = world.peer(await make());
      await world.clock.advance(100);
      expect(peer.end).toEqual({ code, remote: true });
      expect(world.victim.state().connectedPeers).toBe(1);
      await world.expectFriendServed();
    });
  }

  it('is told handshake-failed when they come from another network', async () => {
    const world = await World.create();
    const peer = world.peer(mallory, openNetworkId('another'));
    await world.clock.advance(100);
    expect(peer.isEstablished).toBe(false);
    expect(peer.end?.code).toBe('handshake-failed');
    await world.expectFriendServed();
  });

  it('is told wrong-node when they claim to be the victim itself', async () => {
    const world = await World.create();
    const peer = world.peer(await seededIdentity(1, START));
    await world.clock.advance(100);
    expect(peer.end).toBeDefined();
    expect(world.victim.state().connectedPeers).toBe(1);
    expect(world.victim.peers().some(({ node }) => node === world.victim.id)).toBe(false);
    await world.expectFriendServed();
  });
});

/** A chain in which one link is by or for somebody else; keys are mallory's and of somebody who helps. */
async function chainOf(wrong: {
  readonly nodeCertifier?: 'other';
  readonly deviceCertifier?: 'other';
  readonly listSigner?: 'other';
  readonly devices?: readonly DeviceId[];
  readonly seq?: number;
}): Promise<LocalIdentity> {
  const [personSigner, otherSigner] = [scriptSignerOf(ENTROPY.bytes(32)), scriptSignerOf(ENTROPY.bytes(32))];
  const person = personIdOf(personSigner.publicKey);
  const { device, deviceSigner, node } = mallory;
  const sign = async (signer: Signer, part: { readonly body: Uint8Array; readonly message: Uint8Array }) => ({
    body: part.body,
    signature: await signer.sign(part.message),
  });
  const list = deviceListToSign({ person, seq: wrong.seq ?? 1, previousHash: undefined, devices: wrong.devices ?? [device] });
  const certifier = wrong.deviceCertifier ? otherSigner : personSigner;
  const deviceCertificate = deviceCertificateToSign({ person: personIdOf(certifier.publicKey), device, issuedAt: START });
  const nodeSigner = wrong.nodeCertifier ? otherSigner : deviceSigner;
  const nodeCertificate = nodeCertificateToSign({ device: deviceIdOf(nodeSigner.publicKey), node, issuedAt: START });
  const chain = encodeIdentityChain({
    list: await sign(wrong.listSigner ? otherSigner : personSigner, list),
    deviceCertificate: await sign(certifier, deviceCertificate),
    nodeCertificate: await sign(nodeSigner, nodeCertificate),
  });
  return { ...mallory, person, chain };
}

describe('somebody with a session who sends what may not be', () => {
  const PAYLOADS: Readonly<Record<string, { readonly code: string; readonly payloads: () => Iterable<Uint8Array> }>> = {
    garbage: { code: 'protocol-violation', payloads: () => [ENTROPY.bytes(500)] },
    'an empty payload': { code: 'protocol-violation', payloads: () => [EMPTY_BYTES] },
    'a giant length': { code: 'protocol-violation', payloads: () => [Uint8Array.of(3, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0)] },
    'a truncated stream frame': { code: 'protocol-violation', payloads: () => [open(1).subarray(0, 12)] },
    'a stream with an id of the victim’s': { code: 'protocol-violation', payloads: () => [open(2)] },
    'a stream id used again': { code: 'protocol-violation', payloads: () => [open(1, 'no/1'), open(1, 'echo/1')] },
    'a header that is too large': {
      code: 'protocol-violation',
      payloads: () => [open(1, 'echo/1', new Uint8Array(LIMITS.maxStreamHeaderBytes + 1))],
    },
    'a message that claims 4 GiB': {
      code: 'protocol-violation',
      payloads: () => [open(1), frame(STREAM_FRAME.first, 1, concatBytes(uint32Body(0xffff_ffff), new Uint8Array(9)))],
    },
    'credit for what was never sent': { code: 'protocol-violation', payloads: () => [frame(STREAM_FRAME.credit, 0, uint32Body(1_000_000))] },
    'a flood of opens': { code: 'rate-limited', payloads: () => many(20_000, (index) => open(2 * index + 1)) },
    'a flood of opens for protocols that nobody serves': {
      code: 'rate-limited',
      payloads: () => many(20_000, (index) => open(2 * index + 1, 'x/1')),
    },
    'a flood of pings': { code: 'rate-limited', payloads: () => many(20_000, () => frame(STREAM_FRAME.ping, 0, new Uint8Array(8))) },
    'a flood of resets': { code: 'rate-limited', payloads: () => many(20_000, () => frame(STREAM_FRAME.reset, 1, utf8('cancelled'))) },
    'data on a stream that never was': {
      code: 'protocol-violation',
      payloads: () => [frame(STREAM_FRAME.message, 7, new Uint8Array(60_000))],
    },
    'more than the stream’s window': {
      code: 'protocol-violation',
      payloads: () => [open(1, 'slow/1'), ...many(60, () => frame(STREAM_FRAME.message, 1, new Uint8Array(60_000)), 1)],
    },
  };

  for (const [what, { code, payloads }] of Object.entries(PAYLOADS)) {
    it(`is told ${code} for ${what}`, async () => {
      const world = await World.create();
      world.victim.serve('slow/1', (stream) => stream.onMessage(() => new Promise(() => undefined)));
      const peer = await world.established();
      for (const payload of payloads()) peer.payload(payload);
      await world.until(() => peer.linkEnd !== undefined);
      expect(peer.end).toEqual({ code, remote: true });
      expect(world.downs).toEqual([code]);
      expect(world.faults).toContain(code);
      expect(peer.linkEnd).toBeDefined();
      await world.expectFriendServed();
      // The same peer may come again and behave.
      await world.established();
    });
  }

  it('any payload ends in a code or is taken, and others are served', async () => {
    const world = await World.create();
    const anyFrame = fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 6 }), fc.uint8Array({ maxLength: 40 }))
      .map(([type, stream, body]) => frame(type as 1, stream, body));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(anyFrame, fc.uint8Array({ maxLength: 60 })), { minLength: 1, maxLength: 12 }), async (payloads) => {
        const peer = await world.established();
        for (const payload of payloads) peer.payload(payload);
        await world.clock.advance(20);
        if (peer.end) expect(['protocol-violation', 'rate-limited']).toContain(peer.end.code);
        peer.link.close();
        await world.clock.advance(20);
        expect(world.victim.state().connectedPeers).toBe(1);
      }),
      { numRuns: 40 },
    );
    await world.expectFriendServed();
  });

  it('never reads: the victim waits with what it sends on that stream, and serves others', async () => {
    const world = await World.create();
    const peer = await world.established();
    let sent = 0;
    world.victim.serve('talk/1', (stream) => {
      void (async () => {
        for (let index = 0; index < 100; index++) {
          await stream.send(new Uint8Array(100_000));
          sent++;
        }
      })().catch(() => undefined);
    });
    peer.payload(open(1, 'talk/1'));
    const allowed = Math.floor(LIMITS.streamWindowBytes / (100_000 + LIMITS.messageOverheadBytes));
    await world.until(() => sent === allowed);
    await world.clock.advance(1_000);
    expect(sent).toBe(allowed);
    await world.expectFriendServed();
  });

  it('that goes silent is given up', async () => {
    const world = await World.create();
    const peer = await world.established();
    peer.tamper = () => [];
    await world.clock.advance(LIMITS.pingAfterSilenceMs + (LIMITS.maxUnansweredPings + 1) * LIMITS.pingTimeoutMs);
    expect(world.downs).toContain('peer-silent');
    await world.expectFriendServed();
  });
});

describe('somebody with a session whose frames are not as they were sealed', () => {
  const sendThree = (peer: HostilePeer) => {
    peer.payload(open(1));
    for (const text of ['one', 'two']) peer.payload(frame(STREAM_FRAME.message, 1, utf8(text)));
  };
  const echoed = (peer: HostilePeer) => peer.received.filter(({ type }) => type === STREAM_FRAME.message).map(({ body }) => fromUtf8(body));

  it('repeats each of them: each counts once', async () => {
    const world = await World.create();
    const peer = await world.established();
    peer.tamper = (bytes) => [bytes, bytes, bytes];
    sendThree(peer);
    await world.clock.advance(50);
    expect(echoed(peer)).toEqual(['one', 'two']);
    expect(world.faults).toContain('replayed');
    expect(world.downs).toEqual([]);
    await world.expectFriendServed();
  });

  it('alters, cuts off and invents some between them: they are dropped', async () => {
    const world = await World.create();
    const peer = await world.established();
    peer.tamper = (bytes) => {
      const altered = bytes.slice();
      altered[altered.length - 1] = (altered.at(-1) as number) ^ 1;
      return [altered, bytes.subarray(0, 4), bytes.subarray(0, 12), Uint8Array.of(4), Uint8Array.of(250, 1), EMPTY_BYTES, bytes];
    };
    sendThree(peer);
    await world.clock.advance(50);
    expect(echoed(peer)).toEqual(['one', 'two']);
    expect(world.faults).toEqual(expect.arrayContaining(['decrypt-failed', 'malformed', 'protocol-violation']));
    expect(world.downs).toEqual([]);
    await world.expectFriendServed();
  });

  it('leaves one out: the session ends, and nothing behind it counts', async () => {
    const world = await World.create();
    const peer = await world.established();
    let count = 0;
    peer.tamper = (bytes) => (++count === 2 ? [] : [bytes]);
    sendThree(peer);
    await world.clock.advance(50);
    expect(world.downs).toEqual(['link-lost']);
    expect(echoed(peer)).toEqual([]);
    await world.expectFriendServed();
  });

  it('swaps two of them: the session ends', async () => {
    const world = await World.create();
    const peer = await world.established();
    let held: Uint8Array | undefined;
    peer.tamper = (bytes) => {
      if (!held) return ((held = bytes), []);
      const swapped = [bytes, held];
      held = undefined;
      return swapped;
    };
    sendThree(peer);
    await world.clock.advance(50);
    expect(world.downs).toEqual(['link-lost']);
    await world.expectFriendServed();
  });

  it('sends nothing but garbage: the session ends', async () => {
    const world = await World.create();
    const peer = await world.established();
    for (let index = 0; index < LIMITS.maxBadFramesInRow; index++) peer.link.send(concatBytes(Uint8Array.of(3, 0), ENTROPY.bytes(40)));
    await world.clock.advance(50);
    expect(world.downs).toEqual(['decrypt-failed']);
    await world.expectFriendServed();
  });

  it('sends more frames than any link carries: the session ends before they are opened', async () => {
    const world = await World.create();
    const peer = await world.established();
    for (let index = 0; index < LIMITS.framesBurst + 100; index++) peer.link.send(EMPTY_BYTES);
    await world.clock.advance(50);
    expect(world.downs).toEqual(['rate-limited']);
    await world.expectFriendServed();
  });
});

/** Payloads of `perPayload` frames each. */
function* many(count: number, make: (index: number) => Uint8Array, perPayload = 50): Generator<Uint8Array> {
  for (let index = 0; index < count; index += perPayload) {
    yield concatBytes(...Array.from({ length: perPayload }, (_, offset) => make(index + offset)));
  }
}
