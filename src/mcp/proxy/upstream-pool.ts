import type { Transport } from '@modelcontextprotocol/client';
import type { AgentAddress } from '../../base/ids.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { Upstream, type InputCapabilities, type McpNotification } from './upstream.ts';

export type UpstreamPoolOptions = {
  open(address: AgentAddress): Promise<Transport>;
  onNotification?(address: AgentAddress, notification: McpNotification): void;
  /** A shared session ended; the next call opens another one. */
  onClosed?(address: AgentAddress): void;
};

/**
 * Open sessions with agents. A shared one serves any number of calls at once; a leased one serves a single call, so that there is no doubt whose
 * caller the agent asks, and is kept for the next one afterwards.
 */
export class UpstreamPool {
  readonly #options: UpstreamPoolOptions;
  readonly #shared = new Map<string, Promise<Upstream>>();
  /** Oldest first. */
  readonly #idle: { readonly key: string; readonly upstream: Upstream }[] = [];
  readonly #leased = new Set<Upstream>();
  #isClosed = false;

  constructor(options: UpstreamPoolOptions) {
    this.#options = options;
  }

  /** The one session of this pool with the agent, for callers with these capabilities. */
  shared(address: AgentAddress, capabilities: InputCapabilities): Promise<Upstream> {
    const key = keyOf(address, capabilities);
    const known = this.#shared.get(key);
    if (known) return known;
    const opening = this.#open(address, capabilities);
    this.#shared.set(key, opening);
    const forget = (): void => {
      if (this.#shared.get(key) === opening) this.#shared.delete(key);
    };
    opening.then((upstream) => {
      // An agent that does not is asked for its lists all the same.
      upstream.followLists().catch(() => undefined);
      upstream.onClosed = () => {
        forget();
        this.#options.onClosed?.(address);
      };
    }, forget);
    return opening;
  }

  /** A session for one call alone. */
  async lease(address: AgentAddress, capabilities: InputCapabilities): Promise<{ readonly upstream: Upstream; release(): void }> {
    const key = keyOf(address, capabilities);
    const at = this.#idle.findIndex((idle) => idle.key === key);
    const upstream = this.#idle.splice(at, at < 0 ? 0 : 1)[0]?.upstream ?? (await this.#open(address, capabilities));
    this.#leased.add(upstream);
    let isOpen = true;
    upstream.onClosed = () => {
      isOpen = false;
      this.#leased.delete(upstream);
    };
    return { upstream, release: () => isOpen && this.#release(key, upstream) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const shared = await Promise.allSettled(this.#shared.values());
    const opened = shared.flatMap((settled) => (settled.status === 'fulfilled' ? [settled.value] : []));
    await Promise.allSettled([...opened, ...this.#idle.map(({ upstream }) => upstream), ...this.#leased].map((upstream) => upstream.close()));
  }

  async #open(address: AgentAddress, capabilities: InputCapabilities): Promise<Upstream> {
    const upstream = await Upstream.open(await this.#options.open(address), { capabilities });
    upstream.onNotification = (notification) => this.#options.onNotification?.(address, notification);
    return upstream;
  }

  #release(key: string, upstream: Upstream): void {
    this.#leased.delete(upstream);
    upstream.onAsked = undefined;
    if (this.#isClosed) return void upstream.close();
    upstream.onClosed = () => {
      const at = this.#idle.findIndex((idle) => idle.upstream === upstream);
      if (at >= 0) this.#idle.splice(at, 1);
    };
    this.#idle.push({ key, upstream });
    if (this.#idle.length > HOST_LIMITS.maxIdleUpstreams) void this.#idle.shift()?.upstream.close();
  }
}

function keyOf(address: AgentAddress, capabilities: InputCapabilities): string {
  return JSON.stringify([address, capabilities.elicitation ?? null, capabilities.sampling ?? null, capabilities.roots ?? null]);
}
