import { signal } from '@preact/signals-core';
import { equal, mounted, rendered, type } from '../../../test/support/components.ts';
import { ADA, agentOf, BO, callBy, FakeAppModel } from '../../../test/doubles/fake-app-model.ts';
import type { ActivityModel, AgentHealthView, LogLineView, WatchView } from '../../view/activity-types.ts';
import type { TrustModel } from '../../view/trust-types.ts';
import type { AgentDetailView, ToolView } from '../../view/types.ts';
import { ParleyError } from '../../base/errors.ts';
import { problemText } from '../strings.ts';
import { AgentFacts } from './agent-facts.ts';
import { AgentHealthList } from './agent-health.ts';
import { AgentLogView } from './agent-log.ts';
import { AgentOffers } from './agent-offers.ts';
import { CallCard } from './call-card.ts';
import type { TextArguments } from './text-arguments.ts';
import { ToolFacts } from './tool-facts.ts';

const notes = agentOf(BO, 'Notes');
const detail: AgentDetailView = {
  agent: notes,
  state: 'ready',
  tools: [],
  resources: [{ uri: 'note:///1', name: 'Tea', description: '' }],
  prompts: [],
  templates: [{ uriTemplate: 'note:///{id}', name: 'Notes', description: '', variables: ['id'] }],
  server: { name: 'notes', version: '1.0', protocol: '2026-07-28', instructions: 'Be kind.', canComplete: true },
  canWatch: true,
};

function activityOver(model: FakeAppModel) {
  const log = signal<readonly LogLineView[]>([]);
  const watches = signal<readonly WatchView[]>([]);
  const health = signal<readonly AgentHealthView[]>([]);
  const pinged = Promise.withResolvers<number>();
  const activity: ActivityModel = {
    log: () => log,
    clearLog: () => void model.done.push(['clearLog']),
    watches: () => watches,
    watch: (...args) => void model.done.push(['watch', ...args]),
    unwatch: (...args) => void model.done.push(['unwatch', ...args]),
    suggest: (...args) => {
      model.done.push(['suggest', ...args]);
      return Promise.resolve(['one', 'two']);
    },
    expand: (template, values) => Promise.resolve(template.replace('{id}', values['id'] ?? '')),
    ping: () => pinged.promise,
    health,
    checkAgent: () => Promise.resolve(),
  };
  model.trust.value = { activity } as unknown as TrustModel;
  return { log, watches, health, pinged };
}

function button(root: ParentNode, name: string): HTMLButtonElement {
  return [...root.querySelectorAll('button')].find((each) => (each.getAttribute('aria-label') ?? each.textContent.trim()) === name)!;
}

async function open(root: ParentNode, summary: string): Promise<void> {
  const details = [...root.querySelectorAll('details')].find((each) => each.querySelector('summary')?.textContent.startsWith(summary))!;
  const toggled = new Promise((resolve) => details.addEventListener('toggle', resolve, { once: true }));
  details.open = true;
  await toggled;
}

describe('what an agent says of a tool', () => {
  it('is shown as its hints, and exactly on demand, with what is invisible written out', async () => {
    const element = new ToolFacts();
    const tool: ToolView = {
      name: 'remove',
      title: '',
      description: '',
      inputSchema: { title: 'a\u202eb' },
      outputSchema: { type: 'object' },
      destructiveHint: true,
      idempotentHint: true,
      openWorldHint: false,
    };
    Object.assign(element, { model: new FakeAppModel().asModel, tool });
    const root = await mounted(element);
    equal(
      [...root.querySelectorAll('li')].map(({ textContent }) => textContent),
      ['May change things', 'Twice is as once', 'Stays within the agent'],
    );
    equal(root.querySelectorAll('pre').length, 0);
    await open(root, 'How it is defined');
    await rendered(element);
    equal([root.querySelectorAll('pre').length, root.querySelector('pre')!.textContent.includes('a\\u202eb')], [2, true]);
  });
});

