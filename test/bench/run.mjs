/**
 * `npm run bench [-- --json FILE] [-- --only NAME]`: every figure beside its baseline, in one run on one machine.
 * Groups: link (round trips, throughput, handshake), calls, start, server, size.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { cpus, totalmem } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { CHROMIUM_FLAGS, findChromium } from '../support/chromium.mjs';
import { measureServer } from './server.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const only = option('--only');
const figures = [];

function figure(name, unit, value, more = {}) {
  const { baseline } = more;
  const full = { name, unit, value: round(value), ...more, ...(more.p99 === undefined ? {} : { p99: round(more.p99) }) };
  if (baseline)
    Object.assign(full, {
      baseline: { ...baseline, value: round(baseline.value) },
      ...(baseline.value > 0 ? { ratio: round(value / baseline.value) } : {}),
    });
  figures.push(full);
  const beside = baseline ? `   (${baseline.name}: ${round(baseline.value)}, ratio ${full.ratio})` : '';
  console.log(`${name}: ${full.value} ${unit}${full.p99 === undefined ? '' : `, p99 ${full.p99}`}${beside}`);
}

function round(value) {
  return Number(value.toPrecision(4));
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

function serveFolder(folder) {
  const server = createServer((request, response) => {
    const file = join(folder, new URL(request.url, 'http://x').pathname);
    try {
      const bytes = readFileSync(file);
      response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** The two pages of the benchmark, in profiles of their own, joined by a raw channel and two nodes. */
async function openPages(browser) {
  const folder = join(root, 'node_modules/.cache/parley-bench');
  await build({
    configFile: false,
    root: join(root, 'test/bench'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, rolldownOptions: { input: join(root, 'test/bench/page.html') } },
  });
  const server = await serveFolder(folder);
  const pages = await Promise.all([0, 1].map(async () => (await browser.newContext()).newPage()));
  await Promise.all(
    pages.map(async (page, index) => {
      await page.exposeFunction('toOther', (signal) => pages[1 - index].evaluate((data) => globalThis.bench.signal(data), signal));
      page.on('pageerror', (error) => console.error(error.message));
    }),
  );
  await Promise.all(pages.map((page) => page.goto(`http://127.0.0.1:${server.address().port}/page.html`)));
  await Promise.all(pages.map((page) => page.waitForFunction(() => 'bench' in globalThis)));
  const both = (method, ...args) =>
    Promise.all(pages.map((page, index) => page.evaluate(([name, all]) => globalThis.bench[name](...all), [method, [...args, index === 0]])));
  await both('openRaw');
  await both('openNode', 'secure');
  await both('openNode', 'plaintext');
  const call = (method, ...args) => pages[0].evaluate(([name, all]) => globalThis.bench[name](...all), [method, args]);
  const close = async () => {
    for (const page of pages) await page.context().close();
    server.close();
  };
  return { call, close };
}

async function link({ call }) {
  for (const size of [64, 1024]) {
    const raw = await call('rawEcho', size, 1000);
    const secure = await call('nodeEcho', 'secure', size, 1000);
    const plain = await call('nodeEcho', 'plaintext', size, 1000);
    figure(`round trip ${size} B`, 'ms', secure.p50, { p99: secure.p99, baseline: { name: 'raw data channel', value: raw.p50 } });
    figure(`round trip ${size} B, plaintext session`, 'ms', plain.p50, { p99: plain.p99, baseline: { name: 'raw data channel', value: raw.p50 } });
  }
  const rates = new Map();
  const add = (name, rate) => rates.set(name, [...(rates.get(name) ?? []), rate]);
  const sizes = [16 * 1024, 64 * 1024, 256 * 1024];
  // Interleaved: the machine's moods meet all of them alike.
  for (let time = 0; time < 5; time++) {
    for (const bytes of sizes) add(bytes, await call('rawThroughput', bytes));
    for (const kind of ['secure', 'plaintext']) add(kind, await call('nodeThroughput', kind));
  }
  const best = Math.max(...sizes.map((bytes) => median(rates.get(bytes))));
  figure('throughput 64 MiB', 'MiB/s', median(rates.get('secure')), { baseline: { name: 'raw data channel at its best message size', value: best } });
  figure('throughput 64 MiB against the plaintext session', 'MiB/s', median(rates.get('secure')), {
    baseline: { name: 'plaintext session', value: median(rates.get('plaintext')) },
  });
  figure('handshake', 'ms', await call('handshakeMs', 'secure'));
}

