import { equal, mounted, rendered, type } from '../../../test/support/components.ts';
import { ADA, agentOf, BO, FakeAppModel } from '../../../test/doubles/fake-app-model.ts';
import { signal } from '@preact/signals-core';
import type { AgentView, ToolView } from '../../view/types.ts';
import type { ToolForm } from '../agents/tool-form.ts';
import { ToolCaller } from './tool-caller.ts';

const notes = agentOf(BO, 'Notes');
const sums = agentOf(ADA, 'Calculator');
const other = agentOf({ ...BO, id: 'cy', name: 'Cy' }, 'Notes');
const schema = { type: 'object', properties: { words: { type: 'string', maxLength: 20 } }, required: ['words'] };

async function opened() {
  const model = new FakeAppModel();
  const tool: ToolView = { name: 'search', title: 'Search notes', description: 'Finds.', inputSchema: schema };
  const entry = (agent: AgentView, name: string, title = '') => ({ agent, name, title, description: '' });
  model.tools.value = [
    entry(other, 'search', 'Search notes'),
    entry(sums, 'evaluate'),
    entry(notes, 'search', 'Search notes'),
    entry(notes, 'write'),
  ];
  for (const agent of [notes, other]) model.details.set(agent.address, signal({ agent, state: 'ready', tools: [tool], resources: [], prompts: [] }));
  const caller = new ToolCaller();
  caller.model = model.asModel;
  caller.conversation = 'talk';
  caller.people = ['bo'];
  const closed: string[] = [];
  caller.addEventListener('close', (event) => closed.push((event as CustomEvent<string>).detail));
  const root = await mounted(caller);
  const field = (): HTMLInputElement => root.querySelector('[role=combobox]')!;
  const options = (): string[] => [...root.querySelectorAll('[role=option]')].map((option) => option.querySelector('.whose')?.textContent ?? '');
  const press = async (key: string): Promise<void> => {
    root.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true }));
    await rendered(caller);
  };
  return { model, caller, root, field, options, press, closed };
}

describe('calling a tool from the composer', () => {
  it('is a combobox: the field keeps the focus while arrows go through what was found', async () => {
    const { root, field, options, press } = await opened();
    equal(root.activeElement, field());
    equal(options(), ['search · Notes · agent of Bo', 'Notes · agent of Bo', 'Calculator · your agent', 'search · Notes · agent of Cy']);
    const active = (): string | null | undefined => root.getElementById(field().getAttribute('aria-activedescendant') ?? '')?.textContent.trim();
    equal(
      [field().getAttribute('aria-expanded'), field().getAttribute('aria-controls'), root.getElementById('found')?.role],
      ['true', 'found', 'listbox'],
    );
    await press('ArrowUp');
    equal([root.activeElement === field(), active()?.includes('agent of Cy'), root.querySelectorAll('[aria-selected=true]').length], [true, true, 1]);
    await press('ArrowDown');
    await press('ArrowDown');
    equal(active()?.includes('write'), true);
    await type(field(), 'calc');
    equal(options(), ['Calculator · your agent']);
    await type(field(), 'none of it');
    equal([options(), field().getAttribute('aria-expanded'), field().hasAttribute('aria-activedescendant')], [[], 'false', false]);
  });

  it('asks for the arguments, and calls in this conversation', async () => {
    const { root, field, press, model, closed, caller } = await opened();
    await type(field(), 'search');
    await press('Enter');
    const form = root.querySelector<ToolForm>('parley-tool-form')!;
    await form.updateComplete;
    await rendered(caller);
    const words = form.renderRoot.querySelector('textarea, input') as HTMLInputElement;
    equal(form.shadowRoot!.activeElement, words);
    await type(words, 'tides');
    form.renderRoot.querySelector('form')!.requestSubmit();
    while (closed.length === 0) await new Promise((resolve) => requestAnimationFrame(resolve));
    equal(
      model.done.filter(([name]) => name === 'callTool'),
      [['callTool', notes.address, 'search', { words: 'tides' }, 'talk']],
    );
    equal(closed, ['']);
  });

  it('gives back as a message what was typed and meant none', async () => {
    const { field, press, closed } = await opened();
    await type(field(), 'shrug');
    await press('Escape');
    await type(field(), '');
    await press('Backspace');
    equal(closed, ['/shrug', '']);
  });
});
