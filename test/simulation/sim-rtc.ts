import { LIMITS } from '../../src/base/limits.ts';
import type { ErrorCode } from '../../src/base/errors.ts';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import type { SeededRandom } from '../../src/base/seeded-random.ts';
import type { RtcSignal } from '../../src/ports/rtc.ts';
import type { LinkFacts } from '../../src/node/session-links.ts';
import type { EventQueue } from './event-queue.ts';
import { canConnect, type NatType } from './nat.ts';
import type { Place, SimLinkEnd, SimNetwork } from './sim-network.ts';

export interface RtcDialHandlers {
  signal(signal: RtcSignal): void;
  linked(end: SimLinkEnd, facts: LinkFacts): void;
  failed(code: ErrorCode, detail: string): void;
}

/** What a browser needs to make a description and to gather its first candidates. */
const DESCRIBE_MS = 15;
/** To the STUN server and back. */
const STUN_MS = 80;
/** ICE checks, DTLS and SCTP after both sides know each other's candidates. */
const CONNECT_ROUND_TRIPS = 3;
/** A data channel's description and one candidate as browsers write them. */
const DESCRIPTION_BYTES = 480;
const CANDIDATE_BYTES = 100;
const MULTIHASH_BYTES = 34;

/** One side of an attempt to open a data channel. */
export class SimRtcDial {
  readonly id: number;
  readonly place: Place;
  readonly nat: NatType;
  readonly fingerprint: Uint8Array;
  readonly handlers: RtcDialHandlers;
  remote: { readonly id: number; readonly fingerprint: Uint8Array } | undefined;
  hasRemoteCandidate = false;
  isOver = false;
  readonly #rtc: SimRtc;

  constructor(rtc: SimRtc, id: number, place: Place, nat: NatType, fingerprint: Uint8Array, handlers: RtcDialHandlers) {
    this.#rtc = rtc;
    this.id = id;
    this.place = place;
    this.nat = nat;
    this.fingerprint = fingerprint;
    this.handlers = handlers;
  }

  signal(remote: RtcSignal): void {
    if (!this.isOver) this.#rtc.remoteSignal(this, remote);
  }

  abandon(): void {
    this.isOver = true;
    this.#rtc.forget(this);
  }
}

/** WebRTC as a model: descriptions and candidates travel as the machines carry them; ICE, DTLS and SCTP are time and the two NATs. */
export class SimRtc {
  readonly #queue: EventQueue;
  readonly #network: SimNetwork;
  readonly #random: SeededRandom;
  readonly #dials = new Map<number, SimRtcDial>();
  #nextId = 1;

  constructor(queue: EventQueue, network: SimNetwork, random: SeededRandom) {
    this.#queue = queue;
    this.#network = network;
    this.#random = random;
  }

  dial(options: { readonly place: Place; readonly nat: NatType; readonly isInitiator: boolean; readonly handlers: RtcDialHandlers }): SimRtcDial {
    const fingerprint = this.#random.bytes(MULTIHASH_BYTES);
    fingerprint.set([0x12, 0x20]);
    const dial = new SimRtcDial(this, this.#nextId++, options.place, options.nat, fingerprint, options.handlers);
    this.#dials.set(dial.id, dial);
    if (options.isInitiator) this.#describe(dial, 'offer');
    return dial;
  }

  forget(dial: SimRtcDial): void {
    this.#dials.delete(dial.id);
  }

  remoteSignal(dial: SimRtcDial, signal: RtcSignal): void {
    if (signal.type === 'candidate') {
      dial.hasRemoteCandidate = true;
      return this.#connectIfReady(dial);
    }
    const found = /^sim (\d+) ([0-9a-f]{68}) /.exec(signal.sdp);
    if (!found || dial.remote) return this.#fail(dial, 'The description cannot be used.');
    dial.remote = { id: Number(found[1]), fingerprint: fromHex(found[2] as string) };
    if (signal.type === 'offer') this.#describe(dial, 'answer');
    this.#connectIfReady(dial);
  }

  #describe(dial: SimRtcDial, type: 'offer' | 'answer'): void {
    const sdp = `sim ${dial.id} ${toHex(dial.fingerprint)} `.padEnd(DESCRIPTION_BYTES, '.');
    const candidate = { type: 'candidate', candidate: 'candidate:'.padEnd(CANDIDATE_BYTES, '.'), sdpMid: '0', sdpMLineIndex: 0 } as const;
    this.#localSignal(dial, DESCRIBE_MS, { type, sdp });
    this.#localSignal(dial, DESCRIBE_MS + STUN_MS, candidate);
  }

  #localSignal(dial: SimRtcDial, delayMs: number, signal: RtcSignal): void {
    this.#queue.after(delayMs, () => {
      if (!dial.isOver) dial.handlers.signal(signal);
    });
  }

  #connectIfReady(dial: SimRtcDial): void {
    const remote = dial.remote && this.#dials.get(dial.remote.id);
    if (!remote || remote.remote?.id !== dial.id || !dial.hasRemoteCandidate || !remote.hasRemoteCandidate) return;
    if (!canConnect(dial.nat, remote.nat)) return;
    const oneWayMs = this.#network.delayMs(dial.place, remote.place);
    this.#queue.after(CONNECT_ROUND_TRIPS * 2 * oneWayMs, () => this.#connect(dial, remote));
  }

  #connect(a: SimRtcDial, b: SimRtcDial): void {
    if (a.isOver || b.isOver || this.#network.isCut(a.place, b.place)) return;
    a.isOver = true;
    b.isOver = true;
    const [left, right] = this.#network.open(a.place, b.place);
    this.#linked(a, left);
    this.#linked(b, right);
  }

  #linked(dial: SimRtcDial, end: SimLinkEnd): void {
    this.#dials.delete(dial.id);
    // Each side sees what the descriptions said: who changed a fingerprint under way is found by the handshake.
    const remoteFingerprint = dial.remote?.fingerprint as Uint8Array;
    dial.handlers.linked(end, { kind: 'webrtc', maxFrameBytes: LIMITS.maxFrameBytes, localFingerprint: dial.fingerprint, remoteFingerprint });
  }

  #fail(dial: SimRtcDial, detail: string): void {
    dial.abandon();
    dial.handlers.failed('ice-failed', detail);
  }
}
