import { signal, type Signal } from '@preact/signals-core';
import type { PublishedAgents } from '../agents/published-agents.ts';
import { parseAgentId, type AgentId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { onceATurn } from '../base/once-a-turn.ts';
import type { AgentHost, ServedCall } from '../mcp/agent-host.ts';
import type { Clock } from '../ports/clock.ts';
import type { AgentHealthView } from './activity-types.ts';
import { callError, problemOf } from './call-problems.ts';

export type AgentHealthOptions = {
  readonly host: AgentHost;
  readonly published: Pick<PublishedAgents, 'tools' | 'troubleOf' | 'check' | 'onDescribed'>;
  readonly clock: Clock;
};

type Counts = { ran: number; errors: number; declined: number; lastAt: number | undefined; readonly tookMs: number[] };

/** How the agents of this tab are doing: whether they can be asked at all, who uses them, and how their calls ended. */
export class AgentHealth {
  readonly view: Signal<readonly AgentHealthView[]> = signal([]);
  readonly #options: AgentHealthOptions;
  readonly #counts = new Map<AgentId, Counts>();
  readonly #refresh = onceATurn(() => (this.view.value = this.#options.host.agents().map(({ id, title }) => this.#healthOf(id, title))));

  constructor(options: AgentHealthOptions) {
    this.#options = options;
    const { host, published } = options;
    host.on('agents', (agents) => {
      // Who comes later under the same id is another.
      for (const id of this.#counts.keys()) if (!agents.some((agent) => agent.id === id)) this.#counts.delete(id);
      this.#refresh();
    });
    host.on('served', (served) => this.#count(served));
    host.on('active', () => this.#refresh());
    host.on('sessions', () => this.#refresh());
    published.onDescribed(() => this.#refresh());
    this.#refresh();
  }

  async check(agentId: string): Promise<void> {
    await this.#options.published.check(parseAgentId(agentId));
  }

  #count({ call, outcome, tookMs }: ServedCall): void {
    const counts = this.#counts.get(call.agent.id) ?? { ran: 0, errors: 0, declined: 0, lastAt: undefined, tookMs: [] };
    this.#counts.set(call.agent.id, counts);
    counts.lastAt = this.#options.clock.now();
    if (outcome === 'ran' || outcome === 'tool-error') {
      counts.ran++;
      counts.tookMs.push(tookMs);
      if (counts.tookMs.length > LIMITS.maxTimedCalls) counts.tookMs.shift();
    } else counts.declined++;
    if (outcome === 'tool-error') counts.errors++;
    this.#refresh();
  }

  #healthOf(id: AgentId, title: string): AgentHealthView {
    const { host, published } = this.#options;
    const trouble = published.troubleOf(id);
    const { ran = 0, errors = 0, declined = 0, lastAt, tookMs = [] } = this.#counts.get(id) ?? {};
    const medianMs = tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length / 2)];
    return {
      agentId: id,
      title,
      isEnabled: host.isEnabled(id),
      state: trouble ? 'fails' : published.tools(id) ? 'works' : 'unknown',
      ...(trouble ? { problem: problemOf(callError(trouble)) } : {}),
      sessions: host.sessionsOf(id),
      running: host.activeCallsOf(id),
      ran,
      errors,
      declined,
      ...(lastAt === undefined ? {} : { lastAt }),
      ...(medianMs === undefined ? {} : { medianMs }),
    };
  }
}
