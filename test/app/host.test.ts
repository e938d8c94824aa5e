import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectClient, goodbye, ownServer, startHost, type RunningHost } from '../host/host-process.ts';
import { answerTo, directClient, nameOf, referenceServers, resetFolder, SERVERS, steady, toolCalls, type ToolCall } from '../host/reference-calls.ts';
import type { Parley } from '../../src/index.ts';
import { findNothing } from './axe.ts';
import { openScene } from './scene.ts';

/** What programs in the page have. */
type Page = { readonly parley: Pick<Parley, 'agents' | 'callTool'> };

/** Tools that ask whoever calls them: a person answers that in a dialog, which has tests of its own. */
const ASKS_ITS_CALLER: ReadonlySet<string> = new Set(['get-roots-list', 'trigger-elicitation-request', 'trigger-sampling-request']);

/** A host and a tab: the tab calls what the host mounted, and an ordinary MCP client calls what the tab has, through the host. */
describe('a host beside the built app', () => {
  const scene = openScene();
  let host: RunningHost;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-app-host-'));
    await resetFolder(folder);
    const mcpServers = { toolbox: ownServer('fine'), stuck: ownServer('hang'), ...referenceServers(folder) };
    host = await startHost(scene.server.url, { config: { mcpServers }, policy: { everyone: 'run' } }, '--name', 'Workshop');
  });
  afterEach(async () => {
    await host?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('lets a tab call the servers that it mounted, after a form made from their schema', async () => {
    const ada = await scene.stage.person();
    await ada.open(scene.server.url);
    await ada.connected();
    await ada.openTool('toolbox', 'Workshop', 'work');
    await ada.page.getByRole('textbox', { name: 'text' }).fill('from a tab');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await ada.result().getByText('from a tab #1').waitFor();
  });

  it('is given up as soon as its caller said, once more too, and told how long it takes to answer', async () => {
    const ada = await scene.stage.person();
    await ada.open(scene.server.url);
    await ada.connected();
    await ada.openTool('stuck', 'Workshop', 'work');
    const limit = ada.page.getByRole('textbox', { name: 'Give up after' });
    await ada.page.getByText('How long to wait').click();
    await limit.fill('1');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    const late = 'There was no answer in time.';
    await ada.result().getByText(late).waitFor();
    await ada.go('Agents');
    await ada.page.getByRole('link', { name: 'All calls' }).click();
    await ada.page.getByRole('list', { name: 'Your calls' }).getByRole('button', { name: 'Run again' }).first().click();
    await ada.result().getByText(late).waitFor();
    expect(await limit.inputValue()).toBe('1');
    await ada.page.getByRole('link', { name: 'All tools' }).click();
    await ada.page.getByText('About this agent').click();
    await ada.page.getByRole('button', { name: 'Ping this agent' }).click();
    await ada.page
      .getByRole('definition')
      .getByText(/^(< )?[\d.,]+ m?s$/)
      .waitFor();
    await findNothing(ada, 'an agent that was pinged');
  });

  it('lets programs in a tab call every tool of the reference servers, and they answer as without anything in between', async () => {
    const calls = toolCalls(folder).filter(({ tool }) => !ASKS_ITS_CALLER.has(tool));
    const expected = await answersOf(calls);
    await resetFolder(folder);
    const ada = await scene.stage.person();
    await ada.open(new URL('/?api', scene.server.url).href);
    await ada.connected();
    const { nodeId } = host.ready;
    await ada.page.waitForFunction(
      (count) => (globalThis as unknown as Page).parley.agents().filter(({ mine }) => !mine).length === count,
      SERVERS.length + 2,
    );
    const answers: Record<string, unknown> = {};
    for (const call of calls) {
      const answer = await ada.page.evaluate(
        async ({ address, tool, args }) => {
          try {
            return await (globalThis as unknown as Page).parley.callTool(address, tool, args);
          } catch (thrown) {
            return { code: (thrown as { code?: unknown }).code };
          }
        },
        { address: `${nodeId}:${call.server}`, tool: call.tool, args: call.arguments },
      );
      answers[nameOf(call)] = steady(answer);
    }
    expect(answers).toEqual(expected);
  });

  /** What the servers answer to these calls themselves. */
  async function answersOf(calls: readonly ToolCall[]): Promise<Record<string, unknown>> {
    const answers: Record<string, unknown> = {};
    const clients = await Promise.all(SERVERS.map(async (server) => [server, await directClient(server, folder)] as const));
    for (const call of calls) {
      const client = clients.find(([server]) => server === call.server)?.[1];
      answers[nameOf(call)] = await answerTo(async () => client?.callTool({ name: call.tool, arguments: call.arguments }));
    }
    await Promise.all(clients.map(([, client]) => client.close()));
    return answers;
  }

  it.each(['legacy', 'modern'] as const)('lets an MCP client call an agent of a tab, with its owner’s consent, %s', async (era) => {
    const ada = await scene.stage.person();
    await ada.open(scene.server.url);
    await ada.connected();
    const told: (() => void)[] = [];
    const client = await connectClient(host, undefined, era, {
      listChanged: { tools: { autoRefresh: false, onChanged: () => told.splice(0).forEach((tell) => tell()) } },
    });
    const name = await toolOf(client, told);
    const calling = client.callTool({ name, arguments: { expression: '6 * 7' } });
    const question = ada.page.getByRole('dialog', { name: 'Allow tool call?' });
    await question.getByText('"6 * 7"').waitFor();
    await question.getByRole('button', { name: 'Allow once' }).click();
    expect(JSON.stringify(await calling)).toContain('42');
    await goodbye(client);
  });

  /** The aggregate's name of the tab's tool, once the client knows it: agents that come are told as changes of the list. */
  async function toolOf(client: Awaited<ReturnType<typeof connectClient>>, told: (() => void)[]): Promise<string> {
    for (;;) {
      const next = new Promise<void>((resolve) => told.push(resolve));
      const { tools } = await client.listTools(undefined, { cacheMode: 'refresh' });
      const found = tools.find(({ name }) => name.startsWith('calculator-') && name.endsWith('__evaluate'));
      if (found) return found.name;
      await next;
    }
  }
});
