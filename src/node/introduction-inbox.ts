import type { ErrorCode } from '../base/errors.ts';
import { asParleyError } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import { openIntroduction, type Introduction } from '../crypto/introductions.ts';
import { readCard, type PeerCard } from '../crypto/peer-card.ts';
import type { PathId } from '../p2p/routing/routing-messages.ts';
import type { SignatureCheck } from '../ports/keys.ts';

export type InboxOutput =
  | { readonly type: 'verify'; readonly job: number; readonly checks: readonly SignatureCheck[] }
  /** `server`: which brought it, if one did; `isRemembered`: it is from before this node's start. */
  | { readonly type: 'card'; readonly server: number | undefined; readonly card: PeerCard; readonly isRemembered: boolean }
  /** `path` names the path through the mesh that it came along, if it did. */
  | {
      readonly type: 'introduction';
      readonly server: number | undefined;
      readonly from: NodeId;
      readonly introduction: Introduction;
      readonly sealingKey?: Uint8Array;
      readonly path?: PathId;
    }
  | { readonly type: 'fault'; readonly code: ErrorCode; readonly node?: NodeId; readonly detail: string };

/** By what an introduction came: a signaling server, or a path through the mesh. */
export type Origin = { readonly server: number | undefined; readonly path?: PathId };

type Waiting = {
  readonly job: number;
  readonly content: Extract<InboxOutput, { readonly type: 'card' | 'introduction' }>;
  valid: boolean | undefined;
};

/**
 * What the signaling server brings, from its bytes to something that may be acted on: opened, read, its signatures checked.
 * Results come in the order of arrival, however long each check took: an offer's candidates must not overtake it.
 */
export class IntroductionInbox {
  readonly #identity: LocalIdentity;
  readonly #networkId: Uint8Array;
  readonly #bucket: TokenBucket;
  readonly #outputs: InboxOutput[] = [];
  readonly #waiting: Waiting[] = [];
  #nextJob = 1;

  constructor(identity: LocalIdentity, networkId: Uint8Array, now: number) {
    this.#identity = identity;
    this.#networkId = networkId;
    this.#bucket = new TokenBucket(LIMITS.introductionsPerSecond, LIMITS.introductionsBurst, now);
  }

  /** What waits for its signatures to be checked. */
  get size(): number {
    return this.#waiting.length;
  }

  poll(): InboxOutput | undefined {
    return this.#outputs.shift();
  }

  card(bytes: Uint8Array, server: number | undefined, now: number, isRemembered = false): void {
    this.#read('A peer card was refused.', () => {
      const card = readCard(bytes, this.#networkId, now);
      this.#wait({ type: 'card', server, card, isRemembered }, [card.check]);
    });
  }

  relayed(sealed: Uint8Array, origin: Origin, now: number): void {
    if (!this.#bucket.take(now)) return this.#fault('rate-limited', 'Introductions came too fast.');
    this.#read('An introduction was refused.', () => {
      const { introduction, from, check } = openIntroduction(sealed, this.#identity.sealing, this.#identity.node, this.#networkId);
      const { server, path } = origin;
      const content = { type: 'introduction', server, from, introduction, ...(path === undefined ? {} : { path }) } as const;
      if (!introduction.card) return this.#wait(content, [check]);
      const card = readCard(introduction.card, this.#networkId, now);
      if (card.node !== from) return this.#fault('wrong-node', 'An offer came with somebody else’s card.', from);
      this.#wait({ ...content, sealingKey: card.sealingKey }, [check, card.check]);
    });
  }

  verified(job: number, valid: boolean): void {
    const found = this.#waiting.find((waiting) => waiting.job === job);
    if (found) found.valid = valid;
    for (let first = this.#waiting[0]; first?.valid !== undefined; first = this.#waiting[0]) {
      this.#waiting.shift();
      if (first.valid) this.#outputs.push(first.content);
      else this.#fault('bad-signature', 'A signature of an introduction or card does not hold.');
    }
  }

  #wait(content: Waiting['content'], checks: readonly SignatureCheck[]): void {
    if (this.#waiting.length >= LIMITS.introductionsBurst) return this.#fault('overloaded', 'Too many introductions wait for their check.');
    const job = this.#nextJob++;
    this.#waiting.push({ job, content, valid: undefined });
    this.#outputs.push({ type: 'verify', job, checks });
  }

  #read(what: string, read: () => void): void {
    try {
      read();
    } catch (thrown) {
      const error = asParleyError(thrown, 'malformed');
      this.#fault(error.code, `${what} ${error.message}`);
    }
  }

  #fault(code: ErrorCode, detail: string, node?: NodeId): void {
    this.#outputs.push({ type: 'fault', code, detail, ...(node ? { node } : {}) });
  }
}
