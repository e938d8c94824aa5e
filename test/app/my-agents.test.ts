import type { Locator } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { McpWebServer } from './mcp-web-server.ts';
import { openScene } from './scene.ts';
import type { Person } from './stage.ts';

/** Everything that the page's origin keeps in IndexedDB, as text; bytes as Latin-1. */
function storedText(person: Person): Promise<string> {
  return person.page.evaluate(async () => {
    const done = <Value>(request: IDBRequest<Value>) =>
      new Promise<Value>((resolve, reject) => {
        request.addEventListener('success', () => resolve(request.result));
        request.addEventListener('error', () => reject(request.error as Error));
      });
    const text = (value: unknown): string => {
      if (value instanceof Uint8Array) return String.fromCharCode(...value);
      if (value instanceof Map) return [...value].flat().map(text).join(' ');
      if (typeof value === 'object' && value !== null) return Object.entries(value).flat().map(text).join(' ');
      return String(value);
    };
    const parts: string[] = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name as string));
      for (const store of database.objectStoreNames) {
        const rows: unknown[] = await done(database.transaction(store).objectStore(store).getAll());
        parts.push(store, ...rows.map(text));
      }
      database.close();
    }
    return parts.join('\n');
  });
}

/** Puts the token of an agent into storage in clear, as an earlier version kept it. */
function keepInClear(person: Person, agent: string, token: string): Promise<void> {
  return person.page.evaluate(
    async ([id, secret]) => {
      const done = <Value>(request: IDBRequest<Value>) =>
        new Promise<Value>((resolve, reject) => {
          request.addEventListener('success', () => resolve(request.result));
          request.addEventListener('error', () => reject(request.error as Error));
        });
      for (const { name } of await indexedDB.databases()) {
        const database = await done(indexedDB.open(name as string));
        for (const storeName of database.objectStoreNames) {
          const store = database.transaction(storeName, 'readwrite').objectStore(storeName);
          for (const key of await done(store.getAllKeys())) {
            const row = (await done(store.get(key))) as { id?: unknown; kind?: unknown } | undefined;
            if (row?.id === id && row?.kind === 'remote') await done(store.put({ ...row, token: secret }, key));
          }
        }
        database.close();
      }
    },
    [agent, token] as const,
  );
}

