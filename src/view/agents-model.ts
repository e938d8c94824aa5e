import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { AgentEntry, Directory } from '../agents/directory.ts';
import { asParleyError, isErrorCode, ParleyError } from '../base/errors.ts';
import { agentAddress, parseAgentAddress, type AgentAddress, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { AgentCalls } from '../mcp/agent-calls.ts';
import type { AgentClients } from '../mcp/agent-clients.ts';
import type { AgentHost, HostedAgent } from '../mcp/agent-host.ts';
import type { Approvals, WaitingApproval } from '../mcp/approvals.ts';
import { REFUSED_CODE } from '../mcp/refusal.ts';
import type { CallOutcome, IncomingCall } from '../mcp/incoming-call.ts';
import type { NodeApi } from '../node/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { People } from './people.ts';
import { blocksOf, resourceBlocks, visibleText } from './result-blocks.ts';
import type {
  AgentDetailView,
  AgentView,
  ApprovalView,
  CallState,
  CallView,
  JsonSchema,
  ProblemView,
  ResultBlockView,
  ServedCallView,
  ToolView,
} from './types.ts';

export type AgentsModelOptions = {
  readonly node: NodeApi;
  readonly directory: Directory;
  readonly host: AgentHost;
  readonly clients: AgentClients;
  /** Loaded with the first call. */
  agentCalls(): Promise<AgentCalls>;
  readonly approvals: Approvals;
  readonly people: People;
  readonly clock: Clock;
  /** Calls that a conversation shows changed. */
  onCallsChanged(): void;
};

/** Agents, calls out, approvals and calls in. */
export class AgentsModel {
  readonly agents: Signal<readonly AgentView[]> = signal([]);
  readonly approvals: ReadonlySignal<readonly ApprovalView[]> = computed(() => this.#waiting.value.map((approval) => this.#approvalView(approval)));
  readonly servedCalls: Signal<readonly ServedCallView[]> = signal([]);
  readonly calls: Signal<readonly CallView[]> = signal([]);
  readonly #options: AgentsModelOptions;
  readonly #waiting: Signal<readonly WaitingApproval[]> = signal([]);
  readonly #details = new Map<string, Signal<AgentDetailView | undefined>>();
  readonly #running = new Map<string, AbortController>();
  #nextCall = 1;

  constructor(options: AgentsModelOptions) {
    this.#options = options;
    const { node, directory, host, approvals, clients } = options;
    directory.on('agents', () => this.refresh());
    host.on('agents', () => this.refresh());
    host.on('served', ({ call, outcome }) => this.#served(call, outcome));
    approvals.onChanged((waiting) => {
      // What the tool says of itself belongs to the question.
      for (const { call } of waiting) this.detail(agentAddress(node.id, call.agent.id));
      this.#waiting.value = waiting;
    });
    clients.on('list-changed', (address) => this.reload(address));
    this.refresh();
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
  }

  detail(address: string): Signal<AgentDetailView | undefined> {
    let detail = this.#details.get(address);
    if (!detail) {
      this.#details.set(address, (detail = signal(undefined)));
      this.reload(address);
    }
    return detail;
  }

  reload(address: string): void {
    const agent = this.agents.value.find((known) => known.address === address);
    if (agent && this.#details.has(address)) void this.#load(agent);
  }

  /** My calls into a person's agents: they belong to the conversation with them. */
  callsTo(person: PersonId): readonly CallView[] {
    return this.calls.value.filter(({ agent }) => agent.owner.id === person && !agent.mine);
  }

  /** The view model's call: progress appears in `calls`. */
  call(address: string, tool: string, args: Readonly<Record<string, unknown>>): string {
    const id = `call-${this.#nextCall++}`;
    const agent = this.agents.value.find((known) => known.address === address) ?? this.#unknownAgent(address);
    const view: CallView = { kind: 'call', id, agent, tool, arguments: args, startedAt: this.#options.clock.now(), state: { kind: 'running' } };
    this.#setCalls([...this.calls.value.slice(-LIMITS.maxKeptCalls + 1), view]);
    const controller = new AbortController();
    this.#running.set(id, controller);
    void this.#run(id, address, tool, args, controller.signal).finally(() => this.#running.delete(id));
    return id;
  }

  cancel(id: string): void {
    this.#running.get(id)?.abort();
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
    const calls = await this.#options.agentCalls();
    return resourceBlocks((await calls.readResource(addressOf(address), uri)).contents);
  }

  async getPrompt(
    address: string,
    name: string,
    args: Readonly<Record<string, string>>,
  ): Promise<readonly { readonly role: string; readonly blocks: readonly ResultBlockView[] }[]> {
    const calls = await this.#options.agentCalls();
    const { messages } = await calls.getPrompt(addressOf(address), name, args);
    return messages.map(({ role, content }) => ({ role, blocks: blocksOf([content]) }));
  }

  async #run(id: string, address: string, tool: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const startedAt = clock.now();
    try {
      const [calls, { path }] = await Promise.all([this.#options.agentCalls(), this.#options.clients.session(addressOf(address))]);
      if (path) this.#update(id, { path: this.#options.people.pathView(path, undefined) });
      const result = await calls.callTool(addressOf(address), tool, args, {
        signal,
        onProgress: ({ progress, total, message }) =>
          this.#update(id, {
            state: { kind: 'running', progress, ...(total === undefined ? {} : { total }), ...(message ? { message: visibleText(message) } : {}) },
          }),
      });
      this.#finish(id, startedAt, { kind: 'done', isError: result.isError === true, blocks: blocksOf(result.content, result.structuredContent) });
    } catch (thrown) {
      this.#finish(id, startedAt, { kind: 'failed', problem: signal.aborted ? { code: 'cancelled' } : problemOf(callError(thrown)) });
    }
  }

  #finish(id: string, startedAt: number, state: CallState): void {
    this.#update(id, { state, tookMs: this.#options.clock.now() - startedAt });
  }

  #update(id: string, change: Partial<CallView>): void {
    this.#setCalls(this.calls.value.map((call) => (call.id === id ? { ...call, ...change } : call)));
  }

  #setCalls(calls: readonly CallView[]): void {
    this.calls.value = calls;
    this.#options.onCallsChanged();
  }

  async #load(agent: AgentView): Promise<void> {
    const detail = this.#details.get(agent.address);
    if (!detail) return;
    // What was known stays: somebody may be filling in a form of it.
    const { tools = [], resources = [], prompts = [], state } = detail.value ?? {};
    if (state !== 'ready') detail.value = { agent, state: 'loading', tools, resources, prompts };
    try {
      const calls = await this.#options.agentCalls();
      const { client, path } = await calls.inspect(addressOf(agent.address));
      const can = client.getServerCapabilities();
      const [listedTools, listedResources, listedPrompts] = await Promise.all([
        can?.tools ? client.listTools(undefined, { cacheMode: 'refresh' }) : undefined,
        can?.resources ? client.listResources(undefined, { cacheMode: 'refresh' }) : undefined,
        can?.prompts ? client.listPrompts(undefined, { cacheMode: 'refresh' }) : undefined,
      ]);
      detail.value = {
        agent,
        state: 'ready',
        tools: (listedTools?.tools ?? []).map(toolView),
        resources: (listedResources?.resources ?? []).map(({ uri, name, description, mimeType }) => ({
          uri,
          name: visibleText(name),
          description: visibleText(description ?? ''),
          ...(mimeType ? { mimeType } : {}),
        })),
        prompts: (listedPrompts?.prompts ?? []).map(({ name, title, description, arguments: args }) => ({
          name,
          title: visibleText(title ?? name),
          description: visibleText(description ?? ''),
          arguments: (args ?? []).map((argument) => ({
            name: argument.name,
            description: visibleText(argument.description ?? ''),
            required: argument.required === true,
          })),
        })),
        ...(path ? { path: this.#options.people.pathView(path, undefined) } : {}),
      };
    } catch (thrown) {
      detail.value = { agent, state: 'failed', problem: problemOf(callError(thrown)), tools, resources, prompts };
    }
  }

  #served(call: IncomingCall, outcome: CallOutcome): void {
    const { people, clock } = this.#options;
    const line: ServedCallView = {
      id: `served-${this.#nextCall++}`,
      at: clock.now(),
      caller: people.view(call.caller.person),
      agentTitle: call.agent.title,
      tool: visibleText(call.tool),
      outcome,
    };
    this.servedCalls.value = [line, ...this.servedCalls.value].slice(0, LIMITS.maxKeptCalls);
  }

  #approvalView({ id, call, relation, expiresAt }: WaitingApproval): ApprovalView {
    const detail = this.#details.get(agentAddress(this.#options.node.id, call.agent.id))?.value;
    return {
      id,
      caller: this.#options.people.view(call.caller.person),
      callerNode: call.caller.node,
      agent: this.#mine(call.agent),
      relation,
      kind: call.kind,
      tool: visibleText(call.tool),
      toolDescription: detail?.tools.find((tool) => tool.name === call.tool)?.description ?? '',
      arguments: call.arguments,
      expiresAt,
    };
  }

  #mine(agent: HostedAgent): AgentView {
    const { node, people } = this.#options;
    const address = agentAddress(node.id, agent.id);
    return {
      address,
      agentId: agent.id,
      title: agent.title,
      description: agent.description,
      owner: people.view(node.identity.person),
      mine: true,
      sigil: { key: address, kind: 'agent', verified: false },
      enabled: this.#options.host.isEnabled(agent.id),
    };
  }

  #entryView({ address, agent, title, description, owner }: AgentEntry): AgentView {
    const isMine = owner === this.#options.node.identity.person;
    return {
      address,
      agentId: agent,
      title,
      description,
      owner: this.#options.people.view(owner),
      mine: isMine,
      sigil: { key: address, kind: 'agent', verified: false },
      enabled: true,
    };
  }

  /** The agent at an address, also one that is not there. */
  agent(address: string): AgentView {
    return this.agents.value.find((known) => known.address === address) ?? this.#unknownAgent(address);
  }

  #unknownAgent(address: string): AgentView {
    return {
      address,
      agentId: address.split(':')[1] ?? '',
      title: address,
      description: '',
      owner: this.#options.people.view('' as PersonId),
      mine: false,
      sigil: { key: address, kind: 'agent', verified: false },
      enabled: false,
    };
  }
}

