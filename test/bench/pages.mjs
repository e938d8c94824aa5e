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

/**
 * The two pages of the benchmark, in profiles of their own, joined by a raw channel and two nodes. `call` runs a function of the first page,
 * `both` of both, each with whether it initiates as its last argument; `cpuMs` is what all processes of the browser have used.
 */
export async function openPages(browser, root) {
  const folder = join(root, 'node_modules/.cache/parley-bench');
  await build({
    configFile: false,
    root: join(root, 'test/bench'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, rolldownOptions: { input: join(root, 'test/bench/page.html') } },
  });
  const server = await serve(folder);
  const pages = await Promise.all([0, 1].map(async () => (await browser.newContext()).newPage()));
  await Promise.all(
    pages.map(async (page, index) => {
      await page.exposeFunction('toOther', (signal) => pages[1 - index].evaluate((data) => globalThis.bench.signal(data), signal));
      page.on('pageerror', (error) => console.error(error.message));
    }),
  );
  await Promise.all(pages.map((page) => page.goto(`http://127.0.0.1:${server.address().port}/page.html`)));
  await Promise.all(pages.map((page) => page.waitForFunction(() => 'bench' in globalThis && globalThis.crossOriginIsolated)));
  const run = (page, method, args) => page.evaluate(([name, all]) => globalThis.bench[name](...all), [method, args]);
  const call = (method, ...args) => run(pages[0], method, args);
  const both = (method, ...args) => Promise.all(pages.map((page, index) => run(page, method, [...args, index === 0])));
  await both('openRaw');
  await both('openNode', 'secure');
  await both('openNode', 'plaintext');
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
  return { call, both, cpuMs, close };
}
