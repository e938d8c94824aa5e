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
/** The smallest retransmission timeout of libwebrtc's SCTP (dcsctp_options.h, `rto_min`). Lone messages are repaired by it, never by fast retransmit. */
const RETRANSMISSION_MS = 400;
/** RFC 9260 §7.2.4: with so many packets behind it, a lost one is missed at once and sent again after a round trip. */
const FAST_RETRANSMIT_PACKETS = 3;
const OVERTAKEN_MS = 100;
/** RFC 7675 §5.1: consent to send ends 30 s after the last answer, and with it the connection. */
const CONSENT_MS = 30_000;

/** One end of an open link: a data channel, reliable and in order. */
export class SimLinkEnd {
  readonly place: Place;
  other!: SimLinkEnd;
  isOpen = true;
  /** What is sent later arrives no earlier. */
  lastArrivalAt = 0;
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
    const arrival = leftAt + this.#carryMs(end.place, end.other.place, frame.length);
    end.lastArrivalAt = Math.max(end.lastArrivalAt, arrival);
    this.#queue.at(end.lastArrivalAt, () => this.#arrive(end, frame));
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
    const base = this.#options.meanDelayMs * (0.2 + 1.6 * pairFraction(this.#pairSeed, from.index, to.index));
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

  #carryMs(from: Place, to: Place, bytes: number): number {
    const total = this.delayMs(from, to);
    const { loss, reorder } = this.#options;
    if (loss === 0 && reorder === 0) return total;
    // The packets of a message are repaired side by side: it is complete with the last of them.
    let repairMs = 0;
    for (let behind = Math.ceil(bytes / PACKET_BYTES) - 1; behind >= 0; behind--) {
      let timeoutMs = Math.max(RETRANSMISSION_MS, total * 3);
      let lateMs = 0;
      while (this.#random.float() < loss) {
        const isFast = lateMs === 0 && behind >= FAST_RETRANSMIT_PACKETS;
        lateMs += isFast ? 2 * total : timeoutMs;
        if (!isFast) timeoutMs *= 2;
      }
      if (reorder > 0 && this.#random.float() < reorder) lateMs += this.#random.float() * OVERTAKEN_MS;
      repairMs = Math.max(repairMs, lateMs);
    }
    return total + repairMs;
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
    const arrival = this.#queue.now + this.delayMs(end.place, end.other.place) + this.#random.float() * 8 * RETRANSMISSION_MS;
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

/** A fraction in [0, 1) that belongs to the pair, whichever of the two comes first. */
function pairFraction(seed: number, a: number, b: number): number {
  let mixed = Math.imul(Math.min(a, b) + 1, 0x9e3779b1) ^ Math.imul(Math.max(a, b) + 1, 0x85ebca77) ^ seed;
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x21f0aaad);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
