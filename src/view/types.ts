import type { ReadonlySignal } from '@preact/signals-core';
import type { ErrorCode } from '../base/errors.ts';
import type { AccessView, CallKindView, ConsentView, RelationView, TrustModel } from './trust-types.ts';

/**
 * What the screens show, as plain data, and what people can do, as methods. Components know these types and nothing below.
 * Every string that a person typed or a peer sent is untrusted text. Ids are opaque here.
 */

/** What a sigil is drawn from and how it is framed. */
export type SigilView = { readonly key: string; readonly kind: 'person' | 'agent'; readonly verified: boolean };

/** A failure, for `src/ui/strings.ts` to put into words. */
export type ProblemView = { readonly code: ErrorCode; readonly detail?: string };

/** Which links a node has: direct ones, sockets of hosts, or both. */
export type ModeName = 'decentralised' | 'hybrid' | 'centralised';

export type NetworkStatusView = {
  readonly state: 'offline' | 'connecting' | 'connected';
  readonly peers: number;
  readonly mode: ModeName;
  /** The signaling server in use, and whether it answers. Without it existing links live on. */
  readonly server: { readonly host: string; readonly state: 'off' | 'connecting' | 'connected' | 'unreachable' | 'refused' };
  /** Another tab of this browser has the links, and this is how that one is connected. */
  readonly isThroughTab?: true;
  readonly problem?: ProblemView;
};

export type MeView = {
  readonly person: string;
  readonly device: string;
  readonly node: string;
  readonly name: string;
  readonly sigil: SigilView;
};

export type NetworkView = {
  /** Opaque. */
  readonly id: string;
  readonly name: string;
  readonly private: boolean;
};

export type Presence = 'here' | 'away';

export type PersonView = {
  readonly id: string;
  readonly name: string;
  readonly sigil: SigilView;
  readonly presence: Presence;
  readonly verified: boolean;
};

export type ConversationRowView = {
  readonly id: string;
  readonly title: string;
  readonly sigil: SigilView;
  readonly presence: Presence;
  readonly lastText: string;
  readonly lastTime: number | undefined;
  readonly unread: number;
};

/** Where a message of mine is. `queued` waits on this device for the other person to come back. */
export type MessageStateView = 'queued' | 'sent' | 'delivered' | 'read' | 'failed';

export type MessageView = {
  readonly kind: 'message';
  readonly id: string;
  readonly author: PersonView;
  readonly mine: boolean;
  readonly time: number;
  readonly text: string;
  /** Only on mine. */
  readonly state?: MessageStateView;
  readonly problem?: ProblemView;
};

export type ConversationView = {
  readonly id: string;
  readonly title: string;
  readonly sigil: SigilView;
  readonly members: readonly PersonView[];
  /** Oldest first. */
  readonly entries: readonly (MessageView | CallView)[];
  readonly hasOlder: boolean;
  /** The first entry that was unread when the conversation was opened. */
  readonly firstUnread?: string;
  readonly draft: string;
  /** Grows when another tab of this browser changed the draft: the field follows. */
  readonly draftEdition: number;
  /** How the other person is reached, in words' raw material. */
  readonly path?: PathView;
};

export type PathView = {
  readonly kind: 'direct' | 'tab' | 'host' | 'relayed' | 'memory';
  readonly via: readonly string[];
  /** Whose nodes those are. */ readonly viaNames?: readonly string[];
  readonly rttMs?: number;
};

/** One block of a tool's or a resource's result, already bounded and stripped of invisible characters. */
export type ResultBlockView =
  | { readonly kind: 'text' | 'markdown'; readonly text: string; readonly isCut?: true }
  | { readonly kind: 'image'; readonly mimeType: string; readonly data: Uint8Array; readonly alt: string }
  | { readonly kind: 'audio'; readonly mimeType: string; readonly data: Uint8Array }
  /** With its text, or a link to it (`isLink`), which the agent that named it may be asked to follow. */
  | {
      readonly kind: 'resource';
      readonly uri: string;
      readonly name: string;
      readonly description?: string;
      readonly mimeType?: string;
      readonly sizeBytes?: number;
      readonly text?: string;
      readonly isLink?: true;
    }
  /** Bytes that are kept for whoever wants them; `name` is fit for a file. */
  | { readonly kind: 'file'; readonly name: string; readonly mimeType: string; readonly data: Uint8Array }
  | { readonly kind: 'data'; readonly value: unknown }
  /** A result that is too large to be held: all of it, as JSON, in the browser's keeping. */
  | { readonly kind: 'kept'; readonly content: Blob; readonly beginning: string }
  | { readonly kind: 'too-large'; readonly type: string }
  /** Of an earlier visit, and too large to have been kept. */
  | { readonly kind: 'not-kept' }
  | { readonly kind: 'unknown'; readonly type: string };

