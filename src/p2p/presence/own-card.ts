import type { NodeId, PersonId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { SeededRandom } from '../../base/seeded-random.ts';
import { cardToSign, joinCard, sameHostUrls, type CardContent } from '../../crypto/peer-card.ts';

/** What stays the same in all cards of one run of a node. */
export type OwnCardFacts = {
  readonly node: NodeId;
  readonly person: PersonId;
  readonly sealingKey: Uint8Array;
  readonly networkId: Uint8Array;
};

/** What changes while it runs; `hostUrls` of a host. */
export type OwnCardTraits = Pick<CardContent, 'flags' | 'hostUrls'>;

/** Nodes that started together do not refresh together: the first time comes anywhere from a tenth of the interval on. */
const FIRST_REFRESH = 0.1;
const REFRESH_JITTER = 0.2;

/** When this node issues a card, and for how long: seldom, and the more so the larger the network is. */
export class OwnCard {
  readonly #facts: OwnCardFacts;
  readonly #random: SeededRandom;
  #flags: number;
  #hostUrls: readonly string[] | undefined;
  #issuedAt = 0;
  #signing: Uint8Array | undefined;
  /** When the next card is due. */
  dueAt: number | undefined;
  /** The last one was a goodbye, or will be. */
  isClosing = false;

  constructor(facts: OwnCardFacts, { flags, hostUrls }: OwnCardTraits, random: SeededRandom) {
    this.#facts = facts;
    this.#random = random;
    this.#flags = flags;
    this.#hostUrls = hostUrls;
  }

  get issuedAt(): number {
    return this.#issuedAt;
  }

  setFlags(flags: number): boolean {
    if (flags === this.#flags) return false;
    this.#flags = flags;
    return true;
  }

  setHostUrls(urls: readonly string[]): boolean {
    if (sameHostUrls(urls, this.#hostUrls)) return false;
    this.#hostUrls = urls;
    return true;
  }

  /** Asks for a new card as soon as one may be issued. */
  hasten(now: number): void {
    const earliest = Math.max(now, this.#issuedAt + LIMITS.presenceReissueMs);
    this.dueAt = Math.min(this.dueAt ?? Infinity, earliest);
  }

  /** Somebody has a card of ours that we did not issue in this run: ours must be later. */
  supersede(issuedAt: number, now: number): void {
    if (issuedAt < this.#issuedAt) return;
    this.#issuedAt = issuedAt;
    this.dueAt = now;
  }

  /** What is to be signed for a card issued now, or `undefined` while one is being signed. `nodes`: how many the network has. */
  issue(now: number, nodes: number): Uint8Array | undefined {
    if (this.#signing) return undefined;
    const isFirst = this.#issuedAt === 0;
    const refreshMs = refreshIntervalMs(isFirst ? Math.max(nodes, LIMITS.presenceFirstCardNodes) : nodes);
    this.#issuedAt = Math.max(Math.floor(now), this.#issuedAt + 1);
    const lifetimeMs = this.isClosing ? 0 : Math.min(LIMITS.presenceLifetimeRefreshes * refreshMs, LIMITS.peerCardLifetimeMs);
    const waitMs = isFirst
      ? refreshMs * (FIRST_REFRESH + (1 - FIRST_REFRESH) * this.#random.float())
      : this.#random.jitter(refreshMs, REFRESH_JITTER);
    this.dueAt = this.isClosing ? undefined : now + waitMs;
    const { node, person, sealingKey, networkId } = this.#facts;
    const hostUrls = this.#hostUrls;
    const times = { issuedAt: this.#issuedAt, expiresAt: this.#issuedAt + lifetimeMs };
    const content: CardContent = { node, person, sealingKey, ...times, flags: this.#flags, ...(hostUrls ? { hostUrls } : {}) };
    const { body, message } = cardToSign(content, networkId);
    this.#signing = body;
    return message;
  }

  /** The card with the signature that was asked for. */
  signed(signature: Uint8Array): Uint8Array {
    const body = this.#signing as Uint8Array;
    this.#signing = undefined;
    return joinCard(body, signature);
  }
}

/** So long that the refreshing of all cards costs each node a bounded number of bytes per second. */
export function refreshIntervalMs(nodes: number): number {
  const affordableMs = (1000 * nodes * LIMITS.presenceBytesPerRefresh) / LIMITS.presenceRefreshBytesPerSecond;
  return Math.round(Math.min(Math.max(affordableMs, LIMITS.presenceRefreshMinMs), LIMITS.presenceRefreshMaxMs));
}
