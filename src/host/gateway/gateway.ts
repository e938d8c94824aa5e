import { CLIENT_CAPABILITIES_META_KEY, createMcpHandler, InMemoryServerEventBus, type Server, type Transport } from '@modelcontextprotocol/server';
import type { AgentAddress, NodeId } from '../../base/ids.ts';
import { BoundedMap } from '../../base/bounded-map.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { DATA_METHODS } from '../../mcp/answers/answer-protocol.ts';
import { LISTEN } from '../../mcp/incoming-call.ts';
import { Forwarder, inputCapabilities } from '../../mcp/proxy/forwarder.ts';
import { ParkedCalls } from '../../mcp/proxy/parked-calls.ts';
import { joinTransports } from '../../mcp/proxy/pipe.ts';
import { Subscriptions } from '../../mcp/proxy/subscriptions.ts';
import { UpstreamPool } from '../../mcp/proxy/upstream-pool.ts';
import type { InputCapabilities, McpNotification, McpRequest } from '../../mcp/proxy/upstream.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { Logger } from '../logger.ts';
import { aggregateUri } from './aggregate-index.ts';
import { AggregateServer } from './aggregate-server.ts';
import type { ListKind } from './catalog.ts';
import { Catalogs } from './catalogs.ts';
import { LIST_METHODS } from './older-agent.ts';
import type { OpenAgent } from './open-agent.ts';
import { rawServer } from './raw-server.ts';
import type { SharedSession } from './shared-session.ts';
import { SharedSessions } from './shared-sessions.ts';
import { watchNamed, type Watch } from './watched-resources.ts';

export type GatewayOptions = {
  readonly here: NodeId;
  readonly open: OpenAgent;
  /** The agents that are there now, this host's among them. */
  agents(): readonly AgentAddress[];
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Logger;
  readonly maxListedTools: number;
  readonly version: string;
};

type ModernHandler = ReturnType<typeof createMcpHandler>;

/** The whole network, or one agent of it. */
export type Endpoint = 'aggregate' | AgentAddress;

