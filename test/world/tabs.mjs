import { chromium } from 'playwright-core';
import { CHROMIUM_FLAGS } from '../support/browsers.mjs';

/** A Chromium with one profile for each tab that is opened in it; `executablePath` may be a wrapper, `flags` come besides the usual ones. */
export async function startChromium(executablePath, flags = []) {
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS, ...flags] });
  return {
    /** Opens the app as a person of its own, and waits until programs can use it. */
    async openTab(url) {
      const page = await (await browser.newContext()).newPage();
      await page.goto(new URL('/?api', url).href);
      await page.waitForFunction(() => 'parley' in globalThis, undefined, { timeout: 60_000 });
      return page;
    },
    stop: () => browser.close(),
  };
}

/** The node of a tab and its sessions, as programs in the page see them. */
export function lookAtTab(page) {
  return page.evaluate(() => {
    const { node } = globalThis.parley;
    return { id: node.id, peers: node.peers.map(({ id, state, path }) => ({ id, state, path })), agents: globalThis.parley.agents().length };
  });
}
