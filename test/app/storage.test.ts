import { describe, expect, it } from 'vitest';
import type { CDPSession } from 'playwright-core';
import { encodeInvite } from '../../src/wire/invite.ts';
import { newPrivateNetwork } from '../../src/wire/networks.ts';
import { seededEntropy } from '../support/seeded-identity.ts';
import { openScene } from './scene.ts';
import type { Person } from './stage.ts';

const LITTLE_SPACE_BYTES = 16 * 2 ** 20;
const FULL = 'The storage of this browser is full';
const DENIED = 'This browser does not let the page store anything';
const BROKEN = 'The storage of this browser cannot be read';
const TOO_NEW = 'The stored data was written by a newer version of the app';

describe('trouble with storage', () => {
  const scene = openScene();

  /** A browser asks for its quota when what it had granted before is used up: it has to be little from the beginning. */
  async function pairWithLittleSpace() {
    const people = [await scene.stage.person(), await scene.stage.person()] as const;
    for (const person of people) await limitStorage(person, LITTLE_SPACE_BYTES, scene.server.url);
    return scene.stage.pair(scene.server.url, people);
  }

  it('does not show a message as sent that a full disk did not take, and loses none of it', async () => {
    const [ada, bo] = await pairWithLittleSpace();
    await ada.startTalkWith('Bo');
    await ada.write('this one fits');
    await ada.sees('Ada', 'this one fits');
    await fillStorage(ada);
    await ada.write('this one does not');
    await ada.isTold(FULL);
    await expect.poll(() => ada.field().inputValue()).toBe('this one does not');
    expect(await ada.page.getByRole('article', { name: /does not/ }).count()).toBe(0);
    await ada.connected();
    await limitStorage(ada, undefined);
    await ada.page.getByRole('button', { name: 'Send' }).click();
    await ada.sees('Ada', 'this one does not');
    await bo.read('Ada');
    await bo.sees('Ada', 'this one does not');
  });

  it('gives no receipt for a message that a full disk did not take, and has it again later', async () => {
    const [ada, bo] = await pairWithLittleSpace();
    await fillStorage(bo);
    await ada.startTalkWith('Bo');
    await ada.write('keep this for me');
    await bo.isTold(FULL);
    await ada.page.getByText(/ · sent$/).waitFor();
    expect(await bo.page.getByRole('list', { name: 'Conversations' }).getByRole('link').count()).toBe(0);
    await limitStorage(bo);
    await bo.page.reload();
    await bo.read('Ada');
    await bo.sees('Ada', 'keep this for me');
    await ada.page.getByText(/ · (delivered|read)$/).waitFor();
  });

  it('works on a first visit with a full disk, and says that it will forget', async () => {
    const ada = await scene.stage.person();
    await limitStorage(ada, 1, scene.server.url);
    const bo = await scene.stage.person();
    await Promise.all([ada.open(scene.server.url), bo.open(scene.server.url)]);
    await ada.isTold(FULL);
    await bo.rename('Bo');
    await worksWith(ada, bo);
  });

  it('stays the same person in a new tab and in a new network while the disk is full, and says that neither is kept', async () => {
    const [ada] = await pairWithLittleSpace();
    await fillStorage(ada);
    const second = await scene.stage.anotherTab(ada);
    await second.open(`${scene.server.url}${encodeInvite(newPrivateNetwork(seededEntropy(1), 'Lab'))}`);
    await second.isTold(FULL);
    await second.page
      .getByText(/This tab is now .* of Lab/)
      .last()
      .waitFor();
    await second.connected(0);
    await second.go('Settings');
    expect(await second.page.getByRole('textbox', { name: 'Display name' }).inputValue()).toBe('Ada');
    await ada.connected(1);
  });

  it('works where the browser denies every kind of storage, and says so', async () => {
    const ada = await scene.stage.person();
    await ada.context.addInitScript(denyStorage);
    const bo = await scene.stage.person();
    await Promise.all([ada.open(scene.server.url), bo.open(scene.server.url)]);
    await ada.isTold(DENIED);
    await bo.rename('Bo');
    await worksWith(ada, bo);
    await ada.go('Settings');
    await ada.page.getByText(DENIED).first().waitFor();
    await ada.page.getByRole('button', { name: 'Ask the browser to keep it' }).click();
    await ada.isTold('The browser did not agree to keep it');
  });

  for (const [what, words, damage] of [
    ['was written by a newer version', TOO_NEW, writeNewerDatabase],
    ['lacks a part', BROKEN, writeHalfDatabase],
  ] as const) {
    it(`works beside a database that ${what}, leaves it alone, and says so`, async () => {
      const [ada, bo] = [await scene.stage.person(), await scene.stage.person()];
      await ada.open(scene.server.url);
      await ada.page.evaluate(() => (location.href = '/health'));
      await ada.page.waitForURL('**/health');
      const written = await ada.page.evaluate(damage);
      await Promise.all([ada.open(scene.server.url), bo.open(scene.server.url)]);
      await ada.isTold(words);
      await bo.rename('Bo');
      await worksWith(ada, bo);
      expect(await ada.page.evaluate(describeDatabase)).toEqual(written);
    });
  }
});

