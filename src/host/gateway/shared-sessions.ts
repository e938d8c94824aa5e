import type { AgentAddress } from '../../base/ids.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { OpenAgent } from './open-agent.ts';
import { SharedSession } from './shared-session.ts';

/** What is subscribed stays open; it must not take the places of calls. */
export type Purpose = 'calls' | 'subscriptions';

/** Sessions with agents of MCP 2026-07-28 that all clients of that revision share: as few as have room for what is under way. */
export class SharedSessions {
  readonly #open: OpenAgent;
  readonly #sessions = new Map<string, Promise<SharedSession>[]>();

  constructor(open: OpenAgent) {
    this.#open = open;
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
    return this.#begin(key, address);
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled([...this.#sessions.values()].flat());
    await Promise.allSettled(opened.flatMap((settled) => (settled.status === 'fulfilled' ? [settled.value.close()] : [])));
  }

  #begin(key: string, address: AgentAddress): Promise<SharedSession> {
    const opening = this.#open(address).then((transport) => SharedSession.open(transport));
    this.#sessions.set(key, [...(this.#sessions.get(key) ?? []), opening]);
    const forget = (): void => {
      const left = this.#sessions.get(key)?.filter((other) => other !== opening) ?? [];
      if (left.length > 0) this.#sessions.set(key, left);
      else this.#sessions.delete(key);
    };
    opening.then((session) => (session.onClosed = forget), forget);
    return opening;
  }
}