describe('agents of mine in the built app', () => {
  const scene = openScene();
  let web: McpWebServer;
  beforeEach(async () => {
    web = await McpWebServer.start();
  });
  afterEach(() => web.stop());

  async function begin(person: Person, kind: string): Promise<void> {
    await person.go('Agents');
    await person.page.getByText('Add an agent', { exact: true }).click();
    await person.page.getByRole('combobox', { name: 'Kind' }).selectOption(kind);
  }

  async function callGreet(person: Person): Promise<void> {
    await person.openTool('Tea shop', undefined, 'greet');
    await person.page.getByRole('button', { name: 'Call tool' }).click();
    await person.result().getByText('Good day').waitFor();
  }

  it('keep a token nowhere in clear, and wrap one that an earlier version kept so', async () => {
    const bo = await scene.stage.person();
    await bo.open(scene.server.url);
    await begin(bo, 'A server on the web');
    await bo.page.getByRole('textbox', { name: 'Title' }).fill('Tea shop');
    await bo.page.getByRole('textbox', { name: 'Address of the server' }).fill(web.url);
    await bo.page.getByRole('textbox', { name: 'Token' }).fill('first-secret');
    await bo.page.getByRole('button', { name: 'Add', exact: true }).click();
    await bo.page.getByRole('list', { name: 'Tools' }).getByRole('button', { name: 'greet' }).waitFor();
    const stored = await storedText(bo);
    expect(stored).toContain('tea-shop');
    expect(stored).not.toContain('first-secret');
    await bo.page.reload();
    await callGreet(bo);
    expect([...web.tokens]).toEqual(['Bearer first-secret']);

    await keepInClear(bo, 'tea-shop', 'old-secret');
    expect(await storedText(bo)).toContain('old-secret');
    await bo.page.reload();
    await callGreet(bo);
    expect([...web.tokens]).toEqual(['Bearer first-secret', 'Bearer old-secret']);
    expect(await storedText(bo)).not.toContain('old-secret');
    await bo.page.reload();
    web.tokens.clear();
    await callGreet(bo);
    expect([...web.tokens]).toEqual(['Bearer old-secret']);
  });

  it('show the icons that their authors gave them, where nobody is asked for them', async () => {
    const square = (colour: string) =>
      `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path fill="${colour}" d="M0 0h8v8H0z"/></svg>`)}`;
    web.icons = [{ src: square('green'), mimeType: 'image/svg+xml' }];
    web.toolIcons = [{ src: `${new URL(web.url).origin}/icon.png`, mimeType: 'image/png' }];
    const bo = await scene.stage.person();
    await bo.open(scene.server.url);
    await begin(bo, 'A server on the web');
    await bo.page.getByRole('textbox', { name: 'Title' }).fill('Tea shop');
    await bo.page.getByRole('textbox', { name: 'Address of the server' }).fill(web.url);
    await bo.page.getByRole('button', { name: 'Add', exact: true }).click();
    const tool = bo.page.getByRole('list', { name: 'Tools' }).getByRole('listitem').filter({ hasText: 'Greets' });
    await tool.waitFor();
    const drawn = (of: Locator) =>
      of
        .locator('img.author')
        .evaluateAll((images) =>
          Promise.all(images.map(async (image) => (await (image as HTMLImageElement).decode(), (image as HTMLImageElement).src))),
        );
    const row = bo.page.getByRole('list', { name: 'Agents' }).getByRole('listitem', { name: 'Tea shop, your agent' });
    await row.locator('img.author').waitFor();
    expect([await drawn(row), await drawn(bo.page.locator('parley-agent header')), await drawn(tool)]).toEqual([
      [square('green')],
      [square('green')],
      [],
    ]);

    // A broken picture is none.
    web.toolIcons = [{ src: 'data:image/png;base64,AAAA' }];
    await bo.page.reload();
    await tool.locator('img.author').waitFor({ state: 'hidden' });
    web.toolIcons = [{ src: square('red') }];
    await bo.page.reload();
    await tool.locator('img.author').waitFor();
    expect(await drawn(tool)).toEqual([square('red')]);
    expect(new Set(web.asked)).toEqual(new Set(['/mcp']));
  });

  it('read a real folder, also after a reload, and nothing outside of it', async () => {
    const [ada, bo] = await Promise.all([scene.stage.person(), scene.stage.person()]);
    // A folder of the browser's own: the same handle as of one on the disk, without the browser's own dialog.
    await bo.context.addInitScript(() => {
      const pick = async (): Promise<FileSystemDirectoryHandle> => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle('Recipes', { create: true });
        const write = async (place: FileSystemDirectoryHandle, name: string, text: string): Promise<void> => {
          const file = await (await place.getFileHandle(name, { create: true })).createWritable();
          await file.write(text);
          await file.close();
        };
        await write(root, 'secret.txt', 'outside');
        await write(folder, 'tea.txt', 'Boil the water.\nWait a little.');
        await write(await folder.getDirectoryHandle('cakes', { create: true }), 'apple.md', '# Apple cake\n\nPeel the apples.');
        return folder;
      };
      Object.assign(globalThis, { showDirectoryPicker: pick });
    });
    await scene.stage.pair(scene.server.url, [ada, bo]);
    await scene.stage.befriend(bo, 'Ada');
    await begin(bo, 'Files of a folder');
    await bo.page.getByRole('button', { name: 'Open a folder and add' }).click();
    await bo.page.getByRole('heading', { name: 'Recipes' }).waitFor();
    await bo.page.getByRole('combobox', { name: 'Everything of this agent: People I wrote to' }).selectOption('runs');
    for (const time of ['at once', 'after a reload']) {
      await ada.openTool('Recipes', 'Bo', 'list_directory');
      await ada.page.getByRole('button', { name: 'Call tool' }).click();
      await ada.result().getByText('cakes/').first().waitFor();
      await ada.openTool('Recipes', 'Bo', 'read_text_file');
      const path = ada.page.getByRole('textbox', { name: 'path' });
      await path.fill('cakes/apple.md');
      await ada.page.getByRole('button', { name: 'Call tool' }).click();
      await ada.result().getByText('Peel the apples.').first().waitFor();
      await path.fill('../secret.txt');
      await ada.page.getByRole('button', { name: 'Call tool' }).click();
      await ada.result().getByText('The tool reported an error').waitFor();
      expect(await ada.result().getByText('outside', { exact: true }).count()).toBe(0);
      if (time === 'at once') {
        await bo.page.reload();
        await Promise.all([ada.connected(), bo.connected()]);
        await bo.page.getByRole('heading', { name: 'Recipes' }).waitFor();
      }
    }
    await ada.openTool('Recipes', 'Bo', 'search_files');
    await ada.page.getByRole('textbox', { name: 'text' }).fill('WATER');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await ada.result().getByText('tea.txt').first().waitFor();
  });
});
