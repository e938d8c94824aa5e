import { signal } from '@preact/signals-core';
import { equal, mounted, rendered, type } from '../../../test/support/components.ts';
import { ADA, agentOf, BO, callBy, FakeAppModel } from '../../../test/doubles/fake-app-model.ts';
import type { AgentDetailView, ApprovalView, CallDraftView, ToolView } from '../../view/types.ts';
import type { AuditLineView } from '../../view/trust-types.ts';
import { ApprovalDialog } from '../approvals/approval-dialog.ts';
import { AuditLogView } from '../approvals/audit-log.ts';
import type { AccessNote } from './access-note.ts';
import { AgentPage } from './agent-page.ts';
import { CallCard } from './call-card.ts';
import { CallDraftDialog } from './call-draft-dialog.ts';
import type { ToolForm } from './tool-form.ts';

const notes = agentOf(BO, 'Notes');
const draft: CallDraftView = { id: 'd', agent: notes, tool: 'remove', arguments: { id: 'one' }, effect: 'destructive' };
const remove: ToolView = {
  name: 'remove',
  title: 'Remove',
  description: '',
  inputSchema: { type: 'object', properties: { id: { type: 'string', maxLength: 9 } }, required: ['id'] },
};
const detail: AgentDetailView = { agent: notes, state: 'ready', tools: [remove], resources: [], prompts: [] };

function button(root: ParentNode, name: string): HTMLButtonElement {
  return [...root.querySelectorAll('button')].find(({ textContent }) => textContent.trim() === name)!;
}

async function draftDialog() {
  const model = new FakeAppModel();
  model.callDrafts.value = [draft];
  model.details.set(notes.address, signal<AgentDetailView | undefined>(detail));
  const element = new CallDraftDialog();
  element.model = model.asModel;
  return { model, element, root: await mounted(element) };
}

describe('a call that does more than answer', () => {
  it('is shown as it would be sent, and sent or dropped', async () => {
    const { model, root } = await draftDialog();
    const dialog = root.querySelector('dialog')!;
    equal([dialog.getAttribute('aria-label'), dialog.textContent.includes('may change or delete')], ['Send this call?', true]);
    equal(root.querySelector('dd')?.textContent, '"one"');
    button(root, 'Send call').click();
    button(root, 'Do not send').click();
    equal(model.done, [
      ['sendDraft', 'd', { id: 'one' }],
      ['sendDraft', 'd', null],
    ]);
  });

  it('is dropped by whatever closes the dialog', async () => {
    const { model, root } = await draftDialog();
    await Promise.resolve();
    const dialog = root.querySelector('dialog')!;
    const closed = new Promise((resolve) => dialog.addEventListener('close', resolve));
    root.querySelector<HTMLButtonElement>('[aria-label=Close]')!.click();
    await closed;
    equal(model.done[0], ['sendDraft', 'd', null]);
  });

  it('can be changed before it is sent', async () => {
    const { model, element, root } = await draftDialog();
    button(root, 'Edit arguments').click();
    await rendered(element);
    const form = root.querySelector<ToolForm>('parley-tool-form')!;
    await form.updateComplete;
    const field = form.renderRoot.querySelector('input')!;
    equal(field.value, 'one');
    await type(field, 'another');
    const sent = new Promise((resolve) => form.addEventListener('call-tool', resolve));
    button(form.renderRoot, 'Send call').click();
    await sent;
    equal(model.done, [['sendDraft', 'd', { id: 'another' }]]);
  });
});

const approval: ApprovalView = {
  id: 'a',
  caller: BO,
  callerNode: 'node',
  relation: 'contacts',
  agent: agentOf(ADA, 'Notes'),
  kind: 'tool',
  tool: 'read',
  toolDescription: '',
  arguments: {},
  conversation: 'talk',
  expiresAt: 0,
};

