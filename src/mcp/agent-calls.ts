import type {
  CallToolResult,
  CompleteResult,
  GetPromptResult,
  LoggingLevel,
  ProgressNotification,
  ReadResourceResult,
  RequestOptions,
} from '@modelcontextprotocol/client';
import { ParleyError } from '../base/errors.ts';
import type { AgentAddress } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { AgentClients, AgentSession } from './agent-clients.ts';
import type { AgentQuestions } from './agent-questions.ts';
import type { AuditEntry } from './audit-log.ts';
import { CallDeadline } from './call-deadline.ts';
import type { DefinitionPins } from './definition-pins.ts';
import { REFUSED_CODE } from './refusal.ts';
import { ORIGIN_META, type CallKind, type CallOrigin, type Consent } from './incoming-call.ts';
import { SessionDefinitions } from './session-definitions.ts';

export type Progress = Omit<ProgressNotification['params'], 'progressToken' | '_meta'>;

export type CallOptions = {
  readonly signal?: AbortSignal;
  onProgress?(progress: Progress): void;
  /** How long nothing may be heard. By default an owner has time to be asked first. */
  readonly idleMs?: number;
  /** Where the call is made: its owner is told. */
  readonly conversation?: string;
  /** How the call stands with the agent's owner: asked, or why it runs. */
  onConsent?(state: 'asked' | Consent): void;
};

/** A call of mine that has its end. */
export type MadeCall = {
  readonly at: number;
  readonly tookMs: number;
  readonly address: AgentAddress;
  readonly kind: Extract<CallKind, 'tool' | 'resource' | 'prompt'>;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly outcome: AuditEntry['outcome'];
  readonly answer?: unknown;
};

export type AgentCallsOptions = {
  readonly clients: AgentClients;
  readonly questions: AgentQuestions;
  readonly clock: Clock;
  /** Without them definitions may change as they like. */
  readonly pins?: DefinitionPins;
  /** Agents whose definitions come with this app. */
  isBuiltIn?(address: AgentAddress): boolean;
  /** From which level on agents are to log, until {@link AgentCalls.setLogLevel} says something else; not given, they are not. */
  readonly logLevel?: LoggingLevel;
  onMade?(call: MadeCall): void;
};

type SessionRequest<Result> = (session: AgentSession, options: RequestOptions & { readonly signal: AbortSignal }) => Promise<Result>;

/** JSON-RPC error code with which an agent says that the person must visit a page first (MCP 2025-11-25). */
const URL_ELICITATION_REQUIRED = -32_042;
/** How the SDK reports its own rounds of questions and answers as progress: the person has just been asked, and the agent said nothing of it. */
const SDK_ROUNDS = 'Fulfilling input required by';
const LOG_LEVEL_META = 'io.modelcontextprotocol/logLevel';
const DECLINED = ['not-for-you', 'refused', 'expired', 'rate-limited', 'overloaded', 'revoked', 'timed-out'] as const;
/** How long an owner may take to be asked, and the agent then to answer. */
const IDLE_MS = LIMITS.approvalTimeoutMs + LIMITS.callTimeoutMs;

/** What this node asks of agents: each call has its deadlines, reports progress, and may be asked back. */
export class AgentCalls {
  readonly #options: AgentCallsOptions;
  readonly #definitions: SessionDefinitions;
  readonly #logLevels = new Map<AgentAddress, LoggingLevel | undefined>();
  readonly #askedToLog = new WeakSet<AgentSession>();
  #nextRef = 1;

  constructor(options: AgentCallsOptions) {
    this.#options = options;
    this.#definitions = new SessionDefinitions(options);
  }

  /** Reads what the agent says of itself now, and compares it with what was pinned. */
  async inspect(address: AgentAddress): Promise<AgentSession> {
    const session = await this.#options.clients.session(address);
    await this.#definitions.read(address, session);
    return session;
  }

