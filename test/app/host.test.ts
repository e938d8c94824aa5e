import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectClient, goodbye, ownServer, referenceServer, startHost, type RunningHost } from '../host/host-process.ts';
import { openScene } from './scene.ts';

/** A host and a tab: the tab calls what the host mounted, and an ordinary MCP client calls what the tab has, through the host. */
describe('a host beside the built app', () => {
  const scene = openScene();
  let host: RunningHost;

  beforeEach(async () => {
    const mcpServers = { toolbox: ownServer('fine'), everything: referenceServer('everything', ['stdio']) };
    host = await startHost(scene.server.url, { config: { mcpServers }, policy: { everyone: 'run' } }, '--name', 'Workshop');
  });
  afterEach(() => host?.stop());

  it('lets a tab call the servers that it mounted, after a form made from their schema', async () => {
    const ada = await scene.stage.person();
    await ada.open(scene.server.url);
    await ada.connected();
    await ada.openTool('toolbox', 'Workshop', 'work');
    await ada.page.getByRole('textbox', { name: 'text' }).fill('from a tab');
    await ada.page.getByRole('button', { name: 'Call tool' }).click();
    await ada.result().getByText('from a tab #1').waitFor();
  });

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