export type CallState =
  | { readonly kind: 'running'; readonly progress?: number; readonly total?: number; readonly message?: string }
  /** `raw`: the result as it came, as JSON, with long texts cut; not of earlier visits. */
  | { readonly kind: 'done'; readonly isError: boolean; readonly blocks: readonly ResultBlockView[]; readonly raw?: string }
  | { readonly kind: 'failed'; readonly problem: ProblemView };

/** One tool call of mine. */
export type CallView = {
  readonly kind: 'call';
  readonly id: string;
  readonly agent: AgentView;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** They were too large to be kept from an earlier visit. */
  readonly areArgumentsLost?: true;
  readonly effect?: ToolEffect;
  /** Another tab of this browser made it, and only there it can be cancelled. */
  readonly isElsewhere?: true;
  /** The conversation in which it was asked for. */
  readonly conversation?: string;
  /** How long nothing may be heard of it, where I said so. */
  readonly idleMs?: number;
  readonly startedAt: number;
  readonly tookMs?: number;
  readonly path?: PathView;
  /** How it stands with the agent's owner: asked, or why it may run. Not known of agents of mine. */
  readonly consent?: ConsentView;
  readonly state: CallState;
};

/** What a tool says that it does besides answering: it may change or delete something, or reach out to the world. */
export type ToolEffect = 'destructive' | 'open-world';

/** A call of mine that is not sent before I have seen it as it would be sent. */
export type CallDraftView = Pick<CallView, 'id' | 'agent' | 'tool' | 'arguments' | 'conversation' | 'idleMs'> & { readonly effect: ToolEffect };

export type AgentKindView = 'built-in' | 'remote' | 'mounted' | 'folder' | 'assistant';

export type AgentView = {
  /** `nodeId:agentId` */
  readonly address: string;
  readonly agentId: string;
  readonly node: string;
  readonly kind: AgentKindView;
  readonly title: string;
  readonly description: string;
  readonly owner: PersonView;
  readonly mine: boolean;
  readonly sigil: SigilView;
  readonly enabled: boolean;
  /** Its owner opened it to people to whom they wrote, and to nobody else. */
  readonly isForContacts?: true;
  /** Between its node and the server behind it, calls cross a network unencrypted. */
  readonly isPlaintext?: true;
  /** Its author's, as a `data:` URL; known once the agent was asked what it offers. */
  readonly icon?: string;
};

/** A JSON Schema object as the peer sent it; bounded in size and depth, otherwise untrusted. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** A rule of a tool's schema that its arguments break: where, by which keyword, and what that keyword has for a value. */
export type SchemaComplaint = { readonly path: readonly string[]; readonly keyword: string; readonly wanted: unknown };

export type ToolView = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
  /** What the agent says of the tool; nobody vouches for it. */
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
  /** Absent for agents of mine, and until the owner's node has said it. */
  readonly access?: AccessView;
  /** Its author's, as a `data:` URL. */
  readonly icon?: string;
};
/** A tool somewhere in the network. */
export type ToolEntryView = {
  readonly agent: AgentView;
  readonly name: string;
  readonly title: string;
  /** Empty while only the name is known. */
  readonly description: string;
  readonly access?: AccessView;
  readonly icon?: string;
};

export type ResourceView = {
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  readonly mimeType?: string;
  readonly icon?: string;
};
export type PromptView = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly { readonly name: string; readonly description: string; readonly required: boolean }[];
  readonly icon?: string;
};

/** Resources that are named by filling in an address. */
export type TemplateView = {
  readonly uriTemplate: string;
  readonly name: string;
  readonly description: string;
  /** What is to be filled in. */
  readonly variables: readonly string[];
  readonly icon?: string;
};

/** What an agent's server says of itself. */
export type ServerView = {
  readonly name: string;
  readonly version: string;
  /** The revision of MCP that is spoken with it. */
  readonly protocol: string;
  readonly instructions: string;
  /** It suggests values for arguments of prompts and addresses. */
  readonly canComplete: boolean;
  /** It answers pings: agents of 2026-07-28 know none. */
  readonly canPing?: true;
  readonly icon?: string;
};