  /** @throws ParleyError `timed-out`, `cancelled`, or why the agent cannot be reached; ProtocolError with the agent's own code. */
  callTool(address: AgentAddress, name: string, args: Readonly<Record<string, unknown>>, options: CallOptions = {}): Promise<CallToolResult> {
    const made = { address, kind: 'tool', tool: name, arguments: args } as const;
    return this.#record(made, options, async (session, request) => {
      const { client } = session;
      await this.#definitions.ensure(address, session, 'tool', name);
      const ref = String(this.#nextRef++);
      const params = { name, arguments: { ...args }, ...this.#meta(address, session.path && originOf(ref, options)) };
      const off = this.#options.clients.on('call', (call) => call.address === address && call.ref === ref && options.onConsent?.(call.state));
      try {
        return await client.callTool(params, request);
      } catch (thrown) {
        if (!(await this.#visitedPages(address, thrown, request.signal))) throw thrown;
        return await client.callTool(params, request);
      } finally {
        off();
      }
    });
  }

  readResource(address: AgentAddress, uri: string, options: CallOptions = {}): Promise<ReadResourceResult> {
    const made = { address, kind: 'resource', tool: uri, arguments: {} } as const;
    return this.#record(made, options, ({ client }, request) => client.readResource({ uri, ...this.#meta(address) }, request));
  }

  getPrompt(address: AgentAddress, name: string, args: Readonly<Record<string, string>>, options: CallOptions = {}): Promise<GetPromptResult> {
    return this.#run(address, options, ({ client }, request) => client.getPrompt({ name, arguments: { ...args }, ...this.#meta(address) }, request));
  }

  /** Suggestions for an argument of a prompt or a variable of a resource template. */
  complete(
    address: AgentAddress,
    of: { readonly prompt: string } | { readonly template: string },
    argument: { readonly name: string; readonly value: string },
    others: Readonly<Record<string, string>> = {},
  ): Promise<CompleteResult> {
    const ref = 'prompt' in of ? { type: 'ref/prompt' as const, name: of.prompt } : { type: 'ref/resource' as const, uri: of.template };
    return this.#run(address, { idleMs: LIMITS.callTimeoutMs }, ({ client }, request) =>
      client.complete({ ref, argument: { ...argument }, context: { arguments: { ...others } } }, request),
    );
  }

  /** How long an answer takes that costs the agent nothing, in milliseconds; its session is opened before. Agents of 2026-07-28 know no ping. */
  ping(address: AgentAddress): Promise<number> {
    const { clock } = this.#options;
    return this.#run(address, { idleMs: LIMITS.callTimeoutMs }, async ({ client }, request) => {
      const at = clock.now();
      await client.ping(request);
      return clock.now() - at;
    });
  }

  /** Has the agent tell when a resource changes, in either era; answers how to stop. */
  async watch(address: AgentAddress, uri: string, onUpdated: () => void): Promise<() => Promise<void>> {
    const off = this.#options.clients.on('resource-updated', (updated) => {
      if (updated.address === address && updated.uri === uri) onUpdated();
    });
    try {
      const stop = await this.#run(address, {}, ({ client }, request) => subscribe(client, uri, request));
      return async () => {
        off();
        await stop();
      };
    } catch (thrown) {
      off();
      throw thrown;
    }
  }

  /** What the agent logs comes as the clients' `log` from now on; without a level, nothing more. */
  async setLogLevel(address: AgentAddress, level: LoggingLevel | undefined): Promise<void> {
    this.#logLevels.set(address, level);
    const session = await this.#options.clients.session(address);
    this.#askedToLog.add(session);
    await setLevel(session, level ?? 'emergency');
  }

  #levelOf(address: AgentAddress): LoggingLevel | undefined {
    return this.#logLevels.has(address) ? this.#logLevels.get(address) : this.#options.logLevel;
  }

  /** Before 2026-07-28 a session says once what of the log it wants. That an agent does not take it is no reason not to call it. */
  #askToLog(address: AgentAddress, session: AgentSession): void {
    const level = this.#levelOf(address);
    if (level === undefined || this.#askedToLog.has(session)) return;
    this.#askedToLog.add(session);
    setLevel(session, level).catch(() => undefined);
  }

  /** Since 2026-07-28 each request says what of the log it wants. `origin` is for the owner's node, which keeps it from the agent. */
  #meta(address: AgentAddress, origin?: CallOrigin): { readonly _meta?: Record<string, unknown> } {
    const level = this.#levelOf(address);
    const meta = { ...(level ? { [LOG_LEVEL_META]: level } : {}), ...(origin ? { [ORIGIN_META]: origin } : {}) };
    return Object.keys(meta).length > 0 ? { _meta: meta } : {};
  }

  async #record<Result extends object>(
    made: Pick<MadeCall, 'address' | 'kind' | 'tool' | 'arguments'>,
    options: CallOptions,
    request: SessionRequest<Result>,
  ): Promise<Result> {
    const { clock, onMade } = this.#options;
    const at = clock.now();
    const ended = (outcome: MadeCall['outcome'], answer: unknown): void =>
      onMade?.({ ...made, at, tookMs: clock.now() - at, outcome, ...(answer === undefined ? {} : { answer }) });
    try {
      const result = await this.#run(made.address, options, request);
      ended((result as { isError?: unknown }).isError === true ? 'tool-error' : 'ran', result);
      return result;
    } catch (thrown) {
      ended(outcomeOf(thrown), thrown instanceof Error ? thrown.message : undefined);
      throw thrown;
    }
  }

  async #run<Result>(address: AgentAddress, { signal, onProgress, idleMs = IDLE_MS }: CallOptions, request: SessionRequest<Result>): Promise<Result> {
    const { clients, questions, clock } = this.#options;
    const deadline = new CallDeadline({ clock, idleMs, ...(signal ? { signal } : {}) });
    const ended = questions.callBegan(address);
    const offReceiving = clients.on('receiving', (from) => from === address && deadline.heard());
    const off = questions.onChanged((waiting) => deadline.setPaused(waiting.some((question) => question.address === address)));
    try {
      const session = await unlessAborted(clients.session(address), deadline.signal);
      this.#askToLog(address, session);
      const running = request(session, {
        signal: deadline.signal,
        timeout: LIMITS.maxServedCallMs,
        maxTotalTimeout: LIMITS.maxServedCallMs,
        resetTimeoutOnProgress: true,
        onprogress: (progress) => {
          deadline.heard();
          if (!progress.message?.startsWith(SDK_ROUNDS)) onProgress?.(progress);
        },
      });
      return await running;
    } catch (thrown) {
      throw deadline.signal.aborted ? deadline.signal.reason : thrown;
    } finally {
      off();
      offReceiving();
      ended();
      deadline.end();
    }
  }

  /** Whether the person visited the pages without which the agent does not go on. */
  async #visitedPages(address: AgentAddress, thrown: unknown, signal: AbortSignal): Promise<boolean> {
    const { code, data } = thrown as { code?: unknown; data?: { elicitations?: unknown } };
    if (code !== URL_ELICITATION_REQUIRED || !Array.isArray(data?.elicitations) || data.elicitations.length === 0) return false;
    for (const page of data.elicitations.slice(0, LIMITS.maxQuestionsPerAgent)) {
      const { url, message } = page as { url?: unknown; message?: unknown };
      const content = { kind: 'url', message: String(message ?? ''), url: String(url), waits: true } as const;
      const answer = await this.#options.questions.ask(address, content, signal);
      if (answer.action !== 'accept') return false;
    }
    return true;
  }
}

