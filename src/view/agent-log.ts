import { signal, type Signal } from '@preact/signals-core';
import { BoundedMap } from '../base/bounded-map.ts';
import { LIMITS } from '../base/limits.ts';
import { onceATurn } from '../base/once-a-turn.ts';
import type { AgentClients, AgentLogLine } from '../mcp/agent-clients.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogLineView } from './activity-types.ts';
import { visibleText } from './shown-text.ts';

export type AgentLogOptions = {
  readonly clients: Pick<AgentClients, 'on'>;
  readonly clock: Clock;
  /** My calls of that agent that run now. */
  runningCalls(address: string): readonly string[];
};

/** The last lines that agents logged for this node. However many come, as many are kept, and the screen hears of them once in a turn. */
export class AgentLog {
  readonly #options: AgentLogOptions;
  readonly #lines = new BoundedMap<string, LogLineView[]>(LIMITS.maxLoggedAgents);
  readonly #views = new Map<string, Signal<readonly LogLineView[]>>();
  readonly #changed = new Set<string>();
  readonly #show = onceATurn(() => {
    for (const address of this.#changed) {
      const view = this.#views.get(address);
      if (view) view.value = this.#last(address);
    }
    this.#changed.clear();
  });
  #nextId = 1;

  constructor(options: AgentLogOptions) {
    this.#options = options;
    options.clients.on('log', (line) => this.#add(line));
  }

  of(address: string): Signal<readonly LogLineView[]> {
    let view = this.#views.get(address);
    if (!view) this.#views.set(address, (view = signal(this.#last(address))));
    return view;
  }

  clear(address: string): void {
    this.#lines.delete(address);
    this.#tell(address);
  }

  #add({ address, level, logger, data }: AgentLogLine): void {
    const { clock, runningCalls } = this.#options;
    const [call, another] = runningCalls(address);
    const lines = this.#lines.get(address) ?? [];
    lines.push({
      id: this.#nextId++,
      at: clock.now(),
      level: bounded(level),
      ...(logger === undefined ? {} : { logger: bounded(logger) }),
      text: bounded(typeof data === 'string' ? data : (JSON.stringify(data) ?? '')),
      // MCP does not say to which call a line belongs.
      ...(call === undefined || another !== undefined ? {} : { call }),
    });
    if (lines.length > LIMITS.maxLogLines) lines.shift();
    const gone = this.#lines.set(address, lines);
    if (gone) this.#tell(gone[0]);
    this.#tell(address);
  }

  #tell(address: string): void {
    this.#changed.add(address);
    this.#show();
  }

  #last(address: string): readonly LogLineView[] {
    return [...(this.#lines.get(address) ?? [])];
  }
}

function bounded(text: string): string {
  const shown = visibleText(text.slice(0, LIMITS.maxLogTextLength + 1));
  return shown.length > LIMITS.maxLogTextLength ? `${shown.slice(0, LIMITS.maxLogTextLength)}…` : shown;
}
