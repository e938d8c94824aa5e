import { equalBytes, toBase64url } from '../../base/bytes.ts';
import { BoundedMap } from '../../base/bounded-map.ts';
import type { ErrorCode } from '../../base/errors.ts';
import type { NodeId } from '../../base/ids.ts';
import type { LateTurns } from '../../base/late-turns.ts';
import { LIMITS } from '../../base/limits.ts';
import { earlier, type Machine, type Wake } from '../../base/machine.ts';
import { DIAL_ID_BYTES, type Introduction } from '../../crypto/introductions.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { RtcSignal } from '../../ports/rtc.ts';
import { Dial } from './dial.ts';

export type DialBookInput =
  | { readonly type: 'dial'; readonly node: NodeId; readonly sealingKey: Uint8Array }
  /** Opened and verified. `sealingKey` is of the card in an offer, verified too. An offer that is not welcome is declined: there is no room. */
  | {
      readonly type: 'introduction';
      readonly from: NodeId;
      readonly introduction: Introduction;
      readonly sealingKey?: Uint8Array;
      readonly isWelcome?: boolean;
    }
  /** The signaling server knows no such node. */
  | { readonly type: 'absent'; readonly node: NodeId }
  | { readonly type: 'rtc-signal'; readonly dial: number; readonly signal: RtcSignal }
  | { readonly type: 'rtc-linked'; readonly dial: number }
  | { readonly type: 'rtc-failed'; readonly dial: number; readonly code: ErrorCode; readonly detail: string };

export type DialBookOutput =
  | { readonly type: 'rtc-dial'; readonly dial: number; readonly initiator: boolean }
  | { readonly type: 'rtc-signal'; readonly dial: number; readonly signal: RtcSignal }
  | { readonly type: 'rtc-abandon'; readonly dial: number }
  /** To be signed, sealed to the key and carried to the node, in this order. */
  | {
      readonly type: 'introduce';
      readonly to: NodeId;
      readonly sealingKey: Uint8Array;
      readonly introduction: Omit<Introduction, 'hello' | 'card'>;
      readonly withHello: boolean;
      readonly withCard: boolean;
    }
  | { readonly type: 'linked'; readonly dial: number; readonly node: NodeId; readonly isInitiator: boolean; readonly remoteHello: Uint8Array }
  | { readonly type: 'failed'; readonly node: NodeId; readonly code: ErrorCode; readonly detail: string; readonly wasOutgoing: boolean }
  /** The other side answered a while ago, and there is no link yet. */
  | { readonly type: 'slow'; readonly node: NodeId }
  | { readonly type: 'fault'; readonly node: NodeId; readonly code: ErrorCode; readonly detail: string };

/**
 * All attempts to open links through introductions: who offered, who answers, which attempt goes on when both dial at once, which introductions
 * are old or repeated. At most one attempt per node.
 */
export class DialBook implements Machine<DialBookInput, DialBookOutput> {
  readonly #me: NodeId;
  readonly #entropy: Entropy;
  readonly #turns: Pick<LateTurns, 'areComing'>;
  readonly #outputs: DialBookOutput[] = [];
  readonly #dials = new Map<number, Dial>();
  readonly #seen = new BoundedMap<string, true>(LIMITS.maxSeenIntroductions);
  #nextKey = 1;

  /** While our own turns come late, nothing is said of how long attempts take. */
  constructor(me: NodeId, entropy: Entropy, turns: Pick<LateTurns, 'areComing'>) {
    this.#me = me;
    this.#turns = turns;
    this.#entropy = entropy;
  }

  get size(): number {
    return this.#dials.size;
  }

  isDialling(node: NodeId): boolean {
    return this.#dialOf(node) !== undefined;
  }

  handle(input: DialBookInput | Wake, now: number): void {
    switch (input.type) {
      case 'dial':
        return this.#dial(input.node, input.sealingKey, now);
      case 'introduction':
        return this.#introduction(input, now);
      case 'absent':
        return this.#absent(input.node);
      case 'rtc-signal':
        return this.#localSignal(input.dial, input.signal, now);
      case 'rtc-linked':
        return this.#linked(input.dial);
      case 'rtc-failed': {
        const dial = this.#dials.get(input.dial);
        if (dial) this.#fail(dial, input.code, input.detail);
        return;
      }
      case 'wake':
        return this.#wake(now);
    }
  }

