import { signal, type Signal } from '@preact/signals-core';
import type { TrustModel } from '../../src/view/trust-types.ts';
import type {
  AgentDetailView,
  AgentView,
  AppModel,
  CallDraftView,
  CallView,
  ConversationRowView,
  ConversationView,
  MessageStateView,
  MessageView,
  NoticeView,
  PersonView,
  ProblemView,
  SchemaComplaint,
  ToolEntryView,
} from '../../src/view/types.ts';

export const ADA: PersonView = { id: 'ada', name: 'Ada', sigil: { key: 'ada', kind: 'person', verified: false }, presence: 'here', verified: false };
export const BO: PersonView = { id: 'bo', name: 'Bo', sigil: { key: 'bo', kind: 'person', verified: false }, presence: 'here', verified: false };

export function messageBy(author: PersonView, text: string, state?: MessageStateView, problem?: ProblemView): MessageView {
  const mine = author === ADA;
  return { kind: 'message', id: text, author, mine, time: 1_800_000_000_000, text, ...(state ? { state } : {}), ...(problem ? { problem } : {}) };
}

export function conversationOf(...entries: readonly MessageView[]): ConversationView {
  return {
    id: 'talk',
    title: 'Bo',
    sigil: BO.sigil,
    members: [BO],
    entries,
    hasOlder: false,
    draft: '',
    draftEdition: 0,
    path: { kind: 'direct', via: [] },
  };
}

export function agentOf(owner: PersonView, title: string, node = `node-of-${owner.id}`): AgentView {
  const agentId = title.toLowerCase().replaceAll(' ', '-');
  const address = `${node}:${agentId}`;
  return {
    address,
    agentId,
    node,
    kind: 'built-in',
    title,
    description: '',
    owner,
    mine: owner === ADA,
    sigil: { key: address, kind: 'agent', verified: false },
    enabled: true,
  };
}

export function callBy(agent: AgentView, tool: string, more: Partial<CallView> = {}): CallView {
  return { kind: 'call', id: tool, agent, tool, arguments: {}, startedAt: 1_800_000_000_000, state: { kind: 'running' }, ...more };
}

/** A model of screens whose data a test sets, and whose methods write down that they were called. Only what components under test use. */
export class FakeAppModel {
  readonly done: unknown[][] = [];
  readonly notices: Signal<readonly NoticeView[]> = signal([]);
  readonly conversations: Signal<readonly ConversationRowView[]> = signal([]);
  readonly hasMoreConversations = signal(false);
  readonly people: Signal<readonly PersonView[]> = signal([BO]);
  readonly talk: Signal<ConversationView | undefined> = signal(undefined);
  readonly ready = signal(true);
  readonly me = signal({ person: 'ada', device: 'ada-device', node: 'node', name: 'Ada', sigil: ADA.sigil });
  readonly agents: Signal<readonly AgentView[]> = signal([]);
  readonly tools: Signal<readonly ToolEntryView[]> = signal([]);
  readonly agentsToAsk = signal(0);
  readonly agentsUnknown = signal(0);
  readonly trust: Signal<TrustModel | undefined> = signal(undefined);
  readonly callDrafts: Signal<readonly CallDraftView[]> = signal([]);
  readonly calls: Signal<readonly CallView[]> = signal([]);
  readonly details = new Map<string, Signal<AgentDetailView | undefined>>();
  /** How a message that is sent ends. */
  outcome: Promise<void> = Promise.resolve();

  get asModel(): AppModel {
    return this as unknown as AppModel;
  }

  conversation(): Signal<ConversationView | undefined> {
    return this.talk;
  }

  async sendMessage(...args: unknown[]): Promise<void> {
    this.done.push(['sendMessage', ...args]);
    await this.outcome;
  }

  startConversation(person: string): Promise<string> {
    this.done.push(['startConversation', person]);
    return Promise.resolve('talk');
  }

  setDraft(...args: unknown[]): void {
    this.done.push(['setDraft', ...args]);
  }

  retryMessage(...args: unknown[]): void {
    this.done.push(['retryMessage', ...args]);
  }

  dismissNotice(id: string): void {
    this.done.push(['dismissNotice', id]);
    this.notices.value = this.notices.value.filter((notice) => notice.id !== id);
  }

  applyUpdate(): void {
    this.done.push(['applyUpdate']);
  }

  markRead(): void {}

  askAgents(signal: AbortSignal): Promise<void> {
    this.done.push(['askAgents', signal]);
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  }

  agentDetail(address: string): Signal<AgentDetailView | undefined> {
    const known = this.details.get(address) ?? signal(undefined);
    this.details.set(address, known);
    return known;
  }

  callTool(...args: unknown[]): string {
    this.done.push(['callTool', ...args]);
    return 'new-call';
  }

  sendDraft(...args: unknown[]): void {
    this.done.push(['sendDraft', ...args]);
  }

  cancelCall(id: string): void {
    this.done.push(['cancelCall', id]);
  }

  checkArguments(): Promise<readonly SchemaComplaint[]> {
    return Promise.resolve([]);
  }

  draft(): unknown {
    return this.done.findLast(([name]) => name === 'setDraft')?.[2];
  }
}
