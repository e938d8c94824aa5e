import { equalBytes } from '../../base/bytes.ts';
import { asParleyError, type ErrorCode } from '../../base/errors.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { earlier, type Machine, type Wake } from '../../base/machine.ts';
import { Queue } from '../../base/queue.ts';
import type { PeerCard } from '../../crypto/peer-card.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { SignatureCheck } from '../../ports/keys.ts';
import type { RtcSignal } from '../../ports/rtc.ts';
import { EXCHANGE_ID_BYTES, readJoinCode, type JoinCodeContent, type JoinCodeKind, type OpenedJoinCode } from './join-code.ts';
import { sessionFactsOf, signalsOf } from './session-facts.ts';

export type JoinInput =
  /** Make a code to be given to somebody; an exchange that is under way ends. */
  | { readonly type: 'begin' }
  /** What somebody gave us: an offer, or the answer to ours. */
  | { readonly type: 'paste'; readonly text: string }
  | { readonly type: 'cancel' }
  | { readonly type: 'code-verified'; readonly job: number; readonly valid: boolean }
  /** Signed and written. */
  | { readonly type: 'composed'; readonly dial: number; readonly text: string }
  | { readonly type: 'rtc-signal'; readonly dial: number; readonly signal: RtcSignal }
  /** All candidates were found. */
  | { readonly type: 'rtc-gathered'; readonly dial: number }
  | { readonly type: 'rtc-linked'; readonly dial: number }
  | { readonly type: 'rtc-failed'; readonly dial: number; readonly code: ErrorCode };

export type JoinOutput =
  | { readonly type: 'rtc-dial'; readonly dial: number; readonly initiator: boolean }
  | { readonly type: 'rtc-signal'; readonly dial: number; readonly signal: RtcSignal }
  | { readonly type: 'rtc-abandon'; readonly dial: number }
  | { readonly type: 'code-verify'; readonly job: number; readonly checks: readonly SignatureCheck[] }
  /** To be completed with hello and card, signed and written; answered by `composed`. */
  | { readonly type: 'compose'; readonly dial: number; readonly content: Omit<JoinCodeContent, 'hello' | 'card'> }
  | { readonly type: 'linked'; readonly dial: number; readonly card: PeerCard; readonly isInitiator: boolean; readonly remoteHello: Uint8Array }
  | { readonly type: 'join'; readonly state: JoinState };

/** Where the exchange of codes is, for the one who does it. `problem`: what was wrong with what was pasted last, or why it ended. */
export type JoinState = {
  readonly step: 'idle' | 'preparing' | 'showing' | 'connecting' | 'linked';
  /** What this side gives: an offer, or an answer. */
  readonly side?: JoinCodeKind;
  readonly code?: string;
  readonly expiresAt?: number;
  readonly node?: NodeId;
  readonly problem?: ErrorCode;
};

/** Numbers of dials from here on, so that none is also one of the dial book's. */
const FIRST_DIAL = 2 ** 40;

type Exchange = {
  readonly dial: number;
  readonly side: JoinCodeKind;
  readonly exchangeId: Uint8Array;
  readonly expiresAt: number;
  readonly candidates: string[];
  sdp: string | undefined;
  /** When what was found until then goes into the code. */
  gatherUntil: number | undefined;
  code: string | undefined;
  /** Who is at the other end: from the offer, or from the answer once it is there. */
  remote: OpenedJoinCode | undefined;
  retryAt: number | undefined;
  deadline: number;
};

/**
 * Two people link their nodes with no server: one gives the other a code (by any messenger, on paper, as a picture) and gets one back. What the codes
 * carry is what introductions do; the handshake on the link that opens then proves both sides, as on any other. One exchange at a time.
 */
