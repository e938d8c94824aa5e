import type { JSONRPCMessage, McpServer, ProtocolEra, Server, Transport } from '@modelcontextprotocol/server';
import { fromUtf8 } from '../base/bytes.ts';
import { Emitter } from '../base/emitter.ts';
import { asParleyError, ParleyError } from '../base/errors.ts';
import { parseAgentId, type AgentId, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { NodeApi, PeerIdentity, Stream } from '../node/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { AnswerOffers } from './answers/answer-offers.ts';
import { ANSWER_PROTOCOL } from './answers/answer-protocol.ts';
import type { AnswerText } from './answers/answer-text.ts';
import type { CallOutcome, CallRequest, Consent, IncomingCall, Permit, Verdict } from './incoming-call.ts';
import type { AgentAccess } from './permissions.ts';
import type { ReceiptDesk } from './receipt-desk.ts';
import type { SessionNote } from './session-notes.ts';

export const MCP_PROTOCOL = 'mcp/1';

/**
 * An MCP server that this node offers, to each calling session for itself: one that is made here (`createServer`), or something else that speaks MCP
 * over the session's transport (`connect`), which it starts and closes.
 */
export type HostedAgent = {
  readonly id: AgentId;
  readonly title: string;
  readonly description: string;
  /** What others are told that it is; by default `built-in`. */
  readonly kind?: 'built-in' | 'remote' | 'mounted' | 'folder' | 'assistant';
  /** The server behind it is spoken with over a network, unencrypted. */
  readonly isPlaintext?: true;
} & (
  | { createServer(session: { readonly era: ProtocolEra }): Promise<McpServer | Server> }
  | { connect(transport: Transport, caller: PeerIdentity): Promise<void> | void }
);

/** One that is made here. */
export type MadeAgent = Extract<HostedAgent, { createServer: unknown }>;

/** Whether something about what this person may do with this agent may have changed. */
export type Concerned = (person: PersonId, agent: AgentId) => boolean;

export type CallPolicy = {
  /** `asked` is called when the owner is asked. */
  decide(call: IncomingCall, signal: AbortSignal, asked?: () => void): Promise<Verdict | Permit>;
  /** Whether the person gets anything from the agent at all; not given, everybody may open a session and have each call decided. */
  admits?(person: PersonId, agent: AgentId): Promise<boolean>;
  /** What the person may do, for their node to be told. */
  accessOf?(person: PersonId, agent: AgentId): Promise<AgentAccess>;
  onAccessChanged?(listener: (concerned: Concerned) => void): void;
};

export type AgentHostOptions = {
  /** Signs answers, and keeps the callers' signatures. */
  receipts?(): Promise<ReceiptDesk>;
  readonly clock?: Clock;
};

export type ServedCall = {
  readonly call: IncomingCall;
  readonly outcome: CallOutcome;
  /** From the request to its end, with the time for which it waited; 0 without a clock. */
  readonly tookMs: number;
  /** What the caller was answered, where the call ran to its end. */
  readonly answer?: JSONRPCMessage;
};

export type AgentHostEvents = {
  /** Agents were added, removed or changed. */
  agents: readonly HostedAgent[];
  served: ServedCall;
  /** Somebody began or ended a session. */
  sessions: AgentId;
  /** A call began to wait for its verdict, or has its end. */
  active: number;
};

/** The agents of this node: added and removed while it runs, each served to any number of callers at once. */
export class AgentHost {
  readonly #node: Pick<NodeApi, 'identity' | 'nodeInfo'>;
  readonly #policy: CallPolicy;
  readonly #options: AgentHostOptions;
  readonly #events = new Emitter<AgentHostEvents>();
  readonly #agents = new Map<AgentId, HostedAgent>();
  readonly #disabled = new Set<AgentId>();
  readonly #sessions = new Map<Stream, AgentId>();
  /** How to tell the caller of a session what they may do now. */
  readonly #tellers = new Map<Stream, () => void>();
  /** Calls that wait or run, by the session that they came in. */
  readonly #active = new Map<Stream, Set<CallRequest>>();
  /** Where agents elsewhere may answer more than anybody holds. */
  readonly #offers: (() => Promise<AnswerOffers>) | undefined;

  constructor(node: NodeApi, policy: CallPolicy, options: AgentHostOptions = {}) {
    this.#node = node;
    this.#policy = policy;
    this.#options = options;
    node.serve(MCP_PROTOCOL, (stream) => void this.#serve(stream));
    policy.onAccessChanged?.((concerned) => {
      for (const [stream, tell] of this.#tellers) {
        const agent = this.#sessions.get(stream);
        if (agent !== undefined && concerned(stream.peer.person, agent)) tell();
      }
    });
    const { clock } = options;
    if (!clock) return;
    let offers: Promise<AnswerOffers> | undefined;
    this.#offers = () => (offers ??= import('./session-transports.ts').then(({ AnswerOffers }) => new AnswerOffers(clock)));
    node.serve(ANSWER_PROTOCOL, (stream) => void this.#offers?.().then((desk) => desk.serve(stream)));
  }

  on<Name extends keyof AgentHostEvents>(name: Name, listener: (payload: AgentHostEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  agents(): readonly HostedAgent[] {
    return [...this.#agents.values()];
  }

  /** Adds an agent, or puts a changed one in the place of that with its id, whose sessions end. @throws ParleyError `overloaded` above the limit */
  add(agent: HostedAgent): void {
    if (this.#agents.has(agent.id)) this.#endSessions(agent.id);
    else if (this.#agents.size >= LIMITS.maxAgentsPerNode)
      throw new ParleyError('overloaded', `A node hosts at most ${LIMITS.maxAgentsPerNode} agents.`);
    this.#agents.set(agent.id, agent);
    this.#events.emit('agents', this.agents());
  }

  /** Another title or description: nothing of it concerns who is served now. */
  describe(id: AgentId, { title, description }: { readonly title: string; readonly description: string }): void {
    const agent = this.#agents.get(id);
    if (!agent || (agent.title === title && agent.description === description)) return;
    this.#agents.set(id, { ...agent, title, description });
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

  /** Sessions of others with an agent, and their calls of it that wait or run. */
  sessionsOf(id: AgentId): number {
    return [...this.#sessions.values()].filter((agent) => agent === id).length;
  }

  activeCallsOf(id: AgentId): number {
    let count = 0;
    for (const [stream, calls] of this.#active) if (this.#sessions.get(stream) === id) count += calls.size;
    return count;
  }

  /** Ends every session with the agent at once. */
  remove(id: AgentId): void {
    if (!this.#agents.delete(id)) return;
    this.#disabled.delete(id);
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
    await serveAgent(agent, transport, this.#node.identity);
  }

  async #serve(stream: Stream): Promise<void> {
    const agent = this.#agentOf(stream);
    if (!agent) return stream.reset('agent-unknown');
    if (this.#isFullFor(stream.peer.person)) return stream.reset('overloaded');
    this.#sessions.set(stream, agent.id);
    this.#events.emit('sessions', agent.id);
    void stream.closed.then(() => {
      this.#sessions.delete(stream);
      this.#tellers.delete(stream);
      this.#events.emit('sessions', agent.id);
      if (this.#active.delete(stream)) this.#events.emit('active', this.activeCalls);
    });
    try {
      if (!(await this.#isAdmitted(stream, agent))) return stream.reset('not-for-you');
      await serveAgent(agent, await this.#guarded(stream, agent), stream.peer);
    } catch (thrown) {
      stream.reset(asParleyError(thrown).code);
    }
  }

  #isFullFor(person: PersonId): boolean {
    const own = [...this.#sessions.keys()].filter(({ peer }) => peer.person === person).length;
    return this.#sessions.size >= LIMITS.maxServedSessions || (own >= LIMITS.maxServedSessionsPerCaller && person !== this.#node.identity.person);
  }

  async #isAdmitted(stream: Stream, agent: HostedAgent): Promise<boolean> {
    return (await this.#policy.admits?.(stream.peer.person, agent.id)) ?? true;
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

  #incoming(call: CallRequest, { peer: caller }: Stream, agent: HostedAgent): IncomingCall {
    const hasPlaintextClients = this.#node.nodeInfo(caller.node)?.hasPlaintextClients;
    return { ...call, caller, agent, ...(hasPlaintextClients ? { hasPlaintextClients } : {}) };
  }

  #tellAccess(stream: Stream, agent: HostedAgent, note: (said: SessionNote) => void): void {
    const { accessOf } = this.#policy;
    // It may have ended while its code was loaded.
    if (!accessOf || !this.#sessions.has(stream)) return;
    const tell = (): void => {
      accessOf.call(this.#policy, stream.peer.person, agent.id).then(
        (access) => note({ type: 'access', access }),
        () => undefined,
      );
    };
    this.#tellers.set(stream, tell);
    tell();
  }

  async #guarded(stream: Stream, agent: HostedAgent): Promise<Transport> {
    const { clock } = this.#options;
    const [{ encodeNote, GuardedTransport, StreamTransport }, receipts, offers] = await Promise.all([
      import('./session-transports.ts'),
      this.#options.receipts?.(),
      this.#offers?.(),
    ]);
    const beganAt = new Map<CallRequest, number>();
    const served = (call: CallRequest, outcome: CallOutcome, answer?: JSONRPCMessage): void => {
      const now = clock?.now() ?? 0;
      const tookMs = now - (beganAt.get(call) ?? now);
      beganAt.delete(call);
      this.#ended(stream, call);
      this.#events.emit('served', { call: this.#incoming(call, stream, agent), outcome, tookMs, ...(answer ? { answer } : {}) });
    };
    const large = offers ? { offer: (text: AnswerText) => offers.offer(text, stream.peer.node) } : {};
    const transport = new StreamTransport(stream, large, LIMITS.maxMcpRequestBytes);
    const note = (said: SessionNote): void => void transport.sendNote(encodeNote(said)).catch(() => undefined);
    this.#tellAccess(stream, agent, note);
    const noteCall = ({ origin }: CallRequest, state: 'asked' | Consent): void => {
      if (origin?.ref !== undefined) note({ type: 'call', ref: origin.ref, state });
    };
    return new GuardedTransport(receipts?.over(transport, agent.id, 'owner') ?? transport, {
      decide: async (call, signal) => {
        this.#began(stream, call);
        beganAt.set(call, clock?.now() ?? 0);
        const decision = await this.#policy
          .decide(this.#incoming(call, stream, agent), signal, () => noteCall(call, 'asked'))
          .catch((): Verdict => 'refused');
        const verdict = typeof decision === 'object' ? decision.verdict : decision;
        if (signal.aborted) served(call, 'cancelled');
        else if (verdict !== 'run') served(call, verdict);
        else if (typeof decision === 'object') noteCall(call, decision.consent);
        return decision;
      },
      finished: served,
    });
  }
}

async function serveAgent(agent: HostedAgent, transport: Transport, caller: PeerIdentity): Promise<void> {
  if ('connect' in agent) return agent.connect(transport, caller);
  const { serveStdio } = await import('./runtime.ts');
  serveStdio(({ era }) => agent.createServer({ era }), { transport });
}