async function calls({ call }) {
  const raw = await call('rawEcho', 1024, 500);
  const secure = await call('callTimes', 'secure');
  const plain = await call('callTimes', 'plaintext');
  const memory = await call('callTimes', 'memory');
  figure('tool call 1 KiB', 'ms', secure.p50, { p99: secure.p99, baseline: { name: 'raw data channel round trip', value: raw.p50 } });
  figure('tool call 1 KiB against the plaintext session', 'ms', secure.p50, { baseline: { name: 'plaintext session', value: plain.p50 } });
  figure('tool call 1 KiB against the SDK in memory', 'ms', secure.p50, { baseline: { name: 'SDK in memory, one page', value: memory.p50 } });
  figure('tool calls, 32 in flight', 'calls/s', await call('callRate', 'secure'), {
    baseline: { name: 'SDK in memory, one page', value: await call('callRate', 'memory') },
  });
}

/** The built app on its real server: from opening the URL until it can be used, is connected, and a message has arrived. */
async function start(browser) {
  const server = spawn(process.execPath, ['signaling-server/launch.mjs', '--port', '0', '--stun-port', '0'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const url = await new Promise((resolve) => {
    let output = '';
    server.stdout.on('data', (chunk) => {
      output += chunk;
      const found = /http:\/\/localhost:\d+/.exec(output)?.[0];
      if (found) resolve(found);
    });
  });
  const first = await (await browser.newContext()).newPage();
  await first.goto(url);
  await first.getByRole('navigation', { name: 'Main' }).waitFor();
  const usable = [];
  const connected = [];
  const message = [];
  for (let round_ = 0; round_ < 5; round_++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(() => {
      const marks = (globalThis.marks = {});
      const look = () => {
        const app = document.querySelector('parley-app');
        if (app?.shadowRoot?.querySelector('nav')) marks.usable ??= performance.now();
        if (app?.shadowRoot?.querySelector('[role=status]')?.textContent?.startsWith('Connected')) marks.connected ??= performance.now();
        if (!marks.connected) setTimeout(look, 2);
      };
      look();
    });
    await page.goto(`${url}/?api`);
    await page.waitForFunction(() => globalThis.marks.connected && globalThis.parley?.agents().some((agent) => !agent.mine));
    const marks = await page.evaluate(() => globalThis.marks);
    usable.push(marks.usable);
    connected.push(marks.connected);
    const before = performance.now();
    const text = `hello ${round_}`;
    await Promise.all([
      page.evaluate(async (words) => {
        const { parley } = globalThis;
        const conversation = await parley.startConversation(parley.agents().find((agent) => !agent.mine).owner.id);
        await parley.send(conversation, words);
      }, text),
      first.getByText(text).first().waitFor(),
    ]);
    message.push(performance.now() - before);
    await context.close();
  }
  figure('URL opened to usable', 'ms', median(usable), { p99: Math.max(...usable) });
  figure('URL opened to first session', 'ms', median(connected), { p99: Math.max(...connected) });
  figure('first message, sent to shown', 'ms', median(message), { p99: Math.max(...message) });
  await first.context().close();
  server.kill('SIGTERM');
}

function size() {
  const assets = join(root, 'dist/assets');
  const page = readFileSync(join(root, 'dist/index.html'), 'utf8');
  const first = readdirSync(assets).filter((name) => name.endsWith('.js') && page.includes(name));
  figure(
    'script before usable',
    'bytes gzip',
    first.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name)), { level: 9 }).length, 0),
  );
}

const wants = (name) => only === undefined || only === name;
const executablePath = findChromium();
if (!executablePath) throw new Error('No Chromium was found. Name one in CHROME_PATH.');
if (wants('start') || wants('size') || wants('server')) {
  const made = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (made.status !== 0) process.exit(1);
}
const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
if (wants('link') || wants('calls')) {
  const pages = await openPages(browser);
  if (wants('link')) await link(pages);
  if (wants('calls')) await calls(pages);
  await pages.close();
}
if (wants('start')) await start(browser);
await browser.close();
if (wants('server')) await measureServer(root, figure);
if (wants('size')) size();
const file = option('--json');
if (file) {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memoryBytes: totalmem(), node: process.version, platform: process.platform };
  writeFileSync(file, `${JSON.stringify({ machine, figures }, undefined, 2)}\n`);
}
