import type { ErrorCode } from '../../src/base/errors.ts';
import type { SeededRandom } from '../../src/base/seeded-random.ts';
import type { EventQueue } from './event-queue.ts';

/** Where a node stands in the network: how fast it sends, and what it can reach. */
export type Place = {
  readonly index: number;
  uplinkBytesPerSecond: number;
  /** Added to every delay from here. */
  extraDelayMs: number;
  /** Places with different sides are cut off from each other. */
  side: number;
  /** The machine sleeps or was switched off: nothing comes or goes. */
  isDown: boolean;
  /** When what was sent before has left. */
  uplinkFreeAt: number;
};

export type NetworkOptions = {
  readonly meanDelayMs: number;
  /** How far single pairs are from it at most, as a share of it. */
  readonly spread: number;
  /** Share of packets that are lost. */
  readonly loss: number;
  /** Share of packets that are overtaken below the ordered channel, which makes the channel wait for them. */
  readonly reorder: number;
};

export interface LinkEndHandlers {
  frame(bytes: Uint8Array): void;
  closed(code: Extract<ErrorCode, 'peer-closed' | 'link-lost'>): void;
}

/** Told of every frame that arrives, before its receiver. */
export interface NetworkTap {
  carried(from: Place, to: Place, bytes: Uint8Array): void;
}

const PACKET_BYTES = 1_200;
const JITTER = 0.1;
/**
 * The retransmission timeout of libwebrtc's SCTP: the round-trip time and 220 ms, 400 ms at least (net/dcsctp/public/dcsctp_options.h, `rto_min` and
 * `min_rtt_variance`; net/dcsctp/tx/retransmission_timeout.cc). Acknowledgements of lone packets wait up to 200 ms for company (`delayed_ack_max_timeout`), which
 * raises what a real one measures; that is not modelled.
 */
const RTO_MIN_MS = 400;
const MIN_RTT_VARIANCE_MS = 220;
/**
 * RFC 9260 §7.2.4, `kNumberOfNacksForRetransmission` in net/dcsctp/tx/outstanding_data.cc: when so many later packets came, of the same message or of others,
 * a lost one is known to be missing and is sent again at once. One that is lost again waits for the timeout.
 */
const FAST_RETRANSMIT_PACKETS = 3;
const OVERTAKEN_MS = 100;
/** RFC 7675 §5.1: consent to send ends 30 s after the last answer, and with it the connection. */
const CONSENT_MS = 30_000;

/** A lost packet: how many later ones were sent, and when its repair arrives, of which `againMs` is for further losses. */
type Gap = { nacks: number; repairedAt: number; readonly againMs: number };

/** A frame on its way, complete when its last packet is there. */
type Flight = { readonly frame: Uint8Array; readonly oneWayMs: number; readonly arrivesAt: number; readonly gaps: readonly Gap[] };

/** One end of an open link: a data channel, reliable and in order. */
export class SimLinkEnd {
  readonly place: Place;
  other!: SimLinkEnd;
  isOpen = true;
  /** By when everything that was sent is there. */
  lastArrivalAt = 0;
  /** In the order in which they were sent, which is that in which they are received. */
  readonly flights: Flight[] = [];
  /** Arrived at the closed gate of a partition: its retransmissions get through afterwards. */
  readonly held: Uint8Array[] = [];
  bytesSent = 0;
  framesSent = 0;
  #handlers: LinkEndHandlers | undefined;
  #early: Uint8Array[] = [];
  #end: Parameters<LinkEndHandlers['closed']>[0] | undefined;

  constructor(place: Place) {
    this.place = place;
  }

