import { CLIENT_CAPABILITIES_META_KEY, type Server, type ServerContext } from '@modelcontextprotocol/server';
import type { AgentAddress } from '../../base/ids.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { ParkableCall, ParkedCalls } from './parked-calls.ts';
import type { UpstreamPool } from './upstream-pool.ts';
import { AS_IT_IS, type InputCapabilities, type McpRequest, type McpResult, type Upstream } from './upstream.ts';

export type ForwarderOptions = {
  /** The caller's own sessions with agents in the revisions with sessions; else those of all callers without. */
  readonly pool: UpstreamPool;
  readonly parked: ParkedCalls;
  /** Who calls: what is parked for one is not given to another. */
  readonly principal: string;
};

/** Forwards what one caller asks of agents, and what agents ask back, whichever revisions of MCP the two speak. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  /** Requests under way by the session with the agent that answers them. */
  readonly #underWay = new Map<Upstream, Set<ServerContext>>();

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** `server` and `ctx` are those by which the request came. */
  forward(address: AgentAddress, request: McpRequest, server: Server, ctx: ServerContext): Promise<McpResult> {
    const isModern = ctx.mcpReq.envelope !== undefined;
    return isModern ? this.#forwardModern(address, request, ctx) : this.#forwardInSession(address, request, server, ctx);
  }

  /** The session in which a caller of the older revisions has its subscriptions and its state with the agent. */
  sessionWith(address: AgentAddress, server: Server): Promise<Upstream> {
    return this.#options.pool.shared(address, inputCapabilities(server.getClientCapabilities()));
  }

  async #forwardInSession(address: AgentAddress, request: McpRequest, server: Server, ctx: ServerContext): Promise<McpResult> {
    const upstream = await this.sessionWith(address, server);
    const underWay = this.#underWay.get(upstream) ?? new Set();
    this.#underWay.set(upstream, underWay.add(ctx));
    upstream.onAsked = (asked, signal) => {
      const options = { signal, timeout: HOST_LIMITS.parkedCallMs };
      // On the stream of a request that is under way: not every client listens elsewhere.
      const related = [...underWay].at(-1);
      return (
        related ? related.mcpReq.send(asked as never, AS_IT_IS, options) : server.request(asked as never, AS_IT_IS, options)
      ) as Promise<McpResult>;
    };
    try {
      return await upstream.forward(withAnswers(request, ctx), forwardOptions(ctx));
    } finally {
      underWay.delete(ctx);
      if (underWay.size === 0) this.#underWay.delete(upstream);
    }
  }

  async #forwardModern(address: AgentAddress, request: McpRequest, ctx: ServerContext): Promise<McpResult> {
    const { pool, parked, principal } = this.#options;
    const state: unknown = ctx.mcpReq.requestState();
    const about = JSON.stringify([principal, address, request.method, request.params?.['name'] ?? request.params?.['uri']]);
    if (ParkedCalls.isHandle(state)) {
      const call = parked.take(state, about);
      if (!call) throw new InvalidStateError();
      call.answer((ctx.mcpReq.inputResponses ?? {}) as Readonly<Record<string, unknown>>);
      return this.#waitFor(call, ctx);
    }
    const capabilities = capabilitiesIn(ctx);
    // Some servers list what a caller can use: also a list is of a session like the caller's own.
    if (Object.keys(capabilities).length === 0 || !ASKING_METHODS.has(request.method)) {
      const upstream = await pool.shared(address, capabilities);
      return upstream.forward(withAnswers(request, ctx), forwardOptions(ctx));
    }
    const { upstream, release } = await pool.lease(address, capabilities);
    const call = new ParkableCall(about, (signal) => {
      const { onProgress } = forwardOptions(ctx);
      return upstream.forward(withAnswers(request, ctx), { signal, ...(onProgress ? { onProgress } : {}) }).finally(release);
    });
    upstream.onAsked = (asked, signal) => call.ask(asked, signal);
    return this.#waitFor(call, ctx);
  }

  async #waitFor(call: ParkableCall, ctx: ServerContext): Promise<McpResult> {
    const { signal } = ctx.mcpReq;
    const onAbort = (): void => call.abandon('The caller gave up.');
    signal.addEventListener('abort', onAbort);
    try {
      return await this.#options.parked.next(call);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** The methods in whose middle an agent may ask its caller something (MCP 2026-07-28, multi round-trip requests). */
const ASKING_METHODS: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** As the SDK words it for a state that does not verify. */
class InvalidStateError extends Error {
  readonly code = -32_602;
  readonly data = { reason: 'invalid_request_state' };

  constructor() {
    super('Invalid or expired requestState');
  }
}

/** What the caller of a request can be asked: in 2026-07-28 each request says it, before that the session. */
export function callerCapabilities(server: Server, ctx: ServerContext): InputCapabilities {
  return ctx.mcpReq.envelope === undefined ? inputCapabilities(server.getClientCapabilities()) : capabilitiesIn(ctx);
}

function capabilitiesIn(ctx: ServerContext): InputCapabilities {
  const envelope = ctx.mcpReq.envelope as Record<string, unknown> | undefined;
  return inputCapabilities(envelope?.[CLIENT_CAPABILITIES_META_KEY] as InputCapabilities | undefined);
}

/** As a host can pass it on, and written in one way: callers who can do the same share sessions and lists. */
export function inputCapabilities(declared: InputCapabilities | undefined): InputCapabilities {
  const { elicitation, sampling, roots } = declared ?? {};
  // Before there were two ways to ask, none was named (MCP 2025-06-18).
  const asksBy = elicitation && (elicitation.form || !elicitation.url ? { form: {}, ...(elicitation.url ? { url: {} } : {}) } : { url: {} });
  const samples = sampling && { ...(sampling.context ? { context: {} } : {}), ...(sampling.tools ? { tools: {} } : {}) };
  return { ...(asksBy ? { elicitation: asksBy } : {}), ...(samples ? { sampling: samples } : {}), ...(roots ? { roots: {} } : {}) };
}

/** With the caller's answers to what the agent asked in `input_required`, which the SDK takes out of the parameters. */
function withAnswers({ method, params }: McpRequest, ctx: ServerContext): McpRequest {
  const { inputResponses } = ctx.mcpReq;
  const requestState: unknown = ctx.mcpReq.requestState();
  return {
    method,
    params: { ...params, ...(inputResponses ? { inputResponses } : {}), ...(typeof requestState === 'string' ? { requestState } : {}) },
  };
}

function forwardOptions(ctx: ServerContext) {
  const progressToken = ctx.mcpReq._meta?.['progressToken'] as string | number | undefined;
  const { signal } = ctx.mcpReq;
  if (progressToken === undefined) return { signal };
  const onProgress = (progress: Readonly<Record<string, unknown>>): void => {
    const params = { ...progress, progressToken };
    ctx.mcpReq.notify({ method: 'notifications/progress', params } as never).catch(() => undefined);
  };
  return { signal, onProgress };
}
