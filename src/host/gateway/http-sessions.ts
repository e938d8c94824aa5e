import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Endpoint, Gateway } from './gateway.ts';
import { refuse } from './http-guard.ts';
import { HttpSessionTransport } from './http-session-transport.ts';

type Session = {
  readonly endpoint: Endpoint;
  readonly transport: HttpSessionTransport;
  /** Requests without their whole answer yet, the stream for what the server tells among them. */
  open: number;
  /** Whether the client had that stream. */
  hasListened: boolean;
  cancelExpiry: () => void;
};

/** Sessions of MCP clients over HTTP in the revisions that have them. A client that says nothing for long has to begin anew, as it does after a restart. */
export class HttpSessions {
  readonly #gateway: Gateway;
  readonly #clock: Clock;
  readonly #sessions = new Map<string, Session>();

  constructor(gateway: Gateway, clock: Clock) {
    this.#gateway = gateway;
    this.#clock = clock;
  }

  async handle(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const id = request.headers['mcp-session-id'];
    if (typeof id === 'string') {
      const session = this.#sessions.get(id);
      // 404 has the client begin anew (MCP 2025-11-25, session management).
      if (session?.endpoint !== endpoint) return void refuse(response, 404, 'There is no such session (any more).', -32_001);
      return this.#pass(session, request, response, body);
    }
    if (request.method !== 'POST' || !isInitialize(body)) return void refuse(response, 400, 'The first request of a session is “initialize”.');
    if (this.#sessions.size >= HOST_LIMITS.maxHttpSessions) return void refuse(response, 503, 'Too many sessions are open.');
    const session = await this.#open(endpoint, response);
    if (!session) return;
    this.#pass(session, request, response, body);
    if (!session.transport.isInitialized) await session.transport.close();
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#sessions.values()].map(({ transport }) => transport.close()));
  }

  async #open(endpoint: Endpoint, response: ServerResponse): Promise<Session | undefined> {
    const transport = new HttpSessionTransport(randomUUID(), this.#clock);
    const session: Session = { endpoint, transport, open: 0, hasListened: false, cancelExpiry: () => undefined };
    try {
      await this.#gateway.serveSession(endpoint, transport);
    } catch (thrown) {
      refuse(response, 502, asParleyError(thrown).message);
      return undefined;
    }
    const passOn = transport.onclose;
    transport.onclose = () => {
      session.cancelExpiry();
      this.#sessions.delete(transport.sessionId);
      passOn?.();
    };
    this.#sessions.set(transport.sessionId, session);
    return session;
  }

  #pass(session: Session, request: IncomingMessage, response: ServerResponse, body: unknown): void {
    session.open++;
    session.cancelExpiry();
    if (request.method === 'GET') session.hasListened = true;
    response.once('close', () => {
      if (--session.open === 0) this.#expireLater(session);
    });
    session.transport.handle(request, response, body);
  }

  #expireLater(session: Session): void {
    const afterMs = session.hasListened ? HOST_LIMITS.httpSessionLostMs : HOST_LIMITS.httpSessionIdleMs;
    session.cancelExpiry = this.#clock.wakeAt(this.#clock.now() + afterMs, () => void session.transport.close());
  }
}

function isInitialize(body: unknown): boolean {
  const messages = Array.isArray(body) ? body : [body];
  return messages.some((message) => (message as { method?: unknown } | undefined)?.method === 'initialize');
}