describe('what an agent says of itself', () => {
  it('is its address, its server, the revision and what it tells programs', async () => {
    const element = new AgentFacts();
    Object.assign(element, { model: new FakeAppModel().asModel, detail });
    const root = await mounted(element);
    equal(
      [...root.querySelectorAll('dd')].map(({ textContent }) => textContent.replace(/\s*Copy$/, '').trim()),
      [notes.address, 'built in', 'notes 1.0', '2026-07-28', 'Be kind.'],
    );
  });
});

describe('the ping of an agent', () => {
  it('tells how long its answer takes, or what went wrong, and is there only where the agent knows it', async () => {
    const model = new FakeAppModel();
    const { pinged } = activityOver(model);
    const element = new AgentFacts();
    Object.assign(element, { model: model.asModel, detail });
    const root = await mounted(element);
    equal(button(root, 'Ping this agent'), undefined);
    element.detail = { ...detail, server: { ...detail.server!, protocol: '2025-11-25', canPing: true } };
    await rendered(element);
    const said = () => root.querySelector('[role=status]')?.textContent;
    equal(said(), 'not measured yet');
    button(root, 'Ping this agent').click();
    await rendered(element);
    equal([said(), button(root, 'Ping this agent').disabled], ['Waiting for its answer…', true]);
    pinged.resolve(42);
    await pinged.promise;
    await rendered(element);
    equal([said(), button(root, 'Ping this agent').disabled], ['42 ms', false]);
    const failing = activityOver(model).pinged;
    button(root, 'Ping this agent').click();
    failing.reject(new ParleyError('unreachable', 'gone'));
    await failing.promise.catch(() => undefined);
    await Promise.resolve();
    await rendered(element);
    equal(said(), problemText({ code: 'unreachable', detail: 'gone' }));
    element.detail = { ...element.detail, agent: agentOf(ADA, 'Other') };
    await rendered(element);
    equal(said(), 'not measured yet');
  });
});

describe('a call that has ended', () => {
  it('shows exactly what was sent and what came', async () => {
    const element = new CallCard();
    element.model = new FakeAppModel().asModel;
    element.call = callBy(notes, 'read', { arguments: { id: 1 }, state: { kind: 'done', isError: false, blocks: [], raw: '{"content":[]}' } });
    const root = await mounted(element);
    await open(root, 'As JSON');
    await rendered(element);
    const [sent, came] = [...root.querySelectorAll('pre')].map(({ textContent }) => textContent);
    equal([JSON.parse(sent ?? ''), came], [{ method: 'tools/call', params: { name: 'read', arguments: { id: 1 } } }, '{"content":[]}']);
  });
});

