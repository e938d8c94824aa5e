import type { AgentAddress } from '../../base/ids.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import { OlderAgent } from './older-agent.ts';
import type { OpenAgent } from './open-agent.ts';
import { SharedSession } from './shared-session.ts';
import type { McpNotification } from '../../mcp/proxy/upstream.ts';

/** What is subscribed stays open; it must not take the places of calls. `older`: the agent speaks no newer revision than 2025-11-25. */
export type Purpose = 'calls' | 'subscriptions' | 'older';

/** Sessions with agents that all clients of MCP 2026-07-28 share: as few as have room for what is under way. */
export class SharedSessions {
  readonly #open: OpenAgent;
  readonly #clock: Clock;
  readonly #onNotification: (address: AgentAddress, notification: McpNotification) => void;
  readonly #sessions = new Map<string, Promise<SharedSession>[]>();

  constructor(open: OpenAgent, clock: Clock, onNotification: (address: AgentAddress, notification: McpNotification) => void) {
    this.#open = open;
    this.#clock = clock;
    this.#onNotification = onNotification;
  }

  /** @throws ParleyError why the agent cannot be reached */
  async with(address: AgentAddress, purpose: Purpose): Promise<SharedSession> {
    const key = `${purpose} ${address}`;
    const known = this.#sessions.get(key) ?? [];
    for (const opening of known) {
      const session = await opening.catch(() => undefined);
      if (session?.hasRoom) return session;
    }
    const last = known.at(-1);
    // The agent's node says that it is too much, to whom it is.
    if (last && known.length >= HOST_LIMITS.maxSharedSessions) return last;
    return this.#begin(key, address, purpose);
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled([...this.#sessions.values()].flat());
    await Promise.allSettled(opened.flatMap((settled) => (settled.status === 'fulfilled' ? [settled.value.close()] : [])));
  }

  #begin(key: string, address: AgentAddress, purpose: Purpose): Promise<SharedSession> {
    const opening = this.#open(address).then((transport) =>
      SharedSession.open(purpose === 'older' ? new OlderAgent(transport, this.#clock) : transport),
    );
    this.#sessions.set(key, [...(this.#sessions.get(key) ?? []), opening]);
    const forget = (): void => {
      const left = this.#sessions.get(key)?.filter((other) => other !== opening) ?? [];
      if (left.length > 0) this.#sessions.set(key, left);
      else this.#sessions.delete(key);
    };
    opening.then((session) => {
      session.onClosed = forget;
      session.onNotification = (notification) => this.#onNotification(address, notification);
    }, forget);
    return opening;
  }
}
