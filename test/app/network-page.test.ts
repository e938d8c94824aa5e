import { describe, expect, it } from 'vitest';
import { openScene } from './scene.ts';
import { DESKTOP, PHONE, Server, type Person } from './stage.ts';
import { findNothing } from './axe.ts';

const CHECKED = ['Secure connection', 'Server', 'UDP and STUN', 'Router (NAT)', 'TURN relay', 'Direct links', 'Storage'];

describe('the network page of the built app', () => {
  const scene = openScene();

  for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`shows three people, their links and what the network allows, ${size}, ${colorScheme}`, async () => {
        const { stage, server } = scene;
        const people = await Promise.all([stage.person({ viewport, colorScheme, reducedMotion: 'reduce' }), stage.person(), stage.person()]);
        const [ada, bo, cy] = people as [Person, Person, Person];
        await Promise.all(people.map((person) => person.open(server.url)));
        await Promise.all([ada.rename('Ada'), bo.rename('Bo'), cy.rename('Cy')]);
        await Promise.all(people.map((person) => person.connected(2)));
        for (const notice of await ada.page.getByRole('button', { name: 'Dismiss' }).all()) await notice.click();
        await ada.go('Network');

        const table = ada.page.getByRole('group', { name: 'Peers' });
        for (const name of ['Bo', 'Cy']) await table.getByRole('row', { name: new RegExp(`${name}.*direct.*ms`) }).waitFor();
        await ada.page.getByText(/^3 nodes · 3 links/).waitFor();
        await ada.page.getByRole('cell', { name: new RegExp(`localhost:${server.port}`) }).waitFor();

        const picture = ada.page.getByRole('group', { name: 'The people here, and their links' });
        await photograph(ada, `network-${size}-${colorScheme}`);
        await picture.getByRole('button', { name: /^Bo, direct/ }).focus();
        await ada.page.keyboard.press('ArrowRight');
        expect(await picture.getByRole('button', { name: /^Cy, direct/ }).evaluate((star) => star.matches(':focus'))).toBe(true);
        await ada.page.keyboard.press('Enter');
        await ada.page.getByText('Linked with You, Bo').waitFor();
        await ada.page.getByText('What Cy published').click();
        await ada.page
          .getByRole('list', { name: 'What Cy published' })
          .getByText(/agent Calculator/)
          .first()
          .waitFor();
        await findNothing(ada, 'a chosen node and what it published');
        await photograph(ada, `publications-${size}-${colorScheme}`);

        await ada.page.getByRole('button', { name: 'Check connection' }).click();
        const check = ada.page.getByRole('region', { name: 'Connection check' });
        for (const name of CHECKED) await check.getByRole('rowheader', { name }).waitFor();
        await check.getByRole('row', { name: /UDP and STUN works/ }).waitFor();
        await check.getByText('You have links of your own; nobody stands between.').waitFor();
        await check.getByText('None is configured, and few need one').waitFor();
        await findNothing(ada, 'connection check');
        await photograph(ada, `check-${size}-${colorScheme}`);
        await ada.page.getByRole('button', { name: 'Connect without a server' }).click();
        const dialog = ada.page.getByRole('dialog', { name: 'Connect without a server' });
        await dialog.getByRole('button', { name: 'Make a code' }).click();
        await dialog.getByRole('img', { name: 'Your code as QR picture' }).waitFor();
        await findNothing(ada, 'a code');
        await photograph(ada, `join-${size}-${colorScheme}`);
      });
    }
  }

  /** Two people who never met, and no server any more. */
  async function apart(): Promise<readonly [Person, Person]> {
    const { stage, server } = scene;
    const [first, bo] = await Promise.all([stage.person(), stage.person()]);
    await first.open(server.url);
    await first.rename('Ada');
    await first.page.evaluate(() => navigator.serviceWorker.ready);
    await first.page.close();
    await bo.open(server.url);
    await bo.rename('Bo');
    await server.stop();
    // She opens the app from what her browser kept.
    const ada = await stage.anotherTab(first);
    await ada.open(server.url);
    await ada.page.getByRole('status', { name: 'Network status' }).filter({ hasText: '0 peers' }).waitFor();
    return [ada, bo];
  }

  it('links two people by codes when there is no server, and they write to each other', async () => {
    const [ada, bo] = await apart();
    const mine = await joinDialog(ada);
    await mine.getByRole('button', { name: 'Make a code' }).click();
    const offer = await codeIn(mine);
    expect(offer.length).toBeLessThan(2_300);
    const theirs = await joinDialog(bo);
    await give(theirs, `${offer.slice(0, -20)}`);
    await theirs.getByText('This code is damaged or incomplete').waitFor();
    await give(mine, offer);
    await mine.getByText('This is your own code').waitFor();
    await give(theirs, offer);
    const answer = await codeIn(theirs);
    await give(mine, answer);
    await mine.getByText('You are linked with').waitFor();
    await theirs.getByText('You are linked with').waitFor();
    for (const { page } of [ada, bo]) await page.keyboard.press('Escape');
    await Promise.all([ada.connected(), bo.connected()]);
    await ada.startTalkWith('Bo');
    await ada.write('with no server at all');
    await bo.go('Conversations');
    await bo.read('Ada');
    await bo.sees('Ada', 'with no server at all');
    await bo.write('none');
    await ada.sees('Bo', 'none');
  });

  it('lets people take their time with the answer', { timeout: 120_000 }, async () => {
    const [ada, bo] = await apart();
    const mine = await joinDialog(ada);
    await mine.getByRole('button', { name: 'Make a code' }).click();
    const theirs = await joinDialog(bo);
    await give(theirs, await codeIn(mine));
    const answer = await codeIn(theirs);
    // Longer than browsers look for a path before they give up.
    await bo.page.waitForTimeout(45_000);
    await give(mine, answer);
    await mine.getByText('You are linked with').waitFor();
  });

  it('remembers the last neighbours, and meets them again when the server is back', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await expect.poll(() => ada.page.evaluate(anchorsKept), { timeout: 20_000 }).toBe(1);
    await ada.page.evaluate(() => navigator.serviceWorker.ready);
    const { port } = scene.server;
    await scene.server.stop();
    await ada.page.reload();
    await bo.page.getByRole('status', { name: 'Network status' }).filter({ hasText: '· 0 peers' }).waitFor();
    scene.server = await Server.start(port);
    await Promise.all([ada.connected(), bo.connected()]);
  });
});

