import { beforeAll, describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../src/base/bytes.ts';
import { nodeIdOf, publicKeyOf } from '../../src/base/ids.ts';
import { LIMITS } from '../../src/base/limits.ts';
import type { LocalIdentity } from '../../src/crypto/identity.ts';
import { introductionToSign, sealIntroduction } from '../../src/crypto/introductions.ts';
import { makeCard, readCard } from '../../src/crypto/peer-card.ts';
import { scriptSignerOf } from '../../src/crypto/signing.ts';
import type { Node } from '../../src/node/node.ts';
import { encodeHello, PROTOCOL_VERSION, SUITE_25519_CHACHAPOLY_SHA256, type Hello } from '../../src/wire/hello.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { HostileSignaling, type Tricks } from '../doubles/hostile-signaling.ts';
import { localNode } from '../doubles/local-nodes.ts';
import { MemoryRtc } from '../doubles/memory-rtc.ts';
import { VirtualClock } from '../doubles/virtual-clock.ts';
import { seededEntropy, seededIdentity } from '../support/seeded-identity.ts';

const NETWORK = openNetworkId('test');

const ENTROPY = seededEntropy(77);
/** Long enough for every wait: dials, redials, the way back to a server. */
const PATIENCE_MS = 90_000;

/** Two real nodes, alice and bob, with a server between them that does what a test tells it. */
class World {
  readonly clock = new VirtualClock();
  readonly server = new HostileSignaling();
  readonly rtc = new MemoryRtc();
  readonly faults: string[] = [];
  readonly nodes: Node[] = [];

  async join(seed: number, options: { readonly networkId?: Uint8Array } = {}): Promise<Node> {
    const node = await localNode(seed, { clock: this.clock, signaling: this.server.client(), rtc: this.rtc, ...options });
    node.on('fault', ({ code }) => this.faults.push(code));
    node.serve('echo/1', (stream) => stream.onMessage((message) => stream.send(message)));
    this.nodes.push(node);
    return node;
  }

  /** Alice and bob come while the server is as told, and have time enough to meet. */
  async begin(tricks: Tricks): Promise<readonly [Node, Node]> {
    this.server.tricks = tricks;
    const alice = await this.join(1);
    const bob = await this.join(2);
    await this.clock.advance(PATIENCE_MS);
    return [alice, bob];
  }

  /** The server becomes honest: nothing that it did before may keep nodes from meeting. */
  async heal(): Promise<void> {
    this.server.restart({});
    await this.clock.advance(PATIENCE_MS);
  }

  expectBounded(): void {
    for (const node of this.nodes) {
      expect(node.peers().length).toBeLessThanOrEqual(LIMITS.maxKnownPeers);
      expect(node.state().connectedPeers).toBeLessThanOrEqual(LIMITS.maxConnections);
    }
    expect(this.rtc.openDials).toBeLessThanOrEqual(LIMITS.maxDials * this.nodes.length);
  }

  async expectConversation(from: Node, to: Node): Promise<void> {
    expect(from.peers().find(({ node }) => node === to.id)).toMatchObject({ state: 'connected', identity: to.identity });
    const opening = from.open(to.id, 'echo/1');
    await this.clock.advance(100);
    const stream = await opening;
    const answer = new Promise<Uint8Array>((resolve) => stream.onMessage(resolve));
    void stream.send(utf8('still there?'));
    await this.clock.advance(100);
    expect(fromUtf8(await answer)).toBe('still there?');
    stream.end();
  }
}

let alice: LocalIdentity;
let bob: LocalIdentity;
let mallory: LocalIdentity;
const START = new VirtualClock().now();

beforeAll(async () => {
  [alice, bob, mallory] = await Promise.all([seededIdentity(1, START), seededIdentity(2, START), seededIdentity(66, START)]);
});

function altered(bytes: Uint8Array, at: number = bytes.length >> 1): Uint8Array {
  // A Node buffer’s own `slice` would not copy.
  const changed = Uint8Array.from(bytes);
  changed[at] = (changed[at] as number) ^ 1;
  return changed;
}

describe('a server that keeps nodes apart', () => {
  const CASES: Readonly<Record<string, { readonly tricks: (world: World) => Tricks; readonly fault?: string; readonly reason?: string }>> = {
    'drops introductions': { tricks: () => ({ relay: () => undefined }), reason: 'timed-out' },
    'says that nobody is there': { tricks: () => ({ deniesAll: true }), reason: 'unreachable' },
    'delays introductions beyond the clocks’ skew': {
      tricks: ({ clock }) => ({ relay: (relayed, forward) => clock.wakeAt(clock.now() + LIMITS.maxClockSkewMs + 1, () => forward(relayed)) }),
      fault: 'clock-skew',
    },
    'alters introductions': {
      tricks: () => ({ relay: (relayed, forward) => forward({ ...relayed, body: altered(relayed.body) }) }),
      fault: 'decrypt-failed',
    },
    'sends introductions back to who sent them': {
      tricks: () => ({ relay: (relayed, forward) => forward({ ...relayed, to: relayed.from }) }),
      fault: 'decrypt-failed',
    },
    'sends garbage in place of introductions': {
      tricks: () => ({ relay: (relayed, forward) => forward({ ...relayed, body: ENTROPY.bytes(1 + relayed.body.length) }) }),
      fault: 'decrypt-failed',
    },
    'sends giant introductions': {
      tricks: () => ({ relay: (relayed, forward) => forward({ ...relayed, body: new Uint8Array(2 ** 20) }) }),
      fault: 'too-large',
    },
    'floods nodes with introductions': {
      tricks: () => ({
        relay: (relayed, forward) => {
          for (let index = 0; index < 2 * LIMITS.introductionsBurst; index++) forward({ ...relayed, body: ENTROPY.bytes(100) });
        },
      }),
      fault: 'rate-limited',
    },
    'alters cards': { tricks: () => ({ cards: (cards) => cards.map((card) => altered(card)) }), fault: 'bad-signature' },
    'alters the signatures of cards': {
      tricks: () => ({ cards: (cards) => cards.map((card) => altered(card, card.length - 1)) }),
      fault: 'bad-signature',
    },
    'hands out garbage for cards': {
      tricks: () => ({ cards: () => [ENTROPY.bytes(200), new Uint8Array(0), new Uint8Array(2 ** 20)] }),
      fault: 'too-large',
    },
    'hands out no cards': { tricks: () => ({ cards: () => [] }) },
  };

  for (const [what, { tricks, fault, reason }] of Object.entries(CASES)) {
    it(`${what}: no session comes of it, the reason is known, and nodes meet once the server is honest`, async () => {
      const world = new World();
      const [a, b] = await world.begin(tricks(world));
      // What was delayed arrives before the server is honest again.
      await world.clock.advance(LIMITS.maxClockSkewMs);
      expect([a.state().connectedPeers, b.state().connectedPeers]).toEqual([0, 0]);
      if (fault) expect(world.faults).toContain(fault);
      if (reason) expect([a.peers()[0]?.reason, b.peers()[0]?.reason]).toContain(reason);
      world.expectBounded();
      await world.heal();
      await world.expectConversation(a, b);
      await world.expectConversation(b, a);
    });
  }

  it('hands out cards that expired, and they are refused', async () => {
    const world = new World();
    const old = await makeCard(bob, NETWORK, START - LIMITS.peerCardLifetimeMs - LIMITS.maxClockSkewMs - 1);
    const [a, b] = await world.begin({ cards: () => [old] });
    expect(a.state().connectedPeers).toBe(0);
    expect(world.faults).toContain('bad-certificate');
    await world.heal();
    await world.expectConversation(a, b);
  });

  it('hands out a card that claims bob and has the server’s own sealing key, and it is refused', async () => {
    const world = new World();
    const forged = await makeCard(
      { ...mallory, node: bob.node, nodeSigner: { publicKey: bob.nodeSigner.publicKey, sign: (m) => mallory.nodeSigner.sign(m) } },
      NETWORK,
      START,
    );
    const [a, b] = await world.begin({ cards: () => [forged] });
    expect(a.state().connectedPeers).toBe(0);
    expect(world.faults).toContain('bad-signature');
    expect(world.server.relayed).toEqual([]);
    await world.heal();
    await world.expectConversation(a, b);
  });
});

describe('a server that disturbs and cannot keep nodes apart', () => {
  const CASES: Readonly<Record<string, { readonly tricks: (world: World) => Tricks; readonly fault?: string }>> = {
    'repeats introductions': { tricks: () => ({ relay: (relayed, forward) => [1, 2, 3].forEach(() => forward(relayed)) }), fault: 'replayed' },
    'reorders introductions': {
      tricks: ({ clock }) => {
        let count = 0;
        // Each second one is overtaken by whatever comes within 200 ms.
        return { relay: (relayed, forward) => (count++ % 2 === 0 ? clock.wakeAt(clock.now() + 200, () => forward(relayed)) : forward(relayed)) };
      },
    },
    'forges the sender': { tricks: () => ({ relay: (relayed, forward) => forward({ ...relayed, from: ENTROPY.bytes(32) }) }) },
    'lies about its STUN port': { tricks: () => ({ stunPort: 1 }) },
    'hands out every card many times, among garbage': {
      tricks: () => ({ cards: (cards) => [...cards, ENTROPY.bytes(300), ...cards, ...cards] }),
    },
  };

  for (const [what, { tricks, fault }] of Object.entries(CASES)) {
    it(`${what}: there is one right session`, async () => {
      const world = new World();
      const [a, b] = await world.begin(tricks(world));
      expect([a.state().connectedPeers, b.state().connectedPeers]).toEqual([1, 1]);
      if (fault) expect(world.faults).toContain(fault);
      world.expectBounded();
      await world.expectConversation(a, b);
      await world.expectConversation(b, a);
    });
  }

  it('replays everything that it ever saw: the session stays, and what is old is known', async () => {
    const world = new World();
    const [a, b] = await world.begin({});
    const downs: string[] = [];
    for (const node of [a, b]) node.on('peer-down', ({ code }) => downs.push(code));
    for (const relayed of [...world.server.relayed]) world.server.forward(relayed);
    await world.clock.advance(LIMITS.maxClockSkewMs + 1_000);
    for (const relayed of [...world.server.relayed]) world.server.forward(relayed);
    await world.clock.advance(1_000);
    expect(world.faults).toEqual(expect.arrayContaining(['replayed', 'clock-skew']));
    expect(downs).toEqual([]);
    await world.expectConversation(a, b);
  });

  it('mixes networks: nobody gets a session with another network', async () => {
    const world = new World();
    const dave = await world.join(4, { networkId: openNetworkId('another') });
    const [a, b] = await world.begin({ ignoresRooms: true });
    expect(dave.state().connectedPeers).toBe(0);
    expect(world.faults).toContain('bad-signature');
    await world.expectConversation(a, b);
  });

  it('hands introductions to the wrong node, which can read nothing of them', async () => {
    const world = new World();
    const carol = await world.join(3);
    const key = publicKeyOf(carol.id);
    const [a, b] = await world.begin({ relay: (relayed, forward) => forward({ ...relayed, to: key }) });
    expect(world.faults).toContain('decrypt-failed');
    expect([a, b].map((node) => node.peers().some(({ node: id, state }) => id !== carol.id && state === 'connected'))).toEqual([false, false]);
    await world.heal();
    await world.expectConversation(a, b);
  });

  it('floods nodes with cards of nodes that are not there: tables stay bounded, and nodes meet afterwards', async () => {
    const ghosts = await Promise.all(Array.from({ length: 200 }, async () => makeCard(ghost(), NETWORK, START)));
    const world = new World();
    let next = 0;
    const [a, b] = await world.begin({ cards: () => Array.from({ length: LIMITS.maxSignalingCards }, () => ghosts[next++ % 200] as Uint8Array) });
    for (let round = 0; round < 40; round++) {
      world.server.welcomeAll();
      await world.clock.advance(100);
      world.expectBounded();
    }
    expect(a.state().connectedPeers + b.state().connectedPeers).toBe(0);
    await world.heal();
    await world.expectConversation(a, b);
  });
});

describe('a server that stands in the middle', () => {
  it('swaps the fingerprints of DTLS certificates: the handshake fails on both sides', async () => {
    const world = new World();
    world.rtc.rewrite = (sdp) => sdp.replace(/(sha-256 )(..)/, (_match, prefix: string, byte: string) => prefix + (byte === 'EE' ? 'EF' : 'EE'));
    const [a, b] = await world.begin({});
    expect([a.state().connectedPeers, b.state().connectedPeers]).toEqual([0, 0]);
    expect([a.peers()[0]?.reason, b.peers()[0]?.reason]).toEqual(['handshake-failed', 'handshake-failed']);
    world.rtc.rewrite = (sdp) => sdp;
    await world.heal();
    await world.expectConversation(a, b);
  });

  it('takes the fingerprints out: no link opens without them', async () => {
    const world = new World();
    world.rtc.rewrite = (sdp) => sdp.replace(/a=fingerprint.*/, '');
    const [a, b] = await world.begin({});
    expect(world.rtc.links).toEqual([]);
    expect([a.peers()[0]?.reason, b.peers()[0]?.reason]).toContain('ice-failed');
    world.rtc.rewrite = (sdp) => sdp;
    await world.heal();
    await world.expectConversation(a, b);
  });

  const BAD_HELLOS: Readonly<Record<string, Uint8Array>> = {
    'no version that we have': helloWith({ versions: [PROTOCOL_VERSION + 1] }),
    'no suite that we have': helloWith({ suites: [SUITE_25519_CHACHAPOLY_SHA256 + 1] }),
    'no versions at all': helloWith({ versions: [] }),
    'a critical extension that we do not have': helloWith({ extensions: [{ id: 500, critical: true, value: new Uint8Array(1) }] }),
  };

  for (const [what, hello] of Object.entries(BAD_HELLOS)) {
    it(`introduces a node of its own with ${what}: version-unsupported, and others connect`, async () => {
      const world = new World();
      const [a, b] = await world.begin({});
      await offerFrom(world, hello);
      await world.clock.advance(PATIENCE_MS);
      expect(a.peers().find(({ node }) => node === mallory.node)).toMatchObject({ state: 'away', reason: 'version-unsupported' });
      await world.expectConversation(a, b);
    });
  }
});

function helloWith(change: Partial<Hello>): Uint8Array {
  return encodeHello({ versions: [PROTOCOL_VERSION], suites: [SUITE_25519_CHACHAPOLY_SHA256], extensions: [], ...change });
}

/** Somebody with a key of their own who is nowhere. */
function ghost(): LocalIdentity {
  const nodeSigner = scriptSignerOf(ENTROPY.bytes(32));
  return { ...mallory, nodeSigner, node: nodeIdOf(nodeSigner.publicKey) };
}

/** The server itself dials alice, as a node that it made up, and opens a real link with her. */
async function offerFrom(world: World, hello: Uint8Array): Promise<void> {
  const now = world.clock.now();
  const dialId = ENTROPY.bytes(16);
  const card = await makeCard(mallory, NETWORK, now);
  const { sealingKey } = readCard(await makeCard(alice, NETWORK, now), NETWORK, now);
  const dial = world.rtc.dial({
    initiator: true,
    iceServers: [],
    onLink: () => undefined,
    onFailed: () => undefined,
    onSignal: (signal) => {
      if (signal.type !== 'offer') return;
      void (async () => {
        const route = { from: mallory.node, to: alice.node, networkId: openNetworkId('test') };
        const { body, message } = introductionToSign({ kind: 'offer', dialId, seq: 0, sentAt: now, hello, card, signals: [signal] }, route);
        const sealed = sealIntroduction(body, await mallory.nodeSigner.sign(message), sealingKey, ENTROPY);
        world.server.forward({ from: publicKeyOf(mallory.node), to: publicKeyOf(alice.node), body: sealed });
      })();
    },
  });
  await world.clock.advance(1_000);
  // Alice's answer is sealed to mallory, whom the server plays: it knows what she said from the double.
  dial.signal({ type: 'answer', sdp: world.rtc.newestAnswer });
}
