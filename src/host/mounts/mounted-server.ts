import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { asParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { PersonId } from '../../base/ids.ts';
import type { HostedAgent } from '../../mcp/agent-host.ts';
import type { PeerIdentity } from '../../node/api.ts';
import { CONNECTION_CLOSED_CODE, joinTransports } from '../../mcp/proxy/pipe.ts';
import type { HostConsent } from '../consent.ts';
import type { Logger } from '../logger.ts';
import type { ChildRegister } from './child-register.ts';
import { ChildServer } from './child-server.ts';
import type { MountSpec } from './mount-spec.ts';
import { UrlServer } from './url-server.ts';

/**
 * One mounted MCP server. Each calling session has a session of its own with it, for a command a process of its own: what one caller subscribes to,
 * is asked by the server, or leaves behind in it, no other caller sees.
 */
export class MountedServer {
  readonly spec: MountSpec;
  readonly #log: Logger;
  readonly #register: ChildRegister;
  readonly #consent: HostConsent;
  /** Open sessions with the server, and whose they are. */
  readonly #sessions = new Map<Transport, PersonId>();
  /** What the server says of itself, once it was asked. */
  #about: { readonly title?: string; readonly description?: string } = {};
  /** Called when a session ended that nobody had asked to end. */
  onCrash: (reason: string) => void = () => undefined;
  #isStopped = false;

  constructor(spec: MountSpec, consent: HostConsent, register: ChildRegister, log: Logger) {
    this.spec = spec;
    this.#consent = consent;
    this.#register = register;
    this.#log = log;
  }

  get agent(): HostedAgent {
    const { spec } = this;
    const about = () => this.#about;
    return {
      id: spec.id,
      get title() {
        return about().title ?? spec.title;
      },
      get description() {
        return about().description ?? '';
      },
      connect: (transport, caller) => this.#connect(transport, caller),
    };
  }

  describe(about: { readonly title?: string; readonly description?: string }): void {
    this.#about = about;
  }

  /** Ends all sessions, and all processes with them. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled([...this.#sessions.keys()].map((session) => session.close()));
  }

  async #connect(transport: Transport, peer: PeerIdentity): Promise<void> {
    const refusal = this.#whyNot(peer);
    if (refusal) return refuseAll(transport, refusal);
    const server = this.#open();
    let whyEnded = (): string => `“${this.spec.title}” ended.`;
    if (server instanceof ChildServer) whyEnded = () => `“${this.spec.title}”: ${server.end?.sentence ?? 'It ended.'}`;
    this.#sessions.set(server, peer.person);
    try {
      await joinTransports(transport, server, { whyEnded, onFault: (error) => this.#log.debug(`${this.spec.id}: ${error.message}`) });
    } catch (thrown) {
      this.#sessions.delete(server);
      const reason = `“${this.spec.title}”: ${asParleyError(thrown).message}`;
      this.onCrash(reason);
      return refuseAll(transport, reason);
    }
    this.#followEnd(server, whyEnded);
  }

  #whyNot({ person }: PeerIdentity): string | undefined {
    if (this.#isStopped) return 'The host is stopping.';
    if (!this.#consent.mayMeet(person, this.spec.id)) return 'The owner of this agent does not let you call it.';
    const own = [...this.#sessions.values()].filter((other) => other === person).length;
    const isFull =
      this.#sessions.size >= HOST_LIMITS.maxMountSessions || (own >= HOST_LIMITS.maxMountSessionsPerPerson && !this.#consent.isMine(person));
    return isFull ? `“${this.spec.title}” has as many sessions as it may have.` : undefined;
  }

  #followEnd(server: Transport, whyEnded: () => string): void {
    const passOn = server.onclose;
    const ended = (): void => {
      this.#sessions.delete(server);
      passOn?.();
      if (server instanceof ChildServer && server.end && !server.end.wasAsked) this.onCrash(whyEnded());
    };
    server.onclose = ended;
    // It may have ended while the two were being joined.
    if (server instanceof ChildServer && server.end) ended();
  }

  #open(): Transport {
    const { spec } = this;
    if (spec.kind === 'url') return new UrlServer(spec);
    const child = new ChildServer(spec, this.#register);
    child.onStderr = (line) => this.#log.info(`${spec.id}: ${line}`);
    return child;
  }
}

/** Answers every request with the reason; the session ends with the first that is not about the protocol's revision, after which clients try another one. */
async function refuseAll(caller: Transport, reason: string): Promise<void> {
  caller.onmessage = (message: JSONRPCMessage) => {
    if (!('method' in message) || !('id' in message) || message.id === undefined) return;
    const answered = caller.send({ jsonrpc: '2.0', id: message.id, error: { code: CONNECTION_CLOSED_CODE, message: reason } }).catch(() => undefined);
    if (message.method !== 'server/discover') void answered.then(() => caller.close());
  };
  await caller.start();
}
