import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { asParleyError } from '../../base/errors.ts';
import { HOST_LIMITS, LIMITS } from '../../base/limits.ts';
import { retryDelayMs } from '../../base/retry-delay.ts';
import { withoutInvisible } from '../../base/visible-text.ts';
import type { AgentHost } from '../../mcp/agent-host.ts';
import { WholeAnswers } from '../../mcp/answers/whole-answers.ts';
import { definitionHashes, type DefinitionHash } from '../../mcp/definition-digests.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { Logger } from '../logger.ts';
import type { MountedServer } from './mounted-server.ts';

export type MountHealth =
  | { readonly state: 'starting' }
  | { readonly state: 'up'; readonly tools: number }
  /** It is tried again at `retryAt` (Unix milliseconds). */
  | { readonly state: 'down'; readonly reason: string; readonly retryAt: number };

export type SupervisorOptions = {
  readonly server: MountedServer;
  readonly host: AgentHost;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Logger;
  /** What the server offers, or how it is, changed. */
  onChange(): void;
};

/**
 * Keeps one session of the host's own with a mounted server: it tells whether the server works and what it offers, and a server that ends is
 * started again, after a wait that doubles each time it does not last.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #health: MountHealth = { state: 'starting' };
  #definitions: readonly DefinitionHash[] = [];
  #client: Client | undefined;
  #failures = 0;
  #upSince: number | undefined;
  #cancelRetry: () => void = () => undefined;
  #isStopped = false;
  #lastReason = '';

  constructor(options: SupervisorOptions) {
    this.#options = options;
    options.server.onCrash = (reason) => {
      this.#lastReason = reason;
      options.log.debug(reason);
    };
  }

  get server(): MountedServer {
    return this.#options.server;
  }

  get health(): MountHealth {
    return this.#health;
  }

  get definitions(): readonly DefinitionHash[] {
    return this.#definitions;
  }

  /** Resolves when the server answered or failed for the first time. */
  async start(): Promise<void> {
    await this.#begin();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry();
    await this.#client?.close().catch(() => undefined);
    await this.server.stop();
  }

  async #begin(): Promise<void> {
    if (this.#isStopped) return;
    this.#lastReason = '';
    const client = this.#newClient();
    this.#client = client;
    try {
      const [here, there] = InMemoryTransport.createLinkedPair();
      await this.#options.host.serveLocally(this.server.spec.id, there);
      await client.connect(new WholeAnswers(here), { timeout: HOST_LIMITS.mountStartTimeoutMs });
      await this.#describe(client);
    } catch (thrown) {
      await client.close().catch(() => undefined);
      return this.#failed(this.#lastReason || asParleyError(thrown).message);
    }
    client.onclose = () => this.#failed(this.#lastReason || 'The session ended.');
    this.#upSince = this.#options.clock.now();
  }

  #newClient(): Client {
    const refresh = { autoRefresh: false, onChanged: () => void this.#refresh() };
    return new Client(
      { name: 'parley-host', version: '1' },
      { versionNegotiation: { mode: 'auto' }, listChanged: { tools: refresh, resources: refresh, prompts: refresh } },
    );
  }

  async #refresh(): Promise<void> {
    const client = this.#client;
    if (!client || this.#health.state !== 'up') return;
    await this.#describe(client).catch((thrown: unknown) => this.#options.log.warn(`${this.server.spec.id}: ${asParleyError(thrown).message}`));
  }

  async #describe(client: Client): Promise<void> {
    const hashes = await definitionHashes(client);
    this.#definitions = hashes.slice(0, LIMITS.maxAgentDefinitions);
    const title = oneLine(client.getServerVersion()?.title ?? '', LIMITS.maxAgentTitleLength);
    const description = oneLine(client.getInstructions() ?? '', LIMITS.maxAgentDescriptionLength);
    this.server.describe({ ...(title ? { title } : {}), ...(description ? { description } : {}) });
    this.#health = { state: 'up', tools: hashes.filter(({ kind }) => kind === 'tool').length };
    this.#options.onChange();
  }

  #failed(reason: string): void {
    if (this.#isStopped) return;
    const { clock, entropy, log } = this.#options;
    const now = clock.now();
    if (this.#upSince !== undefined && now - this.#upSince >= HOST_LIMITS.mountStableMs) this.#failures = 0;
    this.#upSince = undefined;
    const delayMs = retryDelayMs(this.#failures++, { firstMs: HOST_LIMITS.mountRetryFirstMs, maxMs: HOST_LIMITS.mountRetryMaxMs }, entropy);
    this.#health = { state: 'down', reason, retryAt: now + delayMs };
    log.warn(`“${this.server.spec.title}” is down and is started again in ${(delayMs / 1000).toFixed(1)} s. ${reason}`);
    this.#cancelRetry = clock.wakeAt(now + delayMs, () => void this.#begin());
    this.#options.onChange();
  }
}

function oneLine(text: string, maxLength: number): string {
  return withoutInvisible(text).replace(/\s+/g, ' ').trim().slice(0, maxLength);
}
