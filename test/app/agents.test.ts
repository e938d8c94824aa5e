import { describe, expect, it } from 'vitest';
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
});
