import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/seeded-random.ts';
import { readEvent } from '../../src/chat/chat-event.ts';
import { ChatService } from '../../src/chat/chat-service.ts';
import { scriptVerifier } from '../../src/crypto/signing.ts';
import type { Node } from '../../src/node/node.ts';
import { MemoryChatStore } from '../../src/storage/memory-storage.ts';
import { memoryLinkPair, type Carrier, type MemoryLink } from '../../src/transport/memory-link.ts';
import { localNode } from '../doubles/local-nodes.ts';
import { VirtualClock } from '../doubles/virtual-clock.ts';
import { seededIdentity } from '../support/seeded-identity.ts';

const STEPS = 60;
const STEP_MS = 500;
const HEAL_MS = 120_000;

type Member = { readonly node: Node; readonly chat: ChatService; readonly store: MemoryChatStore };

/** Two or three people write to each other while links delay, lose and alter frames, break, and come back; then all faults end. */
class World {
  readonly clock = new VirtualClock();
  readonly members: Member[] = [];
  readonly sent = new Map<string, string[]>();
  readonly #random: SeededRandom;
  readonly #links = new Map<string, MemoryLink>();
  #isFaulty = true;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  async join(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const store = new MemoryChatStore();
      const node = await localNode(index + 1, { clock: this.clock });
      const { device, deviceSigner } = await seededIdentity(index + 1, this.clock.now());
      const chat = new ChatService({ node, store, device, deviceSigner, verifier: scriptVerifier, clock: this.clock, network: 'test' });
      this.members.push({ node, chat, store });
    }
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      this.#mendLinks();
      if (this.#chance(0.5)) await this.#say(`message ${step}`);
      if (this.#chance(0.15)) this.#breakOne();
      await this.clock.advance(STEP_MS);
    }
    this.#isFaulty = false;
    for (let waited = 0; waited < HEAL_MS; waited += 5_000) {
      this.#mendLinks();
      await this.clock.advance(5_000);
    }
  }

  /** The texts of the conversation of `a` and `b` as `a` has them. */
  async texts(a: Member, b: Member): Promise<readonly string[]> {
    const events = await a.store.page(a.chat.conversationWith(b.node.identity.person), 1000);
    return events.map((event) => readEvent(event.bytes).event.text);
  }

  pairs(): readonly (readonly [Member, Member])[] {
    return this.members.flatMap((a, index) => this.members.slice(index + 1).map((b) => [a, b] as const));
  }

  async #say(text: string): Promise<void> {
    const from = this.#pick(this.members);
    const to = this.#pick(this.members.filter((member) => member !== from));
    await from.chat.send(to.node.identity.person, text);
    const pair = [from.node.id, to.node.id].toSorted().join();
    this.sent.set(pair, [...(this.sent.get(pair) ?? []), text]);
  }

  /** As signaling would: whoever has no session gets a new link. */
  #mendLinks(): void {
    for (const [a, b] of this.pairs()) {
      const pair = `${a.node.id},${b.node.id}`;
      const areConnected = [
        [a, b],
        [b, a],
      ].every(([x, y]) => x!.node.peers().some((peer) => peer.node === y!.node.id && peer.state === 'connected'));
      if (areConnected) continue;
      this.#links.get(pair)?.fail();
      const [left, right] = memoryLinkPair({ carry: this.#carrier() });
      a.node.attachLink(left, 'initiator', b.node.id);
      b.node.attachLink(right, 'responder');
      this.#links.set(pair, left);
    }
  }

  #breakOne(): void {
    const link = this.#pick([...this.#links.values()]);
    link.fail();
  }

  /** In order, as data channels are; now and then a frame is lost or one of its bits flips, which they should never do. */
  #carrier(): Carrier {
    let last = 0;
    return (frame, deliver) => {
      last = Math.max(last, this.clock.now() + 5 + this.#random.float() * 60);
      const isLost = this.#isFaulty && this.#chance(0.01);
      const isAltered = this.#isFaulty && this.#chance(0.005) && frame.length > 0;
      const carried = frame.slice();
      if (isAltered) carried[Math.floor(this.#random.float() * carried.length)]! ^= 1;
      this.clock.wakeAt(last, () => !isLost && deliver(carried));
    };
  }

  #chance(share: number): boolean {
    return this.#random.float() < share;
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random.float() * items.length)] as T;
  }
}

describe('direct messages over links that lose, alter and break', () => {
  for (const [people, seed] of [
    [2, 1],
    [2, 2],
    [2, 3],
    [3, 4],
    [3, 5],
    [3, 6],
    [2, 7],
    [2, 8],
    [3, 9],
    [3, 10],
    [3, 11],
    [3, 12],
  ] as const) {
    it(`${people} people, seed ${seed}: everything arrives once, in the same order on both sides`, { timeout: 60_000 }, async () => {
      const world = new World(seed);
      await world.join(people);
      await world.run();
      for (const [a, b] of world.pairs()) {
        const sent = world.sent.get([a.node.id, b.node.id].toSorted().join()) ?? [];
        const texts = await world.texts(a, b);
        expect(texts.toSorted()).toEqual(sent.toSorted());
        expect(await world.texts(b, a)).toEqual(texts);
        expect(await a.store.undelivered(b.node.identity.person)).toEqual([]);
        expect(await b.store.undelivered(a.node.identity.person)).toEqual([]);
      }
    });
  }
});
