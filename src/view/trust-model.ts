import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { AgentConfig } from '../agents/agent-kinds.ts';
import type { AgentDraft, ManagedAgents } from '../agents/managed-agents.ts';
import { asParleyError } from '../base/errors.ts';
import { parseAgentId, type AgentAddress } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { AgentQuestion, AgentQuestions } from '../mcp/agent-questions.ts';
import type { Approvals } from '../mcp/approvals.ts';
import type { AuditEntry, AuditLog } from '../mcp/audit-log.ts';
import type { DefinitionPins } from '../mcp/definition-pins.ts';
import type { Grant } from '../mcp/grants.ts';
import { onceATurn } from '../base/once-a-turn.ts';
import type { ActivityModel } from './activity-types.ts';
import { definitionDiff } from './definition-diff.ts';
import type { People } from './people.ts';
import { visibleText } from './shown-text.ts';
import type {
  AgentDraftView,
  AgentKindView,
  AuditLineView,
  DefinitionChangeView,
  GrantView,
  ManagedAgentView,
  PermissionsView,
  QuestionAnswerView,
  QuestionContentView,
  QuestionView,
  TrustModel,
} from './trust-types.ts';
import type { AgentView, ProblemView } from './types.ts';

export type TrustModelOptions = TrustSurroundings & {
  readonly approvals: Approvals;
  readonly questions: AgentQuestions;
  readonly log: AuditLog;
  readonly pins: DefinitionPins;
  readonly managed: ManagedAgents;
  readonly activity: ActivityModel;
};

/** What the model needs of the other models and of the page. */
export type TrustSurroundings = {
  readonly people: People;
  /** The agent at an address, also one that is away. */
  agent(address: string): AgentView;
  /** Opens a folder of the person's choice; `undefined` when they chose none. */
  pickFolder(): Promise<FileSystemDirectoryHandle | undefined>;
  report(thrown: unknown): void;
  /** Definitions were accepted: the agent can be called again. */
  onAccepted(address: string): void;
  /** My calls of an agent that run now. */
  runningCalls(address: string): readonly string[];
};

/** Consent: who may do what, what was done, what changed, what agents ask back, and which agents there are. */
export class TrustViewModel implements TrustModel {
  readonly questions: ReadonlySignal<readonly QuestionView[]>;
  readonly grants: Signal<readonly GrantView[]> = signal([]);
  readonly log: Signal<readonly AuditLineView[] | undefined> = signal(undefined);
  readonly managed: Signal<readonly ManagedAgentView[]> = signal([]);
  readonly #options: TrustModelOptions;
  readonly #questions: Signal<readonly AgentQuestion[]> = signal([]);
  readonly #permissions = new Map<string, Signal<PermissionsView>>();
  readonly #changes = new Map<string, Signal<readonly DefinitionChangeView[]>>();
  readonly #closedFolders = new Set<string>();
  #logWatchers = 0;

