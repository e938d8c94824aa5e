import { describe, it } from 'vitest';
import { openScene } from './scene.ts';
import { DESKTOP, PHONE, type Person } from './stage.ts';
import { findNothing } from './axe.ts';

describe('accessibility of the built app', () => {
  const scene = openScene();

  for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`holds on every screen and in every dialog, ${size}, ${colorScheme}`, async () => {
        const { stage, server } = scene;
        const [ada, bo] = await Promise.all([stage.person({ viewport, colorScheme, reducedMotion: 'reduce' }), stage.person()]);
        await Promise.all([ada.open(`${server.url}#/join/broken`), bo.open(server.url)]);
        await ada.isTold('This invite link is damaged');
        await findNothing(ada, 'welcome with a notice');
        await Promise.all([ada.rename('Ada'), bo.rename('Bo')]);
        await ada.connected();
        await ada.page.getByRole('button', { name: 'Invite', exact: true }).click();
        await findNothing(ada, 'invite');
        await ada.page.keyboard.press('Escape');
        await ada.page.getByRole('button', { name: 'New conversation' }).click();
        await ada.page.getByRole('dialog', { name: 'New conversation' }).getByRole('button', { name: 'Bo' }).waitFor();
        await findNothing(ada, 'new conversation');
        await ada.page.keyboard.press('Escape');
        await ada.go('Agents');
        await ada.page.getByRole('listitem', { name: 'Calculator, agent of Bo' }).waitFor();
        await findNothing(ada, 'agents');
        await ada.page.getByRole('button', { name: 'Filters' }).click();
        await ada.page.getByRole('searchbox').fill('note');
        await ada.page.getByRole('list', { name: 'Tools found' }).getByRole('link').first().waitFor();
        await findNothing(ada, 'search over tools');
        await ada.page.getByRole('searchbox').fill('');

        await ada.page.getByRole('listitem', { name: 'Notes, your agent' }).getByRole('link').click();
        await ada.page.getByRole('list', { name: 'Prompts' }).waitFor();
        await ada.page.getByText('About this agent').click();
        await ada.page.getByRole('button', { name: 'Fill in Notes' }).click();
        await findNothing(ada, 'agent');
        await ada.page.getByRole('list', { name: 'Tools' }).getByRole('button', { name: 'remove_note' }).click();
        await ada.page.getByText('How it is defined').click();
        await ada.page.getByRole('textbox', { name: 'id' }).fill('none');
        await ada.page.getByRole('button', { name: 'Call tool' }).click();
        await ada.page.getByRole('dialog', { name: 'Send this call?' }).waitFor();
        await findNothing(ada, 'a call before it is sent');
        await ada.page.getByRole('button', { name: 'Send call' }).click();
        await ada.result().getByText('As JSON').click();
        await findNothing(ada, 'a call as JSON');
        await ada.go('Agents');
        await ada.page.getByRole('listitem', { name: 'Notes, agent of Bo' }).getByRole('link').click();
        await ada.page.getByText('Not open to you').waitFor();
        await findNothing(ada, 'an agent that is not open');
        await ada.go('Agents');
        await ada.openTool('Calculator', 'Bo', 'evaluate');
        await findNothing(ada, 'form');
        await ada.page.getByRole('button', { name: 'Call tool' }).click();
        await ada.page.getByText('This is needed.').waitFor();
        await findNothing(ada, 'form with a problem');
        await call(ada, bo, '[{ "a": 1, "b": 2 }, { "a": 3, "b": 4 }]', 'Allow once');
        await findNothing(ada, 'result');
        await call(ada, bo, 'nothing.there', 'Allow once');
        await ada.result().getByText('The tool reported an error').waitFor();
        await findNothing(ada, 'result with an error');
        await call(ada, bo, '1', 'Refuse');
        await ada.result().getByText('The owner said no.').waitFor();
        await findNothing(ada, 'refused');

        await ada.go('Agents');
        await ada.page.getByRole('link', { name: 'All calls' }).click();
        await ada.page.getByRole('list', { name: 'Your calls' }).getByRole('listitem').first().waitFor();
        await findNothing(ada, 'all calls');

        await bo.openTool('Calculator', 'Ada', 'evaluate');
        await bo.page.getByRole('textbox', { name: 'expression' }).fill('1');
        await bo.page.getByRole('button', { name: 'Call tool' }).click();
        await ada.page.getByRole('dialog', { name: 'Allow tool call?' }).waitFor();
        await findNothing(ada, 'approval');
        await ada.page.getByRole('button', { name: 'Allow once' }).click();

        await ada.startTalkWith('Bo');
        await ada.write('Hello');
        await bo.go('Conversations');
        await bo.read('Ada');
        await bo.write('Hello yourself');
        await ada.sees('Bo', 'Hello yourself');
        await findNothing(ada, 'conversation with calls');
        await ada.page.getByRole('button', { name: 'Call a tool' }).click();
        await ada.page.getByRole('option').first().waitFor();
        await findNothing(ada, 'finding a tool in a conversation');
        await ada.page.getByRole('option', { name: /write_note.*agent of Bo/ }).click();
        await ada.page.getByRole('form', { name: 'Arguments' }).waitFor();
        await findNothing(ada, 'calling a tool in a conversation');
        await ada.page.keyboard.press('Escape');
        await ada.page.getByRole('button', { name: 'Conversation details' }).click();
        await ada.page.getByRole('button', { name: 'Compare safety number' }).waitFor();
        await findNothing(ada, 'conversation details');
        await ada.page.getByRole('button', { name: 'Compare safety number' }).click();
        await ada.page.getByRole('list', { name: 'Safety number' }).waitFor();
        await findNothing(ada, 'safety number');
        await ada.page.keyboard.press('Escape');

        await ada.go('Network');
        await findNothing(ada, 'network');
        await ada.page.getByRole('button', { name: 'Check connection' }).click();
        await ada.page.getByRole('region', { name: 'Connection check' }).waitFor();
        await findNothing(ada, 'connection check');
        await ada.go('Settings');
        await findNothing(ada, 'settings');

        await ada.page.evaluate(() => sessionStorage.clear());
        await ada.context.addInitScript(() => Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined }));
        await ada.page.reload();
        await ada.page.getByRole('heading', { name: 'Parley cannot start here' }).waitFor();
        await findNothing(ada, 'failure');
      });
    }
  }
});

async function call(caller: Person, owner: Person, expression: string, answer: 'Allow once' | 'Refuse'): Promise<void> {
  await caller.page.getByRole('textbox', { name: 'expression' }).fill(expression);
  await caller.page.getByRole('button', { name: 'Call tool' }).click();
  await owner.page.getByRole('button', { name: answer }).click();
  await caller.result().getByText(/took/).waitFor({ state: 'attached' });
}
