import type { McpServer, Server, Transport } from '@modelcontextprotocol/server';
import { fromUtf8 } from '../base/bytes.ts';
import { Emitter } from '../base/emitter.ts';
import { asParleyError, ParleyError } from '../base/errors.ts';
import { parseAgentId, type AgentId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { NodeApi, PeerIdentity, Stream } from '../node/api.ts';
import { GuardedTransport, type CallRequest, type Verdict } from './guarded-transport.ts';
import { StreamTransport } from './stream-transport.ts';

export const MCP_PROTOCOL = 'mcp/1';

/** An MCP server that this node offers, to each calling session for itself. */
export type HostedAgent = {
  readonly id: AgentId;
  readonly title: string;
  readonly description: string;
} & (
  | { /** Makes the server of one session. */ createServer(): Promise<McpServer | Server> }
  /** Speaks MCP over a session's transport by other means than the SDK's server; it starts the transport and closes it. */
  | { connect(transport: Transport, caller: PeerIdentity): Promise<void> | void }
);

/** Who asks for what, for the policy to decide. */
export type IncomingCall = CallRequest & { readonly caller: PeerIdentity; readonly agent: HostedAgent };
export type CallOutcome = 'ran' | 'tool-error' | 'refused' | 'expired' | 'cancelled';

export type CallPolicy = { decide(call: IncomingCall, signal: AbortSignal): Promise<Verdict> };

export type AgentHostEvents = {
  /** Agents were added or removed. */
  agents: readonly HostedAgent[];
  served: { readonly call: IncomingCall; readonly outcome: CallOutcome };
  /** A call began to wait for its verdict, or has its end. */
  active: number;
};

/** The agents of this node: added and removed while it runs, each served to any number of callers at once. */
export class AgentHost {
  readonly #identity: PeerIdentity;
  readonly #policy: CallPolicy;
  readonly #events = new Emitter<AgentHostEvents>();
  readonly #agents = new Map<AgentId, HostedAgent>();
  readonly #disabled = new Set<AgentId>();
  readonly #sessions = new Map<Stream, AgentId>();
  /** Calls that wait or run, by the session that they came in. */
  readonly #active = new Map<Stream, Set<CallRequest>>();

  constructor(node: NodeApi, policy: CallPolicy) {
    this.#identity = node.identity;
    this.#policy = policy;
    node.serve(MCP_PROTOCOL, (stream) => void this.#serve(stream));
  }

  on<Name extends keyof AgentHostEvents>(name: Name, listener: (payload: AgentHostEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  agents(): readonly HostedAgent[] {
    return [...this.#agents.values()];
  }

  /** @throws ParleyError `overloaded` above the limit */
  add(agent: HostedAgent): void {
    if (this.#agents.size >= LIMITS.maxAgentsPerNode) throw new ParleyError('overloaded', `A node hosts at most ${LIMITS.maxAgentsPerNode} agents.`);
    this.#agents.set(agent.id, agent);
    this.#events.emit('agents', this.agents());
  }

  /** An agent that is switched off stays the owner's to use; for everybody else it is not there. */
  setEnabled(id: AgentId, isEnabled: boolean): void {
    if (!this.#agents.has(id) || isEnabled === this.isEnabled(id)) return;
    if (isEnabled) this.#disabled.delete(id);
    else {
      this.#disabled.add(id);
      this.#endSessions(id);
    }
    this.#events.emit('agents', this.agents());
  }

  isEnabled(id: AgentId): boolean {
    return !this.#disabled.has(id);
  }

  /** How many calls of others wait or run here. */
  get activeCalls(): number {
    let count = 0;
    for (const calls of this.#active.values()) count += calls.size;
    return count;
  }

  /** Ends every session with the agent at once. */
  remove(id: AgentId): void {
    if (!this.#agents.delete(id)) return;
    this.#endSessions(id);
    this.#events.emit('agents', this.agents());
  }

  #endSessions(id: AgentId): void {
    for (const [stream, agent] of this.#sessions) if (agent === id) stream.reset('agent-unknown');
  }

  /** Serves one of this node's own agents to its owner, who needs no permission. */
  async serveLocally(id: AgentId, transport: Transport): Promise<void> {
    const agent = this.#agents.get(id);
    if (!agent) throw new ParleyError('agent-unknown', 'This node hosts no such agent.');
    await serveOver(transport, agent, this.#identity);
  }

  async #serve(stream: Stream): Promise<void> {
    const agent = this.#agentOf(stream);
    if (!agent) return stream.reset('agent-unknown');
    if (this.#sessions.size >= LIMITS.maxServedSessions) return stream.reset('overloaded');
    this.#sessions.set(stream, agent.id);
    void stream.closed.then(() => {
      this.#sessions.delete(stream);
      if (this.#active.delete(stream)) this.#events.emit('active', this.activeCalls);
    });
    try {
      await serveOver(this.#guarded(stream, agent), agent, stream.peer);
    } catch (thrown) {
      stream.reset(asParleyError(thrown).code);
    }
  }

  #agentOf(stream: Stream): HostedAgent | undefined {
    try {
      const id = parseAgentId(fromUtf8(stream.header));
      return this.isEnabled(id) ? this.#agents.get(id) : undefined;
    } catch {
      return undefined;
    }
  }

  #began(stream: Stream, call: CallRequest): void {
    const calls = this.#active.get(stream) ?? new Set();
    this.#active.set(stream, calls.add(call));
    this.#events.emit('active', this.activeCalls);
  }

  #ended(stream: Stream, call: CallRequest): void {
    if (this.#active.get(stream)?.delete(call)) this.#events.emit('active', this.activeCalls);
  }

  #guarded(stream: Stream, agent: HostedAgent): Transport {
    const about = (call: CallRequest): IncomingCall => ({ ...call, caller: stream.peer, agent });
    return new GuardedTransport(new StreamTransport(stream), {
      decide: async (call, signal) => {
        this.#began(stream, call);
        const verdict = await this.#policy.decide(about(call), signal).finally(() => signal.aborted && this.#ended(stream, call));
        if (verdict !== 'run') this.#ended(stream, call);
        if (signal.aborted) this.#events.emit('served', { call: about(call), outcome: 'cancelled' });
        else if (verdict !== 'run') this.#events.emit('served', { call: about(call), outcome: verdict });
        return verdict;
      },
      finished: (call, outcome) => {
        this.#ended(stream, call);
        this.#events.emit('served', { call: about(call), outcome });
      },
    });
  }
}

async function serveOver(transport: Transport, agent: HostedAgent, caller: PeerIdentity): Promise<void> {
  if ('connect' in agent) return agent.connect(transport, caller);
  const { serveStdio } = await import('./runtime.ts');
  serveStdio(() => agent.createServer(), { transport });
}