export class JoinExchange implements Machine<JoinInput, JoinOutput> {
  readonly #me: NodeId;
  readonly #networkId: Uint8Array;
  readonly #entropy: Entropy;
  readonly #outputs = new Queue<JoinOutput>();
  #exchange: Exchange | undefined;
  #checking: { readonly job: number; readonly code: OpenedJoinCode } | undefined;
  #state: JoinState = { step: 'idle' };
  #nextDial = FIRST_DIAL;
  #nextJob = 1;

  constructor(me: NodeId, networkId: Uint8Array, entropy: Entropy) {
    this.#me = me;
    this.#networkId = networkId;
    this.#entropy = entropy;
  }

  get state(): JoinState {
    return this.#state;
  }

  /** Whether a dial of this number is an exchange's. */
  owns(dial: number): boolean {
    return dial >= FIRST_DIAL;
  }

  handle(input: JoinInput | Wake, now: number): void {
    switch (input.type) {
      case 'begin':
        return this.#begin('offer', this.#entropy.bytes(EXCHANGE_ID_BYTES), now + LIMITS.joinCodeLifetimeMs, now);
      case 'paste':
        return this.#paste(input.text, now);
      case 'cancel':
        this.#end();
        return this.#show({ step: 'idle' });
      case 'code-verified':
        return this.#verified(input.job, input.valid, now);
      case 'composed':
        return this.#composed(input.dial, input.text, now);
      case 'rtc-signal':
        return this.#localSignal(input.dial, input.signal);
      case 'rtc-gathered':
        if (this.#exchange?.dial === input.dial) this.#compose(this.#exchange);
        return;
      case 'rtc-linked':
        return this.#linked(input.dial);
      case 'rtc-failed':
        if (this.#exchange?.dial === input.dial) this.#fail(input.code);
        return;
      case 'wake':
        return this.#wake(now);
    }
  }

  poll(): JoinOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    const exchange = this.#exchange;
    return exchange && earlier(exchange.deadline, earlier(exchange.gatherUntil, exchange.retryAt));
  }

  #begin(side: JoinCodeKind, exchangeId: Uint8Array, expiresAt: number, now: number, remote?: OpenedJoinCode): void {
    this.#end();
    const dial = this.#nextDial++;
    this.#exchange = {
      dial,
      side,
      exchangeId,
      expiresAt,
      candidates: [],
      sdp: undefined,
      gatherUntil: now + LIMITS.joinGatherMs,
      code: undefined,
      remote,
      retryAt: undefined,
      deadline: expiresAt,
    };
    this.#outputs.push({ type: 'rtc-dial', dial, initiator: side === 'offer' });
    this.#show({ step: 'preparing', side });
    // Its candidates come later: with nobody there yet to answer, trying them only makes ICE give up.
    const description = remote && signalsOf('offer', remote.session)[0];
    if (description) this.#outputs.push({ type: 'rtc-signal', dial, signal: description });
  }

  #paste(text: string, now: number): void {
    let code: OpenedJoinCode;
    try {
      code = readJoinCode(text, this.#networkId, now);
    } catch (thrown) {
      return this.#complain(asParleyError(thrown, 'code-broken').code);
    }
    if (code.card.node === this.#me) return this.#complain('code-own');
    if (code.kind === 'answer' && !this.#isAnswerToOurs(code)) return this.#complain('code-unexpected');
    const job = this.#nextJob++;
    this.#checking = { job, code };
    this.#outputs.push({ type: 'code-verify', job, checks: code.checks });
  }

  #isAnswerToOurs({ exchangeId }: OpenedJoinCode): boolean {
    const exchange = this.#exchange;
    return exchange?.side === 'offer' && !exchange.remote && equalBytes(exchange.exchangeId, exchangeId);
  }

  #verified(job: number, valid: boolean, now: number): void {
    const checking = this.#checking;
    if (checking?.job !== job) return;
    this.#checking = undefined;
    const { code } = checking;
    if (!valid) return this.#complain('code-broken');
    if (code.kind === 'offer') return this.#begin('answer', code.exchangeId, code.expiresAt, now, code);
    const exchange = this.#exchange;
    if (!exchange || !this.#isAnswerToOurs(code)) return this.#complain('code-unexpected');
    exchange.remote = code;
    exchange.deadline = now + LIMITS.joinConnectMs;
    for (const signal of signalsOf('answer', code.session)) this.#outputs.push({ type: 'rtc-signal', dial: exchange.dial, signal });
    this.#show({ step: 'connecting', side: 'offer', node: code.card.node });
  }

  #localSignal(dial: number, signal: RtcSignal): void {
    const exchange = this.#exchange;
    if (exchange?.dial !== dial || exchange.code !== undefined) return;
    if (signal.type === 'candidate') {
      if (exchange.candidates.length < LIMITS.maxSignalsPerIntroduction) exchange.candidates.push(signal.candidate);
      return;
    }
    exchange.sdp = signal.sdp;
  }

  /** Candidates that are found after this do not travel: the code is one piece. */
  #compose(exchange: Exchange): void {
    const { dial, side, sdp, candidates, exchangeId, expiresAt } = exchange;
    if (sdp === undefined || exchange.gatherUntil === undefined) return;
    exchange.gatherUntil = undefined;
    const session = sessionFactsOf(sdp, candidates, LIMITS.maxJoinCandidates);
    if (!session || session.candidates.length === 0) return this.#fail('ice-failed');
    this.#outputs.push({ type: 'compose', dial, content: { kind: side, exchangeId, expiresAt, session } });
  }

  #composed(dial: number, text: string, now: number): void {
    const exchange = this.#exchange;
    if (exchange?.dial !== dial) return;
    exchange.code = text;
    const { side, expiresAt, remote } = exchange;
    this.#show({ step: 'showing', side, code: text, expiresAt, ...(remote ? { node: remote.card.node } : {}) });
    if (side === 'answer') this.#tryRemote(exchange, now);
  }

  /** Opens this side's NAT towards the other, again and again: when the other begins is in people's hands. */
  #tryRemote(exchange: Exchange, now: number): void {
    if (!exchange.remote) return;
    const [, ...candidates] = signalsOf('offer', exchange.remote.session);
    for (const signal of candidates) this.#outputs.push({ type: 'rtc-signal', dial: exchange.dial, signal });
    exchange.retryAt = now + LIMITS.joinRetryMs;
  }

  #linked(dial: number): void {
    const exchange = this.#exchange;
    if (exchange?.dial !== dial) return this.#outputs.push({ type: 'rtc-abandon', dial });
    const { remote, side } = exchange;
    if (!remote) return this.#fail('protocol-violation');
    this.#exchange = undefined;
    this.#outputs.push({ type: 'linked', dial, card: remote.card, isInitiator: side === 'offer', remoteHello: remote.hello });
    this.#show({ step: 'linked', side, node: remote.card.node });
  }

  #wake(now: number): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    if (now >= exchange.deadline) return this.#fail(exchange.side === 'offer' && exchange.remote ? 'ice-failed' : 'code-expired');
    if (exchange.gatherUntil !== undefined && now >= exchange.gatherUntil) {
      exchange.gatherUntil = now + LIMITS.joinGatherMs;
      this.#compose(exchange);
    }
    if (exchange.retryAt !== undefined && now >= exchange.retryAt) this.#tryRemote(exchange, now);
  }

  #fail(code: ErrorCode): void {
    this.#end();
    this.#show({ step: 'idle', problem: code });
  }

  #end(): void {
    if (this.#exchange) this.#outputs.push({ type: 'rtc-abandon', dial: this.#exchange.dial });
    this.#exchange = undefined;
    this.#checking = undefined;
  }

  /** What was pasted was of no use; what is shown stays. */
  #complain(problem: ErrorCode): void {
    this.#show({ ...this.#state, problem });
  }

  #show(state: JoinState): void {
    this.#state = state;
    this.#outputs.push({ type: 'join', state });
  }
}
