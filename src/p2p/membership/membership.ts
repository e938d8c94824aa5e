import { BoundedMap } from '../../base/bounded-map.ts';
import type { ErrorCode } from '../../base/errors.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { earlier, type Machine, type Wake } from '../../base/machine.ts';
import { retryDelayMs } from '../../base/retry-delay.ts';
import type { Entropy } from '../../ports/entropy.ts';

export type MembershipInput =
  /** A verified card of somebody who is said to be there. */
  | { readonly type: 'card'; readonly node: NodeId; readonly sealingKey: Uint8Array }
  | { readonly type: 'connected'; readonly node: NodeId }
  /** The last session with the node ended. */
  | { readonly type: 'disconnected'; readonly node: NodeId; readonly code: ErrorCode }
  | { readonly type: 'dial-failed'; readonly node: NodeId; readonly code: ErrorCode }
  /** A program wants a session with the node. */
  | { readonly type: 'want'; readonly node: NodeId }
  /** Whether introductions can be carried at present. */
  | { readonly type: 'carrier'; readonly isUp: boolean }
  /** Something changed outside: forget the patience with those that failed. */
  | { readonly type: 'retry-now' };

export type MembershipOutput =
  | { readonly type: 'dial'; readonly node: NodeId; readonly sealingKey: Uint8Array }
  /** Ask the signaling server who is there. */
  | { readonly type: 'list' }
  | { readonly type: 'announce'; readonly on: boolean };

type Known = {
  sealingKey: Uint8Array | undefined;
  state: 'idle' | 'dialling' | 'connected';
  failures: number;
  /** When to dial unasked. */
  dialAt: number | undefined;
};

/** Ends after which the peer is probably still there and the way to it broke. */
const BROKEN: ReadonlySet<ErrorCode> = new Set(['link-lost', 'ice-failed', 'peer-silent', 'timed-out', 'decrypt-failed']);
/** Failures that another attempt would only repeat. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  'wrong-network-secret',
  'version-unsupported',
  'bad-certificate',
  'bad-signature',
  'device-list-conflict',
  'unreachable',
  'clock-skew',
  'refused',
]);

/** With whom this node keeps sessions: newcomers are met, broken sessions come back, failures are retried ever more slowly, within the bounds. */
export class Membership implements Machine<MembershipInput, MembershipOutput> {
  readonly #me: NodeId;
  readonly #entropy: Entropy;
  readonly #outputs: MembershipOutput[] = [];
  readonly #known = new BoundedMap<NodeId, Known>(LIMITS.maxKnownPeers);
  /** The earliest `dialAt` of all that are idle, until something changes. */
  #nextDialAt: { readonly at: number | undefined } | undefined;
  #isCarrierUp = false;
  #isAnnounced = true;
  #connected = 0;

  constructor(me: NodeId, entropy: Entropy) {
    this.#me = me;
    this.#entropy = entropy;
  }

  handle(input: MembershipInput | Wake, now: number): void {
    if (input.type === 'wake' && now < (this.nextWakeAt() ?? Infinity)) return;
    this.#nextDialAt = undefined;
    switch (input.type) {
      case 'card':
        return this.#card(input.node, input.sealingKey, now);
      case 'connected':
        return this.#becameConnected(input.node);
      case 'disconnected':
        return this.#disconnected(input.node, input.code, now);
      case 'dial-failed':
        return this.#dialFailed(input.node, input.code, now);
      case 'want':
        return this.#want(input.node);
      case 'carrier':
        this.#isCarrierUp = input.isUp;
        this.#isAnnounced = true;
        this.#announce();
        return this.#dialDue(now);
      case 'retry-now':
        return this.#retryNow(now);
      case 'wake':
        return this.#dialDue(now);
    }
  }

  poll(): MembershipOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    if (!this.#isCarrierUp) return undefined;
    return (this.#nextDialAt ??= { at: this.#earliestDial() }).at;
  }

  #earliestDial(): number | undefined {
    let next: number | undefined;
    for (const [, peer] of this.#known) if (peer.state === 'idle') next = earlier(next, peer.dialAt);
    return next;
  }

  #card(node: NodeId, sealingKey: Uint8Array, now: number): void {
    if (node === this.#me) return;
    const peer = this.#peer(node);
    peer.sealingKey = sealingKey;
    if (peer.state !== 'idle' || this.#isFull()) return;
    peer.failures = 0;
    peer.dialAt = now;
    this.#dialDue(now);
  }

  #becameConnected(node: NodeId): void {
    const peer = this.#peer(node);
    if (peer.state !== 'connected') this.#connected++;
    peer.state = 'connected';
    peer.failures = 0;
    peer.dialAt = undefined;
    this.#announce();
  }

  #disconnected(node: NodeId, code: ErrorCode, now: number): void {
    const peer = this.#peer(node);
    if (peer.state !== 'connected') return;
    this.#connected--;
    peer.state = 'idle';
    peer.dialAt = BROKEN.has(code) ? now + this.#patience(peer) : undefined;
    this.#announce();
  }

  #dialFailed(node: NodeId, code: ErrorCode, now: number): void {
    const peer = this.#peer(node);
    if (peer.state !== 'dialling') return;
    peer.state = 'idle';
    peer.failures++;
    const isHopeless = FINAL.has(code) || peer.failures > LIMITS.maxRedials;
    peer.dialAt = isHopeless ? undefined : now + this.#patience(peer);
    // Its card may be of a run that is over; who is there now has a newer one with the server.
    if (code === 'timed-out' && this.#isCarrierUp) this.#outputs.push({ type: 'list' });
  }

  #want(node: NodeId): void {
    const peer = this.#peer(node);
    if (peer.state !== 'idle' || !this.#isCarrierUp) return;
    if (peer.sealingKey) this.#dial(node, peer);
    else this.#outputs.push({ type: 'list' });
  }

  #retryNow(now: number): void {
    for (const [, peer] of this.#known) {
      if (peer.state === 'idle' && peer.dialAt !== undefined) {
        peer.failures = 0;
        peer.dialAt = now;
      }
    }
    this.#dialDue(now);
  }

  #dialDue(now: number): void {
    if (!this.#isCarrierUp) return;
    for (const [node, peer] of this.#known) {
      if (peer.state === 'idle' && peer.dialAt !== undefined && now >= peer.dialAt && !this.#isFull()) this.#dial(node, peer);
    }
  }

  #dial(node: NodeId, peer: Known): void {
    peer.dialAt = undefined;
    if (!peer.sealingKey) return;
    peer.state = 'dialling';
    this.#outputs.push({ type: 'dial', node, sealingKey: peer.sealingKey });
  }

  #announce(): void {
    const on = this.#connected < LIMITS.announceBelowConnections;
    if (!this.#isCarrierUp || on === this.#isAnnounced) return;
    this.#isAnnounced = on;
    this.#outputs.push({ type: 'announce', on });
  }

  #isFull(): boolean {
    let busy = 0;
    for (const [, peer] of this.#known) if (peer.state !== 'idle') busy++;
    return busy >= LIMITS.maxConnections;
  }

  #patience(peer: Known): number {
    return retryDelayMs(peer.failures, { firstMs: LIMITS.redialFirstMs, maxMs: LIMITS.redialMaxMs }, this.#entropy);
  }

  #peer(node: NodeId): Known {
    const known = this.#known.get(node);
    if (known) return known;
    const peer: Known = { sealingKey: undefined, state: 'idle', failures: 0, dialAt: undefined };
    this.#known.set(node, peer);
    return peer;
  }
}
