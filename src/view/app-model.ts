import { signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { Directory } from '../agents/directory.ts';
import { cleanName } from '../agents/directory.ts';
import type { PublishedAgents } from '../agents/published-agents.ts';
import { asParleyError } from '../base/errors.ts';
import { parseAgentId, parsePersonId } from '../base/ids.ts';
import { onceATurn } from '../base/once-a-turn.ts';
import { safetyNumber } from '../crypto/safety-number.ts';
import type { ChatService } from '../chat/chat-service.ts';
import type { AgentCalls } from '../mcp/agent-calls.ts';
import type { AgentClients } from '../mcp/agent-clients.ts';
import type { AgentHost } from '../mcp/agent-host.ts';
import type { Approvals } from '../mcp/approvals.ts';
import type { NodeApi } from '../node/api.ts';
import type { ChatStore } from '../ports/chat-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records, TableName } from '../ports/records.ts';
import type { IceServer } from '../ports/rtc.ts';
import { AgentsModel } from './agents-model.ts';
import type { IceProbe } from './connection-check.ts';
import { ConversationsModel } from './conversations-model.ts';
import { NetworkModel } from './network-model.ts';
import { People } from './people.ts';
import type { ModesSurroundings } from './modes-model.ts';
import { publicationsOf } from './publications.ts';
import type { TrustSurroundings } from './trust-model.ts';
import type { TrustModel } from './trust-types.ts';
import type {
  AppModel,
  ConnectionCheckView,
  JsonSchema,
  MeView,
  ModesModel,
  NetworkStatusView,
  NetworkView,
  NoticeView,
  PeerView,
  PersonView,
  ProblemView,
  PublicationView,
  SettingsView,
  Theme,
} from './types.ts';

/** What only the page can do, for the model to ask for. */
export type PagePort = {
  readonly version: string;
  readonly serverHost: string;
  inviteLink(): string;
  /** Stores the network and opens the page in it. */
  createPrivateNetwork(name: string): Promise<void>;
  switchNetwork(id: string): Promise<void>;
  applyTheme(theme: Theme): void;
  storage(): Promise<Pick<SettingsView['storage'], 'usedBytes' | 'quotaBytes' | 'persisted'>>;
  persist(): Promise<boolean>;
  applyUpdate(): void;
  /** Asks the person for a folder; `undefined` when they chose none. */
  pickFolder(): Promise<FileSystemDirectoryHandle | undefined>;
  /** What the network lets through, by the STUN and TURN servers in use; `undefined` tries nothing, and tells whether there is WebRTC. */
  probeIce(servers: readonly IceServer[] | undefined): Promise<IceProbe>;
  /** What a schema says against arguments, judged outside the page's own thread. */
  checkArguments: AppModel['checkArguments'];
};

/** How the tab that has the links of this browser is connected. */
export type HubStatus = Pick<NetworkStatusView, 'state' | 'peers' | 'mode'> & { readonly server: NetworkStatusView['server']['state'] };

/** What the tabs of one browser know of each other. */
export type TabsPort = {
  /** `undefined` in the tab that has the links. */
  readonly hubStatus: ReadonlySignal<HubStatus | undefined>;
  /** Tells the other tabs how this one is connected. */
  publish(status: HubStatus): void;
};

export type AppModelOptions = {
  readonly node: NodeApi;
  readonly chat: ChatService;
  readonly chatStore: ChatStore;
  readonly directory: Directory;
  readonly published: PublishedAgents;
  readonly host: AgentHost;
  readonly clients: AgentClients;
  readonly approvals: Approvals;
  agentCalls(): Promise<AgentCalls>;
  /** Consent and its screens are needed a moment after the first ones. */
  trust(surroundings: TrustSurroundings): Promise<TrustModel>;
  /** The mode and its hosts, which are needed a moment later, too. */
  modes(surroundings: ModesSurroundings): Promise<ModesModel>;
  readonly records: Records;
  readonly clock: Clock;
  readonly page: PagePort;
  readonly tabs: TabsPort;
  readonly network: NetworkView;
  readonly networks: readonly NetworkView[];
  readonly name: string;
  readonly theme: Theme;
  readonly storageProblem?: ProblemView;
};

/** The model of all screens over a running node. `programs` is what `window.parley` needs beyond it. */
export function createAppModel(options: AppModelOptions): { readonly model: AppModel; readonly programs: AgentsModel } {
  const model = new Model(options);
  return { model, programs: model.agentsModel };
}

/** A theme as it was stored. */
export function readTheme(value: unknown): Theme {
  return value === 'light' || value === 'dark' ? value : 'system';
}

class Model implements AppModel {
  readonly ready: Signal<boolean> = signal(false);
  readonly network: Signal<NetworkStatusView>;
  readonly currentNetwork: Signal<NetworkView>;
  readonly me: Signal<MeView>;
  readonly people: Signal<readonly PersonView[]> = signal([]);
  readonly peers: Signal<readonly PeerView[]> = signal([]);
  readonly settings: Signal<SettingsView>;
  readonly notices: Signal<readonly NoticeView[]> = signal([]);
  readonly agentsModel: AgentsModel;
  readonly trust: Signal<TrustModel | undefined> = signal(undefined);
  readonly modes: Signal<ModesModel | undefined> = signal(undefined);
  readonly #options: AppModelOptions;
  readonly #people: People;
  readonly #conversations: ConversationsModel;
  readonly #networkModel: NetworkModel;
  readonly #scheduleRefresh = onceATurn(() => this.#refresh());
  #favoured = '';
  #nextNotice = 1;

  constructor(options: AppModelOptions) {
    this.#options = options;
    const { node, directory, chat, chatStore, records, network, name, theme, page } = options;
    const { person } = node.identity;
    this.#people = new People(node, directory, records);
    this.#people.setMyName(name);
    this.agentsModel = new AgentsModel({
      ...options,
      network: network.id,
      people: this.#people,
      onCallsChanged: () => this.#scheduleRefresh(),
      report: (thrown) => this.#report(thrown),
    });
    this.#conversations = new ConversationsModel({
      chat,
      store: chatStore,
      records,
      people: this.#people,
      me: person,
      network: network.id,
      known: () => this.people.value.map(({ id }) => parsePersonId(id)),
      callsIn: (conversation, other) => this.agentsModel.calls.in(conversation, other),
      report: (thrown) => this.#report(thrown),
    });
    this.#networkModel = new NetworkModel({ node, people: this.#people, clock: options.clock, serverHost: page.serverHost, probeIce: page.probeIce });
    this.network = signal(this.#status());
    this.currentNetwork = signal(network);
    this.me = signal({ person, device: node.identity.device, node: node.id, name, sigil: { key: person, kind: 'person', verified: false } });
    this.settings = signal({
      name,
      theme,
      storage: {
        usedBytes: undefined,
        quotaBytes: undefined,
        persisted: false,
        ...(options.storageProblem ? { problem: options.storageProblem } : {}),
      },
      networks: options.networks.map((known) => ({ ...known, current: known.id === network.id })),
      version: page.version,
    });
    node.on('state', ({ connectedPeers, problem }) => {
      // Whoever has the wrong secret reaches nobody, and must not take that for an empty network.
      if (connectedPeers === 0 && problem?.code === 'wrong-network-secret') this.notify('problem', { code: problem.code });
      this.#scheduleRefresh();
    });
    node.on('peer', () => this.#scheduleRefresh());
    directory.on('people', () => this.#scheduleRefresh());
    for (const name of ['node-up', 'node-down'] as const) node.on(name, () => this.#scheduleRefresh());
    options.tabs.hubStatus.subscribe(() => this.#scheduleRefresh());
    records.onForeignChange((table, key) => void this.#changedElsewhere(table, key).catch((thrown: unknown) => this.#report(thrown)));
    chat.on('fault', ({ code, detail }) => code.startsWith('storage') && this.notify('storage-trouble', { code, detail }));
    this.#publish();
    options.host.on('agents', () => this.#publish());
    options.published.onChange = () => {
      this.#publish();
      this.agentsModel.refresh();
    };
    // Who writes to me may have opened their agents to me by that.
    chat.on('stored', ({ mine, event }) => !mine && this.agentsModel.metBy(event.author));
    if (options.storageProblem) this.notify('storage-trouble', options.storageProblem);
    void this.#load();
  }

  get conversations() {
    return this.#conversations.rows;
  }
  get hasMoreConversations() {
    return this.#conversations.hasMore;
  }
  get networkDetail() {
    return this.#networkModel.detail;
  }
  get join() {
    return this.#networkModel.join;
  }
  get agents() {
    return this.agentsModel.agents;
  }
  get approvals() {
    return this.agentsModel.approvals;
  }
  get servedCalls() {
    return this.agentsModel.servedCalls;
  }
  get calls() {
    return this.agentsModel.calls.calls;
  }
  get callDrafts() {
    return this.agentsModel.calls.drafts;
  }
  get tools() {
    return this.agentsModel.tools;
  }
  get agentsUnknown() {
    return this.agentsModel.agentsUnknown;
  }
  get agentsToAsk() {
    return this.agentsModel.agentsToAsk;
  }

  conversation(id: string) {
    return this.#conversations.view(id);
  }

  startConversation(person: string): Promise<string> {
    return this.#conversations.start(parsePersonId(person));
  }

  async sendMessage(conversation: string, text: string): Promise<void> {
    const to = this.#conversations.otherIn(conversation);
    if (!to || text.trim() === '') return;
    try {
      await this.#options.chat.send(to, text);
    } catch (thrown) {
      this.#report(thrown);
      throw thrown;
    }
  }

  async retryMessage(message: string): Promise<void> {
    const event = await this.#options.chatStore.get(message);
    const to = event && this.#conversations.otherIn(event.conversation);
    if (to) await this.#options.chat.retry(message, to);
  }

  safetyNumber(person: string): readonly string[] {
    return safetyNumber(this.#options.node.identity.person, parsePersonId(person));
  }

  async setVerified(person: string, isVerified: boolean): Promise<void> {
    try {
      await this.#people.setVerified(parsePersonId(person), isVerified, this.#options.clock.now());
    } catch (thrown) {
      this.#report(thrown);
    }
    this.#refresh();
  }

  setDraft(conversation: string, text: string): void {
    this.#conversations.setDraft(conversation, text);
  }

  markRead(conversation: string): void {
    this.#conversations.markRead(conversation);
  }

  loadOlder(conversation: string): Promise<void> {
    return this.#conversations.loadOlder(conversation).catch((thrown: unknown) => this.#report(thrown));
  }

  loadMoreConversations(): Promise<void> {
    return this.#conversations.loadMore().catch((thrown: unknown) => this.#report(thrown));
  }

  agentDetail(address: string) {
    return this.agentsModel.detail(address);
  }

  reloadAgent(address: string): void {
    this.agentsModel.reload(address);
  }

  callTool(address: string, tool: string, args: Readonly<Record<string, unknown>>, conversation?: string, idleMs?: number): string {
    return this.agentsModel.calls.call(address, tool, args, conversation, idleMs);
  }

  sendDraft(id: string, args: Readonly<Record<string, unknown>> | undefined): void {
    this.agentsModel.calls.sendDraft(id, args);
  }

  cancelCall(id: string): void {
    this.agentsModel.calls.cancel(id);
  }

  forgetCalls(): Promise<void> {
    return this.agentsModel.calls.forget().catch((thrown: unknown) => this.#report(thrown));
  }

  askAgents(signal: AbortSignal): Promise<void> {
    return this.agentsModel.askAgents(signal);
  }

  checkArguments(schema: JsonSchema, args: Readonly<Record<string, unknown>>) {
    return this.#options.page.checkArguments(schema, args);
  }

  readResource(address: string, uri: string) {
    return this.agentsModel.readResource(address, uri);
  }

  getPrompt(address: string, name: string, args: Readonly<Record<string, string>>) {
    return this.agentsModel.getPrompt(address, name, args);
  }

  async setAgentEnabled(agentId: string, enabled: boolean): Promise<void> {
    const { host, records } = this.#options;
    host.setEnabled(parseAgentId(agentId), enabled);
    const off = host.agents().flatMap(({ id }) => (host.isEnabled(id) ? [] : [id as string]));
    await records
      .table<readonly string[]>('settings')
      .put('agents-off', off)
      .catch((thrown: unknown) => this.#report(thrown));
  }

  answerApproval(id: string, answer: Parameters<AppModel['answerApproval']>[1]): void {
    this.#options.approvals.answer(id, answer).catch((thrown: unknown) => this.#report(thrown));
  }

  inviteLink(): string {
    return this.#options.page.inviteLink();
  }

  createPrivateNetwork(name: string): Promise<void> {
    return this.#options.page.createPrivateNetwork(name).catch((thrown: unknown) => this.#report(thrown));
  }

  switchNetwork(id: string): Promise<void> {
    return this.#options.page.switchNetwork(id).catch((thrown: unknown) => this.#report(thrown));
  }

  async rename(text: string): Promise<void> {
    const name = cleanName(text);
    if (name === '' || name === this.me.value.name) return;
    this.#showMyName(name);
    try {
      await this.#options.records.table<string>('settings').put('name', name);
      this.notify('name-saved');
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  /** My name, the theme and what else was chosen are the same in all tabs of this browser. */
  async #changedElsewhere(table: TableName | 'chat', key: string | undefined): Promise<void> {
    if (table === 'pins') {
      await this.#people.load();
      return this.#scheduleRefresh();
    }
    if (table !== 'settings' || key === undefined) return;
    const value = await this.#options.records.table<unknown>('settings').get(key);
    if (key === 'name' && typeof value === 'string' && value !== this.me.value.name) this.#showMyName(value);
    else if (key === 'theme') this.#showTheme(readTheme(value));
    else if (key === 'agents-off' && Array.isArray(value)) this.#switchAgents(value);
    else if (key === 'mode' || key === 'hosts') await this.modes.value?.reload();
  }

  #switchAgents(off: readonly unknown[]): void {
    const { host } = this.#options;
    for (const { id } of host.agents()) host.setEnabled(id, !off.includes(id));
  }

  #showTheme(theme: Theme): void {
    this.settings.value = { ...this.settings.value, theme };
    this.#options.page.applyTheme(theme);
  }

  #showMyName(name: string): void {
    this.#people.setMyName(name);
    this.me.value = { ...this.me.value, name };
    this.settings.value = { ...this.settings.value, name };
    this.#publish();
    this.#refresh();
  }

  setTheme(theme: Theme): void {
    this.#showTheme(theme);
    this.#options.records
      .table<string>('settings')
      .put('theme', theme)
      .catch((thrown: unknown) => this.#report(thrown));
  }

  async requestPersistence(): Promise<void> {
    const isKept = await this.#options.page.persist().catch(() => false);
    if (!isKept) this.notify('not-persisted');
    await this.#refreshStorage();
  }

  async checkConnection(): Promise<readonly ConnectionCheckView[]> {
    await this.#refreshStorage();
    return this.#networkModel.check(this.settings.value.storage);
  }

  async publications(person: string): Promise<readonly PublicationView[]> {
    return publicationsOf(await this.#options.directory.history(parsePersonId(person)), cleanName);
  }

  beginJoin(): void {
    this.#options.node.join({ type: 'begin' });
  }

  pasteJoinCode(text: string): void {
    this.#options.node.join({ type: 'paste', text });
  }

  cancelJoin(): void {
    this.#options.node.join({ type: 'cancel' });
  }

  applyUpdate(): void {
    this.#options.page.applyUpdate();
  }

  dismissNotice(id: string): void {
    this.notices.value = this.notices.value.filter((notice) => notice.id !== id);
  }

  notify(text: NoticeView['text'], problem?: ProblemView): void {
    const kind = text === 'update-ready' ? 'update' : problem ? 'problem' : 'info';
    const notice: NoticeView = { id: `notice-${this.#nextNotice++}`, kind, text, ...(problem ? { problem } : {}) };
    this.notices.value = [...this.notices.value.filter((known) => known.text !== text), notice].slice(-4);
  }

  async #load(): Promise<void> {
    try {
      await Promise.all([this.#people.load(), this.#conversations.loadMore()]);
    } catch (thrown) {
      this.#report(thrown);
    }
    this.#refresh();
    this.ready.value = true;
    await this.agentsModel.calls.load().catch((thrown: unknown) => this.#report(thrown));
    await Promise.all([this.#loadTrust(), this.#loadModes()]);
    await this.#refreshStorage();
  }

  async #loadTrust(): Promise<void> {
    const { trust, page } = this.#options;
    this.trust.value = await trust({
      people: this.#people,
      agent: (address) => this.agentsModel.agent(address),
      pickFolder: () => page.pickFolder(),
      report: (thrown) => this.#report(thrown),
      onAccepted: (address) => this.agentsModel.reload(address),
      runningCalls: (address) => this.agentsModel.calls.runningOf(address),
    }).catch((thrown: unknown) => {
      this.#report(thrown);
      return undefined;
    });
  }

  async #loadModes(): Promise<void> {
    const modes = await this.#options.modes({ people: this.#people, report: (thrown) => this.#report(thrown) }).catch((thrown: unknown) => {
      this.#report(thrown);
      return undefined;
    });
    this.modes.value = modes;
    modes?.mode.subscribe(() => this.#scheduleRefresh());
  }

  async #refreshStorage(): Promise<void> {
    const storage = await this.#options.page.storage();
    this.settings.value = { ...this.settings.value, storage: { ...this.settings.value.storage, ...storage } };
  }

  #publish(): void {
    const { directory, published } = this.#options;
    directory.publish({ name: this.me.value.name, agents: published.list() });
  }

  #refresh(): void {
    this.#people.refresh();
    this.network.value = this.#status();
    this.people.value = this.#people.others();
    this.peers.value = this.#options.node.peers().map((peer) => ({
      node: peer.node,
      person: peer.identity && this.#people.view(peer.identity.person),
      state: peer.state,
      bytesSent: peer.bytesSent,
      bytesReceived: peer.bytesReceived,
      ...(peer.path ? { path: this.#people.pathView(peer.path, peer.rttMs) } : {}),
      ...(peer.lastSeenAt === undefined ? {} : { lastSeenAt: peer.lastSeenAt }),
      ...(peer.reason && peer.state !== 'connected' ? { problem: { code: peer.reason } } : {}),
    }));
    this.#networkModel.refresh();
    this.modes.value?.refresh();
    this.agentsModel.refresh();
    this.#conversations.refresh();
    this.#favour();
  }

  /** People whom one talks to are worth a direct link, and are relayed for without a stranger's bounds. */
  #favour(): void {
    const { node, directory, network } = this.#options;
    const people = this.#conversations.people();
    const nodes = people.flatMap((person) => directory.nodesOf(person));
    const favoured = [...people, ...nodes].join();
    if (favoured === this.#favoured) return;
    this.#favoured = favoured;
    node.prefer(nodes);
    if (!network.private) node.setRelayTrust(new Set([node.identity.person, ...people]));
  }

  #status(): NetworkStatusView {
    const { node, tabs, page } = this.#options;
    const { phase, signaling, problem } = node.state();
    const hub = tabs.hubStatus.value;
    // The other tabs of this browser are not other people.
    const peers = node.peers().filter((peer) => peer.state === 'connected' && peer.path?.kind !== 'tab').length;
    const own: HubStatus = { state: phase === 'closed' ? 'offline' : phase, peers, server: signaling, mode: node.mode };
    if (!hub) tabs.publish(own);
    const shown = hub ?? own;
    return {
      state: shown.state,
      peers: shown.peers,
      mode: shown.mode,
      server: { host: page.serverHost, state: shown.server },
      ...(hub ? { isThroughTab: true } : {}),
      ...(problem ? { problem: { code: problem.code } } : {}),
    };
  }

  #report(thrown: unknown): void {
    const { code, message } = asParleyError(thrown);
    this.notify(code.startsWith('storage') ? 'storage-trouble' : 'problem', { code, detail: message });
  }
}
