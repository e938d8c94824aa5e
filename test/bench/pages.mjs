import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { build } from 'vite';
import { httpAgent } from './http-agent.mjs';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
/** Isolated pages get a clock of 5 µs; others one of 100 µs. */
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

function serve(folder) {
  const agent = httpAgent();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://x');
    if (pathname === '/mcp') return void agent(request, response);
    const file = join(folder, pathname);
    try {
      const bytes = readFileSync(file);
      response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', ...ISOLATION }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** So many pages, in profiles of their own, whose signals go where `otherOf` says: from a page's index and a lane to another page's index. */
async function open(browser, root, count, otherOf) {
  const folder = join(root, 'node_modules/.cache/parley-bench');
  await build({
    configFile: false,
    root: join(root, 'test/bench'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, rolldownOptions: { input: join(root, 'test/bench/page.html') } },
  });
  const server = await serve(folder);
  const pages = await Promise.all(Array.from({ length: count }, async () => (await browser.newContext()).newPage()));
  await Promise.all(
    pages.map(async (page, index) => {
      await page.exposeFunction('toOther', (signal) => pages[otherOf(index, signal.lane)].evaluate((data) => globalThis.bench.signal(data), signal));
      page.on('pageerror', (error) => console.error(error.message));
    }),
  );
  await Promise.all(pages.map((page) => page.goto(`http://127.0.0.1:${server.address().port}/page.html`)));
  await Promise.all(pages.map((page) => page.waitForFunction(() => 'bench' in globalThis && globalThis.crossOriginIsolated)));
  const run = (index, method, ...args) => pages[index].evaluate(([name, all]) => globalThis.bench[name](...all), [method, args]);
  const system = await browser.newBrowserCDPSession();
  const cpuMs = async () => {
    const { processInfo } = await system.send('SystemInfo.getProcessInfo');
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
  };
  const close = async () => {
    for (const page of pages) await page.context().close();
    server.closeAllConnections();
    server.close();
  };
  return { run, pages, cpuMs, close };
}

/**
 * The two pages of the benchmark, joined by a raw channel and two nodes. `call` runs a function of the first page, `both` of both, each with whether it
 * initiates as its last argument; `cpuMs` is what all processes of the browser have used.
 */
export async function openPages(browser, root) {
  const { run, cpuMs, close } = await open(browser, root, 2, (index) => 1 - index);
  const call = (method, ...args) => run(0, method, ...args);
  const both = (method, ...args) => Promise.all([run(0, method, ...args, true), run(1, method, ...args, false)]);
  await both('openRaw');
  await both('openNode', 'secure');
  await both('openNode', 'plaintext');
  return { call, both, cpuMs, close };
}

/** One page, whose node joins the open network by a signaling server and has a session with the host; `node` is its id. */
export async function openTab(browser, root, signaling, host) {
  const { run, close } = await open(browser, root, 1, () => 0);
  return { node: await run(0, 'joinNetwork', signaling, host), close };
}

/**
 * Three pages: the first and the last have a node with a link to each other, and another whose only link is with a relay in the page between them. `call` runs
 * a function of the first.
 */
export async function openRelayedPages(browser, root) {
  const [FIRST, RELAY, LAST] = [0, 1, 2];
  const lanes = { secure: [FIRST, LAST], 'first relay': [FIRST, RELAY], 'last relay': [LAST, RELAY] };
  const { run, cpuMs, close } = await open(browser, root, 3, (index, lane) => lanes[lane].find((end) => end !== index));
  await Promise.all([run(FIRST, 'openNode', 'secure', true), run(LAST, 'openNode', 'secure', false)]);
  const [, , last] = await Promise.all([
    run(RELAY, 'openRelay', 'first relay', 'last relay'),
    run(FIRST, 'openEnd', 'first relay', true),
    run(LAST, 'openEnd', 'last relay', true),
  ]);
  await run(FIRST, 'reachOver', last);
  return { call: (method, ...args) => run(FIRST, method, ...args), cpuMs, close };
}
