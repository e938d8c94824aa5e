import { toHex } from '../../src/base/bytes.ts';
import { LIMITS } from '../../src/base/limits.ts';
import type { SeededRandom } from '../../src/base/seeded-random.ts';
import type { EventQueue } from './event-queue.ts';

export interface SeatHandlers {
  challenged(challenge: Uint8Array): void;
  welcomed(cards: readonly Uint8Array[]): void;
  relayed(body: Uint8Array): void;
  absent(key: Uint8Array): void;
  closed(detail: string): void;
}

/** Told of every introduction that the server sees. */
export interface SignalingTap {
  relayed(body: Uint8Array): void;
}

type Card = { readonly key: string; readonly bytes: Uint8Array; isAnnounced: boolean };

const ONE_WAY_MS = 40;
/** TCP, TLS and the upgrade to a WebSocket. */
const CONNECT_ROUND_TRIPS = 3;
const CHALLENGE_BYTES = 32;

/** One node's connection to the server. */
export class Seat {
  readonly handlers: SeatHandlers;
  card: Card | undefined;
  isOpen = true;
  readonly #server: SimSignaling;

  constructor(server: SimSignaling, handlers: SeatHandlers) {
    this.#server = server;
    this.handlers = handlers;
  }

  join(room: Uint8Array, nodeKey: Uint8Array, card: Uint8Array): void {
    this.#server.toServer(this, () => this.#server.join(this, room, nodeKey, card));
  }

  relay(to: Uint8Array, body: Uint8Array): void {
    this.#server.toServer(this, () => this.#server.relay(this, to, body));
  }

  list(): void {
    this.#server.toServer(this, () => this.#server.welcome(this));
  }

  lookUp(key: Uint8Array): void {
    this.#server.toServer(this, () => this.#server.lookUp(this, key));
  }

  announce(on: boolean): void {
    this.#server.toServer(this, () => {
      if (this.card) this.card.isAnnounced = on;
    });
  }

  close(): void {
    this.#server.leave(this);
  }
}

/** The signaling server as signaling-server/PROTOCOL.md has it, without sockets; it takes signatures on trust, as it is trusted with nothing. */
export class SimSignaling {
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #tap: SignalingTap;
  readonly #rooms = new Map<Seat, string>();
  /** By room and node key. */
  readonly #seats = new Map<string, Seat>();
  #isOn = true;
  /** Share of introductions that the server loses; above 0 it is hostile or broken. */
  dropShare = 0;
  /** Share of introductions that it sends twice. */
  repeatShare = 0;

  constructor(queue: EventQueue, random: SeededRandom, tap: SignalingTap) {
    this.#queue = queue;
    this.#random = random;
    this.#tap = tap;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  switch(on: boolean): void {
    this.#isOn = on;
    if (on) return;
    for (const seat of this.#rooms.keys()) this.#end(seat, 'The server was switched off.');
  }

  connect(handlers: SeatHandlers): Seat {
    const seat = new Seat(this, handlers);
    this.#queue.after(CONNECT_ROUND_TRIPS * 2 * ONE_WAY_MS, () => {
      if (!seat.isOpen) return;
      if (!this.#isOn) return this.#end(seat, 'The server does not answer.');
      this.#toClient(seat, () => handlers.challenged(this.#random.bytes(CHALLENGE_BYTES)));
    });
    return seat;
  }

  toServer(seat: Seat, action: () => void): void {
    this.#queue.after(ONE_WAY_MS, () => {
      if (seat.isOpen && this.#isOn) action();
    });
  }

  join(seat: Seat, room: Uint8Array, nodeKey: Uint8Array, card: Uint8Array): void {
    const name = toHex(room);
    const key = `${name} ${toHex(nodeKey)}`;
    const before = this.#seats.get(key);
    if (before) this.#end(before, 'The node came again.');
    seat.card = { key, bytes: card, isAnnounced: true };
    this.#seats.set(key, seat);
    this.#rooms.set(seat, name);
    this.welcome(seat);
  }

  welcome(seat: Seat): void {
    const room = this.#rooms.get(seat);
    if (room === undefined) return;
    const others: Uint8Array[] = [];
    for (const [other, name] of this.#rooms) if (name === room && other !== seat && other.card?.isAnnounced) others.push(other.card.bytes);
    const sample = drawSample(others, LIMITS.maxSignalingCards, this.#random);
    this.#toClient(seat, () => seat.handlers.welcomed(sample));
  }

  lookUp(seat: Seat, key: Uint8Array): void {
    const target = this.#seats.get(`${this.#rooms.get(seat)} ${toHex(key)}`);
    this.#toClient(seat, () => (target?.card ? seat.handlers.welcomed([target.card.bytes]) : seat.handlers.absent(key)));
  }

  relay(seat: Seat, to: Uint8Array, body: Uint8Array): void {
    this.#tap.relayed(body);
    const target = this.#seats.get(`${this.#rooms.get(seat)} ${toHex(to)}`);
    if (!target) return this.#toClient(seat, () => seat.handlers.absent(to));
    if (this.dropShare > 0 && this.#random.float() < this.dropShare) return;
    this.#toClient(target, () => target.handlers.relayed(body));
    if (this.repeatShare > 0 && this.#random.float() < this.repeatShare) this.#toClient(target, () => target.handlers.relayed(body));
  }

  leave(seat: Seat): void {
    seat.isOpen = false;
    this.#rooms.delete(seat);
    if (seat.card && this.#seats.get(seat.card.key) === seat) this.#seats.delete(seat.card.key);
  }

  #end(seat: Seat, detail: string): void {
    if (!seat.isOpen) return;
    this.leave(seat);
    this.#queue.after(ONE_WAY_MS, () => seat.handlers.closed(detail));
  }

  #toClient(seat: Seat, action: () => void): void {
    this.#queue.after(ONE_WAY_MS, () => {
      if (seat.isOpen) action();
    });
  }
}

/** Up to `count` of the items in random order; the array is used up. */
function drawSample<T>(items: T[], count: number, random: SeededRandom): T[] {
  const drawn = Math.min(count, items.length);
  for (let index = 0; index < drawn; index++) {
    const other = index + random.below(items.length - index);
    [items[index], items[other]] = [items[other] as T, items[index] as T];
  }
  return items.slice(0, drawn);
}