describe('what an agent offers to read', () => {
  async function offers() {
    const model = new FakeAppModel();
    const reads: string[] = [];
    Object.assign(model, {
      readResource: (_: string, uri: string) => {
        reads.push(uri);
        return Promise.resolve([{ kind: 'text', text: `about ${uri}` }]);
      },
    });
    const { watches } = activityOver(model);
    const element = new AgentOffers();
    Object.assign(element, { model: model.asModel, detail });
    return { model, element, watches, reads, root: await mounted(element) };
  }

  it('can be watched, and shows each change until it is not wanted', async () => {
    const { model, element, watches, root } = await offers();
    button(root, 'Watch Tea').click();
    watches.value = [{ uri: 'note:///1', state: 'watching', changes: 2, changedAt: 0, blocks: [{ kind: 'text', text: 'green' }] }];
    await rendered(element);
    equal(button(root, 'Watch Tea').getAttribute('aria-pressed'), 'true');
    equal(root.querySelector('.watched')!.textContent.includes('Changed 2 times'), true);
    button(root, 'Stop watching: Tea').click();
    watches.value = [{ uri: 'note:///1', state: 'ended', changes: 2, problem: { code: 'link-lost' } }];
    await rendered(element);
    equal(root.querySelector('.watched')!.textContent.includes('The connection broke.'), true);
    equal(model.done, [
      ['watch', notes.address, 'note:///1'],
      ['unwatch', notes.address, 'note:///1'],
    ]);
    element.detail = { ...detail, canWatch: false } as never;
    await rendered(element);
    equal(button(root, 'Watch Tea'), undefined);
  });

  it('is read by an address that is filled in, for which the agent suggests values', async () => {
    const { model, element, root, reads } = await offers();
    button(root, 'Fill in Notes').click();
    await rendered(element);
    const form = root.querySelector<TextArguments>('parley-text-arguments')!;
    await form.updateComplete;
    button(form.renderRoot, 'Read').click();
    await form.updateComplete;
    equal(form.renderRoot.querySelector('.bad')?.textContent, 'This is needed.');
    const field = form.renderRoot.querySelector('input')!;
    await type(field, 'o');
    while (form.renderRoot.querySelectorAll('option').length === 0) await new Promise((resolve) => requestAnimationFrame(resolve));
    equal(model.done.at(-1), ['suggest', notes.address, { template: 'note:///{id}' }, 'id', 'o', {}]);
    equal(
      [...form.renderRoot.querySelectorAll('option')].map(({ value }) => value),
      ['one', 'two'],
    );
    await type(field, 'one');
    button(form.renderRoot, 'Read').click();
    while (reads.length === 0) await new Promise((resolve) => requestAnimationFrame(resolve));
    equal(reads, ['note:///one']);
  });
});

describe('how agents are doing', () => {
  it('is told in words, and asked again on demand', async () => {
    const model = new FakeAppModel();
    const { health } = activityOver(model);
    health.value = [
      {
        agentId: 'notes',
        title: 'Notes',
        isEnabled: true,
        state: 'works',
        sessions: 1,
        running: 2,
        ran: 3,
        errors: 1,
        declined: 4,
        lastAt: 0,
        medianMs: 40,
      },
      {
        agentId: 'web',
        title: 'Web',
        isEnabled: true,
        state: 'fails',
        problem: { code: 'unreachable', detail: 'It is gone.' },
        sessions: 0,
        running: 0,
        ran: 0,
        errors: 0,
        declined: 0,
      },
    ];
    const element = new AgentHealthList();
    element.model = model.asModel;
    const root = await mounted(element);
    const [works, fails] = [...root.querySelectorAll('li')].map(({ textContent }) => textContent);
    for (const words of ['works', 'one session of others', '2 calls wait or run', '3 calls ran', '1 with an error', '4 declined', 'usually 40 ms'])
      equal(works!.includes(words) ? '' : words, '');
    for (const words of ['does not work', 'It is gone.', 'No calls since']) equal(fails!.includes(words) ? '' : words, '');
    element.agentId = 'web';
    await rendered(element);
    equal([root.querySelectorAll('li').length, root.querySelector('h2')?.textContent], [1, 'How it is doing']);
  });

  it('is also what they log, of which warnings and errors can be picked out', async () => {
    const model = new FakeAppModel();
    const { log } = activityOver(model);
    const element = new AgentLogView();
    Object.assign(element, { model: model.asModel, address: agentOf(ADA, 'Notes').address });
    const root = await mounted(element);
    equal(root.querySelector('details'), null);
    log.value = [
      { id: 1, at: 0, level: 'info', text: 'read' },
      { id: 2, at: 0, level: 'error', logger: 'disk', text: 'full' },
    ];
    await rendered(element);
    equal([root.querySelector('summary')?.textContent, root.querySelectorAll('li').length], ['What this agent logged (2)', 2]);
    root.querySelector<HTMLInputElement>('input[type=checkbox]')!.click();
    await rendered(element);
    equal([root.querySelectorAll('li').length, root.querySelector('li')!.textContent.includes('full')], [1, true]);
    button(root, 'Clear').click();
    equal(model.done, [['clearLog']]);
  });
});
