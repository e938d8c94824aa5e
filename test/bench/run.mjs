/**
 * `npm run bench [-- --json FILE] [-- --only NAME]`: every figure beside its baseline, in one run on one machine.
 * Groups: link (round trips, throughput, lines behind a transfer, handshake), calls, relayed, host, start, server, size.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { CHROMIUM_FLAGS, findChromium } from '../support/browsers.mjs';
import { measureCalls } from './calls.mjs';
import { measureHost } from './host.mjs';
import { measureLink } from './link.mjs';
import { openPages, openRelayedPages } from './pages.mjs';
import { measureRelayed } from './relayed-pages.mjs';
import { Report } from './report.mjs';
import { measureServer } from './server.mjs';
import { measureSize, measureStart } from './start.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const only = option('--only');
const wants = (name) => only === undefined || only === name;
const report = new Report();

const executablePath = findChromium();
if (!executablePath) throw new Error('No Chromium was found. Name one in CHROME_PATH.');
if (wants('start') || wants('size') || wants('server')) {
  const made = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (made.status !== 0) process.exit(1);
}
const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
if (wants('link') || wants('calls')) {
  const pages = await openPages(browser, root);
  if (wants('link')) await measureLink(pages, report);
  if (wants('calls')) await measureCalls(pages, report);
  await pages.close();
}
if (wants('relayed')) {
  const pages = await openRelayedPages(browser, root);
  await measureRelayed(pages, report);
  await pages.close();
}
if (wants('start')) await measureStart(browser, root, report);
await browser.close();
if (wants('host')) await measureHost(root, report);
if (wants('server')) await measureServer(root, report);
if (wants('size')) measureSize(root, report);
const file = option('--json');
if (file) {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memoryBytes: totalmem(), node: process.version, platform: process.platform };
  writeFileSync(file, `${JSON.stringify({ machine, figures: report.figures }, undefined, 2)}\n`);
}
