import type { AgentAddress } from '../../base/ids.ts';
import type { Upstream } from './upstream.ts';

/** The session in which an agent's resources are watched. */
export type WatchingSession = (address: AgentAddress) => Promise<Upstream>;

type Watched = { readonly address: AgentAddress; readonly ending: Promise<() => void>; readonly subscribers: Set<() => void> };

/** Watches resources of agents for any number of subscribers, each once; changes are told as notifications of the session. */
export class Subscriptions {
  readonly #session: WatchingSession;
  readonly #watched = new Map<string, Watched>();

  constructor(session: WatchingSession) {
    this.#session = session;
  }

  /**
   * Answers how to stop. `onLost` is called when the agent tells no more, with its session for example. @throws ParleyError why the agent cannot be
   * reached, or does not tell of changes of the resource; or its error
   */
  async watch(address: AgentAddress, uri: string, onLost: () => void = () => undefined): Promise<() => void> {
    const key = `${address} ${uri}`;
    const watched = this.#watched.get(key) ?? this.#begin(key, address, uri);
    // Its own function, so that one subscriber is told as often as it subscribed.
    const lost = (): void => onLost();
    watched.subscribers.add(lost);
    const release = (): void => {
      if (!watched.subscribers.delete(lost) || watched.subscribers.size > 0) return;
      if (this.#watched.get(key) === watched) this.#watched.delete(key);
      watched.ending.then(
        (end) => end(),
        () => undefined,
      );
    };
    try {
      await watched.ending;
    } catch (thrown) {
      release();
      throw thrown;
    }
    return release;
  }

  /** The session with the agent ended, and what was watched in it. */
  closed(address: AgentAddress): void {
    for (const [key, watched] of [...this.#watched]) if (watched.address === address) this.#lost(key, watched);
  }

  #begin(key: string, address: AgentAddress, uri: string): Watched {
    const ending = this.#session(address).then((upstream) => upstream.watch(uri, () => this.#lost(key, watched)));
    const watched: Watched = { address, ending, subscribers: new Set() };
    this.#watched.set(key, watched);
    ending.catch(() => this.#watched.get(key) === watched && this.#watched.delete(key));
    return watched;
  }

  #lost(key: string, watched: Watched): void {
    if (this.#watched.get(key) !== watched) return;
    this.#watched.delete(key);
    for (const subscriber of watched.subscribers) subscriber();
    watched.subscribers.clear();
  }
}
