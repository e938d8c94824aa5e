import { describe, expect, it } from 'vitest';
import { openScene } from './scene.ts';
import type { Person } from './stage.ts';

describe('what fits on a screen', () => {
  const scene = openScene();

  it('opens a long conversation at its end, and brings what is older as one scrolls up, without a jump', async () => {
    const { stage, server } = scene;
    const [ada, bo] = await Promise.all([stage.person(), stage.person()]);
    await Promise.all([ada.open(`${server.url}?api`), bo.open(server.url)]);
    await bo.rename('Bo');
    await ada.connected();
    await ada.startTalkWith('Bo');
    await ada.page.evaluate(async () => {
      const { parley } = globalThis as unknown as { parley: { send(conversation: string, text: string): Promise<void> } };
      const conversation = decodeURIComponent(location.hash.slice('#/c/'.length));
      for (let number = 1; number <= 140; number++) await parley.send(conversation, `line ${number}.`);
    });
    await ada.page.reload();
    const last = ada.page.getByRole('article', { name: /line 140\./ });
    await expect.poll(() => last.evaluate((message) => message.getBoundingClientRect().bottom <= innerHeight)).toBe(true);
    expect(await ada.page.getByRole('article').count()).toBe(100);
    const read = ada.page.getByRole('article', { name: /line 41\./ });
    // Measured in the same moment, before anything older can have come.
    const before = await read.evaluate((message) => {
      message.scrollIntoView({ block: 'start' });
      return message.getBoundingClientRect().top - (message.closest('.log')?.getBoundingClientRect().top ?? 0);
    });
    await ada.page.getByRole('article', { name: /line 1\./ }).waitFor({ state: 'attached' });
    // Within the log: the head above it may grow when the other is reached.
    const after = await read.evaluate((message) => message.getBoundingClientRect().top - (message.closest('.log')?.getBoundingClientRect().top ?? 0));
    expect(Math.abs(after - before)).toBeLessThan(2);
    await ada.page.getByText('This is the beginning of your conversation with Bo').waitFor({ state: 'attached' });
  });

  it('shows code and links of a message as such, and lets no other link through', async () => {
    const { stage, server } = scene;
    const [ada, bo] = await stage.pair(server.url);
    await ada.startTalkWith('Bo');
    await ada.write('see https://a.example/b, not javascript:alert(1)\n```\nlet a = 1;\n```');
    await bo.page.getByRole('list', { name: 'Conversations' }).getByRole('link', { name: /Ada/ }).click();
    const link = bo.page.getByRole('log', { name: 'Messages' }).getByRole('link');
    await link.waitFor();
    expect(await link.count()).toBe(1);
    expect([await link.getAttribute('href'), await link.getAttribute('rel'), await link.getAttribute('target')]).toEqual([
      'https://a.example/b',
      'noreferrer noopener',
      '_blank',
    ]);
    await bo.page.getByRole('log', { name: 'Messages' }).getByText('let a = 1;', { exact: true }).waitFor();
  });

  it('needs no scrolling sideways at 320 pixels, and no target is smaller than 24', async () => {
    const { stage, server } = scene;
    const [ada, bo] = await Promise.all([stage.person({ viewport: { width: 320, height: 640 } }), stage.person()]);
    await Promise.all([ada.open(server.url), bo.open(server.url)]);
    await bo.rename('Bartholomäus von Hohenzollern-Sigmaringen');
    await ada.connected();
    await fits(ada, 'welcome');
    await ada.startTalkWith('Bartholomäus');
    await ada.write(`${'without-any-place-to-break'.repeat(8)} \`${'x'.repeat(200)}\``);
    await fits(ada, 'conversation');
    await ada.go('Agents');
    await ada.page
      .getByRole('listitem', { name: /^Notes, agent of/ })
      .getByRole('link')
      .click();
    await ada.page.getByRole('button', { name: 'Write to Bartholomäus' }).waitFor();
    await fits(ada, 'an agent that is not open');
    await ada.page.getByRole('button', { name: 'Write to Bartholomäus' }).click();
    await ada.page.getByRole('button', { name: 'Conversation details' }).click();
    await fits(ada, 'details');
    await bo.go('Conversations');
    await bo.page.getByRole('list', { name: 'Conversations' }).getByRole('link').first().click();
    await bo.write('Hello yourself');
    await ada.openTool('Calculator', 'Bartholomäus von Hohenzollern-Sigmaringen', 'evaluate');
    await fits(ada, 'tool');
    await ada.go('Agents');
    await ada.page.getByRole('button', { name: 'Filters' }).click();
    await ada.page.getByRole('searchbox').fill('note');
    await ada.page.getByRole('list', { name: 'Tools found' }).getByRole('link').first().waitFor();
    await fits(ada, 'search over tools');
    await ada.page.getByRole('link', { name: 'All calls' }).click();
    await fits(ada, 'all calls');
    await ada.openTool('Notes', undefined, 'remove_note');
    await ada.page.getByText('How it is defined').click();
    await fits(ada, 'how a tool is defined');
    await ada.page.getByRole('textbox', { name: 'id' }).fill('x'.repeat(60));
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await ada.page.getByRole('button', { name: 'Edit arguments' }).click();
    await fits(ada, 'a call that is not sent yet');
    await ada.page.getByRole('button', { name: 'Send call' }).click();
    await ada.result().getByText('As JSON').click();
    await fits(ada, 'a call as JSON');
    await ada.page.getByRole('link', { name: 'All tools' }).click();
    await ada.page.getByText('About this agent').click();
    await ada.page.getByRole('button', { name: 'Fill in Notes' }).click();
    await fits(ada, 'an agent of mine');
    await ada.startTalkWith('Bartholomäus');
    await ada.page.getByRole('button', { name: 'Call a tool' }).click();
    await ada.page.getByRole('option', { name: /write_note.*agent of Bar/ }).click();
    await ada.page.getByRole('form', { name: 'Arguments' }).waitFor();
    await fits(ada, 'tool in a conversation');
    for (const place of ['Network', 'Settings', 'Agents'] as const) {
      await ada.go(place);
      await fits(ada, place);
    }
  });
});

