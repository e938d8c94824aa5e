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

/** Waits like the locators do. */
const until: typeof expect.poll = (read, options) => expect.poll(read, { timeout: 20_000, ...options });
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
    for (const tab of ada) expect(await compute(tab, await nodeOf(tab))).toBe(true);
    expect(await compute(leaf, await nodeOf(other))).toBe(true);

    for (const [caller, owner] of [
      [bo, leaf],
      [other, bo],
    ] as const) {
      const called = compute(caller, await nodeOf(owner));
      await owner.page.getByRole('dialog', { name: 'Allow tool call?' }).getByRole('button', { name: 'Always allow' }).click();
      expect(await called).toBe(true);
    }
    expect(await compute(bo, await nodeOf(hub))).toBe(true);
    expect(await Promise.all(ada.map(connectionsOf))).toEqual([1, 0, 0]);
  });

  it('show one conversation: what one says or reads, what comes, how far it got, and what is being typed', async () => {
    const { ada, bo } = await adaAndBo(3);
    const [hub, leaf, other] = ada as [Person, Person, Person];
    await leaf.startTalkWith('Bo');
    await leaf.write('from a leaf');
    await bo.read('Ada');
    await bo.sees('Ada', 'from a leaf');
    await Promise.all([hub, other].map((tab) => tab.read('Bo')));
    await Promise.all(ada.map((tab) => tab.page.getByText(/ · read$/).waitFor()));
    await bo.write('to all tabs');
    await Promise.all(ada.map((tab) => tab.sees('Bo', 'to all tabs')));
    await bo.page.getByText(/ · read$/).waitFor();
    await other.field().fill('half a sentence');
    for (const tab of [hub, leaf]) await until(() => tab.field().inputValue()).toBe('half a sentence');
    await hub.page.getByRole('button', { name: 'Send' }).click();
    await bo.sees('Ada', 'half a sentence');
    await Promise.all(ada.map((tab) => tab.sees('Ada', 'half a sentence')));
    for (const tab of ada) await until(() => tab.field().inputValue()).toBe('');
  });

  it('have one name, one theme and the same agents', async () => {
    const { ada, bo } = await adaAndBo(2);
    const [hub, leaf] = ada as [Person, Person];
    await leaf.rename('Ada Lovelace');
    await bo.page.getByRole('button', { name: 'New conversation' }).click();
    await bo.page.getByRole('dialog', { name: 'New conversation' }).getByRole('button', { name: 'Ada Lovelace' }).waitFor();
    await hub.go('Settings');
    await until(() => hub.page.getByRole('textbox', { name: 'Display name' }).inputValue()).toBe('Ada Lovelace');
    await leaf.go('Settings');
    await leaf.page.getByRole('radio', { name: 'Dark' }).check();
    await until(() => hub.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    expect(await hub.page.getByRole('radio', { name: 'Dark' }).isChecked()).toBe(true);
  });

  it('take over when the one with the links is closed, within a second', async () => {
    const { ada, bo } = await adaAndBo(3);
    const [hub, leaf, other] = ada as [Person, Person, Person];
    const [leafNode, otherNode] = [await nodeOf(leaf), await nodeOf(other)];
    await leaf.startTalkWith('Bo');
    await leaf.write('before');
    await bo.read('Ada');
    await bo.sees('Ada', 'before');
    const called = compute(bo, leafNode);
    await leaf.page.getByRole('dialog', { name: 'Allow tool call?' }).getByRole('button', { name: 'Always allow' }).click();
    await called;
    await compute(bo, otherNode);
    // A tab out of sight draws one frame a second, and a click waits for two.
    await leaf.page.bringToFront();
    const closedAt = Date.now();
    await hub.page.close();
    const took = async (work: Promise<unknown>) => (await work, Date.now() - closedAt);
    const [message, call, callThrough] = await Promise.all([
      took(leaf.write('after').then(() => bo.sees('Ada', 'after'))),
      took(untilCalled(bo, leafNode)),
      took(untilCalled(bo, otherNode)),
    ]);
    console.log(
      `take-over: a message is on the other's screen after ${message} ms, a call to the new hub after ${call} ms, to its leaf after ${callThrough} ms`,
    );
    for (const ms of [message, call, callThrough]) expect(ms).toBeLessThan(1_000);
    await until(async () => sum(await Promise.all([leaf, other].map(connectionsOf)))).toBe(1);
    await Promise.all([leaf, other].map((tab) => tab.connected(1)));
    await bo.write('and back');
    await leaf.sees('Bo', 'and back');
  });

  it('take over when the one with the links freezes, which becomes a leaf when it wakes', async () => {
    const { ada, bo } = await adaAndBo(2);
    const [hub, leaf] = ada as [Person, Person];
    await leaf.startTalkWith('Bo');
    await leaf.write('before');
    await bo.read('Ada');
    await bo.sees('Ada', 'before');
    const wake = await freeze(hub);
    await leaf.write('while it sleeps');
    await bo.sees('Ada', 'while it sleeps');
    await until(() => connectionsOf(leaf)).toBe(1);
    await wake();
    await isLeaf(hub);
    await until(() => connectionsOf(hub)).toBe(0);
    await hub.read('Bo');
    await hub.sees('Ada', 'while it sleeps');
    await hub.write('awake again');
    await bo.sees('Ada', 'awake again');
  });

  it('are ten with one set of links, and lose and repeat nothing while they close one after the other', async () => {
    const { ada, bo } = await adaAndBo(10);
    expect(sum(await Promise.all(ada.map(connectionsOf)))).toBe(1);
    expect(await connectionsOf(bo)).toBe(1);
    await bo.startTalkWith('Ada');
    await bo.write('hello');
    const last = ada.at(-1) as Person;
    await last.read('Bo');
    for (const [index, tab] of ada.slice(0, 4).entries()) {
      await last.write(`mine ${index}`);
      await Promise.all([tab.page.close(), bo.write(`yours ${index}`)]);
    }
    await last.connected(1);
    for (let index = 0; index < 4; index++) {
      await Promise.all([bo.sees('Ada', `mine ${index}`), last.sees('Bo', `yours ${index}`)]);
    }
    expect(await bo.page.getByRole('article').count()).toBe(9);
    await until(() => last.page.getByRole('article').count()).toBe(9);
  });

  it('lose and repeat nothing when the one with the links is reloaded in the middle of a conversation', async () => {
    const { ada, bo } = await adaAndBo(2);
    const [hub, leaf] = ada as [Person, Person];
    await leaf.startTalkWith('Bo');
    await leaf.write('first');
    await bo.read('Ada');
    await bo.sees('Ada', 'first');
    for (let round = 0; round < 3; round++) {
      const holder = (await connectionsOf(hub)) === 1 ? hub : leaf;
      const writer = holder === hub ? leaf : hub;
      if (round > 0) await writer.read('Bo');
      await Promise.all([holder.page.reload(), writer.write(`a${round}`), bo.write(`b${round}`)]);
      await holder.read('Bo');
      await Promise.all([hub, leaf].map((tab) => tab.connected(1)));
    }
    for (let round = 0; round < 3; round++) {
      await bo.sees('Ada', `a${round}`);
      for (const tab of [hub, leaf]) await Promise.all([tab.sees('Ada', `a${round}`), tab.sees('Bo', `b${round}`)]);
    }
    for (const person of [hub, leaf, bo]) expect(await person.page.getByRole('article').count()).toBe(7);
  });
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

/**
 * As a browser freezes a page: it is told, and then nothing of it runs. Headless Chromium freezes none (`Page.setWebLifecycleState` does nothing there), so the
 * debugger holds it.
 */
async function freeze({ page, context }: Person): Promise<() => Promise<void>> {
  const session = await context.newCDPSession(page);
  await session.send('Debugger.enable');
  const paused = new Promise((resolve) => session.once('Debugger.paused', resolve));
  await page.evaluate(() => {
    document.dispatchEvent(new Event('freeze'));
  });
  await session.send('Debugger.pause');
  await paused;
  return async () => {
    await session.send('Debugger.disable');
    await session.detach();
    await page.evaluate(() => {
      document.dispatchEvent(new Event('resume'));
    });
  };
}

/** Calls again and again until a call works, as a program would that was told of a lost link. */
async function untilCalled(caller: Person, node: string): Promise<void> {
  while (!(await compute(caller, node).catch(() => false))) await caller.page.evaluate(() => new Promise(requestAnimationFrame));
}

async function nodeOf({ page }: Person): Promise<string> {
  await page.waitForFunction(() => 'parley' in globalThis);
  return page.evaluate(() => (globalThis as unknown as Tab).parley.node.id);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

async function isLeaf({ page }: Person): Promise<void> {
  await page
    .getByRole('status', STATUS)
    .filter({ hasText: /^Connected · 1 peer/ })
    .waitFor();
}

/** Calls the calculator of a node; answers whether there was a result. */
async function compute({ page }: { readonly page: Page }, node: string): Promise<boolean> {
  await page.waitForFunction(() => 'parley' in globalThis);
  return page.evaluate(async (id) => {
    const result = await (globalThis as unknown as Tab).parley.callTool(`${id}:calculator`, 'evaluate', { expression: '6 * 7' });
    return result.content !== undefined;
  }, node);
}