async function joinDialog(person: Person) {
  await person.go('Network');
  await person.page.getByRole('button', { name: 'Connect without a server' }).click();
  return person.page.getByRole('dialog', { name: 'Connect without a server' });
}

type Dialog = Awaited<ReturnType<typeof joinDialog>>;

async function codeIn(dialog: Dialog): Promise<string> {
  const field = dialog.getByRole('textbox', { name: 'Your code' });
  await field.waitFor();
  return field.inputValue();
}

async function give(dialog: Dialog, code: string): Promise<void> {
  await dialog.getByRole('textbox', { name: 'Code from the other person' }).fill(code);
  await dialog.getByRole('button', { name: 'Use code' }).click();
}

async function photograph(person: Person, name: string): Promise<void> {
  const folder = process.env['SHOTS'];
  if (folder) await person.page.screenshot({ path: `${folder}/${name}.png` });
}

/** In the page: how many neighbours the browser keeps for the next start. */
async function anchorsKept(): Promise<number> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('parley');
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(new Error('The database does not open.')));
  });
  const range = IDBKeyRange.bound(['peers', ''], ['peers', '\uffff']);
  const request = database.transaction('records').objectStore('records').getAll(range);
  const found = await new Promise<readonly { readonly cards?: readonly unknown[] }[]>((resolve) => {
    request.addEventListener('success', () => resolve(request.result as never));
  });
  database.close();
  return found.reduce((sum, { cards }) => sum + (cards?.length ?? 0), 0);
}