  bind(handlers: LinkEndHandlers): void {
    this.#handlers = handlers;
    for (const frame of this.#early.splice(0)) handlers.frame(frame);
    if (this.#end) handlers.closed(this.#end);
  }

  receive(frame: Uint8Array): void {
    if (!this.isOpen) return;
    if (this.#handlers) this.#handlers.frame(frame);
    else this.#early.push(frame);
  }

  finish(code: Parameters<LinkEndHandlers['closed']>[0]): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#end = code;
    this.#handlers?.closed(code);
  }
}

/** All links and what happens to frames on them. */
export class SimNetwork {
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #pairSeed: number;
  readonly #tap: NetworkTap;
  readonly #links = new Set<SimLinkEnd>();
  #options: NetworkOptions;

  constructor(queue: EventQueue, random: SeededRandom, options: NetworkOptions, tap: NetworkTap) {
    this.#queue = queue;
    this.#random = random;
    this.#pairSeed = random.uint32();
    this.#options = options;
    this.#tap = tap;
  }

  get options(): NetworkOptions {
    return this.#options;
  }

  /** For everything that is sent from now on. */
  change(options: NetworkOptions): void {
    this.#options = options;
  }

  /** Joins two places; each end is to be bound by its node. */
  open(a: Place, b: Place): readonly [SimLinkEnd, SimLinkEnd] {
    const left = new SimLinkEnd(a);
    const right = new SimLinkEnd(b);
    left.other = right;
    right.other = left;
    this.#links.add(left);
    return [left, right];
  }

  send(end: SimLinkEnd, frame: Uint8Array): void {
    if (!end.isOpen) return;
    end.bytesSent += frame.length;
    end.framesSent++;
    const leftAt = this.#leave(end.place, frame.length);
    const flight = this.#launch(end, frame, leftAt);
    this.#missEarlier(end, flight);
    end.flights.push(flight);
    const completeAt = completionOf(flight);
    end.lastArrivalAt = Math.max(end.lastArrivalAt, completeAt);
    this.#queue.at(completeAt, () => this.#receive(end));
  }

  /** Bytes that the place was given and that have not left yet. */
  backlogBytes(place: Place): number {
    return Math.max(0, Math.round(((place.uplinkFreeAt - this.#queue.now) * place.uplinkBytesPerSecond) / 1000));
  }

  /** Ends the link in order: the other side hears of it behind what was sent before. */
  close(end: SimLinkEnd): void {
    if (!end.isOpen) return;
    end.isOpen = false;
    end.lastArrivalAt = Math.max(end.lastArrivalAt, this.#queue.now + this.delayMs(end.place, end.other.place));
    this.#queue.at(end.lastArrivalAt, () => {
      if (!this.isCut(end.place, end.other.place)) this.#end(end.other, 'peer-closed');
      else this.#queue.after(CONSENT_MS, () => this.#end(end.other, 'link-lost'));
    });
  }

  /** After a change of `side` or `isDown`: links that stay cut lose their consent, and those that are whole again carry what was held. */
  reconsider(): void {
    for (const end of this.#links) {
      if (!end.isOpen && !end.other.isOpen) this.#links.delete(end);
      else if (this.isCut(end.place, end.other.place)) this.#startLosingConsent(end);
      else {
        this.#cutSince.delete(end);
        this.#release(end);
        this.#release(end.other);
      }
    }
  }

  isCut(a: Place, b: Place): boolean {
    return a.isDown || b.isDown || a.side !== b.side;
  }

  /** One way, without loss: stable for a pair, with a little jitter. */
  delayMs(from: Place, to: Place): number {
    const { meanDelayMs, spread } = this.#options;
    const base = meanDelayMs * (1 - spread + 2 * spread * pairFraction(this.#pairSeed, from.index, to.index));
    return this.#random.jitter(base, JITTER) + from.extraDelayMs + to.extraDelayMs;
  }

  readonly #cutSince = new Map<SimLinkEnd, number>();

  #startLosingConsent(end: SimLinkEnd): void {
    if (this.#cutSince.has(end)) return;
    const since = this.#queue.now;
    this.#cutSince.set(end, since);
    this.#queue.after(this.#random.jitter(CONSENT_MS, JITTER), () => {
      if (this.#cutSince.get(end) !== since) return;
      this.#cutSince.delete(end);
      this.#end(end, 'link-lost');
      this.#end(end.other, 'link-lost');
    });
  }

  #leave(place: Place, bytes: number): number {
    place.uplinkFreeAt = Math.max(this.#queue.now, place.uplinkFreeAt) + (bytes / place.uplinkBytesPerSecond) * 1000;
    return place.uplinkFreeAt;
  }

  #launch(end: SimLinkEnd, frame: Uint8Array, leftAt: number): Flight {
    const oneWayMs = this.delayMs(end.place, end.other.place);
    const { loss, reorder } = this.#options;
    const gaps: Gap[] = [];
    let overtakenMs = 0;
    // The packets of a message are repaired side by side: it is complete with the last of them.
    if (loss > 0 || reorder > 0) {
      for (let behind = Math.ceil(frame.length / PACKET_BYTES) - 1; behind >= 0; behind--) {
        const gap = this.#loseSometimes(leftAt + oneWayMs, oneWayMs, behind);
        if (gap) gaps.push(gap);
        if (reorder > 0 && this.#random.float() < reorder) overtakenMs = Math.max(overtakenMs, this.#random.float() * OVERTAKEN_MS);
      }
    }
    return { frame, oneWayMs, arrivesAt: leftAt + oneWayMs + overtakenMs, gaps };
  }

  /** `behind`: how many packets of the same message follow. */
  #loseSometimes(arrivesAt: number, oneWayMs: number, behind: number): Gap | undefined {
    const { loss } = this.#options;
    if (this.#random.float() >= loss) return undefined;
    let timeoutMs = Math.max(RTO_MIN_MS, 2 * oneWayMs + MIN_RTT_VARIANCE_MS);
    const firstMs = behind >= FAST_RETRANSMIT_PACKETS ? 2 * oneWayMs : timeoutMs;
    let againMs = 0;
    while (this.#random.float() < loss) againMs += timeoutMs *= 2;
    return { nacks: behind, repairedAt: arrivesAt + firstMs + againMs, againMs };
  }

  /** What was lost before may be missed by this flight's packets, long before the timeout. */
  #missEarlier(end: SimLinkEnd, later: Flight): void {
    const packets = Math.ceil(later.frame.length / PACKET_BYTES);
    for (const flight of end.flights) {
      for (const gap of flight.gaps) {
        if (gap.nacks >= FAST_RETRANSMIT_PACKETS) continue;
        gap.nacks += packets;
        if (gap.nacks < FAST_RETRANSMIT_PACKETS) continue;
        // The later packet arrives, its acknowledgement goes back, and the lost one comes again.
        const repairedAt = later.arrivesAt + 2 * flight.oneWayMs + gap.againMs;
        if (repairedAt >= gap.repairedAt) continue;
        gap.repairedAt = repairedAt;
        this.#queue.at(Math.max(repairedAt, completionOf(flight)), () => this.#receive(end));
      }
    }
  }

  /** Everything that is complete and has nothing incomplete before it. */
  #receive(end: SimLinkEnd): void {
    for (let head = end.flights[0]; head && completionOf(head) <= this.#queue.now; head = end.flights[0]) {
      end.flights.shift();
      this.#arrive(end, head.frame);
    }
  }

  #arrive(end: SimLinkEnd, frame: Uint8Array): void {
    const { other } = end;
    if (!other.isOpen) return;
    if (end.held.length > 0 || this.isCut(end.place, other.place)) {
      end.held.push(frame);
      return;
    }
    this.#tap.carried(end.place, other.place, frame);
    other.receive(frame);
  }

  #release(end: SimLinkEnd): void {
    const frames = end.held.splice(0);
    if (frames.length === 0) return;
    // The sender's timer has backed off meanwhile.
    const arrival = this.#queue.now + this.delayMs(end.place, end.other.place) + this.#random.float() * 8 * RTO_MIN_MS;
    end.lastArrivalAt = Math.max(end.lastArrivalAt, arrival);
    for (const frame of frames) this.#queue.at(end.lastArrivalAt, () => this.#arrive(end, frame));
  }

  #end(end: SimLinkEnd, code: Parameters<LinkEndHandlers['closed']>[0]): void {
    end.finish(code);
    if (!end.other.isOpen) {
      this.#links.delete(end);
      this.#links.delete(end.other);
    }
  }
}

function completionOf({ arrivesAt, gaps }: Flight): number {
  let at = arrivesAt;
  for (const { repairedAt } of gaps) at = Math.max(at, repairedAt);
  return at;
}

/** A fraction in [0, 1) that belongs to the pair, whichever of the two comes first. */
function pairFraction(seed: number, a: number, b: number): number {
  let mixed = Math.imul(Math.min(a, b) + 1, 0x9e3779b1) ^ Math.imul(Math.max(a, b) + 1, 0x85ebca77) ^ seed;
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x21f0aaad);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