export type AgentDetailView = {
  readonly agent: AgentView;
  readonly state: 'loading' | 'ready' | 'failed';
  readonly problem?: ProblemView;
  readonly tools: readonly ToolView[];
  readonly resources: readonly ResourceView[];
  readonly prompts: readonly PromptView[];
  readonly templates?: readonly TemplateView[];
  readonly server?: ServerView;
  readonly path?: PathView;
  /** It tells of changes of resources to whoever watches them. */
  readonly canWatch?: true;
  /** What may be done with what has no rule of its own. */
  readonly access?: AccessView;
};

/** A call of somebody else's that waits for me. Everything is shown before anything runs; no answer is a refusal. */
export type ApprovalView = {
  readonly id: string;
  readonly caller: PersonView;
  readonly callerNode: string;
  /** It is a host with clients that reach it unencrypted. */
  readonly hasPlaintextClients?: true;
  /** What the caller is to me. */
  readonly relation: RelationView;
  readonly agent: AgentView;
  readonly kind: CallKindView;
  /** The tool, prompt or method; of a resource the URI. */
  readonly tool: string;
  readonly toolDescription: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The call is made in the conversation with the caller. */
  readonly conversation?: string;
  readonly expiresAt: number;
};

export type CallOutcomeView =
  | 'ran'
  | 'tool-error'
  | 'not-for-you'
  | 'refused'
  | 'expired'
  | 'cancelled'
  | 'revoked'
  | 'timed-out'
  | 'rate-limited'
  | 'overloaded';

/** A line of the log of calls into my agents. */
export type ServedCallView = {
  readonly id: string;
  readonly at: number;
  readonly caller: PersonView;
  readonly agentTitle: string;
  readonly tool: string;
  readonly outcome: CallOutcomeView;
  /** The caller was a host with clients that reach it unencrypted. */
  readonly hasPlaintextClients?: true;
};

export type PeerView = {
  readonly node: string;
  readonly person: PersonView | undefined;
  readonly state: 'connecting' | 'connected' | 'away';
  readonly path?: PathView;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly connectedAt?: number;
  readonly lastSeenAt?: number;
  readonly problem?: ProblemView;
};

/** A node of the network. */
export type NodeView = Omit<PeerView, 'state'> & {
  /** `reachable`: it is in the network, and nothing needed a session with it so far. */
  readonly state: PeerView['state'] | 'reachable';
  /** A further tab of a browser; `hub` is the node that has its links, as far as that is known. */
  readonly isLeaf: boolean;
  readonly isHost: boolean;
  /** It has no direct links: everything to it goes through hosts. */
  readonly isBehindHosts: boolean;
  /** A host whose MCP clients may reach it unencrypted. */
  readonly hasPlaintextClients: boolean;
  readonly hub?: string;
};

/** One change of what a person publishes: who they are called, their nodes, their agents. */
export type PublicationView = {
  readonly id: string;
  /** As the device says. */
  readonly at: number;
  /** The key of the device that signed it. */
  readonly device: string;
  /** Whether it was made without knowing of the one before it in the list. */
  readonly isConcurrent: boolean;
  readonly entries: readonly {
    readonly what: 'name' | 'node' | 'agent' | 'node-removed' | 'agent-removed' | 'compacted';
    /** A name, a title or an id, as its owner wrote it. */
    readonly subject: string;
  }[];
};

export type ThroughputView = { readonly at: number; readonly sentPerSecond: number; readonly receivedPerSecond: number };

export type NetworkDetailView = {
  /** All others, those with a session first. */
  readonly nodes: readonly NodeView[];
  /** Links of others, as far as neighbours tell. */
  readonly links: readonly { readonly from: string; readonly to: string }[];
  readonly servers: readonly {
    readonly host: string;
    /** The one that the app came from. */
    readonly isOwn: boolean;
    readonly state: NetworkStatusView['server']['state'];
    readonly hasStun: boolean;
    readonly hasTurn: boolean;
  }[];
  /** What this tab passes on for others: now, and since it was opened. */
  readonly relaying: { readonly circuits: number; readonly served: number; readonly bytes: number };
  /** The last minutes, oldest first. */
  readonly throughput: readonly ThroughputView[];
};

/** The exchange of codes that links two people without a server. `problem` is about what was pasted last, or why it ended. */
export type JoinView = {
  readonly step: 'idle' | 'preparing' | 'showing' | 'connecting' | 'linked';
  /** What `code` is: an offer, or the answer to one. */
  readonly side?: 'offer' | 'answer';
  readonly code?: string;
  readonly expiresAt?: number;
  readonly person?: PersonView;
  readonly problem?: ProblemView;
};

/** Why the address of a host is of no use: it is none, or not encrypted and the page came over HTTPS, or of another machine's loopback. */
export type HostUrlProblemView = 'no-url' | 'insecure' | 'elsewhere';

