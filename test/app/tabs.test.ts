import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openScene } from './scene.ts';
import type { Person } from './stage.ts';

/** What the pages of these tests have of the public API, and what an init script counts. */
type Tab = {
  readonly parley: {
    readonly node: { readonly id: string };
    callTool(address: string, tool: string, args: object): Promise<{ readonly structuredContent?: unknown; readonly content?: unknown }>;
  };
  readonly rtcConnections: () => number;
};

const STATUS = { name: 'Network status' } as const;

describe('the tabs of one browser', () => {
  const scene = openScene();

  /** Ada with some tabs, the first of which is the hub, and Bo, who are connected and whose tabs have the public API. */
  async function adaAndBo(tabs: number): Promise<{ readonly ada: readonly Person[]; readonly bo: Person }> {
    const url = `${scene.server.url}?api`;
    const [first, bo] = [await scene.stage.person(), await scene.stage.person()];
    for (const { context } of [first, bo]) await context.addInitScript(countConnections);
    await scene.stage.pair(url, [first, bo]);
    const ada = [first];
    while (ada.length < tabs) ada.push(await anotherTab(first, url));
    await Promise.all(ada.slice(1).map((tab) => isLeaf(tab)));
    return { ada, bo };
  }

  async function anotherTab(first: Person, url = `${scene.server.url}?api`): Promise<Person> {
    const tab = await scene.stage.anotherTab(first);
    await tab.open(url);
    return tab;
  }

  it('make one set of links, and each is reached and reaches others through the one that has them', async () => {
    const { ada, bo } = await adaAndBo(3);
    const [hub, leaf, other] = ada as [Person, Person, Person];
    await Promise.all(ada.map((tab) => tab.connected(1)));
    expect(await Promise.all(ada.map(connectionsOf))).toEqual([1, 0, 0]);
    expect(await connectionsOf(bo)).toBe(1);
    await leaf.go('Network');
    await leaf.page.getByText('Through another tab of this browser.').first().waitFor();
    for (const tab of ada) expect(await note(tab, await nodeOf(tab))).toBe(true);
    expect(await note(leaf, await nodeOf(other))).toBe(true);
    await bo.page.evaluate(() => undefined);
    for (const [caller, owner] of [
      [bo, leaf],
      [other, bo],
    ] as const) {
      const called = note(caller, await nodeOf(owner));
      await owner.page.getByRole('dialog', { name: 'Allow tool call?' }).getByRole('button', { name: 'Always allow' }).click();
      expect(await called).toBe(true);
    }
    expect(await note(bo, await nodeOf(hub))).toBe(true);
    expect(await Promise.all(ada.map(connectionsOf))).toEqual([1, 0, 0]);
  });
  // HERE
});

function countConnections(): void {
  const connections = new Set<RTCPeerConnection>();
  const { RTCPeerConnection: Original } = globalThis;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      connections.add(this);
    }
  };
  Object.assign(globalThis, {
    rtcConnections: () => [...connections].filter((connection) => connection.connectionState === 'connected').length,
  });
}

function connectionsOf({ page }: Person): Promise<number> {
  return page.evaluate(() => (globalThis as unknown as Tab).rtcConnections());
}

async function nodeOf({ page }: Person): Promise<string> {
  await page.waitForFunction(() => 'parley' in globalThis);
  return page.evaluate(() => (globalThis as unknown as Tab).parley.node.id);
}

async function isLeaf({ page }: Person): Promise<void> {
  await page
    .getByRole('status', STATUS)
    .filter({ hasText: /^Connected · 1 peer/ })
    .waitFor();
}

/** Calls the notes of a node; answers whether there was a result. */
async function note({ page }: { readonly page: Page }, node: string): Promise<boolean> {
  await page.waitForFunction(() => 'parley' in globalThis);
  return page.evaluate(async (id) => {
    const result = await (globalThis as unknown as Tab).parley.callTool(`${id}:notes`, 'list_notes', {});
    return result.content !== undefined;
  }, node);
}
