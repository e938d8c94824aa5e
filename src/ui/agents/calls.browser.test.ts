import { signal } from '@preact/signals-core';
import { equal, mounted, rendered, type } from '../../../test/support/components.ts';
import { ADA, agentOf, BO, callBy, FakeAppModel } from '../../../test/doubles/fake-app-model.ts';
import type { CallView, ToolView } from '../../view/types.ts';
import { route } from '../router.ts';
import { CallCard } from './call-card.ts';
import { CallList } from './call-list.ts';
import { ToolPanel } from './tool-panel.ts';
import type { ToolForm } from './tool-form.ts';

const sums = agentOf(BO, 'Calculator');

async function card(call: CallView) {
  const model = new FakeAppModel();
  const element = new CallCard();
  element.model = model.asModel;
  element.call = call;
  const root = await mounted(element);
  const press = (name: string): void => [...root.querySelectorAll('button')].find(({ textContent }) => textContent.trim() === name)!.click();
  return { model, element, root, press };
}

describe('a call on the screen', () => {
  it('shows how far it is, in steps, and can be cancelled', async () => {
    const { model, root, press, element } = await card(
      callBy(sums, 'evaluate', { startedAt: Date.now() - 10_000, state: { kind: 'running', progress: 2, total: 8, message: 'Adding up' } }),
    );
    const bar = root.querySelector('progress')!;
    equal([bar.value, bar.max, root.querySelector('.running')?.textContent.includes('Adding up')], [2, 8, true]);
    equal(/2 of 8.*about 30/.test(root.querySelector('.facts')!.textContent), true);
    press('Cancel');
    equal(model.done, [['cancelCall', 'evaluate']]);
    element.call = callBy(sums, 'evaluate', { state: { kind: 'running' }, isElsewhere: true });
    await rendered(element);
    equal(root.querySelectorAll('.running button').length, 0);
  });

  it('runs again as it was, in the same conversation, and leads to its form', async () => {
    const call = callBy(sums, 'evaluate', { arguments: { a: 1 }, conversation: 'talk', state: { kind: 'failed', problem: { code: 'timed-out' } } });
    const { model, root, press, element } = await card(call);
    press('Run again');
    equal(model.done, [['callTool', sums.address, 'evaluate', { a: 1 }, 'talk', undefined]]);
    equal(root.querySelector('a')?.getAttribute('href'), `#/agents/${encodeURIComponent(sums.address)}/evaluate/evaluate`);
    element.call = { ...call, arguments: {}, areArgumentsLost: true };
    await rendered(element);
    equal([root.querySelector('.again'), root.querySelector('.lost')?.textContent], [null, 'The arguments were too large to be kept.']);
  });
});

describe('the list of my calls', () => {
  it('shows the newest first, with how each ended, and runs one again', async () => {
    const model = new FakeAppModel();
    const done = { kind: 'done', isError: true, blocks: [] } as const;
    model.calls.value = [
      callBy(sums, 'first', { arguments: { words: 'x'.repeat(500) }, state: done, tookMs: 20 }),
      callBy(agentOf(ADA, 'Notes'), 'second', { state: { kind: 'failed', problem: { code: 'refused' } } }),
    ];
    const list = new CallList();
    list.model = model.asModel;
    const root = await mounted(list);
    const items = [...root.querySelectorAll('li')];
    equal(
      items.map((item) => item.getAttribute('aria-label')),
      ['second of Notes', 'first of Calculator'],
    );
    equal([items[0]!.textContent.includes('The owner said no.'), items[1]!.textContent.includes('ended with an error')], [true, true]);
    equal(items[1]!.textContent.length < 400, true);
    items[1]!.querySelector('button')!.click();
    equal(model.done, [['callTool', sums.address, 'first', { words: 'x'.repeat(500) }, undefined, undefined]]);
    await new Promise((resolve) => addEventListener('hashchange', resolve, { once: true }));
    equal(route.value, { page: 'agents', agent: sums.address, tool: 'first', call: 'new-call' });
    location.hash = '';
  });
});