export type HostView = {
  readonly url: string;
  /** Who told of it: `own` is this person. */
  readonly source: 'own' | 'invite' | 'server' | 'before' | 'network';
  readonly state: 'unused' | 'connecting' | 'linked' | 'waiting';
  readonly person?: PersonView;
  readonly problem?: HostUrlProblemView;
};

export type ModeView = {
  readonly chosen: ModeName;
  /** What the node does now. */
  readonly mode: ModeName;
  /** Why that is not what was chosen. */
  readonly reason?: 'no-webrtc' | 'no-direct-links' | 'no-host';
  /** Hosts are needed: one is linked, is looked for, or none is known. */
  readonly need?: 'met' | 'looking' | 'none-known';
  readonly hosts: readonly HostView[];
};

/** The node's mode and its hosts; there a moment after the first screen. Methods never throw. */
export interface ModesModel {
  readonly mode: ReadonlySignal<ModeView>;
  choose(mode: ModeName): Promise<void>;
  /** Adds a host by its address, as it was typed; answers why it cannot be used. */
  addHost(text: string): Promise<HostUrlProblemView | undefined>;
  removeHost(url: string): Promise<void>;
  /** Another tab of this browser chose. */
  reload(): Promise<void>;
  /** People are called something else. */
  refresh(): void;
}

export type Theme = 'system' | 'light' | 'dark';

export type SettingsView = {
  readonly name: string;
  readonly theme: Theme;
  readonly storage: {
    readonly usedBytes: number | undefined;
    readonly quotaBytes: number | undefined;
    readonly persisted: boolean;
    readonly problem?: ProblemView;
  };
  readonly networks: readonly (NetworkView & { readonly current: boolean })[];
  readonly version: string;
};

/** Something worth a passing line: an update is ready, a copy succeeded, an action failed. */
export type NoticeView = {
  readonly id: string;
  readonly kind: 'info' | 'problem' | 'update';
  readonly text:
    | 'copied'
    | 'update-ready'
    | 'offline-ready'
    | 'not-persisted'
    | 'problem'
    | 'name-saved'
    | 'storage-trouble'
    | 'invite-broken'
    | 'joined-network';
  readonly problem?: ProblemView;
};

/** The whole app as its screens see it. Signals change by replacement; methods never throw for what a person typed. */
export interface AppModel {
  readonly ready: ReadonlySignal<boolean>;
  readonly network: ReadonlySignal<NetworkStatusView>;
  readonly currentNetwork: ReadonlySignal<NetworkView>;
  readonly me: ReadonlySignal<MeView>;
  readonly people: ReadonlySignal<readonly PersonView[]>;
  /** Those that were listed so far, newest first. */
  readonly conversations: ReadonlySignal<readonly ConversationRowView[]>;
  readonly hasMoreConversations: ReadonlySignal<boolean>;
  readonly agents: ReadonlySignal<readonly AgentView[]>;
  readonly approvals: ReadonlySignal<readonly ApprovalView[]>;
  readonly servedCalls: ReadonlySignal<readonly ServedCallView[]>;
  /** My calls, also those of earlier visits, oldest first. */
  readonly calls: ReadonlySignal<readonly CallView[]>;
  /** Calls of mine that wait for me to send them, oldest first. */
  readonly callDrafts: ReadonlySignal<readonly CallDraftView[]>;
  /** All tools of all agents that are here. */
  readonly tools: ReadonlySignal<readonly ToolEntryView[]>;
  /** How many agents are still to be asked what their tools do. */
  readonly agentsToAsk: ReadonlySignal<number>;
  /** Of how many of them not even the names of their tools are known. */
  readonly agentsUnknown: ReadonlySignal<number>;
  readonly peers: ReadonlySignal<readonly PeerView[]>;
  readonly networkDetail: ReadonlySignal<NetworkDetailView>;
  readonly join: ReadonlySignal<JoinView>;
  readonly settings: ReadonlySignal<SettingsView>;
  readonly notices: ReadonlySignal<readonly NoticeView[]>;

  /** A live view of one conversation; the same signal for the same id. `undefined` while it is read, `null` when there is none. */
  conversation(id: string): ReadonlySignal<ConversationView | null | undefined>;
  /** Opens (makes if needed) the conversation with a person; answers its id. */
  startConversation(person: string): Promise<string>;
  sendMessage(conversation: string, text: string): Promise<void>;
  retryMessage(message: string): Promise<void>;
  setDraft(conversation: string, text: string): void;
  /** Twelve groups of five digits that are the same on both sides, to be compared by voice or in person. */
  safetyNumber(person: string): readonly string[];
  /** Remembers, or forgets, that the safety numbers were compared and are the same. */
  setVerified(person: string, isVerified: boolean): Promise<void>;
  /** The person looks at the end of this conversation now. */
  markRead(conversation: string): void;
  loadOlder(conversation: string): Promise<void>;
  /** Lists the next page of conversations. */
  loadMoreConversations(): Promise<void>;