/** How a call of mine failed, in the words of the log. */
function outcomeOf(thrown: unknown): MadeCall['outcome'] {
  const { code, data } = thrown as { code?: unknown; data?: { reason?: unknown } };
  if (code === REFUSED_CODE) return DECLINED.find((reason) => reason === data?.reason) ?? 'refused';
  return code === 'timed-out' || code === 'cancelled' ? code : 'failed';
}

async function setLevel({ client }: AgentSession, level: LoggingLevel): Promise<void> {
  if (client.getProtocolEra() === 'legacy' && client.getServerCapabilities()?.logging) await client.setLoggingLevel(level);
}

/** Nothing, where nobody here wants to know how the call stands. */
function originOf(ref: string, { conversation, onConsent }: CallOptions): CallOrigin | undefined {
  return onConsent && { ref, ...(conversation === undefined ? {} : { conversation }) };
}

async function subscribe(client: AgentSession['client'], uri: string, request: RequestOptions): Promise<() => Promise<void>> {
  if (client.getProtocolEra() === 'modern') {
    const subscription = await client.listen({ resourceSubscriptions: [uri] }, request);
    if (!subscription.honoredFilter.resourceSubscriptions?.includes(uri)) {
      await subscription.close();
      throw new ParleyError('bad-argument', 'The agent does not tell of changes of this resource.');
    }
    return () => subscription.close();
  }
  await client.subscribeResource({ uri }, request);
  return async () => void (await client.unsubscribeResource({ uri }));
}

function unlessAborted<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as ParleyError);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    value.then(resolve, reject);
  });
}