  poll(): DialBookOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    let next: number | undefined;
    for (const dial of this.#dials.values()) next = earlier(next, earlier(earlier(dial.deadline, dial.slowAt), dial.flushAt));
    return next;
  }

  /** Ends every attempt without a word: the node stops. */
  abandonAll(): void {
    for (const dial of this.#dials.values()) this.#abandon(dial);
  }

  #dial(node: NodeId, sealingKey: Uint8Array, now: number): void {
    if (this.#dialOf(node)) return;
    if (!this.#makeRoom(now, () => true)) {
      this.#outputs.push({ type: 'failed', node, code: 'overloaded', detail: 'Too many attempts to connect are under way.', wasOutgoing: true });
      return;
    }
    this.#start(new Dial({ key: this.#nextKey++, node, dialId: this.#entropy.bytes(DIAL_ID_BYTES), isOutgoing: true, sealingKey, now }));
  }

  /** The oldest attempt goes, where it had time enough; answers whether there is room for another. What others begin does not end what this node began. */
  #makeRoom(now: number, mayGo: (dial: Dial) => boolean): boolean {
    if (this.#dials.size < LIMITS.maxDials) return true;
    const oldest = [...this.#dials.values()].find(mayGo);
    if (!oldest || now < oldest.startedAt + LIMITS.slowDialMs) return false;
    this.#giveUp(oldest);
    return true;
  }

  #giveUp(dial: Dial): void {
    this.#fail(dial, dial.remoteHello ? 'ice-failed' : 'timed-out', 'The attempt to connect took too long.');
  }

  #start(dial: Dial): void {
    this.#dials.set(dial.key, dial);
    this.#outputs.push({ type: 'rtc-dial', dial: dial.key, initiator: dial.isOutgoing });
  }

  #introduction({ from, introduction, sealingKey, isWelcome = true }: Extract<DialBookInput, { readonly type: 'introduction' }>, now: number): void {
    if (from === this.#me) return;
    if (Math.abs(introduction.sentAt - now) > LIMITS.maxClockSkewMs) return this.#refuse(from, introduction, sealingKey, 'clock-skew', now);
    const name = `${from} ${toBase64url(introduction.dialId)} ${introduction.seq}`;
    if (this.#seen.has(name)) return this.#fault(from, 'replayed', 'An introduction came twice.');
    this.#seen.set(name, true);
    if (introduction.kind === 'offer' && !isWelcome) return this.#refuse(from, introduction, sealingKey, 'overloaded', now);
    if (introduction.kind === 'offer') return this.#offer(from, introduction, sealingKey as Uint8Array, now);
    const dial = this.#dialOf(from);
    if (!dial || !equalBytes(dial.dialId, introduction.dialId)) return;
    if (introduction.kind === 'refuse') return this.#fail(dial, introduction.reason ?? 'refused', 'The other node declined.');
    if (introduction.kind === 'answer') {
      if (!dial.isOutgoing || dial.remoteHello) return this.#fault(from, 'protocol-violation', 'An answer to no question.');
      dial.remoteHello = introduction.hello;
    }
    this.#remoteSignals(dial, introduction);
  }

  #offer(from: NodeId, introduction: Introduction, sealingKey: Uint8Array, now: number): void {
    const own = this.#dialOf(from);
    if (own) {
      // Both dialled: the offer of the lower id counts, unless ours went to a key that the peer no longer has and so never arrived.
      const isOursBetter = own.isOutgoing && this.#me < from && equalBytes(own.sealingKey, sealingKey);
      if (isOursBetter) return;
      this.#abandon(own);
    } else if (!this.#makeRoom(now, ({ isOutgoing }) => !isOutgoing)) {
      return this.#refuse(from, introduction, sealingKey, 'overloaded', now);
    }
    const dial = new Dial({
      key: this.#nextKey++,
      node: from,
      dialId: introduction.dialId,
      isOutgoing: false,
      sealingKey,
      now,
      ...(introduction.hello ? { remoteHello: introduction.hello } : {}),
    });
    this.#start(dial);
    this.#remoteSignals(dial, introduction);
  }