  /** A live view of one agent; loads its lists on first use, and again when the agent tells of changes. */
  agentDetail(address: string): ReadonlySignal<AgentDetailView | undefined>;
  reloadAgent(address: string): void;
  /**
   * Starts a call; its progress appears in `calls` under the id that is answered, and in the conversation that is named, else in the one with the agent's
   * owner. What does more than answer is a draft under that id first.
   */
  callTool(address: string, tool: string, args: Readonly<Record<string, unknown>>, conversation?: string, idleMs?: number): string;
  /** Sends a draft, with these arguments; without any it is dropped. */
  sendDraft(id: string, args: Readonly<Record<string, unknown>> | undefined): void;
  /** Forgets my calls that have ended. */
  forgetCalls(): Promise<void>;
  /** Asks agents that were not asked yet what their tools do, a few at a time, until `signal` ends it. */
  askAgents(signal: AbortSignal): Promise<void>;
  cancelCall(id: string): void;
  /** What a tool's schema says against arguments; nothing, where that cannot be told in time. */
  checkArguments(schema: JsonSchema, args: Readonly<Record<string, unknown>>): Promise<readonly SchemaComplaint[]>;
  readResource(address: string, uri: string): Promise<readonly ResultBlockView[]>;
  getPrompt(
    address: string,
    name: string,
    args: Readonly<Record<string, string>>,
  ): Promise<readonly { readonly role: string; readonly blocks: readonly ResultBlockView[] }[]>;
  setAgentEnabled(agentId: string, enabled: boolean): Promise<void>;

  /** `conversation` (a day, for calls that are made in it), `hour` and `always` (a month) hold for this person and this tool as it is defined now. */
  answerApproval(id: string, answer: 'once' | 'conversation' | 'hour' | 'always' | 'refuse'): void;
  /** Permissions, grants, the log of calls, definitions that changed, questions of agents, and my agents themselves; there a moment after the first screen. */
  readonly trust: ReadonlySignal<TrustModel | undefined>;

  readonly modes: ReadonlySignal<ModesModel | undefined>;

  inviteLink(): string;
  /** Makes a private network and moves this node into it. */
  createPrivateNetwork(name: string): Promise<void>;
  switchNetwork(id: string): Promise<void>;

  rename(name: string): Promise<void>;
  setTheme(theme: Theme): void;
  requestPersistence(): Promise<void>;
  /** Makes a code to give to somebody, with whom no server is in common. */
  beginJoin(): void;
  /** Takes what the other person gave: a code, which is answered by another, or the answer to ours. */
  pasteJoinCode(text: string): void;
  cancelJoin(): void;
  checkConnection(): Promise<readonly ConnectionCheckView[]>;
  /** What the person published, change by change, newest first. */
  publications(person: string): Promise<readonly PublicationView[]>;
  applyUpdate(): void;
  dismissNotice(id: string): void;
  notify(text: NoticeView['text'], problem?: ProblemView): void;
}

/** What the check found; the screen has words for each, and what to do. */
export type ConnectionFinding =
  | 'secure'
  | 'insecure'
  | 'server-answers'
  | 'server-silent'
  | 'server-refuses'
  | 'no-webrtc'
  | 'direct-unused'
  | 'no-stun'
  | 'stun-answers'
  | 'no-nat'
  | 'udp-blocked'
  | 'nat-unknown'
  | 'nat-one-server'
  | 'nat-friendly'
  | 'nat-symmetric'
  | 'no-turn'
  | 'turn-answers'
  | 'turn-silent'
  | 'direct'
  | 'some-relayed'
  | 'all-relayed'
  | 'through-hosts'
  | 'direct-failed'
  | 'nobody-tried'
  | 'storage-kept'
  | 'storage-not-kept'
  | 'storage-trouble';

/** One line of the connection check. */
export type ConnectionCheckView = {
  readonly what: 'secure-context' | 'server' | 'stun' | 'nat' | 'turn' | 'direct-links' | 'storage';
  readonly result: 'ok' | 'trouble' | 'unknown';
  readonly finding: ConnectionFinding;
  readonly problem?: ProblemView;
  readonly detail?: string;
};
