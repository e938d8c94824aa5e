import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CDPSession } from 'playwright-core';
import { expect, it } from 'vitest';
import { root, startHost } from '../host/host-process.ts';
import { openScene } from './scene.ts';

const MIB = 2 ** 20;
/** What a page may hold of 100 MiB at any time: what a page could hold whole, one part that is put aside, and what is read ahead. */
const MAX_GROWTH_BYTES = 40 * MIB;

const LOOK_MS = 500;

const scene = openScene();

it('a tab calls a tool of a host whose result no page can hold: it shows how that begins, saves all of it, and never holds it', async () => {
  const server = { command: process.execPath, args: [join(root, 'test/host/large-server.mjs'), 'sdk'] };
  const host = await startHost(scene.server.url, { config: { mcpServers: { large: server } }, policy: { everyone: 'run' } }, '--name', 'Workshop');
  try {
    const ada = await scene.stage.person();
    await ada.open(scene.server.url);
    await ada.connected();
    await ada.openTool('large', 'Workshop', 'large');
    await ada.page.getByLabel('mebibytes').fill('100');
    const devtools = await ada.page.context().newCDPSession(ada.page);
    const before = await memoryOf(devtools);
    const peak = mostUntil(
      devtools,
      ada
        .result()
        .getByText(/The result has 10\d.* MB/)
        .waitFor({ timeout: 120_000 }),
    );
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    const growth = (await peak) - before;
    console.info(`The page grew by ${(growth / MIB).toFixed(1)} MiB.`);
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
    await ada.result().getByText('"uri":"test://large"').waitFor();
    const downloading = ada.page.waitForEvent('download');
    await ada.result().getByRole('button', { name: /^Save/ }).click();
    const { size } = await stat(await (await downloading).path());
    expect(size).toBeGreaterThan(100 * MIB);
    expect(size).toBeLessThan(100 * MIB + 1024);
  } finally {
    await host.stop();
  }
}, 180_000);

/** Of script: objects, and the bytes of buffers; without what only waits to be collected. */
async function memoryOf(devtools: CDPSession): Promise<number> {
  await devtools.send('HeapProfiler.collectGarbage');
  const usage = (await devtools.send('Runtime.getHeapUsage')) as { readonly usedSize: number; readonly backingStorageSize?: number };
  return usage.usedSize + (usage.backingStorageSize ?? 0);
}

/** The most memory until something is there. Each look costs the page's time: two in a second are enough. */
async function mostUntil(devtools: CDPSession, there: Promise<unknown>): Promise<number> {
  let most = 0;
  const timer = setInterval(() => void memoryOf(devtools).then((now) => (most = Math.max(most, now))), LOOK_MS);
  try {
    await there;
  } finally {
    clearInterval(timer);
  }
  return most;
}
