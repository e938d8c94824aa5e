import { afterEach, describe, expect, it } from 'vitest';
import { joinNodes, localNode } from '../../test/doubles/local-nodes.ts';
import { known, linkTabs, tabIdentity, tabOf } from '../../test/doubles/tab-nodes.ts';
import { seededIdentity } from '../../test/support/seeded-identity.ts';
import { systemClock } from '../app/system-clock.ts';
import type { NodeId } from '../base/ids.ts';
import { ParleyError } from '../base/errors.ts';
import { scriptVerifier } from '../crypto/signing.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import type { Node } from '../node/node.ts';
import type { ChatStore, DeliveryState } from '../ports/chat-store.ts';
import type { Records } from '../ports/records.ts';
import { MemoryChatStore } from '../storage/memory-storage.ts';
import { readEvent } from './chat-event.ts';
import { CHAT_PROTOCOL, ChatService } from './chat-service.ts';

const closing: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Listener = Parameters<Records['onForeignChange']>[0];

/** One store as several tabs see it: each hears of what the others wrote. */
class SharedStore {
  readonly store = new MemoryChatStore();
  readonly #listeners = new Set<Listener>();

  tab(): { readonly store: ChatStore; readonly records: Pick<Records, 'onForeignChange'> } {
    let mine: Listener | undefined;
    const tell = (conversation: string) => {
      for (const listener of this.#listeners) if (listener !== mine) queueMicrotask(() => listener('chat', conversation));
    };
    const { store } = this;
    const bound = <Name extends keyof ChatStore>(name: Name) => (store[name] as (...args: never[]) => unknown).bind(store) as ChatStore[Name];
    const view: ChatStore = {
      get: bound('get'),
      page: bound('page'),
      heads: bound('heads'),
      setHeads: bound('setHeads'),
      conversation: bound('conversation'),
      recent: bound('recent'),
      undelivered: bound('undelivered'),
      unread: bound('unread'),
      deliveries: bound('deliveries'),
      append: async (event, conversation, deliveries) => {
        const isNew = await store.append(event, conversation, deliveries);
        if (isNew) tell(conversation.id);
        return isNew;
      },
      markRead: async (conversation, upTo) => {
        await store.markRead(conversation, upTo);
        tell(conversation);
      },
      advance: async (event, to, state, at, reason) => {
        const isMoved = await store.advance(event, to, state, at, reason);
        const [delivery] = await store.deliveries([event]);
        if (isMoved && delivery) tell(delivery.conversation);
        return isMoved;
      },
    };
    return {
      store: view,
      records: {
        onForeignChange: (listener) => {
          mine = listener;
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      },
    };
  }
}

function chatOf(node: Node, identity: LocalIdentity, shared: SharedStore, isDelivering: boolean): ChatService {
  const { device, deviceSigner } = identity;
  const chat = new ChatService({
    node,
    ...shared.tab(),
    device,
    deviceSigner,
    verifier: scriptVerifier,
    clock: systemClock,
    network: 'test',
    isDelivering,
  });
  closing.push(
    () => chat.close(),
    () => node.close(),
  );
  return chat;
}

/** Ada's hub and leaf with one store, and Bo, whom she has already written to. */
async function world() {
  const [hub, leaf, bo] = await Promise.all([tabOf(0), tabOf(1, { role: 'leaf' }), localNode(3)]);
  const [adas, bos] = [new SharedStore(), new SharedStore()];
  const identities = await Promise.all([tabIdentity(0), tabIdentity(1), seededIdentity(3, Date.now())]);
  const chats = {
    hub: chatOf(hub, identities[0], adas, true),
    leaf: chatOf(leaf, identities[1], adas, false),
    bo: chatOf(bo, identities[2], bos, true),
  };
  await Promise.all([linkTabs(leaf, hub), joinNodes(hub, bo)]);
  await Promise.all([known(bo, leaf, true), known(leaf, bo, false)]);
  return { hub, leaf, bo, adas, bos, chats };
}

function reached(chat: ChatService, wanted: DeliveryState): Promise<void> {
  return new Promise((resolve) => {
    const stop = chat.on('delivery', ({ state }) => {
      if (state !== wanted) return;
      stop();
      resolve();
    });
  });
}

function heard(chat: ChatService): Promise<string> {
  return new Promise((resolve) => {
    const stop = chat.on('stored', ({ event, mine }) => {
      if (mine) return;
      stop();
      resolve(readEvent(event.bytes).event.text);
    });
  });
}

describe('conversations in several tabs', () => {
  it('go out through the hub, whichever tab stored the message or the receipt', async () => {
    const { bo, hub, chats, adas } = await world();
    const [arrived, delivered] = [heard(chats.bo), reached(chats.hub, 'delivered')];
    const id = await chats.leaf.send(bo.identity.person, 'from a leaf');
    expect(await arrived).toBe('from a leaf');
    await delivered;
    expect(await adas.store.deliveries([id])).toMatchObject([{ state: 'delivered' }]);
    const [answer, read] = [heard(chats.hub), reached(chats.bo, 'read')];
    const answered = await chats.bo.send(hub.identity.person, 'to Ada');
    expect(await answer).toBe('to Ada');
    await chats.leaf.markRead(chats.leaf.conversationWith(bo.identity.person), bo.identity.person, answered);
    await read;
  });

  it('open no streams to leaves, nor from them', async () => {
    const { bo, hub, leaf, chats } = await world();
    bo.serve('probe/1', () => undefined);
    // A session over the hub, as for a call.
    await leaf.open(bo.id, 'probe/1');
    const opened: (readonly [Node, NodeId])[] = [];
    for (const node of [leaf, bo]) {
      const open = node.open.bind(node);
      node.open = (to, protocol, options) => (protocol === CHAT_PROTOCOL && opened.push([node, to]), open(to, protocol, options));
    }
    const delivered = reached(chats.bo, 'delivered');
    await chats.bo.send(hub.identity.person, 'hello');
    await delivered;
    const back = reached(chats.hub, 'delivered');
    await chats.leaf.send(bo.identity.person, 'hello back');
    await back;
    expect(opened).toEqual([[bo, hub.id]]);
  });

  it('go on when the leaf becomes the hub, with what waited, and nothing comes twice', async () => {
    const { bo, hub, leaf, chats, bos } = await world();
    const first = reached(chats.hub, 'delivered');
    await chats.leaf.send(bo.identity.person, 'first');
    await first;
    hub.setRole('leaf');
    chats.hub.setDelivering(false);
    await chats.leaf.send(bo.identity.person, 'meanwhile');
    leaf.setRole('hub');
    const delivered = reached(chats.leaf, 'delivered');
    chats.leaf.setDelivering(true);
    await joinNodes(leaf, bo);
    await delivered;
    const answered = heard(chats.leaf);
    await chats.bo.send(hub.identity.person, 'answer');
    expect(await answered).toBe('answer');
    const texts = (await bos.store.page(chats.bo.conversationWith(hub.identity.person), 10)).map(({ bytes }) => readEvent(bytes).event.text);
    expect(texts).toEqual(['first', 'meanwhile', 'answer']);
  });

  it('try again what was refused when another tab says so', async () => {
    const { bo, chats, bos } = await world();
    const append = bos.store.append.bind(bos.store);
    let refusals = 1;
    bos.store.append = async (...args) => {
      if (refusals-- > 0) throw new ParleyError('overloaded', 'Not now.');
      return append(...args);
    };
    const failed = reached(chats.hub, 'failed');
    const id = await chats.leaf.send(bo.identity.person, 'again');
    await failed;
    const delivered = reached(chats.hub, 'delivered');
    await chats.leaf.retry(id, bo.identity.person);
    await delivered;
    expect(await bos.store.page(chats.leaf.conversationWith(bo.identity.person), 10)).toHaveLength(1);
  });
});