/**
 * The agents of the network for ordinary MCP clients, all of whom act for the host's owner. Clients of the revisions with sessions have a session of their
 * own with each agent; those of 2026-07-28, which has none, share sessions, but never while a call may ask back.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #catalogs: Catalogs;
  readonly #parked: ParkedCalls;
  /** For clients without sessions, and for the catalog. */
  readonly #pool: UpstreamPool;
  readonly #forwarder: Forwarder;
  readonly #shared: SharedSessions;
  readonly #subscriptions: Subscriptions;
  readonly #handlers: BoundedMap<Endpoint, ModernHandler>;

  constructor(options: GatewayOptions) {
    const { open, clock, entropy, log } = options;
    this.#options = options;
    this.#parked = new ParkedCalls(clock, entropy);
    const notified = (address: AgentAddress, notification: McpNotification): void => {
      this.#catalogs.notified(address, notification);
      this.#publish(address, notification);
    };
    this.#pool = new UpstreamPool({
      open,
      onNotification: notified,
      onClosed: (address) => {
        this.#catalogs.closed(address);
        this.#subscriptions.closed(address);
      },
    });
    this.#catalogs = new Catalogs({
      here: options.here,
      session: (address, capabilities) => this.#pool.shared(address, capabilities),
      clock,
      log,
      agents: () => options.agents(),
    });
    this.#forwarder = new Forwarder({ pool: this.#pool, parked: this.#parked, principal: 'owner' });
    this.#shared = new SharedSessions(open, clock, notified);
    this.#subscriptions = new Subscriptions((address) => this.#pool.shared(address, {}));
    this.#handlers = new BoundedMap(HOST_LIMITS.maxRawEndpoints);
    this.#catalogs.onChanged((kind) => this.#handlers.get('aggregate')?.bus.publish({ kind: EVENT_OF[kind] }));
  }

  agentsChanged(): void {
    this.#catalogs.agentsChanged();
  }

  /** Serves a client of the revisions with sessions over its transport, until either ends. @throws ParleyError why the agent cannot be reached */
  async serveSession(endpoint: Endpoint, transport: Transport): Promise<void> {
    if (endpoint !== 'aggregate') {
      const agent = await this.#options.open(endpoint);
      return joinTransports(transport, agent, { whyEnded: () => 'The session with the agent ended.' });
    }
    const { server } = this.aggregateOfSession();
    await server.connect(transport);
  }

  /** The aggregate for one client session, with sessions of its own with each agent. It cleans up when its connection closes. */
  aggregateOfSession(): AggregateServer {
    const { open } = this.#options;
    const pool = new UpstreamPool({
      open,
      onNotification: (address, notification) => {
        this.#catalogs.notified(address, notification);
        void aggregate.notified(address, notification);
      },
      onClosed: (address) => aggregate.closed(address),
    });
    const aggregate = this.#aggregate(new Forwarder({ pool, parked: this.#parked, principal: 'owner' }), true);
    const off = this.#catalogs.onChanged((kind) => void aggregate.listChanged(kind));
    aggregate.server.onclose = () => {
      off();
      void pool.close();
    };
    return aggregate;
  }

  /** Opens what a request without a session needs. @throws ParleyError why the agent cannot be reached; or the agent's own error */
  async reach(endpoint: Endpoint): Promise<void> {
    if (endpoint !== 'aggregate') await this.#pool.shared(endpoint, {});
  }

  /** Watches the resources that a `subscriptions/listen` names; what changes comes by the handler of the endpoint. */
  watch(endpoint: Endpoint, body: unknown, onLost: () => void): Promise<Watch> {
    return watchNamed(endpoint, body, this.#subscriptions, onLost);
  }

  /**
   * The session in which a request of MCP 2026-07-28 goes to an agent that speaks this revision, or to an older one for its data, which may be large, and its lists,
   * where that has nobody to ask; `undefined` for others.
   */
  async sharedSession(endpoint: Endpoint, { method, params }: McpRequest): Promise<SharedSession | undefined> {
    if (endpoint === 'aggregate') return undefined;
    if ((await this.#pool.shared(endpoint, {})).isModern) return this.#shared.with(endpoint, method === LISTEN ? 'subscriptions' : 'calls');
    const meta = params?.['_meta'] as Readonly<Record<string, unknown>> | undefined;
    const asked = inputCapabilities(meta?.[CLIENT_CAPABILITIES_META_KEY] as InputCapabilities | undefined);
    // Calls and lists in one session: a server may offer what was made in its own.
    const isCarried = DATA_METHODS.has(method) || LIST_METHODS.has(method);
    return isCarried && Object.keys(asked).length === 0 ? this.#shared.with(endpoint, 'older') : undefined;
  }

  /** The handler of requests of MCP 2026-07-28. */
  modernHandler(endpoint: Endpoint): ModernHandler {
    const known = this.#handlers.get(endpoint);
    if (known) return known;
    const make = async (): Promise<Server> =>
      endpoint === 'aggregate' ? this.#aggregate(this.#forwarder, false).server : rawServer(endpoint, this.#pool, this.#forwarder);
    const handler = createMcpHandler(make, {
      legacy: 'reject',
      bus: new InMemoryServerEventBus(),
      maxRequestBodySize: HOST_LIMITS.maxHttpBodyBytes,
      onerror: (error) => this.#options.log.debug(`MCP over HTTP: ${error.message}`),
    });
    const [, dropped] = this.#handlers.set(endpoint, handler) ?? [];
    void dropped?.close();
    return handler;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#handlers].map(([, handler]) => handler.close()));
    await this.#shared.close();
    await this.#pool.close();
  }

  #aggregate(forwarder: Forwarder, hasSessions: boolean): AggregateServer {
    const { maxListedTools, version } = this.#options;
    return new AggregateServer({ index: (capabilities) => this.#catalogs.index(capabilities), forwarder, maxListedTools, version }, hasSessions);
  }

  #publish(address: AgentAddress, { method, params }: McpNotification): void {
    const uri = params?.['uri'];
    if (method === 'notifications/resources/updated' && typeof uri === 'string') {
      this.#handlers.get(address)?.bus.publish({ kind: 'resource_updated', uri });
      this.#handlers.get('aggregate')?.bus.publish({ kind: 'resource_updated', uri: aggregateUri(address, uri) });
    }
    const kind = LIST_OF[method];
    if (kind) this.#handlers.get(address)?.bus.publish({ kind: EVENT_OF[kind] });
  }
}

const EVENT_OF = {
  tools: 'tools_list_changed',
  prompts: 'prompts_list_changed',
  resources: 'resources_list_changed',
  resourceTemplates: 'resources_list_changed',
} as const satisfies Readonly<Record<ListKind, string>>;

const LIST_OF: Readonly<Record<string, ListKind>> = {
  'notifications/tools/list_changed': 'tools',
  'notifications/prompts/list_changed': 'prompts',
  'notifications/resources/list_changed': 'resources',
};
