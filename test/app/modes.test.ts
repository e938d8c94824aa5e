import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownServer, startHost, type RunningHost } from '../host/host-process.ts';
import { findNothing } from './axe.ts';
import { McpWebServer } from './mcp-web-server.ts';
import { openScene } from './scene.ts';
import { DESKTOP, PHONE, type Person } from './stage.ts';

/** Direct links and sockets of a host, in the built app, with the real host. */
describe('modes of the built app', () => {
  const scene = openScene();
  let host: RunningHost;
  beforeEach(async () => {
    const mcpServers = { toolbox: ownServer('fine') };
    host = await startHost(
      scene.server.url,
      { config: { mcpServers }, policy: { everyone: 'run' } },
      '--name',
      'Workshop',
      '--listen',
      '127.0.0.1:0',
    );
  });
  afterEach(() => host?.stop());

  /** Whoever opens a peer connection is written down. */
  async function withCountedConnections(person: Person): Promise<() => Promise<number>> {
    await person.context.addInitScript(() => {
      const counted = globalThis as unknown as { opened: number };
      counted.opened = 0;
      globalThis.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          counted.opened++;
        }
      };
    });
    return () => person.page.evaluate(() => (globalThis as unknown as { opened: number }).opened);
  }

  async function choose(person: Person, mode: 'Decentralised' | 'Hybrid' | 'Centralised'): Promise<void> {
    await person.go('Settings');
    await person.page.getByRole('radiogroup', { name: 'Network mode' }).getByRole('radio', { name: mode, exact: true }).check();
  }

  function status(person: Person, mode: string): Promise<void> {
    return person.page
      .getByRole('status', { name: 'Network status' })
      .filter({ hasText: new RegExp(`\\b${mode}`) })
      .waitFor();
  }

  /** How the network page says that the person's node is reached. */
  function path(person: Person, name: string, words: string): Promise<void> {
    return person.page.getByRole('row', { name: new RegExp(`${name}.*${words}`, 's') }).waitFor();
  }

  it('reach a browser without WebRTC through the host, which says so in words', async () => {
    const [ada, bo] = await Promise.all([scene.stage.person(), scene.stage.person()]);
    await bo.context.addInitScript(() => Reflect.deleteProperty(globalThis, 'RTCPeerConnection'));
    await Promise.all([ada.open(scene.server.url), bo.open(scene.server.url)]);
    await Promise.all([ada.rename('Ada'), bo.rename('Bo')]);
    await status(bo, 'centralised');
    await bo.go('Network');
    await bo.page.getByText('This browser cannot open direct links').waitFor();
    await path(bo, 'Workshop', 'over its socket');
    await ada.startTalkWith('Bo');
    await ada.write('from a link to a socket');
    await bo.go('Conversations');
    await bo.read('Ada');
    await bo.sees('Ada', 'from a link to a socket');
    await bo.write('and back');
    await ada.sees('Bo', 'and back');
    await ada.go('Network');
    await path(ada, 'Bo', 'through hosts only.*through Workshop');
    await bo.openTool('toolbox', 'Workshop', 'work');
    await bo.page.getByRole('textbox', { name: 'text' }).fill('over a socket');
    await bo.page.getByRole('button', { name: 'Call tool' }).click();
    await bo.result().getByText('over a socket #1').waitFor();
  });

  it('change while a conversation and a call run, and nothing is lost; the choice is remembered', async () => {
    const [ada, bo] = [await scene.stage.person(), await scene.stage.person()];
    const opened = await withCountedConnections(bo);
    await Promise.all([ada.open(scene.server.url), bo.open(scene.server.url)]);
    await Promise.all([ada.rename('Ada'), bo.rename('Bo')]);
    await Promise.all([ada.connected(2), bo.connected(2)]);
    await bo.openTool('Calculator', 'Ada', 'evaluate');
    await bo.page.getByRole('textbox', { name: 'expression' }).fill('6 * 7');
    await bo.page.getByRole('button', { name: 'Call tool' }).click();
    const question = ada.page.getByRole('dialog', { name: 'Allow tool call?' });
    await question.getByText('"6 * 7"').waitFor();

    await choose(bo, 'Centralised');
    await status(bo, 'centralised');
    await bo.go('Network');
    await path(bo, 'Ada', 'through Workshop');
    await question.getByRole('button', { name: 'Allow once' }).click();
    await bo.go('Agents');
    await bo.page.getByRole('link', { name: 'All calls' }).click();
    await bo.page.getByRole('list', { name: 'Your calls' }).getByText('· done ·').waitFor();

    await ada.startTalkWith('Bo');
    const send = async (from: number, to: number) => {
      for (let number = from; number < to; number++) await ada.write(`message ${number}.`);
    };
    const sending = send(0, 20);
    await choose(bo, 'Decentralised');
    await sending;
    await bo.go('Network');
    await path(bo, 'Ada', 'direct');
    const more = send(20, 40);
    await choose(bo, 'Centralised');
    await more;
    await bo.go('Conversations');
    await bo.read('Ada');
    for (const number of [0, 19, 20, 39]) await bo.sees('Ada', `message ${number}\\.`);
    expect(await bo.page.getByRole('article', { name: /message \d+\./ }).count()).toBe(40);

    await status(bo, 'centralised');
    await bo.page.reload();
    await status(bo, 'centralised');
    await bo.connected(1);
    await bo.go('Network');
    await bo.page.getByRole('button', { name: 'Check connection' }).click();
    await bo.page.getByRole('region', { name: 'Connection check' }).getByText('Not tried: the centralised mode').waitFor();
    await bo.go('Conversations');
    await bo.read('Ada');
    await bo.write('still here');
    await ada.sees('Bo', 'still here');
    expect(await opened()).toBe(0);
  });

  it('find a host by the address that a person adds, and say why an address is of no use', async () => {
    const bo = await scene.stage.person();
    await bo.context.addInitScript(() => Reflect.deleteProperty(globalThis, 'RTCPeerConnection'));
    // No signaling server tells this page of anybody.
    await bo.page.routeWebSocket(/\/signal$/, (socket) => socket.close());
    await bo.open(scene.server.url);
    await bo.go('Settings');
    await bo.page.getByText('No host is known.').waitFor();
    const field = bo.page.getByRole('textbox', { name: 'Address of a host' });
    await field.fill('not an address');
    await bo.page.getByRole('button', { name: 'Add host' }).click();
    await bo.page.getByRole('alert').filter({ hasText: 'This is no address of a host.' }).waitFor();
    await field.fill(host.ready.listen ?? '');
    await bo.page.getByRole('button', { name: 'Add host' }).click();
    await bo.page.getByRole('list', { name: 'Hosts' }).getByText('linked · host of Workshop').waitFor();
    await bo.connected(1);
    await bo.page.getByRole('button', { name: /^Remove host/ }).waitFor();
  });

  it('are carried by invites: who comes by one of a node that uses a host needs no other way', async () => {
    const [ada, bo] = await Promise.all([scene.stage.person(), scene.stage.person()]);
    await ada.open(scene.server.url);
    await ada.rename('Ada');
    await ada.connected(1);
    await choose(ada, 'Hybrid');
    await status(ada, 'hybrid');
    await ada.page.getByRole('list', { name: 'Hosts' }).getByText('linked').waitFor();
    await ada.page.getByRole('button', { name: 'Invite', exact: true }).click();
    const link = await ada.page.getByRole('textbox', { name: 'Invite link' }).inputValue();
    await bo.context.addInitScript(() => Reflect.deleteProperty(globalThis, 'RTCPeerConnection'));
    await bo.page.routeWebSocket(/\/signal$/, (socket) => socket.close());
    await bo.open(link);
    await bo.connected(1);
    await bo.page.getByRole('button', { name: 'New conversation' }).click();
    await bo.page.getByRole('dialog', { name: 'New conversation' }).getByRole('button', { name: 'Ada' }).waitFor();
  });

  it('mark what leaves a host unencrypted: its agents, and the host', async () => {
    const web = await McpWebServer.start();
    const mcpServers = { shop: { url: web.url.replace('127.0.0.1', '0.0.0.0').replace('localhost', '0.0.0.0') } };
    const open = await startHost(
      scene.server.url,
      { config: { mcpServers }, policy: { everyone: 'run' } },
      ...['--name', 'Market', '--allow-plaintext', '--mcp-http', '0.0.0.0:0'],
    );
    const ada = await scene.stage.person();
    await ada.open(scene.server.url);
    await ada.connected(2);
    expect(open.log()).toContain('leave this machine unencrypted');
    expect(open.log()).toContain('reach --mcp-http unencrypted');
    await ada.go('Agents');
    const item = ada.page.getByRole('list', { name: 'Agents' }).getByRole('listitem', { name: /agent of Market/ });
    await item.getByText('not encrypted behind its node').waitFor();
    await item.getByRole('link').click();
    await ada.page.getByText('Behind its node, calls to this agent go on unencrypted').waitFor();
    await findNothing(ada, 'an agent with an unencrypted server');
    await ada.go('Network');
    await ada.page.getByRole('row', { name: /Market.*unencrypted clients/s }).waitFor();
    await open.stop();
    await web.stop();
  });

  for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`are accessible to everybody, ${size}, ${colorScheme}`, async () => {
        const ada = await scene.stage.person({ viewport, colorScheme, reducedMotion: 'reduce' });
        await ada.context.addInitScript(() => Reflect.deleteProperty(globalThis, 'RTCPeerConnection'));
        await ada.open(scene.server.url);
        await ada.connected(1);
        await ada.go('Settings');
        await ada.page.getByRole('textbox', { name: 'Address of a host' }).fill('not an address');
        await ada.page.getByRole('button', { name: 'Add host' }).click();
        await ada.page.getByRole('alert').waitFor();
        await findNothing(ada, 'settings with a host');
        await ada.go('Network');
        await ada.page.getByRole('list', { name: 'Hosts' }).getByText('linked').waitFor();
        await findNothing(ada, 'network with a host');
        const width = await ada.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(width).toBe(0);
      });
    }
  }
});
