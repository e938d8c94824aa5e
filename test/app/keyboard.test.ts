import { describe, expect, it } from 'vitest';
import { openScene } from './scene.ts';
import type { Person } from './stage.ts';

/** More steps than any screen has: the way round ends somewhere. */
const MAX_STEPS = 60;

describe('the built app by keyboard alone', () => {
  const scene = openScene();

  it('goes from the first visit through a conversation and a tool call to the settings', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.page.reload();
    await ada.connected();

    await tabTo(ada, 'button', 'New conversation');
    await ada.page.keyboard.press('Enter');
    const people = ada.page.getByRole('dialog', { name: 'New conversation' });
    await people.waitFor();
    await staysWithin(ada, 'New conversation');
    await ada.page.keyboard.press('Escape');
    await people.waitFor({ state: 'hidden' });
    expect(await focused(ada)).toBe('button New conversation');

    await ada.page.keyboard.press('Enter');
    await people.waitFor();
    await tabTo(ada, 'button', 'Bo');
    await ada.page.keyboard.press('Enter');
    await ada.page.getByRole('log', { name: 'Messages' }).waitFor();
    await tabTo(ada, 'textbox', 'Message');
    await ada.page.keyboard.type('one line');
    await ada.page.keyboard.press('Shift+Enter');
    await ada.page.keyboard.type('and another');
    await ada.page.keyboard.press('Enter');
    await ada.sees('Ada', 'one line.*and another');
    expect(await focused(ada)).toBe('textbox Message');

    await tabTo(ada, 'link', 'Agents');
    await ada.page.keyboard.press('Enter');
    await tabTo(ada, 'link', 'Calculator');
    await ada.page.keyboard.press('Enter');
    await ada.page.getByRole('list', { name: 'Tools' }).getByRole('button').first().waitFor();
    await tabTo(ada, 'button', 'evaluate');
    await ada.page.keyboard.press('Enter');
    await ada.page.getByRole('form', { name: 'Arguments' }).waitFor();
    await tabTo(ada, 'textbox', 'expression');
    await ada.page.keyboard.type('6 * 7');
    await tabTo(ada, 'button', 'Call tool');
    await ada.page.keyboard.press('Enter');

    const question = bo.page.getByRole('dialog', { name: 'Allow tool call?' });
    await question.waitFor();
    await bo.page.keyboard.press('Escape');
    await bo.page.keyboard.press('Escape');
    await question.waitFor();
    await staysWithin(bo, 'Allow tool call?');
    await tabTo(bo, 'button', 'Allow once');
    await bo.page.keyboard.press('Enter');
    await ada.result().getByText('42', { exact: true }).waitFor();
    await question.waitFor({ state: 'hidden' });

    await ada.openTool('Notes', undefined, 'remove_note');
    await tabTo(ada, 'textbox', 'id');
    await ada.page.keyboard.type('one');
    await ada.page.keyboard.press('Control+Enter');
    await ada.page.getByRole('dialog', { name: 'Send this call?' }).waitFor();
    await staysWithin(ada, 'Send this call?');
    await tabTo(ada, 'button', 'Edit arguments');
    await ada.page.keyboard.press('Enter');
    await tabTo(ada, 'textbox', 'id');
    await ada.page.keyboard.press('End');
    await ada.page.keyboard.type('s');
    await ada.page.keyboard.press('Control+Enter');
    await ada.result().getByText('There is no note “ones”.').waitFor();

    await tabTo(ada, 'button', 'Invite');
    await ada.page.keyboard.press('Enter');
    await ada.page.getByRole('dialog', { name: 'Invite people' }).waitFor();
    await staysWithin(ada, 'Invite people');
    await ada.page.keyboard.press('Escape');
    expect(await focused(ada)).toBe('button Invite');

    await tabTo(ada, 'link', 'Settings');
    await ada.page.keyboard.press('Enter');
    await tabTo(ada, 'radio', 'System');
    await ada.page.keyboard.press('ArrowDown');
    await ada.page.keyboard.press('ArrowDown');
    expect(await ada.page.getByRole('radio', { name: 'Dark' }).isChecked()).toBe(true);
    expect(await ada.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
  });

  it('jumps over the navigation and the list to what a page is about', async () => {
    const [ada] = await scene.stage.pair(scene.server.url);
    await ada.startTalkWith('Bo');
    await ada.write('Hello');
    await ada.sees('Ada', 'Hello');
    await ada.page.reload();
    await ada.page.getByRole('log', { name: 'Messages' }).waitFor();
    await ada.page.keyboard.press('Tab');
    expect(await focused(ada)).toBe('link Skip to content');
    await ada.page.keyboard.press('Enter');
    await ada.page.keyboard.press('Tab');
    expect(await focused(ada)).toBe('button Conversation details');
  });
});

/** Role and name of what has the focus, through all shadow roots, as assistive technology is told. */
async function focused(person: Person): Promise<string> {
  return person.page.evaluate(() => {
    let element: Element | null = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    if (!element || element === document.body) return '';
    const { tagName } = element;
    const type = element.getAttribute('type');
    const role =
      element.getAttribute('role') ??
      (tagName === 'A'
        ? 'link'
        : tagName === 'BUTTON'
          ? 'button'
          : type === 'radio' || type === 'checkbox'
            ? type
            : /INPUT|TEXTAREA/.test(tagName)
              ? 'textbox'
              : tagName.toLowerCase());
    const labels = [...((element as HTMLInputElement).labels ?? [])].map((label) => label.textContent).join(' ');
    const name = element.getAttribute('aria-label') ?? (labels || (element as HTMLElement).innerText || '');
    return `${role} ${name.replaceAll(/\s+/g, ' ').trim()}`;
  });
}

/** Goes on with the Tab key until something of that role and name has the focus. */
async function tabTo(person: Person, role: string, name: string): Promise<void> {
  const passed: string[] = [];
  for (let step = 0; step < MAX_STEPS; step++) {
    const at = await focused(person);
    if (at === `${role} ${name}` || at.startsWith(`${role} ${name} `)) return;
    passed.push(at);
    await person.page.keyboard.press('Tab');
  }
  throw new Error(`${role} ${name} is not to be had by keyboard; only ${[...new Set(passed)].join(' | ')}`);
}

/** Once round: the focus is never behind an open dialog. (A browser may have its own controls in the round: then nothing in the page has it.) */
async function staysWithin(person: Person, dialog: string): Promise<void> {
  for (let step = 0; step < 12; step++) {
    await person.page.keyboard.press('Tab');
    const isOutside = await person.page.evaluate((name) => {
      let element: Element | null = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      return element !== document.body && element?.closest('dialog')?.getAttribute('aria-label') !== name;
    }, dialog);
    if (isOutside) throw new Error(`The focus left ${dialog} for ${await focused(person)}.`);
  }
}
