import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { AgentEntry, Directory } from '../agents/directory.ts';
import type { PublishedAgents } from '../agents/published-agents.ts';
import { agentAddress, parseAgentAddress, parseAgentId, type AgentAddress, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { onceATurn } from '../base/once-a-turn.ts';
import type { AgentCalls } from '../mcp/agent-calls.ts';
import type { AgentClients } from '../mcp/agent-clients.ts';
import type { AgentHost, HostedAgent } from '../mcp/agent-host.ts';
import type { Approvals, WaitingApproval } from '../mcp/approvals.ts';
import type { CallOutcome, IncomingCall } from '../mcp/incoming-call.ts';
import type { NodeApi } from '../node/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { Records } from '../ports/records.ts';
import { callError, problemOf } from './call-problems.ts';
import { CallsModel } from './calls-model.ts';
import type { People } from './people.ts';
import { visibleText } from './shown-text.ts';
import type { AgentDetailView, AgentView, ApprovalView, ResultBlockView, ServedCallView, ToolEntryView } from './types.ts';

export type AgentsModelOptions = {
  readonly node: NodeApi;
  readonly directory: Directory;
  readonly published: Pick<PublishedAgents, 'tools'>;
  readonly host: AgentHost;
  readonly clients: AgentClients;
  /** Loaded with the first call. */
  agentCalls(): Promise<AgentCalls>;
  readonly approvals: Approvals;
  readonly people: People;
  readonly clock: Clock;
  readonly records: Records;
  readonly network: string;
  /** Calls that a conversation shows changed. */
  onCallsChanged(): void;
  /** Storage failed while something was kept that nobody waits for. */
  report(thrown: unknown): void;
};

/** Agents, calls out, approvals and calls in. */
export class AgentsModel {
  readonly agents: Signal<readonly AgentView[]> = signal([]);
  readonly approvals: ReadonlySignal<readonly ApprovalView[]> = computed(() => this.#waiting.value.map((approval) => this.#approvalView(approval)));
  readonly servedCalls: Signal<readonly ServedCallView[]> = signal([]);
  readonly calls: CallsModel;
  readonly tools: Signal<readonly ToolEntryView[]> = signal([]);
  readonly agentsToAsk: ReadonlySignal<number> = computed(() => this.#toAsk.value.size);
  readonly agentsUnknown: Signal<number> = signal(0);
  readonly #options: AgentsModelOptions;
  readonly #waiting: Signal<readonly WaitingApproval[]> = signal([]);
  readonly #details = new Map<string, Signal<AgentDetailView | undefined>>();
  readonly #icons = new Map<string, string>();
  /** Addresses of agents of whose tools only the names are known. */
  readonly #toAsk: Signal<ReadonlySet<string>> = signal(new Set());
  readonly #scheduleTools = onceATurn(() => this.#listTools());
  #nextServed = 1;

  constructor(options: AgentsModelOptions) {
    this.#options = options;
    const { node, directory, host, approvals, clients, onCallsChanged } = options;
    this.calls = new CallsModel({
      ...options,
      tab: node.id,
      session: (address) => options.clients.session(addressOf(address)),
      agent: (address) => this.agents.value.find((known) => known.address === address),
      tool: (address, name) => this.#details.get(address)?.value?.tools.find((tool) => tool.name === name),
      onChanged: onCallsChanged,
    });
    directory.on('agents', () => this.refresh());
    host.on('agents', () => this.refresh());
    host.on('served', ({ call, outcome }) => this.#served(call, outcome));
    approvals.onChanged((waiting) => {
      // What the tool says of itself belongs to the question.
      for (const { call } of waiting) this.detail(agentAddress(node.id, call.agent.id));
      this.#waiting.value = waiting;
    });
    clients.on('list-changed', (address) => this.reload(address));
    clients.on('access', (address) => void this.#accessChanged(address).catch(() => undefined));
    this.refresh();
  }

  /** The agent at an address, also one that is not there. */
  agent(address: string): AgentView {
    return this.calls.agentAt(address);
  }

  refresh(): void {
    const { directory, host, node } = this.#options;
    const before = this.agents.value;
    const mine = host.agents().map((agent) => this.#mine(agent));
    const others = directory
      .agents()
      .filter((entry) => entry.node !== node.id)
      .map((entry) => this.#entryView(entry));
    this.agents.value = [...others.sort((a, b) => a.owner.name.localeCompare(b.owner.name) || a.title.localeCompare(b.title)), ...mine];
    for (const [address, detail] of this.#details) {
      const agent = this.agents.value.find((known) => known.address === address);
      const wasThere = before.some((known) => known.address === address);
      if (agent && !wasThere) void this.#load(agent);
      else if (agent && detail.value) detail.value = { ...detail.value, agent };
      else if (wasThere && detail.value) detail.value = { ...detail.value, state: 'failed', problem: { code: 'unreachable' } };
    }
    this.#scheduleTools();
  }

  /** Asks agents that were not asked yet what their tools do, a few at a time, until `signal` ends it. */
  async askAgents(signal: AbortSignal): Promise<void> {
    const waiting = [...this.#toAsk.value];
    const ask = async (): Promise<void> => {
      for (let address = waiting.shift(); address !== undefined && !signal.aborted; address = waiting.shift()) {
        const agent = this.agents.value.find((known) => known.address === address);
        if (!agent || this.#details.has(address)) continue;
        this.#details.set(address, unread());
        await this.#load(agent);
      }
    };
    await Promise.all(Array.from({ length: LIMITS.maxAgentsAskedAtOnce }, ask));
  }

  /** By name alone for agents that were not asked. */
  #listTools(): void {
    const { directory, node, published } = this.#options;
    const entries = new Map(directory.agents().map((entry) => [entry.address as string, entry]));
    const toAsk = new Set<string>();
    let unknown = 0;
    this.tools.value = this.agents.value.flatMap((agent): readonly ToolEntryView[] => {
      const detail = this.#details.get(agent.address)?.value;
      if (detail && (detail.state === 'ready' || detail.tools.length > 0))
        return detail.tools.map(({ name, title, description, access, icon = agent.icon }) => ({
          agent,
          name,
          title,
          description,
          ...(access ? { access } : {}),
          ...(icon ? { icon } : {}),
        }));
      if (!this.#details.has(agent.address)) toAsk.add(agent.address);
      const entry = entries.get(agent.address);
      const names = entry?.isDescribed ? entry.tools : agent.node === node.id ? published.tools(parseAgentId(agent.agentId)) : undefined;
      if (!names) unknown++;
      // Of what cannot be opened at all nothing can be called.
      const access = detail?.problem?.code === 'not-for-you' ? { access: agent.isForContacts ? ('contacts' as const) : ('never' as const) } : {};
      return (names ?? []).map((name) => ({ agent, name, title: visibleText(name), description: '', ...access }));
    });
    this.#toAsk.value = toAsk;
    this.agentsUnknown.value = unknown;
  }

  detail(address: string): Signal<AgentDetailView | undefined> {
    let detail = this.#details.get(address);
    if (!detail) {
      this.#details.set(address, (detail = unread()));
      this.reload(address);
    }
    return detail;
  }

  reload(address: string): void {
    const agent = this.agents.value.find((known) => known.address === address);
    if (agent && this.#details.has(address)) void this.#load(agent);
  }

  /** A call for programs: the raw MCP result. @throws ParleyError */
  async callRaw(
    address: string,
    tool: string,
    args: Readonly<Record<string, unknown>>,
    options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
  ): Promise<unknown> {
    try {
      const calls = await this.#options.agentCalls();
      return await calls.callTool(addressOf(address), tool, args, {
        ...(options.timeoutMs === undefined ? {} : { idleMs: options.timeoutMs }),
        ...(options.signal ? { signal: options.signal } : {}),
      });
    } catch (thrown) {
      throw callError(thrown);
    }
  }

  async readResource(address: string, uri: string): Promise<readonly ResultBlockView[]> {
    const [calls, { resourceBlocks }] = await Promise.all([this.#options.agentCalls(), import('./result-blocks.ts')]);
    return resourceBlocks((await calls.readResource(addressOf(address), uri)).contents);
  }

  async getPrompt(
    address: string,
    name: string,
    args: Readonly<Record<string, string>>,
  ): Promise<readonly { readonly role: string; readonly blocks: readonly ResultBlockView[] }[]> {
    const [calls, { blocksOf }] = await Promise.all([this.#options.agentCalls(), import('./result-blocks.ts')]);
    const { messages } = await calls.getPrompt(addressOf(address), name, args);
    return messages.map(({ role, content }) => ({ role, blocks: blocksOf([content]) }));
  }

  async #load(agent: AgentView): Promise<void> {
    const detail = this.#details.get(agent.address);
    if (!detail) return;
    // What was known stays: somebody may be filling in a form of it.
    const { tools = [], resources = [], prompts = [], state } = detail.value ?? {};
    if (state !== 'ready') detail.value = { agent, state: 'loading', tools, resources, prompts };
    try {
      const calls = await this.#options.agentCalls();
      const { client, path, access } = await calls.inspect(addressOf(agent.address));
      const { readLists, withAccess } = await import('./agent-lists.ts');
      const lists = await readLists(client);
      const read = { agent, state: 'ready', ...lists, ...(path ? { path: this.#options.people.pathView(path, undefined) } : {}) } as const;
      detail.value = withAccess(read, access?.());
      this.#setIcon(agent.address, lists.server?.icon);
    } catch (thrown) {
      detail.value = { agent, state: 'failed', problem: problemOf(callError(thrown)), tools, resources, prompts };
    }
    this.#scheduleTools();
  }

  #setIcon(address: string, icon: string | undefined): void {
    if (icon === this.#icons.get(address)) return;
    if (icon === undefined) this.#icons.delete(address);
    else this.#icons.set(address, icon);
    this.refresh();
  }

  #iconOf(address: string): { readonly icon?: string } {
    const icon = this.#icons.get(address);
    return icon === undefined ? {} : { icon };
  }

  /** Somebody wrote to me: agents of theirs that were not for me may be so now. */
  metBy(person: PersonId): void {
    for (const [address, detail] of this.#details) {
      if (detail.value?.problem?.code === 'not-for-you' && detail.value.agent.owner.id === person) this.reload(address);
    }
  }

  async #accessChanged(address: AgentAddress): Promise<void> {
    const detail = this.#details.get(address);
    if (!detail) return;
    const [{ withAccess }, { access }] = await Promise.all([import('./agent-lists.ts'), this.#options.clients.session(address)]);
    if (detail.value) detail.value = withAccess(detail.value, access?.());
    this.#scheduleTools();
  }

  #served(call: IncomingCall, outcome: CallOutcome): void {
    const { people, clock } = this.#options;
    const line: ServedCallView = {
      id: `served-${this.#nextServed++}`,
      at: clock.now(),
      caller: people.view(call.caller.person),
      agentTitle: call.agent.title,
      tool: visibleText(call.tool),
      outcome,
      ...(call.hasPlaintextClients ? { hasPlaintextClients: true } : {}),
    };
    this.servedCalls.value = [line, ...this.servedCalls.value].slice(0, LIMITS.maxKeptCalls);
  }

  #approvalView({ id, call, relation, expiresAt }: WaitingApproval): ApprovalView {
    const detail = this.#details.get(agentAddress(this.#options.node.id, call.agent.id))?.value;
    return {
      id,
      caller: this.#options.people.view(call.caller.person),
      callerNode: call.caller.node,
      ...(call.hasPlaintextClients ? { hasPlaintextClients: true } : {}),
      agent: this.#mine(call.agent),
      relation,
      kind: call.kind,
      tool: visibleText(call.tool),
      toolDescription: detail?.tools.find((tool) => tool.name === call.tool)?.description ?? '',
      arguments: call.arguments,
      ...(call.origin?.conversation === undefined ? {} : { conversation: call.origin.conversation }),
      expiresAt,
    };
  }

  #mine(agent: HostedAgent): AgentView {
    const { node, people } = this.#options;
    const address = agentAddress(node.id, agent.id);
    return {
      address,
      agentId: agent.id,
      node: node.id,
      kind: agent.kind ?? 'built-in',
      title: agent.title,
      description: agent.description,
      owner: people.view(node.identity.person),
      mine: true,
      sigil: { key: address, kind: 'agent', verified: false },
      enabled: this.#options.host.isEnabled(agent.id),
      ...(agent.isPlaintext ? { isPlaintext: true } : {}),
      ...this.#iconOf(address),
    };
  }

  #entryView({ address, node, agent, title, description, owner, kind, visibility, isPlaintext }: AgentEntry): AgentView {
    const isMine = owner === this.#options.node.identity.person;
    return {
      address,
      agentId: agent,
      node,
      kind,
      title,
      description,
      owner: this.#options.people.view(owner),
      mine: isMine,
      sigil: { key: address, kind: 'agent', verified: false },
      enabled: true,
      ...(visibility === 'contacts' && !isMine ? { isForContacts: true } : {}),
      ...(isPlaintext ? { isPlaintext } : {}),
      ...this.#iconOf(address),
    };
  }
}

/** @throws ParleyError `malformed` */
function addressOf(text: string): AgentAddress {
  const { node, agent } = parseAgentAddress(text);
  return agentAddress(node, agent);
}

function unread(): Signal<AgentDetailView | undefined> {
  return signal(undefined);
}
