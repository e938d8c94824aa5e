import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findNothing } from './axe.ts';
import { openScene } from './scene.ts';

describe('agents of the built app', () => {
  const scene = openScene();

  it('calls tools both ways, each after the owner’s consent', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
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

  it('does not offer what is not for newcomers, says why and how to get there, and opens when the owner has written', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.go('Agents');
    await ada.page.getByRole('listitem', { name: 'Notes, agent of Bo' }).getByRole('link').click();
    await ada.page.getByText('Not open to you').waitFor();
    await ada.page.getByRole('list', { name: 'What it would offer' }).getByText('search_notes').waitFor();
    await findNothing(ada, 'an agent that is not for newcomers');
    expect(await ada.page.getByRole('list', { name: 'Tools' }).count()).toBe(0);
    await ada.page.getByRole('button', { name: 'Write to Bo' }).click();
    await ada.write('May I?');
    await bo.read('Ada');
    await bo.write('Of course.');
    await ada.sees('Bo', 'Of course.');
    await ada.openTool('Notes', 'Bo', 'search_notes');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await bo.page.getByRole('button', { name: 'Allow once' }).click();
    await ada.result().getByText('No note matches.').first().waitFor();
  });

  it('counts the tools of everybody alike on all screens', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await Promise.all([ada.go('Agents'), bo.go('Agents')]);
    for (const { page } of [ada, bo]) await page.getByRole('button', { name: 'List all 12 tools' }).waitFor();
    await bo.openTool('Calculator', undefined, 'evaluate');
    for (const { page } of [ada, bo]) await page.getByRole('button', { name: 'List all 12 tools' }).waitFor();
    expect(await ada.page.getByText('not told yet').count()).toBe(0);
  });

  it('asks an agent for its tools again when its owner comes back', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.openTool('Calculator', 'Bo', 'evaluate');
    await bo.page.goto('about:blank');
    await ada.page.getByText('Not reachable now').waitFor();
    await bo.open(scene.server.url);
    await ada.page.getByText('Not reachable now').waitFor({ state: 'hidden' });
    await ada.page.getByRole('button', { name: 'Call tool' }).waitFor();
  });

  it('tells the caller when the owner refuses, and asks again the next time', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
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

  it('serves programs in the page by the same public API', async () => {
    const [ada, bo] = await Promise.all([scene.stage.person(), scene.stage.person()]);
    await Promise.all([ada.open(`${scene.server.url}?api`), bo.open(scene.server.url)]);
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

  it('shows a tool’s own error in words, and the next call works', async () => {
    const ada = await scene.stage.person();
    await ada.open(scene.server.url);
    await ada.openTool('Calculator', undefined, 'evaluate');
    await ada.page.getByRole('textbox', { name: 'expression' }).fill('nothing.there');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await ada.result().getByText('The tool reported an error').waitFor();
    await ada.page.getByRole('textbox', { name: 'expression' }).fill('"fine"');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await ada.result().getByText('fine', { exact: true }).waitFor();
  });

  it('ends a call in words when its owner’s page is reloaded in the middle, and another call works', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.openTool('Calculator', 'Bo', 'evaluate');
    await ada.page.getByRole('textbox', { name: 'expression' }).fill('6 * 7');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await bo.page.getByRole('dialog', { name: 'Allow tool call?' }).waitFor();
    await bo.page.reload();
    await ada
      .result()
      .getByText(/The connection broke|closed the page|Not reachable now/)
      .waitFor();
    await Promise.all([ada.connected(), bo.connected()]);
    await ada.page.getByText('Not reachable now').waitFor({ state: 'hidden' });
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await bo.page.getByRole('button', { name: 'Allow once' }).click();
    await ada.result().getByText('42', { exact: true }).waitFor();
  });

  it('takes the question back when the caller’s page is reloaded in the middle, and another call works', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.openTool('Calculator', 'Bo', 'evaluate');
    await ada.page.getByRole('textbox', { name: 'expression' }).fill('6 * 7');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    const question = bo.page.getByRole('dialog', { name: 'Allow tool call?' });
    await question.waitFor();
    await ada.page.reload();
    await question.waitFor({ state: 'hidden' });
    await bo.go('Agents');
    await bo.page.getByRole('cell', { name: 'cancelled' }).waitFor();
    await ada.page.getByRole('textbox', { name: 'expression' }).fill('6 * 7');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await question.getByRole('button', { name: 'Allow once' }).click();
    await ada.result().getByText('42', { exact: true }).waitFor();
  });

  it('calls a tool from the composer, and keeps what came of it for the caller alone, also over a reload', async () => {
    const [ada, bo] = await scene.stage.pair(scene.server.url);
    await ada.startTalkWith('Bo');
    await ada.field().press('/');
    const finder = ada.page.getByRole('combobox', { name: 'Find a tool' });
    await finder.waitFor();
    expect(await ada.field().inputValue()).toBe('');
    await finder.fill('evaluate');
    const first = ada.page.getByRole('listbox', { name: 'Tools' }).getByRole('option').first();
    await first.filter({ hasText: 'agent of Bo' }).waitFor();
    await finder.press('Enter');
    const expression = ada.page.getByRole('textbox', { name: 'expression' });
    await expression.waitFor();
    await expect.poll(() => expression.evaluate((field) => (field.getRootNode() as ShadowRoot).activeElement === field)).toBe(true);
    await ada.page.keyboard.type('6 * 7');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await bo.page.getByRole('button', { name: 'Allow once' }).click();
    const card = ada.page.getByRole('log', { name: 'Messages' }).getByRole('article', { name: /^Calculator.*evaluate/ });
    await card.getByText('42', { exact: true }).waitFor();
    expect(await ada.field().evaluate((field) => (field.getRootNode() as ShadowRoot).activeElement === field)).toBe(true);
    await ada.page.reload();
    await card.getByText('42', { exact: true }).waitFor();
    await bo.startTalkWith('Ada');
    expect(await bo.page.getByRole('article', { name: /Calculator/ }).count()).toBe(0);
  });

  it('runs an earlier call again, as it was and changed', async () => {
    const ada = await scene.stage.person();
    await ada.open(scene.server.url);
    await ada.openTool('Calculator', undefined, 'evaluate');
    const expression = ada.page.getByRole('textbox', { name: 'expression' });
    await expression.fill('20 + 1');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await ada.result().getByText('21', { exact: true }).waitFor();
    await ada.page.reload();
    await ada.go('Agents');
    await ada.page.getByRole('link', { name: 'All calls' }).click();
    const calls = ada.page.getByRole('list', { name: 'Your calls' });
    await calls.getByRole('listitem', { name: 'evaluate of Calculator' }).getByRole('button', { name: 'Run again' }).click();
    await ada.result().getByText('21', { exact: true }).waitFor();
    await ada.page.getByRole('list', { name: 'Earlier calls' }).getByRole('link', { name: 'Edit and run' }).click();
    await expect.poll(() => expression.inputValue()).toBe('20 + 1');
    await expression.fill('20 + 2');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await ada.result().getByText('22', { exact: true }).waitFor();
    await ada.go('Agents');
    await ada.page.getByRole('link', { name: 'All calls' }).click();
    await expect.poll(() => calls.getByRole('listitem').count()).toBe(3);
    await ada.page.getByRole('button', { name: 'Forget all' }).click();
    await ada.page.getByText('You have not called a tool yet.').waitFor();
    await ada.page.reload();
    await ada.page.getByText('You have not called a tool yet.').waitFor();
  });

  it('finds tools of others by what they do, and keeps to a person', async () => {
    const [ada] = await scene.stage.pair(scene.server.url);
    await ada.go('Agents');
    await ada.page.getByRole('listitem', { name: 'Calculator, agent of Bo' }).waitFor();
    const search = ada.page.getByRole('searchbox', { name: 'Search agents, tools and people' });
    await search.fill('computes one expression');
    const found = ada.page.getByRole('list', { name: 'Tools found' }).getByRole('link');
    await expect.poll(() => found.count()).toBe(2);
    await ada.page.getByRole('button', { name: 'Filters' }).click();
    await ada.page.getByRole('combobox', { name: 'Person' }).selectOption('Bo');
    await expect.poll(() => found.count()).toBe(1);
    await search.press('ArrowDown');
    await ada.page.keyboard.press('Enter');
    await ada.page.getByRole('form', { name: 'Arguments' }).waitFor();
    await ada.page.getByText('agent of Bo · ').first().waitFor();
  });

  it('holds arguments to the tool’s whole schema before anybody is asked, unless the caller knows better', async () => {
    const ada = await scene.stage.person();
    await ada.open(scene.server.url);
    await ada.openTool('Calculator', undefined, 'evaluate');
    await ada.page.getByRole('button', { name: 'Write as JSON' }).click();
    await ada.page.getByRole('textbox', { name: 'All arguments as JSON' }).fill('{"expression": 5}');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await ada.page.getByText('expression: The tool wants something else here: string.').first().waitFor();
    await ada.page.getByRole('button', { name: 'Call anyway' }).click();
    await ada
      .result()
      .getByText(/Invalid|expected string/)
      .first()
      .waitFor();
  });

  it('shows that a call runs, and stops it; offers a long result as a file', async () => {
    const ada = await scene.stage.person();
    await ada.open(scene.server.url);
    await ada.openTool('Calculator', undefined, 'evaluate');
    const expression = ada.page.getByRole('textbox', { name: 'expression' });
    await expression.fill('(() => { for (;;); })()');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await ada.result().getByText('Running…').waitFor();
    expect(await ada.page.getByRole('button', { name: 'Call tool' }).isDisabled()).toBe(true);
    await ada.result().getByRole('button', { name: 'Cancel' }).click();
    await ada.result().getByText('Cancelled.').waitFor();
    await expression.fill('"a long line".repeat(1000)');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await ada.result().getByText('2,500 of 11,000 characters').waitFor();
    const [download] = await Promise.all([ada.page.waitForEvent('download'), ada.result().getByRole('button', { name: 'Save result.txt' }).click()]);
    expect(download.suggestedFilename()).toBe('result.txt');
    const path = await download.path();
    expect(readFileSync(path, 'utf8')).toBe('a long line'.repeat(1000));
  });
});
