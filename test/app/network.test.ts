import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../src/base/bytes.ts';
import { encodeInvite } from '../../src/wire/invite.ts';
import { newPrivateNetwork } from '../../src/wire/networks.ts';
import { seededEntropy } from '../support/seeded-identity.ts';
import { openScene } from './scene.ts';
import { Server } from './stage.ts';

const LAB = newPrivateNetwork(seededEntropy(1), 'Lab');
const WRONG_SECRET = seededEntropy(2).bytes(32);
const WHOLE = encodeInvite(LAB);
const DAMAGED = {
  truncated: WHOLE.slice(0, -9),
  'no base64': '#/join/%00 not base64 !',
  'one character changed': WHOLE.slice(0, 20) + (WHOLE[20] === 'A' ? 'B' : 'A') + WHOLE.slice(21),
  'too long': WHOLE + 'A'.repeat(5_000),
  empty: '#/join/',
};

describe('networks of the built app', () => {
  const scene = openScene();

  it('brings somebody in by the invite link of a private network, which others do not see', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.go('Settings');
    await ada.page.getByRole('textbox', { name: 'Network name' }).fill('Lab');
    await ada.page.getByRole('button', { name: 'Create and switch' }).click();
    await bo.connected(0).catch(() => bo.page.getByRole('status', { name: 'Network status' }).filter({ hasText: '· 0 peers' }).waitFor());
    await ada.page.getByRole('button', { name: 'Invite', exact: true }).click();
    const dialog = ada.page.getByRole('dialog', { name: 'Invite people' });
    await dialog.getByRole('img', { name: 'Invite QR code' }).waitFor();
    const link = await dialog.getByRole('textbox', { name: 'Invite link' }).inputValue();
    expect(link).toContain('/#/join/');
    const cy = await scene.stage.person();
    await cy.open(link);
    await cy.connected();
    expect(cy.page.url()).not.toContain('join');
  });

  it('tells a person their ids, to be copied', async () => {
    const { stage, server } = scene;
    const [ada, bo] = await stage.pair(server.url);
    await ada.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await ada.go('Settings');
    const copied: string[] = [];
    for (const what of ['your id', 'the id of this device', 'the address of this tab']) {
      const button = ada.page.getByRole('button', { name: `Copy ${what}`, exact: true });
      const shown = await ada.page.getByRole('definition').filter({ has: button }).locator('.mono').innerText();
      await button.click();
      await ada.page.waitForFunction(async (id) => (await navigator.clipboard.readText()) === id, shown);
      copied.push(shown);
    }
    expect(new Set(copied).size).toBe(3);
    await bo.go('Network');
    await bo.page.getByTitle(copied[2] ?? '', { exact: true }).waitFor();
    await bo.page.getByRole('button', { name: /^Ada/ }).click();
    await bo.page.getByText(copied[2] ?? '', { exact: true }).waitFor();
  });

  it('says so whatever is broken about an invite, and goes on', async () => {
    const ada = await scene.stage.person();
    for (const [damage, fragment] of Object.entries(DAMAGED)) {
      await ada.page.goto('about:blank');
      await ada.open(`${scene.server.url}${fragment}`);
      await ada.isTold('This invite link is damaged or incomplete');
      expect(ada.page.url(), damage).not.toContain('join');
    }
    await ada.connected(0);
  });

  it('says so when the secret in a link is not the network’s, and lets nobody in', async () => {
    const ada = await scene.stage.person();
    await ada.open(`${scene.server.url}${encodeInvite(LAB)}`);
    await ada.rename('Ada');
    const eve = await scene.stage.person();
    await eve.open(`${scene.server.url}${encodeInvite({ ...LAB, secret: WRONG_SECRET })}`);
    await eve.isTold('The other side has a different secret for this network');
    await eve.connected(0);
    expect(await eve.page.getByText('Lab').count()).toBe(0);
    await ada.connected(0);
  });

  it('keeps out whoever has the network’s id and a wrong secret, tells them, and shows them nothing', async () => {
    const [ada, bo] = await Promise.all([scene.stage.person(), scene.stage.person()]);
    for (const person of [ada, bo]) await person.open(`${scene.server.url}${encodeInvite(LAB)}`);
    await Promise.all([ada.rename('Ada'), bo.rename('Bo')]);
    await Promise.all([ada.connected(), bo.connected()]);
    const eve = await scene.stage.person();
    await eve.open(scene.server.url);
    await eve.page.evaluate(alterStoredNetwork, { ...LAB, secret: WRONG_SECRET, id: toBase64url(LAB.networkId) });
    await eve.page.reload();
    await eve.isTold('The other side has a different secret for this network');
    await eve.go('Network');
    await eve.page.getByRole('group', { name: 'Peers' }).getByText('a different secret').first().waitFor();
    await eve.connected(0);
    for (const name of [/\bAda\b/, /\bBo\b/, /Calculator, agent of/])
      expect(await eve.page.getByText(name).allTextContents(), String(name)).toEqual([]);
    await ada.startTalkWith('Bo');
    await ada.write('among us');
    await bo.read('Ada');
    await bo.sees('Ada', 'among us');
    await ada.connected(1);
  });

  it('goes on without the server, and finds new people when it is back', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.startTalkWith('Bo');
    await ada.write('with the server');
    const { port } = scene.server;
    await scene.server.stop();
    await ada.write('without the server');
    await bo.read('Ada');
    await bo.sees('Ada', 'without the server');
    await bo.write('still here');
    await ada.sees('Bo', 'still here');
    scene.server = await Server.start(port);
    const cy = await scene.stage.person();
    await cy.open(scene.server.url);
    await cy.connected(2);
  });

  it('opens without a network once it was open', async () => {
    const ada = await scene.stage.person();
    await ada.open(scene.server.url);
    await ada.rename('Ada');
    await ada.page.evaluate(() => navigator.serviceWorker.ready);
    await scene.server.stop();
    await ada.page.reload();
    await ada.page.getByRole('navigation', { name: 'Main' }).waitFor();
    await ada.go('Settings');
    expect(await ada.page.getByRole('textbox', { name: 'Display name' }).inputValue()).toBe('Ada');
  });
});

/** In the page: what only somebody who tampers with their own browser can do. */
async function alterStoredNetwork({ id, ...network }: { id: string; name: string; networkId: Uint8Array; secret: Uint8Array }): Promise<void> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('parley');
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(new Error('The database does not open.')));
  });
  const transaction = database.transaction('records', 'readwrite');
  transaction.objectStore('records').put(network, ['networks', id]);
  transaction.objectStore('records').put(id, ['settings', 'network']);
  await new Promise((resolve) => transaction.addEventListener('complete', resolve));
  database.close();
}