  constructor(options: TrustModelOptions) {
    this.#options = options;
    const { approvals, questions, log, pins, managed } = options;
    this.questions = computed(() => this.#questions.value.map((question) => this.#questionView(question)));
    questions.onChanged((waiting) => (this.#questions.value = waiting));
    const readGrants = onceATurn(() => void this.#readGrants().catch((thrown: unknown) => options.report(thrown)));
    approvals.grants.on('changed', readGrants);
    approvals.permissions.onChanged((agent) => this.#refreshPermissions(agent));
    void approvals.permissions.ready.then(() => {
      for (const agent of this.#permissions.keys()) this.#refreshPermissions(agent);
    });
    pins.onChanged((address) => this.#refreshChanges(address));
    managed.on('changed', () => this.#refreshManaged());
    const readLog = onceATurn(() => void this.#readLog().catch((thrown: unknown) => options.report(thrown)));
    log.onChanged(() => this.#logWatchers > 0 && readLog());
    this.#refreshManaged();
    readGrants();
  }

  get activity(): ActivityModel {
    return this.#options.activity;
  }

  get kinds(): readonly AgentKindView[] {
    return this.#options.managed.kinds();
  }

  answerQuestion(id: string, answer: QuestionAnswerView): void {
    this.#options.questions.answer(id, answer);
  }

  revokeGrant(id: string): void {
    this.#options.approvals.grants.revoke(id).catch((thrown: unknown) => this.#options.report(thrown));
  }

  permissions(agentId: string): ReadonlySignal<PermissionsView> {
    let view = this.#permissions.get(agentId);
    if (!view) this.#permissions.set(agentId, (view = signal(this.#permissionsView(agentId))));
    return view;
  }

  setPermissions(agentId: string, { tools, ...rest }: PermissionsView): void {
    const own = new Map(tools.map(({ name, rules }) => [name, rules]));
    this.#options.approvals.permissions.set(parseAgentId(agentId), { ...rest, tools: own }).catch((thrown: unknown) => this.#options.report(thrown));
  }

  watchLog(): () => void {
    this.#logWatchers++;
    void this.#readLog().catch((thrown: unknown) => this.#options.report(thrown));
    let isWatching = true;
    return () => {
      if (isWatching) this.#logWatchers--;
      isWatching = false;
    };
  }

  clearLog(): void {
    this.#options.log.clear().catch((thrown: unknown) => this.#options.report(thrown));
  }

  changes(address: string): ReadonlySignal<readonly DefinitionChangeView[]> {
    let view = this.#changes.get(address);
    if (!view) this.#changes.set(address, (view = signal(this.#changesView(address))));
    return view;
  }

  async acceptChanges(address: string, hashes: readonly string[]): Promise<void> {
    const { pins, report, onAccepted } = this.#options;
    const shown = pins.changes(address as AgentAddress).filter(({ after }) => hashes.includes(after.hash));
    try {
      await pins.accept(address as AgentAddress, shown);
      onAccepted(address);
    } catch (thrown) {
      report(thrown);
    }
  }

  async addAgent(draft: AgentDraftView): Promise<{ readonly agentId: string } | { readonly problem: ProblemView }> {
    try {
      const folder = draft.kind === 'folder' ? await this.#options.pickFolder() : undefined;
      if (draft.kind === 'folder' && !folder) return { problem: { code: 'cancelled' } };
      return {
        agentId: await this.#options.managed.add({ ...draft, ...(folder ? { folder, title: draft.title || folder.name } : {}) } as AgentDraft),
      };
    } catch (thrown) {
      return { problem: problemOf(thrown) };
    }
  }

  async changeAgent(agentId: string, change: Omit<AgentDraftView, 'kind'>): Promise<ProblemView | undefined> {
    try {
      await this.#options.managed.change(parseAgentId(agentId), change);
      return undefined;
    } catch (thrown) {
      return problemOf(thrown);
    }
  }

  async removeAgent(agentId: string): Promise<void> {
    const { managed, approvals, report } = this.#options;
    const id = parseAgentId(agentId);
    try {
      await managed.remove(id);
      // Who comes later under the same id is another.
      await approvals.grants.revokeAllOf(id);
      await approvals.permissions.forget(id);
    } catch (thrown) {
      report(thrown);
    }
  }

  async reopenFolder(agentId: string): Promise<void> {
    const folder = this.#config(agentId)?.folder as PermittedHandle | undefined;
    await folder?.requestPermission?.({ mode: 'read' }).catch((thrown: unknown) => this.#options.report(thrown));
    this.#refreshManaged();
  }

  #config(agentId: string): AgentConfig | undefined {
    return this.#options.managed.list().find(({ id }) => id === agentId);
  }

  #questionView({ id, address, expiresAt, ...question }: AgentQuestion): QuestionView {
    return { id, expiresAt, agent: this.#options.agent(address), content: contentView(question) };
  }

  async #readGrants(): Promise<void> {
    const grants = await this.#options.approvals.grants.list();
    this.grants.value = grants.map((grant) => this.#grantView(grant));
  }

  #grantView({ id, person, agent, kind, tool, conversation, grantedAt, expiresAt }: Grant): GrantView {
    return {
      id,
      person: this.#options.people.view(person),
      agentId: agent,
      agentTitle: this.#config(agent)?.title ?? agent,
      kind,
      tool: visibleText(tool),
      ...(conversation === undefined ? {} : { isOfConversation: true }),
      grantedAt,
      expiresAt,
    };
  }

  #permissionsView(agentId: string): PermissionsView {
    const { tools, ...rest } = this.#options.approvals.permissions.of(parseAgentId(agentId));
    return { ...rest, tools: [...tools].map(([name, rules]) => ({ name, rules })) };
  }

  #refreshPermissions(agentId: string): void {
    const view = this.#permissions.get(agentId);
    if (view) view.value = this.#permissionsView(agentId);
  }

  #changesView(address: string): readonly DefinitionChangeView[] {
    return this.#options.pins.changes(address as AgentAddress).map(({ before, after }) => ({
      kind: after.kind,
      name: visibleText(after.name),
      isNew: before === undefined,
      hash: after.hash,
      lines: definitionDiff(before?.json, after.json),
    }));
  }

  #refreshChanges(address: string): void {
    const view = this.#changes.get(address);
    if (view) view.value = this.#changesView(address);
  }

  #refreshManaged(): void {
    const configs = this.#options.managed.list();
    this.managed.value = configs.map((config) => this.#managedView(config));
    for (const config of configs) if (config.folder) void this.#lookAtFolder(config);
  }

  #managedView({ id, kind, title, description, url, token, isTokenLost, code, folder }: AgentConfig): ManagedAgentView {
    return {
      agentId: id,
      kind,
      title,
      description,
      ...(url === undefined ? {} : { url, hasToken: token !== undefined, ...(isTokenLost ? { isTokenLost } : {}) }),
      ...(code === undefined ? {} : { code }),
      ...(folder === undefined ? {} : { folder: folder.name, needsOpening: this.#closedFolders.has(id) }),
    };
  }

  /** After a restart browsers want to be asked again before they let a folder be read. */
  async #lookAtFolder({ id, folder }: AgentConfig): Promise<void> {
    const state = await (folder as PermittedHandle).queryPermission?.({ mode: 'read' }).catch(() => 'denied');
    const isClosed = state !== undefined && state !== 'granted';
    if (isClosed === this.#closedFolders.has(id)) return;
    if (isClosed) this.#closedFolders.add(id);
    else this.#closedFolders.delete(id);
    this.managed.value = this.#options.managed.list().map((config) => this.#managedView(config));
  }

  async #readLog(): Promise<void> {
    this.log.value = (await this.#options.log.all()).map((entry) => this.#lineView(entry));
  }

  #lineView({ person, hash: _hash, address: _address, callReceipt, answerReceipt, ...entry }: AuditEntry): AuditLineView {
    return {
      ...entry,
      agentTitle: visibleText(entry.agentTitle),
      tool: visibleText(entry.tool),
      person: person && this.#options.people.view(person),
      isCallSigned: callReceipt !== undefined,
      isAnswerSigned: answerReceipt !== undefined,
    };
  }
}

/** Chromium's, of File System Access; not in every browser. */
type PermittedHandle = FileSystemDirectoryHandle & {
  queryPermission?(options: { readonly mode: 'read' }): Promise<PermissionState>;
  requestPermission?(options: { readonly mode: 'read' }): Promise<PermissionState>;
};

function contentView(question: Omit<AgentQuestion, 'id' | 'address' | 'expiresAt'>): QuestionContentView {
  const content = question as AgentQuestion;
  const bounded = (text: string): string => visibleText(text).slice(0, LIMITS.maxQuestionTextLength);
  switch (content.kind) {
    case 'form':
      return { kind: 'form', message: bounded(content.message), schema: content.schema };
    case 'url': {
      const url = new URL(content.url);
      return { kind: 'url', message: bounded(content.message), url: url.href, host: url.host, waits: content.waits };
    }
    case 'sampling':
      return {
        kind: 'sampling',
        system: bounded(content.system),
        messages: content.messages.slice(-LIMITS.maxQuestionMessages).map(({ role, text }) => ({ role: bounded(role), text: bounded(text) })),
      };
    case 'roots':
      return { kind: 'roots' };
  }
}

function problemOf(thrown: unknown): ProblemView {
  const { code, message } = asParleyError(thrown);
  return { code, detail: message };
}
