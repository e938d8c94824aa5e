import { Client, type ClientCapabilities, type Result, type StandardSchemaV1, type Transport } from '@modelcontextprotocol/client';
import { ParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { WholeAnswers } from '../answers/whole-answers.ts';

export type McpRequest = { readonly method: string; readonly params?: Readonly<Record<string, unknown>> | undefined };
export type McpNotification = McpRequest;
export type McpResult = Result;

/** What a caller has to have so that a server can ask it something. */
export type InputCapabilities = Pick<ClientCapabilities, 'elicitation' | 'sampling' | 'roots'>;

export type UpstreamOptions = {
  readonly capabilities: InputCapabilities;
  readonly clientInfo?: { readonly name: string; readonly version: string };
};

export type ForwardOptions = {
  readonly signal?: AbortSignal;
  onProgress?(progress: Readonly<Record<string, unknown>>): void;
};

/** Results as the server sent them: whoever asked validates them. */
export const AS_IT_IS: StandardSchemaV1<unknown, McpResult> = {
  '~standard': { version: 1, vendor: 'parley', validate: (value) => ({ value: value as McpResult }) },
};

const ASKED_METHODS = ['elicitation/create', 'sampling/createMessage', 'roots/list'] as const;
const PASSED_NOTIFICATIONS = [
  'notifications/message',
  'notifications/elicitation/complete',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
] as const;

/** A client session with an agent, in whichever revision of MCP the agent speaks, over which others' requests are forwarded. */
export class Upstream {
  readonly client: Client;
  /** Answers what the agent asks its caller (in the older revision). Without it, the agent is told that nobody can be asked. */
  onAsked: ((request: McpRequest, signal: AbortSignal) => Promise<McpResult>) | undefined;
  onNotification: (notification: McpNotification) => void = () => undefined;
  onClosed: () => void = () => undefined;

  /** The session holds each message whole; results that come in pieces are put together. */
  static async open(opened: Transport, options: UpstreamOptions): Promise<Upstream> {
    const transport = new WholeAnswers(opened);
    const upstream = new Upstream(options);
    await upstream.client.connect(transport, { timeout: HOST_LIMITS.mountStartTimeoutMs });
    keepOrder(transport);
    return upstream;
  }

  private constructor({ capabilities, clientInfo = { name: 'parley', version: '1' } }: UpstreamOptions) {
    this.client = new Client(clientInfo, { capabilities, versionNegotiation: { mode: 'auto' }, inputRequired: { autoFulfill: false } });
    for (const method of ASKED_METHODS) {
      if (capabilities[CAPABILITY_OF[method]] === undefined) continue;
      this.client.setRequestHandler(method, async (request, ctx) => (await this.#asked(request, ctx.mcpReq.signal)) as never);
    }
    for (const method of PASSED_NOTIFICATIONS) this.client.setNotificationHandler(method, (notification) => this.onNotification(notification));
    this.client.onclose = () => this.onClosed();
  }

  /** Whether the agent speaks the revision in which servers ask nothing by themselves. */
  get isModern(): boolean {
    return this.client.getProtocolEra() === 'modern';
  }

  /** Forwards one request. An error keeps its code and data; a call without a sign of life ends. */
  forward({ method, params }: McpRequest, { signal, onProgress }: ForwardOptions = {}): Promise<McpResult> {
    return this.client.request({ method, params: withoutProgressToken(params) } as never, AS_IT_IS, {
      ...(signal ? { signal } : {}),
      onprogress: (progress: Readonly<Record<string, unknown>>) => onProgress?.(progress),
      timeout: HOST_LIMITS.forwardTimeoutMs,
      resetTimeoutOnProgress: true,
      maxTotalTimeout: HOST_LIMITS.forwardMaxTimeoutMs,
      allowInputRequired: true,
    } as never) as Promise<McpResult>;
  }

  /** Has the agent tell when its lists change, which in 2026-07-28 it does only where it is asked to. */
  async followLists(): Promise<void> {
    if (!this.isModern) return;
    const { tools, prompts, resources } = this.client.getServerCapabilities() ?? {};
    const filter = {
      ...(tools?.listChanged ? { toolsListChanged: true } : {}),
      ...(prompts?.listChanged ? { promptsListChanged: true } : {}),
      ...(resources?.listChanged ? { resourcesListChanged: true } : {}),
    };
    if (Object.keys(filter).length > 0) await this.client.listen(filter);
  }

  /**
   * Has the agent tell when the resource changes, which comes as a notification; answers how to stop. `onLost` is called when it tells no more, but not with the
   * end of the session. @throws ParleyError `bad-argument` when the agent does not tell of its changes; or the agent's error
   */
  async watch(uri: string, onLost: () => void): Promise<() => void> {
    if (!this.isModern) {
      await this.forward({ method: 'resources/subscribe', params: { uri } });
      return () => void this.forward({ method: 'resources/unsubscribe', params: { uri } }).catch(() => undefined);
    }
    const subscription = await this.client.listen({ resourceSubscriptions: [uri] }, { timeout: HOST_LIMITS.parkedCallMs });
    if (!subscription.honoredFilter.resourceSubscriptions?.includes(uri)) {
      await subscription.close();
      throw new ParleyError('bad-argument', 'The agent does not tell of changes of this resource.');
    }
    void subscription.closed.then((cause) => cause !== 'local' && onLost());
    return () => void subscription.close().catch(() => undefined);
  }

  close(): Promise<void> {
    return this.client.close();
  }

  #asked(request: McpRequest, signal: AbortSignal): Promise<McpResult> {
    if (!this.onAsked) throw new ParleyError('refused', 'The caller cannot be asked anything now.');
    return this.onAsked(request, signal);
  }
}

/** The SDK handles notifications a microtask later and answers at once: progress that came right before its answer would be lost. */
function keepOrder(transport: Transport): void {
  const deliver = transport.onmessage;
  transport.onmessage = (message, extra) => {
    if ('method' in message) deliver?.(message, extra);
    else queueMicrotask(() => deliver?.(message, extra));
  };
}

const CAPABILITY_OF = { 'elicitation/create': 'elicitation', 'sampling/createMessage': 'sampling', 'roots/list': 'roots' } as const;

/** The caller's own: on this leg the SDK makes one. */
function withoutProgressToken(params: McpRequest['params']): McpRequest['params'] {
  const meta = params?.['_meta'] as Record<string, unknown> | undefined;
  if (meta?.['progressToken'] === undefined) return params;
  const { progressToken: _own, ...rest } = meta;
  return { ...params, _meta: rest };
}
