import { afterEach, describe, expect, it } from 'vitest';
import { connectedNodes, joinNodes, localNode } from '../../test/doubles/local-nodes.ts';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';
import { isParleyError } from '../../test/support/expect-error.ts';
import { seededIdentity } from '../../test/support/seeded-identity.ts';
import { systemClock } from '../app/system-clock.ts';
import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../ports/clock.ts';
import { encode } from '../wire/codec.ts';
import { scriptVerifier } from '../crypto/signing.ts';
import type { Node } from '../node/node.ts';
import { MemoryChatStore } from '../storage/memory-storage.ts';
import { readEvent, signEvent } from './chat-event.ts';
import { CHAT_PROTOCOL, ChatService, type ChatEvents } from './chat-service.ts';

const services: ChatService[] = [];
afterEach(() => {
  for (const service of services.splice(0)) service.close();
});

async function chatOf(node: Node, seed: number, store = new MemoryChatStore(), clock: Clock = systemClock) {
  const identity = await seededIdentity(seed, clock.now());
  const service = new ChatService({
    node,
    store,
    deviceSigner: identity.deviceSigner,
    device: identity.device,
    verifier: scriptVerifier,
    clock,
    network: 'test',
  });
  services.push(service);
  return { service, store, identity };
}

async function talkingPair() {
  const [a, b] = await Promise.all([localNode(1), localNode(2)]);
  const [ada, bo] = await Promise.all([chatOf(a, 1), chatOf(b, 2)]);
  await joinNodes(a, b);
  return { a, b, ada, bo };
}

function once<Name extends keyof ChatEvents>(
  service: ChatService,
  name: Name,
  holds: (payload: ChatEvents[Name]) => boolean = () => true,
): Promise<ChatEvents[Name]> {
  return new Promise((resolve) => {
    const stop = service.on(name, (payload) => {
      if (!holds(payload)) return;
      stop();
      resolve(payload);
    });
  });
}

async function textsIn(store: MemoryChatStore, conversation: string): Promise<readonly string[]> {
  return (await store.page(conversation, 100)).map((event) => readEvent(event.bytes).event.text);
}

describe('direct messages', () => {
  it('arrive, are acknowledged, and read', async () => {
    const { a, b, ada, bo } = await talkingPair();
    const delivered = once(ada.service, 'delivery', ({ state }) => state === 'delivered');
    const id = await ada.service.send(b.identity.person, 'hello');
    expect((await delivered).event).toBe(id);
    const conversation = bo.service.conversationWith(a.identity.person);
    expect(await textsIn(bo.store, conversation)).toEqual(['hello']);
    const read = once(ada.service, 'delivery', ({ state }) => state === 'read');
    await bo.service.markRead(conversation, a.identity.person, id);
    await read;
  });

  it('stand in the same order on both sides when both write at once', async () => {
    const { a, b, ada, bo } = await talkingPair();
    let open = 20;
    const all = new Promise<void>((resolve) => {
      for (const { service } of [ada, bo]) service.on('delivery', ({ state }) => state === 'delivered' && --open === 0 && resolve());
    });
    for (let index = 0; index < 10; index++) {
      await Promise.all([ada.service.send(b.identity.person, `a${index}`), bo.service.send(a.identity.person, `b${index}`)]);
    }
    await all;
    const conversation = ada.service.conversationWith(b.identity.person);
    const texts = await textsIn(ada.store, conversation);
    expect(texts).toHaveLength(20);
    expect(await textsIn(bo.store, conversation)).toEqual(texts);
  });

  it('wait in the store for the other person, and arrive once over a later link', async () => {
    const [a, b] = await Promise.all([localNode(1), localNode(2)]);
    const [ada, bo] = [await chatOf(a, 1), await chatOf(b, 2)];
    await ada.service.send(b.identity.person, 'while you were away');
    const [delivery] = await ada.store.undelivered(b.identity.person);
    expect(delivery?.state).toBe('queued');
    const delivered = once(ada.service, 'delivery', ({ state }) => state === 'delivered');
    await joinNodes(a, b);
    await delivered;
    expect(await textsIn(bo.store, bo.service.conversationWith(a.identity.person))).toEqual(['while you were away']);
  });

  it('are brought again to somebody whose storage was full for a while', async () => {
    const clock = new VirtualClock();
    const [a, b] = await Promise.all([localNode(1, { clock }), localNode(2, { clock })]);
    const store = new MemoryChatStore();
    const append = store.append.bind(store);
    let refusals = 2;
    store.append = async (...args) => {
      if (refusals-- > 0) throw new ParleyError('storage-full', 'The disk is full.');
      return append(...args);
    };
    const [ada, bo] = await Promise.all([chatOf(a, 1, new MemoryChatStore(), clock), chatOf(b, 2, store, clock)]);
    const joined = joinNodes(a, b);
    await clock.advance(100);
    await joined;
    await ada.service.send(b.identity.person, 'keep this');
    await clock.advance(5 * LIMITS.chatAnswerTimeoutMs);
    expect(await textsIn(store, bo.service.conversationWith(a.identity.person))).toEqual(['keep this']);
    expect(await ada.store.undelivered(b.identity.person)).toEqual([]);
  });

  it('refuse what cannot be sent', async () => {
    const [a, b] = await connectedNodes();
    const { service } = await chatOf(a, 1);
    await isParleyError('bad-argument', service.send(b.identity.person, '  \n'));
    await isParleyError('bad-argument', service.send(a.identity.person, 'to myself'));
    await isParleyError('too-large', service.send(b.identity.person, 'x'.repeat(100_000)));
  });

  it('are not taken from somebody who writes in another name, and garbage ends the stream', async () => {
    const [a, b] = await connectedNodes();
    const bo = await chatOf(b, 2);
    const mallory = await seededIdentity(1, systemClock.now());
    const other = await seededIdentity(3, systemClock.now());
    const conversation = bo.service.conversationWith(a.identity.person);
    const forged = await signEvent(
      {
        conversation,
        author: other.person,
        device: other.device,
        time: Math.floor(systemClock.now()),
        depth: 1,
        parents: [],
        kind: 'text',
        text: 'trust me',
      },
      mallory.deviceSigner,
    );
    const stream = await a.open(b.id, CHAT_PROTOCOL);
    const fault = once(bo.service, 'fault');
    await stream.send(encode(['event', forged.bytes]));
    expect((await fault).code).toBe('bad-certificate');
    expect(await textsIn(bo.store, conversation)).toEqual([]);
    await stream.send(Uint8Array.of(0xff, 0x00));
    expect((await stream.closed).code).toBe('protocol-violation');
  });
});
