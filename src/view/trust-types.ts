import type { ReadonlySignal } from '@preact/signals-core';
import type { ActivityModel } from './activity-types.ts';
import type { AgentView, CallOutcomeView, JsonSchema, PersonView, ProblemView } from './types.ts';

/** What the screens show of consent: who may do what, what was done, what changed, and what agents ask back. */

export type QuestionContentView =
  | { readonly kind: 'form'; readonly message: string; readonly schema: JsonSchema }
  /** `host` is what a person should look at; `url` is whole. `waits`: the call goes on only when they say that they are done there. */
  | { readonly kind: 'url'; readonly message: string; readonly url: string; readonly host: string; readonly waits: boolean }
  | { readonly kind: 'sampling'; readonly system: string; readonly messages: readonly { readonly role: string; readonly text: string }[] }
  | { readonly kind: 'roots' };

/** Something that an agent which I called wants to know of me. */
export type QuestionView = { readonly id: string; readonly agent: AgentView; readonly expiresAt: number; readonly content: QuestionContentView };

export type QuestionAnswerView =
  | { readonly action: 'accept'; readonly content?: Readonly<Record<string, string | number | boolean | readonly string[]>> }
  | { readonly action: 'accept'; readonly text: string }
  | { readonly action: 'accept'; readonly uris: readonly string[] }
  | { readonly action: 'decline' }
  | { readonly action: 'cancel' };

/** What I may do with an agent or a tool of somebody's; `contacts`: nothing, until they have written to me. */
export type AccessView = 'run' | 'ask' | 'contacts' | 'never';
/** How a call of mine stands with its owner: asked; allowed by a rule, by an earlier answer, or by the answer just given. */
export type ConsentView = 'asked' | 'rule' | 'granted' | 'once' | 'hour' | 'conversation' | 'always';

export type RuleView = 'run' | 'ask' | 'never';
export type RelationView = 'devices' | 'contacts' | 'everyone';
export type RulesView = Readonly<Record<RelationView, RuleView>>;

export type PermissionsView = {
  readonly rules: RulesView;
  /** Tools with rules of their own; what a tool has none for is as the agent's. */
  readonly tools: readonly { readonly name: string; readonly rules: Partial<RulesView> }[];
  readonly callsPerMinute: number;
  readonly parallelCalls: number;
};

export type CallKindView = 'tool' | 'resource' | 'prompt' | 'method';

export type GrantView = {
  readonly id: string;
  readonly person: PersonView;
  readonly agentId: string;
  readonly agentTitle: string;
  readonly kind: CallKindView;
  /** Empty for resources: all that the agent offers. */
  readonly tool: string;
  /** Only for calls that this person makes in their conversation with me. */
  readonly isOfConversation?: true;
  readonly grantedAt: number;
  readonly expiresAt: number;
};

/** One line of the log of calls, mine and others'. */
export type AuditLineView = {
  readonly id: string;
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly person: PersonView | undefined;
  readonly agentTitle: string;
  readonly kind: CallKindView;
  readonly tool: string;
  /** JSON, cut where it is long. */
  readonly arguments: string;
  readonly answer?: string;
  readonly outcome: CallOutcomeView | 'failed';
  readonly tookMs?: number;
  /** How many such calls the line stands for. */
  readonly count: number;
  /** The caller's node signed the call; the owner's signed the answer. */
  readonly isCallSigned: boolean;
  readonly isAnswerSigned: boolean;
  /** The caller was a host with clients that reach it unencrypted. */
  readonly hasPlaintextClients?: true;
};

export type DiffLineView = { readonly sign: 'same' | 'removed' | 'added'; readonly text: string };

/** What an agent says of itself differently from when it was accepted. */
export type DefinitionChangeView = {
  readonly kind: 'tool' | 'prompt' | 'template' | 'instructions';
  readonly name: string;
  readonly isNew: boolean;
  /** What the person would accept: opaque. */
  readonly hash: string;
  readonly lines: readonly DiffLineView[];
};

export type AgentKindView = 'notes' | 'calculator' | 'memory' | 'folder' | 'device' | 'network' | 'remote' | 'module';

/** An agent of mine as it is set up. */
export type ManagedAgentView = {
  readonly agentId: string;
  readonly kind: AgentKindView;
  readonly title: string;
  readonly description: string;
  readonly url?: string;
  readonly hasToken?: boolean;
  /** The token that was kept cannot be read any more: another one is needed. */
  readonly isTokenLost?: true;
  readonly code?: string;
  readonly folder?: string;
  /** The browser wants the person to open the folder again. */
  readonly needsOpening?: boolean;
};

export type AgentDraftView = {
  readonly kind: AgentKindView;
  readonly title?: string;
  readonly description?: string;
  readonly url?: string;
  readonly token?: string;
  readonly code?: string;
};

/** Consent as the screens see it. Methods that can fail tell it by a notice, or answer the problem where the person can mend it at once. */
export interface TrustModel {
  readonly activity: ActivityModel;
  readonly questions: ReadonlySignal<readonly QuestionView[]>;
  answerQuestion(id: string, answer: QuestionAnswerView): void;

  readonly grants: ReadonlySignal<readonly GrantView[]>;
  revokeGrant(id: string): void;

  permissions(agentId: string): ReadonlySignal<PermissionsView>;
  setPermissions(agentId: string, permissions: PermissionsView): void;

  /** Newest first; `undefined` until it is read. */
  readonly log: ReadonlySignal<readonly AuditLineView[] | undefined>;
  /** Reads the log, and again when it changes, until the answer is called. */
  watchLog(): () => void;
  clearLog(): void;

  changes(address: string): ReadonlySignal<readonly DefinitionChangeView[]>;
  /** Takes these definitions, as they were shown. */
  acceptChanges(address: string, hashes: readonly string[]): Promise<void>;

  readonly managed: ReadonlySignal<readonly ManagedAgentView[]>;
  /** Kinds that can be added here; what the browser lacks is left out. */
  readonly kinds: readonly AgentKindView[];
  addAgent(draft: AgentDraftView): Promise<{ readonly agentId: string } | { readonly problem: ProblemView }>;
  changeAgent(agentId: string, change: Omit<AgentDraftView, 'kind'>): Promise<ProblemView | undefined>;
  removeAgent(agentId: string): Promise<void>;
  /** Asks the browser for the folder's permission again. */
  reopenFolder(agentId: string): Promise<void>;
}
