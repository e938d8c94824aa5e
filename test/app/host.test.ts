import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient, goodbye, ownServer, referenceServer, startHost, type RunningHost } from '../host/host-process.ts';
import { openScene } from './scene.ts';

/** A host and a tab: the tab calls what the host mounted, and an ordinary MCP client calls what the tab has, through the host. */
describe('a host beside the built app', () => {
  const scene = openScene();
  let host: RunningHost;

  beforeAll(async () => {
    const mcpServers = { toolbox: ownServer('fine'), everything: referenceServer('everything', ['stdio']) };
    host = await startHost(scene.server.url, { config: { mcpServers }, policy: { everyone: 'run' } }, '--name', 'Workshop');
  });
  afterAll(() => host?.stop());

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
    const client = await connectClient(host, undefined, era);
    const name = await toolOf(client, ada.page.url(), '__evaluate');
    const calling = client.callTool({ name, arguments: { expression: '6 * 7' } });
    const question = ada.page.getByRole('dialog', { name: 'Allow tool call?' });
    await question.getByText('"6 * 7"').waitFor();
    await question.getByRole('button', { name: 'Allow once' }).click();
    expect(JSON.stringify(await calling)).toContain('42');
    await goodbye(client);
  });

  /** The aggregate's name of a tool, once the client knows it: agents that come are told as changes of the list. */
  async function toolOf(client: Awaited<ReturnType<typeof connectClient>>, _url: string, ending: string): Promise<string> {
    for (;;) {
      const { tools } = await client.listTools(undefined, { cacheMode: 'refresh' } as never);
      const found = tools.findLast((tool) => tool.name.endsWith(ending));
      if (found) return found.name;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});