describe('a tool to be called', () => {
  const silent: ToolView = { name: 'evaluate', title: '', description: '', inputSchema: { type: 'object' } };

  async function panelOf(model: FakeAppModel, called?: string) {
    model.details.set(sums.address, signal(undefined));
    const panel = new ToolPanel();
    Object.assign(panel, { model: model.asModel, address: sums.address, tool: silent, called });
    const root = await mounted(panel);
    const form = root.querySelector<ToolForm>('parley-tool-form')!;
    await form.updateComplete;
    const limit = (): HTMLInputElement => form.renderRoot.querySelector<HTMLInputElement>('#give-up')!;
    const send = async (typed: string): Promise<void> => {
      await type(limit(), typed);
      const called_ = new Promise((resolve) => form.addEventListener('call-tool', resolve, { once: true }));
      form.renderRoot.querySelector('form')!.requestSubmit();
      await called_;
      await rendered(panel);
      await form.updateComplete;
    };
    return { panel, form, limit, send };
  }

  it('is given up after as long as somebody says, within bounds', async () => {
    const model = new FakeAppModel();
    const { form, limit, send } = await panelOf(model);
    equal(limit().closest('details')?.open, false);
    for (const bad of ['0', '901', '1.5', 'soon', '-3']) {
      await send(bad);
      equal(
        [limit().getAttribute('aria-invalid'), form.renderRoot.querySelector('#give-up-problem')?.textContent],
        ['true', 'Give whole seconds, from 1 to 900.'],
      );
      equal(form.shadowRoot?.activeElement, limit());
    }
    equal(model.done, []);
    for (const good of ['', ' 30 ', '900']) await send(good);
    equal(limit().getAttribute('aria-invalid'), null);
    equal(
      model.done,
      [undefined, 30_000, 900_000].map((idleMs) => ['callTool', sums.address, 'evaluate', {}, undefined, idleMs]),
    );
  });

  it('has the patience of the call with which it starts', async () => {
    const model = new FakeAppModel();
    const state = { kind: 'failed', problem: { code: 'timed-out' } } as const;
    model.calls.value = [callBy(sums, 'evaluate', { id: 'old', idleMs: 45_000, state })];
    const { limit } = await panelOf(model, 'old');
    equal([limit().value, limit().closest('details')?.open], ['45', true]);
    const { press, model: other } = await card(callBy(sums, 'evaluate', { idleMs: 45_000, state }));
    press('Run again');
    equal(other.done, [['callTool', sums.address, 'evaluate', {}, undefined, 45_000]]);
  });

  it('starts with the arguments of an earlier call, shows its end, and lists the others', async () => {
    const model = new FakeAppModel();
    const state = { kind: 'done', isError: false, blocks: [] } as const;
    model.calls.value = [
      callBy(sums, 'evaluate', { id: 'old', arguments: { expression: '6 * 7' }, state }),
      callBy(sums, 'evaluate', { id: 'older', arguments: { expression: '1' }, state }),
    ];
    model.details.set(sums.address, signal(undefined));
    const tool: ToolView = {
      name: 'evaluate',
      title: '',
      description: '',
      inputSchema: { type: 'object', properties: { expression: { type: 'string', maxLength: 9 } } },
    };
    const panel = new ToolPanel();
    Object.assign(panel, { model: model.asModel, address: sums.address, tool, called: 'old' });
    const root = await mounted(panel);
    const form = root.querySelector<ToolForm>('parley-tool-form')!;
    await form.updateComplete;
    equal(form.renderRoot.querySelector('input')?.value, '6 * 7');
    equal(root.querySelector<CallCard>('parley-call')?.call.id, 'old');
    const list = root.querySelector<CallList>('parley-call-list')!;
    await list.updateComplete;
    equal(
      [...list.renderRoot.querySelectorAll('li .mono')].map((text) => text.textContent),
      ['expression: "1"'],
    );
  });
});
