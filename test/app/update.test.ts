import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Server, Stage, type Person } from './stage.ts';

const NOTICE = 'A new version is ready';
const VERSION = 'parley-test-version';

describe('a new version of the built app', () => {
  let stage: Stage;
  let server: Server;
  let app: string;

  beforeAll(async () => {
    stage = await Stage.open();
    app = mkdtempSync(join(tmpdir(), 'parley-app-'));
    cpSync('dist', app, { recursive: true });
    server = await Server.start(0, app);
  });
  afterEach(async () => expect(await stage.leave()).toEqual([]));
  afterAll(async () => {
    await stage.close();
    await server.stop();
    rmSync(app, { recursive: true });
  });

  it('waits until a call into this tab has ended, then it is there and nothing was lost', async () => {
    const [ada, bo] = await stage.pair(server.url);
    await ada.startTalkWith('Bo');
    await ada.write('before the update');
    await bo.read('Ada');
    await bo.sees('Ada', 'before the update');
    await bo.page.evaluate(() => navigator.serviceWorker.ready);
    await bo.page.reload();
    await Promise.all([ada.connected(), bo.connected()]);
    await bo.field().fill('half a sentence');
    await ada.openTool('Calculator', 'Bo', 'evaluate');
    await ada.page.getByRole('textbox', { name: 'expression' }).fill('6 * 7');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    const question = bo.page.getByRole('dialog', { name: 'Allow tool call?' });
    await question.waitFor();

    server = await release(app, server, 'one');
    await bo.isTold(NOTICE);
    // The question is modal: a program presses what a person finds under it.
    await bo.page.getByRole('button', { name: 'Update', exact: true, includeHidden: true }).dispatchEvent('click');
    await ada.page.getByRole('status', { name: 'Network status' }).filter({ hasText: 'Connected · 1 peer' }).waitFor();
    expect(await versionOf(bo)).toBe('');
    const updated = bo.page.waitForEvent('load');
    await question.getByRole('button', { name: 'Allow once' }).click();
    await ada.result().getByText('42', { exact: true }).waitFor();
    await updated;

    await Promise.all([ada.connected(), bo.connected()]);
    expect(await versionOf(bo)).toBe('one');
    expect(await versionOf(ada)).toBe('');
    await bo.sees('Ada', 'before the update');
    expect(await bo.field().inputValue()).toBe('half a sentence');
  });

  it('is told to every tab, and taken by each when its person says so', async () => {
    const ada = await stage.person();
    await ada.open(server.url);
    await ada.page.evaluate(() => navigator.serviceWorker.ready);
    await ada.page.reload();
    const second = await stage.anotherTab(ada);
    await second.open(server.url);
    const before = await versionOf(second);
    server = await release(app, server, 'two');
    await Promise.all([ada.isTold(NOTICE), second.isTold(NOTICE)]);
    await takeUpdate(ada);
    expect(await versionOf(ada)).toBe('two');
    expect(await versionOf(second)).toBe(before);
    await takeUpdate(second);
    expect(await versionOf(second)).toBe('two');
    await second.connected(0);
  });
});

async function takeUpdate(person: Person): Promise<void> {
  const updated = person.page.waitForEvent('load');
  await person.page.getByRole('button', { name: 'Update', exact: true }).click();
  await updated;
  await person.page.getByRole('navigation', { name: 'Main' }).waitFor();
}

/** Another build in the same place, and the server's new start that comes with it. */
async function release(app: string, server: Server, version: string): Promise<Server> {
  await server.stop();
  const page = join(app, 'index.html');
  const html = readFileSync(page, 'utf8').replace(/<meta name="parley-test-version"[^>]*>/, '');
  writeFileSync(page, html.replace('<head>', `<head><meta name="${VERSION}" content="${version}">`));
  const worker = join(app, 'service-worker.js');
  const script = readFileSync(worker, 'utf8');
  const changed = script
    .replace(/(revision:"|"revision":")[^"]*(",\s*"?url"?:\s*"index\.html")/, `$1${version}$2`)
    .replace(/("?url"?:"index\.html",\s*"?revision"?:")[^"]*/, `$1${version}`);
  if (changed === script) throw new Error('The list of files was not found in the service worker.');
  writeFileSync(worker, changed);
  return Server.start(server.port, app);
}

function versionOf(person: Person): Promise<string> {
  return person.page.evaluate((name) => document.querySelector(`meta[name="${name}"]`)?.getAttribute('content') ?? '', VERSION);
}
