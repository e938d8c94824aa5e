import { signal, type Signal } from '@preact/signals-core';
import type { AgentAddress } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { AgentCalls } from '../mcp/agent-calls.ts';
import type { AgentClients } from '../mcp/agent-clients.ts';
import type { Clock } from '../ports/clock.ts';
import type { WatchView } from './activity-types.ts';
import { callError, problemOf } from './call-problems.ts';
import { resourceBlocks } from './result-blocks.ts';

export type ResourceWatchesOptions = {
  readonly calls: Pick<AgentCalls, 'watch' | 'readResource'>;
  readonly clients: Pick<AgentClients, 'on'>;
  readonly clock: Clock;
};

type Watch = {
  stop: (() => Promise<void>) | undefined;
  isWanted: boolean;
  isReading: boolean;
  /** It changed again while it was read. */
  isStale: boolean;
};

/** Resources of agents that are watched until they are not wanted any more, or the session with their agent ends. */
export class ResourceWatches {
  readonly #options: ResourceWatchesOptions;
  readonly #views = new Map<string, Signal<readonly WatchView[]>>();
  readonly #watches = new Map<string, Watch>();

  constructor(options: ResourceWatchesOptions) {
    this.#options = options;
    options.clients.on('ended', (address) => this.#ended(address));
  }

  of(address: string): Signal<readonly WatchView[]> {
    let view = this.#views.get(address);
    if (!view) this.#views.set(address, (view = signal([])));
    return view;
  }

  watch(address: string, uri: string): void {
    const key = keyOf(address, uri);
    if (this.#watches.has(key)) return;
    const shown = this.of(address);
    if (this.#watches.size >= LIMITS.maxWatchedResources) {
      const problem = { code: 'overloaded' } as const;
      return void (shown.value = [...shown.value.filter((known) => known.uri !== uri), { uri, state: 'ended', changes: 0, problem }]);
    }
    const watch: Watch = { stop: undefined, isWanted: true, isReading: false, isStale: false };
    this.#watches.set(key, watch);
    shown.value = [...shown.value.filter((known) => known.uri !== uri), { uri, state: 'starting', changes: 0 }];
    void this.#begin(address, uri, watch);
  }

  unwatch(address: string, uri: string): void {
    const key = keyOf(address, uri);
    const watch = this.#watches.get(key);
    this.#watches.delete(key);
    const shown = this.of(address);
    shown.value = shown.value.filter((known) => known.uri !== uri);
    if (!watch) return;
    watch.isWanted = false;
    // An agent that is gone needs not be told.
    void watch.stop?.().catch(() => undefined);
  }

  async #begin(address: string, uri: string, watch: Watch): Promise<void> {
    try {
      const stop = await this.#options.calls.watch(address as AgentAddress, uri, () => this.#updated(address, uri, watch));
      if (!watch.isWanted) return await stop().catch(() => undefined);
      watch.stop = stop;
      this.#change(address, uri, { state: 'watching' });
      await this.#read(address, uri, watch);
    } catch (thrown) {
      this.#fail(address, uri, watch, thrown);
    }
  }

  #updated(address: string, uri: string, watch: Watch): void {
    if (!watch.isWanted) return;
    const changes = (this.of(address).value.find((known) => known.uri === uri)?.changes ?? 0) + 1;
    this.#change(address, uri, { changes, changedAt: this.#options.clock.now() });
    void this.#read(address, uri, watch);
  }

  /** One reading at a time: however often it changes meanwhile, it is read once more. */
  async #read(address: string, uri: string, watch: Watch): Promise<void> {
    watch.isStale = true;
    if (watch.isReading) return;
    watch.isReading = true;
    try {
      while (watch.isStale && watch.isWanted) {
        watch.isStale = false;
        const { contents } = await this.#options.calls.readResource(address as AgentAddress, uri);
        if (watch.isWanted) this.#change(address, uri, { blocks: resourceBlocks(contents) });
      }
    } catch (thrown) {
      this.#fail(address, uri, watch, thrown);
    } finally {
      watch.isReading = false;
    }
  }

  #fail(address: string, uri: string, watch: Watch, thrown: unknown): void {
    if (!watch.isWanted) return;
    this.#watches.delete(keyOf(address, uri));
    watch.isWanted = false;
    void watch.stop?.().catch(() => undefined);
    this.#change(address, uri, { state: 'ended', problem: problemOf(callError(thrown)) });
  }

  #ended(address: string): void {
    for (const { uri } of this.of(address).value) {
      const watch = this.#watches.get(keyOf(address, uri));
      if (!watch) continue;
      watch.isWanted = false;
      this.#watches.delete(keyOf(address, uri));
      this.#change(address, uri, { state: 'ended', problem: { code: 'link-lost' } });
    }
  }

  #change(address: string, uri: string, change: Partial<WatchView>): void {
    const shown = this.of(address);
    shown.value = shown.value.map((known) => (known.uri === uri ? { ...known, ...change } : known));
  }
}

function keyOf(address: string, uri: string): string {
  return `${address} ${uri}`;
}
