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
import type { CallKind } from './incoming-call.ts';
import { SessionDefinitions } from './session-definitions.ts';

export type Progress = Omit<ProgressNotification['params'], 'progressToken' | '_meta'>;

export type CallOptions = {
  readonly signal?: AbortSignal;
  onProgress?(progress: Progress): void;
  /** How long nothing may be heard. By default an owner has time to be asked first. */
  readonly idleMs?: number;
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
  onMade?(call: MadeCall): void;
};

type SessionRequest<Result> = (session: AgentSession, options: RequestOptions & { readonly signal: AbortSignal }) => Promise<Result>;

/** JSON-RPC error code with which an agent says that the person must visit a page first (MCP 2025-11-25). */
const URL_ELICITATION_REQUIRED = -32_042;
/** How the SDK reports its own rounds of questions and answers as progress: the person has just been asked, and the agent said nothing of it. */
const SDK_ROUNDS = 'Fulfilling input required by';
const LOG_LEVEL_META = 'io.modelcontextprotocol/logLevel';
const DECLINED = ['refused', 'expired', 'rate-limited', 'overloaded', 'revoked', 'timed-out'] as const;
/** How long an owner may take to be asked, and the agent then to answer. */
const IDLE_MS = LIMITS.approvalTimeoutMs + LIMITS.callTimeoutMs;

/** What this node asks of agents: each call has its deadlines, reports progress, and may be asked back. */
export class AgentCalls {
  readonly #options: AgentCallsOptions;
  readonly #definitions: SessionDefinitions;
  readonly #logLevels = new Map<AgentAddress, LoggingLevel>();

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
      const params = { name, arguments: { ...args }, ...this.#meta(address) };
      try {
        return await client.callTool(params, request);
      } catch (thrown) {
        if (!(await this.#visitedPages(address, thrown, request.signal))) throw thrown;
        return client.callTool(params, request);
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
    if (level) this.#logLevels.set(address, level);
    else this.#logLevels.delete(address);
    const { client } = await this.#options.clients.session(address);
    const isLegacy = client.getProtocolEra() === 'legacy';
    if (isLegacy && client.getServerCapabilities()?.logging) await client.setLoggingLevel(level ?? 'emergency');
  }

  /** Since 2026-07-28 each request says what of the log it wants. */
  #meta(address: AgentAddress): { readonly _meta?: Record<string, unknown> } {
    const level = this.#logLevels.get(address);
    return level ? { _meta: { [LOG_LEVEL_META]: level } } : {};
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
