import { signal, type Signal } from '@preact/signals-core';
import type {
  AppModel,
  ConversationRowView,
  ConversationView,
  MessageStateView,
  MessageView,
  NoticeView,
  PersonView,
  ProblemView,
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

/** A model of screens whose data a test sets, and whose methods write down that they were called. Only what components under test use. */
export class FakeAppModel {
  readonly done: unknown[][] = [];
  readonly notices: Signal<readonly NoticeView[]> = signal([]);
  readonly conversations: Signal<readonly ConversationRowView[]> = signal([]);
  readonly hasMoreConversations = signal(false);
  readonly people: Signal<readonly PersonView[]> = signal([BO]);
  readonly talk: Signal<ConversationView | undefined> = signal(undefined);
  readonly ready = signal(true);
  readonly me = signal({ person: 'ada', node: 'node', name: 'Ada', sigil: ADA.sigil });
  readonly agents = signal([]);
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

  draft(): unknown {
    return this.done.findLast(([name]) => name === 'setDraft')?.[2];
  }
}