describe('an approval', () => {
  it('marks a caller whose clients are unencrypted, as the network page does, and so does the log', async () => {
    const model = Object.assign(new FakeAppModel(), { approvals: signal([approval]) });
    const dialog = new ApprovalDialog();
    dialog.model = model.asModel;
    const root = await mounted(dialog);
    const marks = (of: ParentNode) => [...of.querySelectorAll('.badge')].map(({ textContent }) => textContent);
    equal([marks(root), root.textContent.includes('can read this call')], [[], false]);
    model.approvals.value = [{ ...approval, hasPlaintextClients: true }];
    await rendered(dialog);
    equal([marks(root), root.textContent.includes('can read this call')], [['unencrypted clients'], true]);

    const line: AuditLineView = {
      id: '1',
      at: 1_800_000_000_000,
      direction: 'in',
      person: BO,
      agentTitle: 'Notes',
      kind: 'tool',
      tool: 'read',
      arguments: '{}',
      outcome: 'ran',
      count: 1,
      isCallSigned: true,
      isAnswerSigned: true,
    };
    model.trust.value = { log: signal([line, { ...line, id: '2', hasPlaintextClients: true }]), watchLog: () => () => undefined } as never;
    const log = new AuditLogView();
    log.model = model.asModel;
    const shown = await mounted(log);
    const opened = new Promise((resolve) => shown.querySelector('details')!.addEventListener('toggle', resolve));
    shown.querySelector('details')!.open = true;
    await opened;
    await rendered(log);
    equal([...shown.querySelectorAll('tbody tr')].map(marks), [[], ['unencrypted clients']]);
  });

  it('offers leave for the conversation only where the call comes from one', async () => {
    const answers: unknown[] = [];
    const model = Object.assign(new FakeAppModel(), { approvals: signal([approval]), answerApproval: (...args: unknown[]) => answers.push(args) });
    const dialog = new ApprovalDialog();
    dialog.model = model.asModel;
    const root = await mounted(dialog);
    const names = () => [...root.querySelectorAll('.answers button')].map(({ textContent }) => textContent);
    equal(names(), ['Allow once', 'Allow for this conversation', 'Allow for an hour', 'Always allow', 'Refuse']);
    equal(root.textContent.includes('from your conversation with Bo'), true);
    button(root, 'Allow for this conversation').click();
    equal(answers, [['a', 'conversation']]);
    const { conversation: _conversation, ...elsewhere } = approval;
    model.approvals.value = [elsewhere as ApprovalView];
    await rendered(dialog);
    equal(names(), ['Allow once', 'Allow for an hour', 'Always allow', 'Refuse']);
  });
});

describe('what a caller sees of consent', () => {
  it('is whether the owner is being asked, and how they answered', async () => {
    const element = new CallCard();
    element.model = new FakeAppModel().asModel;
    element.call = callBy(notes, 'read', { consent: 'asked' });
    const root = await mounted(element);
    const line = () => root.querySelector('.top .soft')?.textContent;
    equal([line(), root.querySelector('.running')?.textContent.includes('Waiting for Bo')], ['asked by you, Bo is being asked', true]);
    element.call = callBy(notes, 'read', { consent: 'conversation' });
    await rendered(element);
    equal([line(), root.querySelector('.running')?.textContent.includes('Waiting')], ['asked by you, allowed for this conversation by Bo', false]);
    element.call = callBy(notes, 'read', { consent: 'granted', state: { kind: 'done', isError: false, blocks: [] } });
    await rendered(element);
    equal(line(), 'asked by you, allowed by Bo before');
    element.call = callBy(notes, 'read', { consent: 'once', state: { kind: 'failed', problem: { code: 'refused' } } });
    await rendered(element);
    equal(line(), 'asked by you, refused by Bo');
  });

  it('is which tools are open to them, why others are not, and how to get there', async () => {
    const model = new FakeAppModel();
    const tools: ToolView[] = [
      { ...remove, access: 'contacts' },
      { ...remove, name: 'read', title: 'Read', access: 'ask' },
      { ...remove, name: 'count', title: 'Count', access: 'run' },
    ];
    model.details.set(notes.address, signal<AgentDetailView | undefined>({ ...detail, tools, access: 'contacts' }));
    const page = new AgentPage();
    Object.assign(page, { model: model.asModel, address: notes.address });
    const root = await mounted(page);
    const list = root.querySelector('[aria-labelledby=tools]')!;
    equal(
      [...list.querySelectorAll('button')].map(({ textContent }) => textContent),
      ['read', 'count'],
    );
    equal(
      [...list.querySelectorAll('small')].map(({ textContent }) => textContent),
      ['Not open to you', 'Bo is asked first', 'runs at once'],
    );
    const note = root.querySelector<AccessNote>('parley-access-note')!;
    await note.updateComplete;
    button(note.renderRoot, 'Write to Bo').click();
    equal(model.done, [['startConversation', 'bo']]);
    location.hash = '';
  });
});
