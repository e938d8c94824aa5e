import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FirefoxPerson } from './firefox.ts';
import { openScene } from './scene.ts';

describe('the built app in Firefox', () => {
  const scene = openScene();
  let fox: FirefoxPerson | undefined;
  beforeEach(async () => {
    fox = await FirefoxPerson.start();
  });
  afterEach(async () => {
    await fox?.close();
  });

  it('meets Chromium: messages and tool calls go both ways', async ({ skip }) => {
    if (!fox) return skip('no Firefox was found; FIREFOX_PATH names its program');
    const chrome = await scene.stage.person();
    await Promise.all([fox.page.goto(scene.server.url), chrome.open(scene.server.url)]);
    await fox.press('link', 'Settings');
    await fox.fill('Display name', 'Fox');
    await fox.press('button', 'Save');
    await chrome.rename('Chrome');
    await chrome.connected();

    await chrome.startTalkWith('Fox');
    await chrome.write('hello from Chromium');
    await fox.press('link', 'Conversations');
    await (await fox.sees('hello from Chromium')).click();
    await fox.fill('Message', 'hello from Firefox');
    await fox.press('button', 'Send');
    await chrome.sees('Fox', 'hello from Firefox');

    await chrome.openTool('Calculator', 'Fox', 'evaluate');
    await chrome.page.getByRole('textbox', { name: 'expression' }).fill('6 * 7');
    await chrome.page.getByRole('button', { name: 'Call tool' }).click();
    await fox.press('button', 'Allow once');
    await chrome.result().getByText('42').waitFor();

    await fox.press('link', 'Agents');
    await (await fox.get('listitem', 'Calculator, agent of Chrome')).click();
    await fox.press('button', 'evaluate');
    await fox.fill('expression', '6 * 8');
    await fox.press('button', 'Call tool');
    await chrome.page.getByRole('button', { name: 'Allow once' }).click();
    await fox.sees('48');
    expect(fox.troubles).toEqual([]);
  }, 120_000);
});