/** WCAG 2.2, 1.4.10 (reflow) and 2.5.8 (target size), over all shadow roots. Links within sentences and what scrolls by itself are excepted there, too. */
async function fits(person: Person, screen: string): Promise<void> {
  const problems = await person.page.evaluate(() => {
    const elements: Element[] = [];
    const collect = (root: Document | ShadowRoot): void => {
      for (const element of root.querySelectorAll('*')) {
        elements.push(element);
        if (element.shadowRoot) collect(element.shadowRoot);
      }
    };
    collect(document);
    const wide = elements.filter((element) => {
      const { overflowX } = getComputedStyle(element);
      const scrolls = /auto|scroll/.test(overflowX) && element.scrollWidth > element.clientWidth + 1;
      return scrolls && !element.matches('pre, .scroll, .arguments, textarea');
    });
    const small = elements.filter((element) => {
      if (!element.matches('a[href], button, input, select, textarea') || element.closest('.bubble')) return false;
      // Nobody can point at what is only shown with the focus; then it has its size.
      if (element.matches('.skip:not(:focus)')) return false;
      // A click on its label is a click on a choice.
      const label = element.matches('[type=radio], [type=checkbox]') ? (element as HTMLInputElement).labels?.[0] : undefined;
      const { width, height } = (label ?? element).getBoundingClientRect();
      return height > 0 && (height < 24 || width < 24);
    });
    const page = document.documentElement.scrollWidth > innerWidth ? ['the page scrolls'] : [];
    return [...page, ...wide.map((element) => `wide: ${element.className}`), ...small.map((element) => `small: ${element.outerHTML.slice(0, 80)}`)];
  });
  expect(problems, screen).toEqual([]);
}
