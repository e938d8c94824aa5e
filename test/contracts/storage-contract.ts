import type { PersonId } from '../../src/base/ids.ts';
import type { ChatStore, Delivery, NewConversation, StoredEvent } from '../../src/ports/chat-store.ts';
import type { Records } from '../../src/ports/records.ts';

export type StorageMaker = () => Promise<{ readonly records: Records; readonly chat: ChatStore; release?(): Promise<void> | void }>;

type Storage = Awaited<ReturnType<StorageMaker>>;

const ALICE = 'alice' as PersonId;
const BOB = 'bob' as PersonId;
const CONVERSATION: NewConversation = { id: 'talk', network: 'net', members: [ALICE, BOB], createdAt: 1 };

function event(id: string, depth: number, time = depth, author = ALICE, conversation = 'talk'): StoredEvent {
  return { id, conversation, author, time, depth, bytes: Uint8Array.of(depth), storedAt: time };
}

function queued(id: string): Delivery {
  return { event: id, conversation: 'talk', to: BOB, state: 'queued', at: 0 };
}

function same(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

const CHECKS: Readonly<Record<string, (storage: Storage) => Promise<void>>> = {
  'keeps, lists, changes and deletes records': async ({ records }) => {
    const notes = records.table<{ readonly text: string }>('notes');
    await notes.put('a', { text: 'one' });
    await notes.put('b', { text: 'two' });
    same(await notes.get('a'), { text: 'one' });
    same([...(await notes.all()).keys()], ['a', 'b']);
    same(await notes.update('a', (before) => before && { text: `${before.text}!` }), { text: 'one!' });
    await notes.update('b', () => undefined);
    await notes.delete('missing');
    same([...(await notes.all()).values()], [{ text: 'one!' }]);
    same(await records.table('drafts').get('a'), undefined);
  },
  'loses no update of many at once': async ({ records }) => {
    const counter = records.table<number>('settings');
    await Promise.all(Array.from({ length: 50 }, () => counter.update('count', (before) => (before ?? 0) + 1)));
    same(await counter.get('count'), 50);
  },
  'lets only the last who took a fence write, each scope for itself': async ({ records }) => {
    const [first, elsewhere] = [await records.takeFence('here'), await records.takeFence('elsewhere')];
    const table = first.table<number>('peers');
    await table.put('a', 1);
    const second = await records.takeFence('here');
    same(second.token > first.token, true);
    for (const write of [() => table.put('a', 2), () => table.delete('a'), () => table.update('a', () => 3)]) {
      const code = await write().then(
        () => 'written',
        (thrown: unknown) => (thrown as { readonly code?: unknown }).code,
      );
      same(code, 'fenced');
    }
    same([await table.get('a'), [...(await table.all())]], [1, [['a', 1]]]);
    await second.table<number>('peers').update('a', (before) => (before ?? 0) + 10);
    await elsewhere.table<number>('peers').put('b', 5);
    await records.table<number>('peers').put('c', 6);
    same(
      [...(await records.table<number>('peers').all())],
      [
        ['a', 11],
        ['b', 5],
        ['c', 6],
      ],
    );
  },
  'loses no write that raced with a take-over, and lets none in after it': async ({ records }) => {
    const first = await records.takeFence('race');
    const settled = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        if (index === 10) await records.takeFence('race');
        const write = first.table<number>('peers').put(`race ${String(index).padStart(2, '0')}`, index);
        return write.then(
          () => true,
          () => false,
        );
      }),
    );
    const kept = [...(await records.table<number>('peers').all()).values()];
    same(
      kept,
      settled.flatMap((isWritten, index) => (isWritten ? [index] : [])),
    );
    same(settled.includes(false), true);
  },
  'stores an event once, with its conversation and deliveries': async ({ chat }) => {
    same(await chat.append(event('e1', 0), CONVERSATION, [queued('e1')]), true);
    same(await chat.append(event('e1', 0), CONVERSATION, [queued('e1')]), false);
    same((await chat.get('e1'))?.depth, 0);
    same(await chat.get('nothing'), undefined);
    same((await chat.conversation('talk'))?.last.id, 'e1');
    same(await chat.conversation('nothing'), undefined);
    same(
      (await chat.undelivered(BOB)).map(({ event: id }) => id),
      ['e1'],
    );
  },
  'pages in display order, whatever the order of arrival': async ({ chat }) => {
    for (const stored of [event('c', 2), event('a', 0), event('b2', 1, 9), event('b1', 1, 3)]) await chat.append(stored, CONVERSATION, []);
    same(
      (await chat.page('talk', 10)).map(({ id }) => id),
      ['a', 'b1', 'b2', 'c'],
    );
    const last = await chat.page('talk', 2);
    same(
      last.map(({ id }) => id),
      ['b2', 'c'],
    );
    same(
      (await chat.page('talk', 2, last[0])).map(({ id }) => id),
      ['a', 'b1'],
    );
  },
  'moves deliveries forward, never back': async ({ chat }) => {
    await chat.append(event('e1', 0), CONVERSATION, [queued('e1')]);
    same(await chat.advance('e1', BOB, 'delivered', 5), true);
    same(await chat.advance('e1', BOB, 'sent', 6), false);
    same(await chat.advance('e1', BOB, 'failed', 7, 'refused'), false);
    same(await chat.undelivered(BOB), []);
    same(
      (await chat.deliveries(['e1', 'unknown'])).map(({ state }) => state),
      ['delivered'],
    );
    same(
      (await chat.unread(BOB)).map(({ event: id }) => id),
      ['e1'],
    );
    same(await chat.advance('e1', BOB, 'read', 8), true);
    same(await chat.advance('unknown', BOB, 'read', 8), false);
  },
  'remembers heads and the reading position': async ({ chat }) => {
    await chat.append(event('e1', 0), CONVERSATION, []);
    await chat.setHeads('talk', (heads) => [...heads, 'e1']);
    await chat.setHeads('talk', (heads) => [...heads.filter((head) => head !== 'e1'), 'e2']);
    same(await chat.heads('talk'), ['e2']);
    await chat.markRead('talk', 'e1');
    same((await chat.conversation('talk'))?.readUpTo, 'e1');
  },
  'keeps what a list shows: the last event in display order, and how many by others are unread': async ({ chat }) => {
    const shown = async () => {
      const found = await chat.conversation('talk');
      return found && [found.last.id, found.lastAt, found.unread];
    };
    await chat.append(event('b1', 2, 20, BOB), CONVERSATION, []);
    await chat.append(event('b0', 1, 10, BOB), CONVERSATION, []);
    same(await shown(), ['b1', 20, 2]);
    await chat.append(event('a1', 3, 30), CONVERSATION, []);
    same(await shown(), ['a1', 30, 2]);
    await chat.append(event('b2', 4, 40, BOB), CONVERSATION, []);
    await chat.append(event('b2', 4, 40, BOB), CONVERSATION, []);
    await chat.markRead('talk', 'b1');
    same(await shown(), ['b2', 40, 1]);
    await chat.markRead('talk', 'unknown');
    same(await shown(), ['b2', 40, 1]);
    await chat.markRead('talk', 'b2');
    same(await shown(), ['b2', 40, 0]);
  },
  'lists the conversations of a network by their last events, a page at a time': async ({ chat }) => {
    for (const [id, time] of Object.entries({ c1: 10, c2: 30, c3: 20, c4: 20 }))
      await chat.append(event(`in ${id}`, 0, time, BOB, id), { ...CONVERSATION, id }, []);
    await chat.append(event('elsewhere', 0, 99, BOB, 'c5'), { ...CONVERSATION, id: 'c5', network: 'other' }, []);
    const first = await chat.recent('net', 2);
    same(
      first.map(({ id }) => id),
      ['c2', 'c4'],
    );
    const second = await chat.recent('net', 2, first.at(-1));
    same(
      second.map(({ id }) => id),
      ['c3', 'c1'],
    );
    same(await chat.recent('net', 2, second.at(-1)), []);
    await chat.append(event('again', 1, 50, BOB, 'c1'), { ...CONVERSATION, id: 'c1' }, []);
    same((await chat.recent('net', 1))[0]?.id, 'c1');
  },
};

/** What every {@link Records} and {@link ChatStore} must do. */
export function testStorageContract(name: string, make: StorageMaker, it: (title: string, run: () => Promise<void>) => void): void {
  for (const [title, run] of Object.entries(CHECKS)) {
    it(`${name}: ${title}`, async () => {
      const storage = await make();
      try {
        await run(storage);
      } finally {
        await storage.release?.();
      }
    });
  }
}
