import axeCore from 'axe-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DESKTOP, PHONE, Server, Stage, type Person } from './stage.ts';

describe('the built app', () => {
  let stage: Stage;
  let server: Server;

  beforeAll(async () => {
    stage = await Stage.open();
  });
  beforeEach(async () => {
    server = await Server.start();
  });
  afterEach(async () => {
    const troubles = await stage.leave();
    await server.stop();
    expect(troubles).toEqual([]);
  });
  afterAll(() => stage.close());

  it('lets two who have never met write to each other, and tells honest states', async () => {
    const [ada, bo] = await stage.pair(server.url);
    await ada.startTalkWith('Bo');
    await ada.write('Hello from Ada');
    await bo.page.getByRole('list', { name: 'Conversations' }).getByRole('link', { name: /Ada/ }).click();
    await bo.sees('Ada', 'Hello from Ada');
    await bo.write('Hello from Bo');
    await ada.sees('Bo', 'Hello from Bo');
    await ada.page.getByText(/ · read$/).waitFor();
  });

  it('brings somebody in by the invite link of a private network, which others do not see', async () => {
    const [ada, bo] = await stage.pair(server.url);
    await ada.go('Settings');
    await ada.page.getByRole('textbox', { name: 'Network name' }).fill('Lab');
    await ada.page.getByRole('button', { name: 'Create and switch' }).click();
    await bo.connected(0).catch(() => bo.page.getByRole('status', { name: 'Network status' }).filter({ hasText: '· 0 peers' }).waitFor());
    await ada.page.getByRole('button', { name: 'Invite', exact: true }).click();
    const dialog = ada.page.getByRole('dialog', { name: 'Invite people' });
    await dialog.getByRole('img', { name: 'Invite QR code' }).waitFor();
    const link = await dialog.getByRole('textbox', { name: 'Invite link' }).inputValue();
    expect(link).toContain('/#/join/');
    const cy = await stage.person();
    await cy.open(link);
    await cy.connected();
    expect(cy.page.url()).not.toContain('join');
  });

  it('shows both the same safety number, and remembers that it was compared', async () => {
    const [ada, bo] = await stage.pair(server.url);
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

  it('says so when an invite is broken, and goes on', async () => {
    const ada = await stage.person();
    await ada.open(`${server.url}#/join/abcdef`);
    await ada.page.getByText('This invite link is damaged or incomplete').waitFor();
  });

  it('calls tools both ways, each after the owner’s consent', async () => {
    const [ada, bo] = await stage.pair(server.url);
    for (const [caller, owner, name] of [
      [ada, bo, 'Bo'],
      [bo, ada, 'Ada'],
    ] as const) {
      await caller.openTool('Calculator', name, 'evaluate');
      await caller.page.getByRole('textbox', { name: 'expression' }).fill('6 * 7');
      await caller.page.getByRole('button', { name: 'Call tool' }).click();
      const question = owner.page.getByRole('dialog', { name: 'Allow tool call?' });
      await question.getByText('"6 * 7"').waitFor();
      await question.getByText('Computes one JavaScript expression').waitFor();
      await question.getByRole('button', { name: 'Allow once' }).click();
      await caller.result().getByText('42', { exact: true }).waitFor();
    }
    await ada.startTalkWith('Bo');
    await ada.page.getByRole('article', { name: /^Calculator.*evaluate/ }).waitFor();
  });

  it('asks an agent for its tools again when its owner comes back', async () => {
    const [ada, bo] = await stage.pair(server.url);
    await ada.openTool('Calculator', 'Bo', 'evaluate');
    await bo.page.goto('about:blank');
    await ada.page.getByText('Not reachable now').waitFor();
    await bo.open(server.url);
    await ada.page.getByText('Not reachable now').waitFor({ state: 'hidden' });
    await ada.page.getByRole('button', { name: 'Call tool' }).waitFor();
  });

  it('tells the caller when the owner refuses, and asks again the next time', async () => {
    const [ada, bo] = await stage.pair(server.url);
    await ada.openTool('Calculator', 'Bo', 'evaluate');
    await ada.page.getByRole('textbox', { name: 'expression' }).fill('1 + 1');
    for (let time = 0; time < 2; time++) {
      await ada.page.getByRole('button', { name: 'Call tool' }).click();
      await bo.page.getByRole('dialog', { name: 'Allow tool call?' }).getByRole('button', { name: 'Refuse' }).click();
      await ada.result().getByText('The owner said no.').waitFor();
    }
    await bo.go('Agents');
    await bo.page.getByRole('cell', { name: 'refused' }).first().waitFor();
  });

  it('keeps address, name and messages over a reload, and delivers what was written meanwhile', async () => {
    const [ada, bo] = await stage.pair(server.url);
    await ada.startTalkWith('Bo');
    await ada.write('before');
    await bo.page.getByRole('list', { name: 'Conversations' }).getByRole('link', { name: /Ada/ }).click();
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

  it('goes on without the server, and finds new people when it is back', async () => {
    const [ada, bo] = await stage.pair(server.url);
    await ada.startTalkWith('Bo');
    await ada.write('with the server');
    const { port } = server;
    await server.stop();
    await ada.write('without the server');
    await bo.page.getByRole('list', { name: 'Conversations' }).getByRole('link', { name: /Ada/ }).click();
    await bo.sees('Ada', 'without the server');
    await bo.write('still here');
    await ada.sees('Bo', 'still here');
    server = await Server.start(port);
    const cy = await stage.person();
    await cy.open(server.url);
    await cy.connected(2);
  });

  it('opens without a network once it was open', async () => {
    const ada = await stage.person();
    await ada.open(server.url);
    await ada.rename('Ada');
    await ada.page.evaluate(() => navigator.serviceWorker.ready);
    await server.stop();
    await ada.page.reload();
    await ada.page.getByRole('navigation', { name: 'Main' }).waitFor();
    await ada.go('Settings');
    expect(await ada.page.getByRole('textbox', { name: 'Display name' }).inputValue()).toBe('Ada');
  });

  it('opens a long conversation at its end, and brings what is older as one scrolls up, without a jump', async () => {
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
      return message.getBoundingClientRect().top;
    });
    await ada.page.getByRole('article', { name: /line 1\./ }).waitFor({ state: 'attached' });
    const after = await read.evaluate((message) => message.getBoundingClientRect().top);
    expect(Math.abs(after - before)).toBeLessThan(2);
    await ada.page.getByText('This is the beginning of your conversation with Bo').waitFor({ state: 'attached' });
  });

  it('shows code and links of a message as such, and lets no other link through', async () => {
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
    const [ada, bo] = await Promise.all([stage.person({ viewport: { width: 320, height: 640 } }), stage.person()]);
    await Promise.all([ada.open(server.url), bo.open(server.url)]);
    await bo.rename('Bartholomäus von Hohenzollern-Sigmaringen');
    await ada.connected();
    await fits(ada, 'welcome');
    await ada.startTalkWith('Bartholomäus');
    await ada.write(`${'without-any-place-to-break'.repeat(8)} \`${'x'.repeat(200)}\``);
    await fits(ada, 'conversation');
    await ada.page.getByRole('button', { name: 'Conversation details' }).click();
    await fits(ada, 'details');
    await ada.openTool('Calculator', 'Bartholomäus von Hohenzollern-Sigmaringen', 'evaluate');
    await fits(ada, 'tool');
    for (const place of ['Network', 'Settings', 'Agents'] as const) {
      await ada.go(place);
      await fits(ada, place);
    }
  });

  it('serves programs in the page by the same public API', async () => {
    const [ada, bo] = await Promise.all([stage.person(), stage.person()]);
    await Promise.all([ada.open(`${server.url}?api`), bo.open(server.url)]);
    await Promise.all([ada.connected(), bo.connected()]);
    const call = ada.page.evaluate(async () => {
      type Api = {
        agents(): readonly { address: string; title: string; mine: boolean }[];
        callTool(address: string, tool: string, args: object): Promise<unknown>;
      };
      const { parley } = globalThis as unknown as { parley: Api };
      const until = async <T>(find: () => T | undefined): Promise<T> =>
        find() ?? new Promise((resolve) => requestAnimationFrame(() => resolve(until(find))));
      const agent = await until(() => parley.agents().find(({ title, mine }) => title === 'Calculator' && !mine));
      return parley.callTool(agent.address, 'evaluate', { expression: '20 + 1' });
    });
    await bo.page.getByRole('button', { name: 'Always allow' }).click();
    expect(await call).toMatchObject({ content: [{ type: 'text', text: '21' }] });
  });

  for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`is accessible on every screen, ${size}, ${colorScheme}`, async () => {
        const [ada, bo] = await Promise.all([stage.person({ viewport, colorScheme, reducedMotion: 'reduce' }), stage.person()]);
        await Promise.all([ada.open(server.url), bo.open(server.url)]);
        await bo.rename('Bo');
        await ada.connected();
        await findNothing(ada, 'welcome');
        await ada.page.getByRole('button', { name: 'Invite', exact: true }).click();
        await findNothing(ada, 'invite');
        await ada.page.keyboard.press('Escape');
        await ada.startTalkWith('Bo');
        await ada.write('Hello');
        await ada.page.getByRole('button', { name: 'Conversation details' }).click();
        await findNothing(ada, 'conversation');
        await ada.openTool('Calculator', 'Bo', 'evaluate');
        await ada.page.getByRole('textbox', { name: 'expression' }).fill('1');
        await ada.page.getByRole('button', { name: 'Call tool' }).click();
        await bo.page.getByRole('button', { name: 'Allow once' }).click();
        await ada.result().getByText(/took/).waitFor({ state: 'attached' });
        await findNothing(ada, 'tool');
        await ada.go('Network');
        await ada.page.getByRole('button', { name: 'Check connection' }).click();
        await findNothing(ada, 'network');
        await ada.go('Settings');
        await findNothing(ada, 'settings');
        await ada.go('Agents');
        await findNothing(ada, 'agents');
      });
    }
  }
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

/** axe in the page; its source is evaluated by the debugger, which the page's policy does not forbid. */
async function findNothing(person: Person, screen: string): Promise<void> {
  await person.page.evaluate(axeCore.source);
  const violations = await person.page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof axeCore };
    const result = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return result.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`).join(' | ')}`,
    );
  });
  expect(violations, screen).toEqual([]);
}