/** @throws ParleyError `malformed` */
function addressOf(text: string): AgentAddress {
  const { node, agent } = parseAgentAddress(text);
  return agentAddress(node, agent);
}

function toolView(tool: {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: unknown;
  readonly annotations?:
    | { readonly title?: string | undefined; readonly readOnlyHint?: boolean | undefined; readonly destructiveHint?: boolean | undefined }
    | undefined;
}): ToolView {
  const { annotations } = tool;
  return {
    name: tool.name,
    title: visibleText(tool.title ?? annotations?.title ?? tool.name),
    description: visibleText(tool.description ?? ''),
    inputSchema: tool.inputSchema as JsonSchema,
    ...(annotations?.readOnlyHint === undefined ? {} : { readOnlyHint: annotations.readOnlyHint }),
    ...(annotations?.destructiveHint === undefined ? {} : { destructiveHint: annotations.destructiveHint }),
  };
}

/** What the SDK and the mesh throw, in our own codes. */
function callError(thrown: unknown): ParleyError {
  if (thrown instanceof ParleyError) return thrown;
  const { code, data } = thrown as { code?: unknown; data?: { reason?: unknown } };
  const message = thrown instanceof Error ? visibleText(thrown.message) : 'The call failed.';
  if (code === REFUSED_CODE) {
    const { reason } = data ?? {};
    const isOfLimits = reason === 'rate-limited' || reason === 'overloaded' || reason === 'timed-out';
    return new ParleyError(isOfLimits ? reason : reason === 'expired' ? 'timed-out' : 'refused', message, { cause: thrown });
  }
  if (code === 'REQUEST_TIMEOUT' || (thrown instanceof Error && thrown.name === 'TimeoutError'))
    return new ParleyError('timed-out', message, { cause: thrown });
  if (code === 'CONNECTION_CLOSED') return new ParleyError('link-lost', message, { cause: thrown });
  return asParleyError(isErrorCode(code) ? new ParleyError(code, message) : thrown, 'bad-argument');
}

function problemOf(error: ParleyError): ProblemView {
  return { code: error.code, detail: visibleText(error.message) };
}