/** The node runs: somebody who could store nothing is connected, writes, and is read. */
async function worksWith(ada: Person, bo: Person): Promise<void> {
  await ada.rename('Ada');
  await ada.connected();
  await ada.startTalkWith('Bo');
  await ada.write('in memory only');
  await ada.sees('Ada', 'in memory only');
  await bo.read('Ada');
  await bo.sees('Ada', 'in memory only');
}

const sessions = new WeakMap<Person, CDPSession>();

/** Gives the page's origin so many bytes; without a number, as many as the browser would. */
async function limitStorage(person: Person, quotaSize?: number, url = person.page.url()): Promise<void> {
  const session = sessions.get(person) ?? (await person.context.newCDPSession(person.page));
  sessions.set(person, session);
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(url).origin, ...(quotaSize === undefined ? {} : { quotaSize }) });
}

/** Fills the origin's space to the last bytes with a database of something else. */
async function fillStorage(person: Person): Promise<void> {
  await person.page.evaluate(async (largest) => {
    const request = indexedDB.open('fill');
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore('bytes', { autoIncrement: true }));
    const database = await new Promise<IDBDatabase>((resolve) => request.addEventListener('success', () => resolve(request.result)));
    const noise = (size: number): Uint8Array => {
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65_536)));
      return bytes;
    };
    const put = (size: number) =>
      new Promise<boolean>((resolve) => {
        const transaction = database.transaction('bytes', 'readwrite');
        transaction.addEventListener('complete', () => resolve(true));
        transaction.addEventListener('abort', () => resolve(false));
        transaction.objectStore('bytes').add(noise(size));
      });
    for (let size = largest; size > 16;) if (!(await put(size))) size = Math.floor(size / 2);
    database.close();
  }, LITTLE_SPACE_BYTES / 8);
  await limitStorage(person, 1);
}

/** In the page, before its scripts: as browsers behave that block all data of a site. */
function denyStorage(): void {
  const deny = (): never => {
    throw new DOMException('Access is denied for this document.', 'SecurityError');
  };
  IDBFactory.prototype.open = deny;
  LockManager.prototype.request = (() =>
    Promise.reject(new DOMException('The request was denied.', 'SecurityError'))) as typeof LockManager.prototype.request;
  StorageManager.prototype.persist = () => Promise.resolve(false);
  for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, { get: deny });
}

async function writeNewerDatabase(): Promise<unknown> {
  const request = indexedDB.open('parley', 99);
  const database = await new Promise<IDBDatabase>((resolve) => request.addEventListener('success', () => resolve(request.result)));
  const written = [database.version, [...database.objectStoreNames]];
  database.close();
  return written;
}

async function writeHalfDatabase(): Promise<unknown> {
  const before = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open('parley');
    request.addEventListener('success', () => resolve(request.result));
  });
  const { version } = before;
  before.close();
  await new Promise((resolve) => indexedDB.deleteDatabase('parley').addEventListener('success', resolve));
  const request = indexedDB.open('parley', version);
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore('records'));
  const database = await new Promise<IDBDatabase>((resolve) => request.addEventListener('success', () => resolve(request.result)));
  const written = [database.version, [...database.objectStoreNames]];
  database.close();
  return written;
}

async function describeDatabase(): Promise<unknown> {
  const request = indexedDB.open('parley');
  const database = await new Promise<IDBDatabase>((resolve) => request.addEventListener('success', () => resolve(request.result)));
  const found = [database.version, [...database.objectStoreNames]];
  database.close();
  return found;
}
