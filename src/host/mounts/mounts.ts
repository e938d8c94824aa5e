import type { AgentId } from '../../base/ids.ts';
import type { PublishedAgent } from '../../agents/directory.ts';
import { ParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { AgentHost } from '../../mcp/agent-host.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { HostConsent } from '../consent.ts';
import type { AgentStatus } from '../control/control-socket.ts';
import type { Logger } from '../logger.ts';
import { ChildRegister } from './child-register.ts';
import { isPlaintext, type MountSpec } from './mount-spec.ts';
import { MountedServer } from './mounted-server.ts';
import { Supervisor } from './supervisor.ts';

export type MountsOptions = {
  readonly specs: readonly MountSpec[];
  readonly host: AgentHost;
  readonly consent: HostConsent;
  /** Where the processes of this host are remembered. */
  readonly childrenFile: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Logger;
};

/** The mounted servers of a host: started together, each an agent from the first moment on. */
export class Mounts {
  readonly #options: MountsOptions;
  readonly #register: ChildRegister;
  readonly #supervisors: readonly Supervisor[];
  /** Called when what is offered, or how it is, changed. */
  onChange: () => void = () => undefined;

  /** @throws ParleyError `bad-argument` for two servers of one address, or too many */
  constructor(options: MountsOptions) {
    const { specs, host, clock, entropy, log } = options;
    checkSpecs(specs);
    this.#options = options;
    this.#register = new ChildRegister(options.childrenFile);
    this.#supervisors = specs.map((spec) => {
      const server = new MountedServer(spec, options.consent, this.#register, log);
      return new Supervisor({ server, host, clock, entropy, log, onChange: () => this.onChange() });
    });
  }

  /** Resolves when every server answered or failed for the first time. */
  async start(): Promise<void> {
    const { host, log } = this.#options;
    const ended = this.#register.takeOver();
    if (ended > 0) log.warn(`${ended} processes of a host that was killed were still running; they are ended.`);
    for (const { server } of this.#supervisors) host.add(server.agent);
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.start()));
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#supervisors.map((supervisor) => supervisor.stop()));
    this.#register.endAll();
  }

  /** How each server is. */
  status(): readonly AgentStatus[] {
    return this.#supervisors.map(({ server, health }) => {
      const { id, title } = server.agent;
      const about = { id, title, state: health.state, ...(isPlaintext(server.spec) ? { isPlaintext: true } : {}) };
      if (health.state === 'up') return { ...about, tools: health.tools };
      return health.state === 'down' ? { ...about, reason: health.reason } : about;
    });
  }

  published(): readonly PublishedAgent[] {
    return this.#supervisors.map(({ server, definitions }) => {
      const { id, title, description } = server.agent;
      return { id, title, description, definitions, kind: 'mounted', ...(isPlaintext(server.spec) ? { isPlaintext: true } : {}) };
    });
  }
}

function checkSpecs(specs: readonly MountSpec[]): void {
  const known = new Map<AgentId, string>();
  for (const { id, title } of specs) {
    const other = known.get(id);
    if (other !== undefined) throw new ParleyError('bad-argument', `“${title}” and “${other}” would have the same address, ${id}.`);
    known.set(id, title);
  }
  if (known.size > LIMITS.maxAgentsPerNode) throw new ParleyError('bad-argument', `A host mounts at most ${LIMITS.maxAgentsPerNode} servers.`);
}
