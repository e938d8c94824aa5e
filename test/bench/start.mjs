import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { median } from './report.mjs';

/** The built app on its real server: from opening the URL until it can be used, is connected, and a message has arrived. */
export async function measureStart(browser, root, report) {
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
  report.add('URL opened to usable', 'ms', median(usable), { p99: Math.max(...usable) });
  report.add('URL opened to first session', 'ms', median(connected), { p99: Math.max(...connected) });
  report.add('first message, sent to shown', 'ms', median(message), { p99: Math.max(...message) });
  await first.context().close();
  server.kill('SIGTERM');
}

export function measureSize(root, report) {
  const assets = join(root, 'dist/assets');
  const page = readFileSync(join(root, 'dist/index.html'), 'utf8');
  const first = readdirSync(assets).filter((name) => name.endsWith('.js') && page.includes(name));
  report.add(
    'script before usable',
    'bytes gzip',
    first.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name)), { level: 9 }).length, 0),
  );
}