  #remoteSignals(dial: Dial, introduction: Introduction): void {
    for (const signal of introduction.signals) this.#outputs.push({ type: 'rtc-signal', dial: dial.key, signal });
  }

  #localSignal(key: number, signal: RtcSignal, now: number): void {
    const dial = this.#dials.get(key);
    if (!dial) return;
    dial.addSignal(signal);
    // The addresses of this machine are found at once: with them the description needs no second introduction, which costs both sides more than the wait.
    if (signal.type !== 'candidate') Object.assign(dial, { hasDescription: true, unsentDescription: signal.type });
    if (dial.hasDescription) dial.flushAt ??= now + LIMITS.candidateBatchMs;
  }

  #flush(dial: Dial, kind: 'offer' | 'answer' | 'candidates', now: number): void {
    dial.unsentDescription = undefined;
    this.#outputs.push({
      type: 'introduce',
      to: dial.node,
      sealingKey: dial.sealingKey,
      introduction: { kind, dialId: dial.dialId, seq: dial.takeSeq(), sentAt: now, signals: dial.takeSignals() },
      withHello: kind !== 'candidates',
      withCard: kind === 'offer',
    });
  }

  #refuse(from: NodeId, introduction: Introduction, sealingKey: Uint8Array | undefined, reason: ErrorCode, now: number): void {
    this.#fault(from, reason, 'An introduction was declined.');
    if (introduction.kind !== 'offer' || !sealingKey) return;
    this.#outputs.push({
      type: 'introduce',
      to: from,
      sealingKey,
      introduction: { kind: 'refuse', dialId: introduction.dialId, seq: 0, sentAt: now, signals: [], reason },
      withHello: false,
      withCard: false,
    });
  }

  #absent(node: NodeId): void {
    const dial = this.#dialOf(node);
    if (dial?.isOutgoing && !dial.remoteHello) this.#fail(dial, 'unreachable', 'The node is not connected to the signaling server.');
  }

  #linked(key: number): void {
    const dial = this.#dials.get(key);
    if (!dial) return;
    if (!dial.remoteHello) return this.#fail(dial, 'protocol-violation', 'A link opened before its introduction was answered.');
    this.#dials.delete(key);
    this.#outputs.push({ type: 'linked', dial: key, node: dial.node, isInitiator: dial.isOutgoing, remoteHello: dial.remoteHello });
  }

  #wake(now: number): void {
    for (const dial of [...this.#dials.values()]) {
      if (dial.slowAt !== undefined && now >= dial.slowAt && now < dial.deadline) {
        if (this.#turns.areComing(now)) {
          dial.allowLonger(now);
        } else {
          dial.isSlow = true;
          this.#outputs.push({ type: 'slow', node: dial.node });
        }
      }
      if (now >= dial.deadline) this.#giveUp(dial);
      else if (dial.flushAt !== undefined && now >= dial.flushAt) this.#flush(dial, dial.unsentDescription ?? 'candidates', now);
    }
  }

  #fail(dial: Dial, code: ErrorCode, detail: string): void {
    this.#abandon(dial);
    this.#outputs.push({ type: 'failed', node: dial.node, code, detail, wasOutgoing: dial.isOutgoing });
  }

  #abandon(dial: Dial): void {
    this.#dials.delete(dial.key);
    this.#outputs.push({ type: 'rtc-abandon', dial: dial.key });
  }

  #fault(node: NodeId, code: ErrorCode, detail: string): void {
    this.#outputs.push({ type: 'fault', node, code, detail });
  }

  #dialOf(node: NodeId): Dial | undefined {
    for (const dial of this.#dials.values()) if (dial.node === node) return dial;
    return undefined;
  }
}
