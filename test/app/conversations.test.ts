import { describe, expect, it } from 'vitest';
import { openScene } from './scene.ts';
import type { Person } from './stage.ts';

describe('conversations of the built app', () => {
  const scene = openScene();

  it('lets two who have never met write to each other, and tells honest states', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.startTalkWith('Bo');
    await ada.write('Hello from Ada');
    await bo.read('Ada');
    await bo.sees('Ada', 'Hello from Ada');
    await bo.write('Hello from Bo');
    await ada.sees('Bo', 'Hello from Bo');
    await ada.page.getByText(/ · read$/).waitFor();
  });

  it('keeps address, name and messages over a reload, and delivers what was written meanwhile', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.startTalkWith('Bo');
    await ada.write('before');
    await bo.read('Ada');
    await bo.sees('Ada', 'before');
    const away = bo.page.url();
    await bo.page.goto('about:blank');
    await ada.page.getByRole('status', { name: 'Network status' }).filter({ hasText: '0 peers' }).waitFor();
    await ada.write('while you were away');
    await ada.page.getByText('waiting for the other to be here').waitFor();
    await ada.page.reload();
    await bo.open(away);
    await Promise.all([ada.connected(), bo.connected()]);
    await bo.sees('Ada', 'before');
    await bo.sees('Ada', 'while you were away');
    await ada.sees('Ada', 'while you were away');
  });

  it('shows both the same safety number, and remembers that it was compared', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    const digits = async (person: Person, name: string) => {
      await person.startTalkWith(name);
      await person.page.getByRole('button', { name: 'Conversation details' }).click();
      await person.page.getByRole('button', { name: 'Compare safety number' }).click();
      return person.page.getByRole('list', { name: 'Safety number' }).innerText();
    };
    const seen = await digits(ada, 'Bo');
    expect(seen.replaceAll(/\D/g, '')).toHaveLength(60);
    expect(await digits(bo, 'Ada')).toBe(seen);
    await ada.page.getByRole('button', { name: 'It is the same' }).click();
    await ada.page.getByText('End-to-end encrypted · verified').waitFor();
    await ada.page.reload();
    await ada.startTalkWith('Bo');
    await ada.page.getByText('End-to-end encrypted · verified').waitFor();
  });

  it('loses nothing of a message whose page is reloaded before it is stored', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.startTalkWith('Bo');
    await ada.write('first');
    await ada.sees('Ada', 'first');
    await ada.page.evaluate(() => (crypto.subtle.sign = () => new Promise(() => {})));
    await ada.write('never signed');
    await ada.page.reload();
    await ada.read('Bo');
    await ada.sees('Ada', 'first');
    expect(await ada.page.getByRole('article', { name: /never signed/ }).count()).toBe(0);
    expect(await ada.field().inputValue()).toBe('never signed');
    await ada.connected();
    await ada.page.getByRole('button', { name: 'Send' }).click();
    await bo.read('Ada');
    await bo.sees('Ada', 'never signed');
  });

  it('brings a message once, whose page is reloaded in the moment that it is sent', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.startTalkWith('Bo');
    await ada.write('first');
    await ada.field().fill('on the way');
    await Promise.all([
      ada.page.waitForEvent('load'),
      ada.page.getByRole('button', { name: 'Send' }).evaluate((button) => ((button as HTMLElement).click(), location.reload())),
    ]);
    await ada.read('Bo');
    await ada.sees('Ada', 'first');
    if (await ada.field().inputValue()) await ada.page.getByRole('button', { name: 'Send' }).click();
    await bo.read('Ada');
    await bo.sees('Ada', 'on the way');
    await ada.sees('Ada', 'on the way');
  });

  it('is one person in several tabs of one browser, with one conversation', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.startTalkWith('Bo');
    await ada.write('from the first tab');
    const second = await scene.stage.anotherTab(ada);
    await second.open(scene.server.url);
    await second.read('Bo');
    await second.sees('Ada', 'from the first tab');
    await second.page
      .getByRole('status', { name: 'Network status' })
      .filter({ hasText: /Connected · [12] peer/ })
      .waitFor();
    await second.write('from the second tab');
    await ada.sees('Ada', 'from the second tab');
    await bo.read('Ada');
    await bo.sees('Ada', 'from the second tab');
    await bo.write('to both');
    await Promise.all([ada.sees('Bo', 'to both'), second.sees('Bo', 'to both')]);
    await second.rename('Ada Lovelace');
    await bo.page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor();
    await ada.go('Settings');
    await expect.poll(() => ada.page.getByRole('textbox', { name: 'Display name' }).inputValue()).toBe('Ada Lovelace');
    await bo.page.getByRole('button', { name: 'New conversation' }).click();
    expect(await bo.page.getByRole('dialog', { name: 'New conversation' }).getByRole('button', { name: /Ada/ }).count()).toBe(1);
  });
});
