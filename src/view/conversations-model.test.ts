import { beforeAll, describe, expect, it } from 'vitest';
import { seededIdentity } from '../../test/support/seeded-identity.ts';
import { Emitter } from '../base/emitter.ts';
import type { PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { directConversationId, signEvent } from '../chat/chat-event.ts';
import type { ChatEvents } from '../chat/chat-service.ts';
import type { ChatStore, StoredEvent } from '../ports/chat-store.ts';
import { MemoryChatStore, MemoryRecords } from '../storage/memory-storage.ts';
import { ConversationsModel } from './conversations-model.ts';

const ME = 'me' as PersonId;
const NETWORK = 'net';
let bytes: Uint8Array;

beforeAll(async () => {
  const { person, device, deviceSigner } = await seededIdentity(1, 0);
  const text = {
    conversation: directConversationId(new Uint8Array(32), person, person),
    author: person,
    device,
    time: 1,
    depth: 1,
    parents: [],
    kind: 'text',
    text: 'hello',
  } as const;
  ({ bytes } = await signEvent(text, deviceSigner));
});

/** A store that counts what is asked of it, by method. */
function counted(store: ChatStore): { readonly store: ChatStore; readonly calls: Map<string, number> } {
  const calls = new Map<string, number>();
  const proxy = new Proxy(store, {
    get: (target, name: keyof ChatStore) => {
      calls.set(name, (calls.get(name) ?? 0) + 1);
      return target[name].bind(target);
    },
  });
  return { store: proxy, calls };
}

function setUp() {
  const inner = new MemoryChatStore();
  const { store, calls } = counted(inner);
  const events = new Emitter<ChatEvents>();
  const records = new MemoryRecords();
  const known: PersonId[] = [];
  const model = new ConversationsModel({
    chat: {
      on: (name, listener) => events.on(name, listener),
      conversationWith: (person) => `with ${person}`,
      markRead: (conversation, _with, upTo) => inner.markRead(conversation, upTo),
    },
    store,
    records,
    people: {
      view: (id) => ({ id, name: `name of ${id}`, sigil: { key: id, kind: 'person', verified: false }, presence: 'away', verified: false }),
      path: () => undefined,
    },
    me: ME,
    network: NETWORK,
    known: () => known,
    callsIn: () => [],
    report: (thrown) => expect.unreachable(String(thrown)),
  });
  const say = async (person: string, depth: number, author = person, time = depth): Promise<StoredEvent> => {
    const conversation = `with ${person}`;
    const event = { id: `${person} ${depth}`, conversation, author: author as PersonId, time, depth, bytes, storedAt: time };
    await inner.append(event, { id: conversation, network: NETWORK, members: [ME, person as PersonId], createdAt: 0 }, []);
    return event;
  };
  return { model, inner, events, calls, say, records, known };
}

/** The value that a view has once it was read. */
async function seen(model: ConversationsModel, id: string) {
  const view = model.view(id);
  return new Promise<NonNullable<typeof view.value>>((resolve) => view.subscribe((value) => value && resolve(value)));
}

describe('the list of conversations', () => {
  it('costs one read at the start, however many there are', async () => {
    for (const count of [3, 3_000]) {
      const { model, calls, say } = setUp();
      for (let index = 0; index < count; index++) await say(`p${index}`, 1, undefined, index);
      await model.loadMore();
      expect(Object.fromEntries(calls)).toEqual({ recent: 1 });
      expect(model.rows.value).toHaveLength(Math.min(count, LIMITS.chatListPage));
      expect(model.rows.value[0]).toMatchObject({ id: `with p${count - 1}`, lastText: 'hello', unread: 1 });
    }
  });

  it('goes on page by page to its end', async () => {
    const { model, say } = setUp();
    const count = LIMITS.chatListPage * 2 + 5;
    for (let index = 0; index < count; index++) await say(`p${index}`, 1);
    for (let page = 0; page < 3; page++) {
      expect(model.hasMore.value).toBe(page > 0);
      await model.loadMore();
    }
    expect(model.hasMore.value).toBe(false);
    expect(new Set(model.rows.value.map(({ id }) => id)).size).toBe(count);
  });

  it('puts a conversation on top when something is said in it, for one read', async () => {
    const { model, events, calls, say } = setUp();
    for (let index = 0; index < 150; index++) await say(`p${index}`, 1, undefined, index);
    await model.loadMore();
    calls.clear();
    const event = await say('p0', 2, 'p0', 999);
    events.emit('stored', { conversation: event.conversation, event, mine: false });
    await expect.poll(() => model.rows.value[0]).toMatchObject({ id: 'with p0', unread: 2 });
    expect(Object.fromEntries(calls)).toEqual({ conversation: 1 });
  });
});

describe('a conversation', () => {
  it('is read from its end when it is looked at, and further back a page at a time', async () => {
    const { model, calls, say } = setUp();
    const count = LIMITS.chatPageEvents * 2 + 1;
    for (let depth = 1; depth <= count; depth++) await say('bo', depth);
    await model.loadMore();
    calls.clear();
    const view = await seen(model, 'with bo');
    expect(view.entries).toHaveLength(LIMITS.chatPageEvents);
    expect(view.hasOlder).toBe(true);
    expect(Object.fromEntries(calls)).toEqual({ conversation: 1, page: 1, deliveries: 1 });
    await Promise.all([model.loadOlder('with bo'), model.loadOlder('with bo')]);
    expect(calls.get('page')).toBe(2);
    await model.loadOlder('with bo');
    const { entries, hasOlder } = await seen(model, 'with bo');
    expect(entries.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, index) => `bo ${index + 1}`));
    expect(hasOlder).toBe(false);
  });

  it('begins to be new where it was left, and is no longer unread once it was seen', async () => {
    const { model, inner, say } = setUp();
    for (let depth = 1; depth <= 5; depth++) await say('bo', depth);
    await inner.markRead('with bo', 'bo 3');
    await model.loadMore();
    expect(model.rows.value[0]?.unread).toBe(2);
    expect((await seen(model, 'with bo')).firstUnread).toBe('bo 4');
    model.markRead('with bo');
    expect(model.rows.value[0]?.unread).toBe(0);
    expect(await inner.conversation('with bo')).toMatchObject({ readUpTo: 'bo 5', unread: 0 });
  });

  it('counts as unread what comes late and stands before what was read, until it is seen', async () => {
    const { model, inner, events, say } = setUp();
    await say('bo', 5);
    await model.loadMore();
    await seen(model, 'with bo');
    model.markRead('with bo');
    const late = await say('bo', 3);
    events.emit('stored', { conversation: 'with bo', event: late, mine: false });
    await expect.poll(() => model.rows.value[0]?.unread).toBe(1);
    model.markRead('with bo');
    expect(model.rows.value[0]?.unread).toBe(0);
    expect((await inner.conversation('with bo'))?.unread).toBe(0);
  });

  it('misses nothing that is said while it is being read', async () => {
    const { model, inner, events, say } = setUp();
    await say('bo', 1);
    const pageOf = inner.page.bind(inner);
    // Right after the page was read, before the model has it.
    inner.page = async (...args) => {
      const page = await pageOf(...args);
      const event = await say('bo', 2);
      events.emit('stored', { conversation: 'with bo', event, mine: false });
      return page;
    };
    const view = model.view('with bo');
    await expect.poll(() => view.value?.entries.map(({ id }) => id)).toEqual(['bo 1', 'bo 2']);
  });

  it('that is not there is there as soon as something was said in it', async () => {
    const { model, events, say } = setUp();
    const view = model.view('with bo');
    await expect.poll(() => view.value).toBe(null);
    const event = await say('bo', 1);
    events.emit('stored', { conversation: 'with bo', event, mine: false });
    await expect.poll(() => view.value?.entries).toHaveLength(1);
  });

  it('in which nothing was said is there as soon as its person is known', async () => {
    const { model, known } = setUp();
    const view = model.view('with bo');
    await expect.poll(() => view.value).toBe(null);
    model.refresh();
    expect(view.value).toBe(null);
    known.push('cy' as PersonId, 'bo' as PersonId);
    model.refresh();
    await expect.poll(() => view.value?.title).toBe('name of bo');
  });

  it('is read again when so many others were looked at since', async () => {
    const { model, calls, say } = setUp();
    for (let index = 0; index <= LIMITS.maxOpenConversations; index++) await say(`p${index}`, 1);
    for (let index = 0; index <= LIMITS.maxOpenConversations; index++) await seen(model, `with p${index}`);
    calls.clear();
    await seen(model, 'with p5');
    expect(calls.size).toBe(0);
    await seen(model, 'with p0');
    expect(calls.get('page')).toBe(1);
  });

  it('can be opened with a person before anything was said, and written in at once', async () => {
    const { model } = setUp();
    const id = await model.start('bo' as PersonId);
    expect(model.otherIn(id)).toBe('bo');
    expect((await seen(model, id)).entries).toEqual([]);
    expect(model.rows.value).toEqual([]);
  });
});

describe('the draft of a conversation', () => {
  it.each([
    ['hello ', ''],
    ['hello again', 'hello again'],
  ])('%j after the own message “hello” opens as %j', async (stored, shown) => {
    const { model, say, records } = setUp();
    await say('bo', 1, ME);
    await records.table<string>('drafts').put('with bo', stored);
    expect((await seen(model, 'with bo')).draft).toBe(shown);
    expect(await records.table<string>('drafts').get('with bo')).toBe(shown === '' ? undefined : stored);
  });

  it('stays when the words were the other’s', async () => {
    const { model, say, records } = setUp();
    await say('bo', 1);
    await records.table<string>('drafts').put('with bo', 'hello');
    expect((await seen(model, 'with bo')).draft).toBe('hello');
  });
});
