import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Address } from './address.ts';
import { AddressLimiter } from './address-limiter.ts';
import type { AddressLimits } from './address-limiter.ts';
import type { Counters } from './counters.ts';
import { DeadlineWheel } from './deadline-wheel.ts';
import { isJoinSignature, joinPayload } from './join-signature.ts';
import { LIMITS } from './limits.ts';
import type { Logger } from './logger.ts';
import { Peer } from './peer.ts';
import { decodeClientMessage, encodeAbsent, encodeChallenge, encodeHelp, encodeRefused, encodeWelcome, relayedInPlace } from './protocol.ts';
import type { ClientMessage, Help, RefusalCode } from './protocol.ts';
import { Room } from './room.ts';

export type HubOptions = AddressLimits & {
  readonly maxSockets: number;
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /** Told in every welcome; 0 when there is no STUN. */
  readonly stunPort: () => number;
  /** What newcomers are told beside the cards; `undefined` when there is nothing. */
  readonly help: () => Help | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
};

const NO_HELP: Help = { servers: [], turn: undefined, hosts: [] };

type PeerSocket = WebSocket & { peer?: Peer };

/** WebSocket close codes, RFC 6455 §7.4.1. */
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

/**
 * The introductions: who is in which room, and the relaying between them. It owns the sockets from the finished WebSocket
 * handshake on. It has no timer of its own: `tick` is called about once a second.
 */
export class Hub {
  readonly #options: HubOptions;
  readonly #log: Logger;
  readonly #counters: Counters;
  readonly #limiter: AddressLimiter;
  readonly #wheel: DeadlineWheel<Peer>;
  readonly #rooms = new Map<string, Room>();
  readonly #peers = new Set<Peer>();
  #corked: Peer[] = [];
  #isStopping = false;
  #whenEmpty: (() => void) | undefined;

  // Shared by all sockets: `this` is the socket, so none of them needs a closure of its own.
  readonly #onMessage: (this: PeerSocket, data: WebSocket.Data) => void;
  readonly #onControl: (this: PeerSocket) => void;
  readonly #onClose: (this: PeerSocket) => void;

  constructor(options: HubOptions, log: Logger, counters: Counters) {
    this.#options = options;
    this.#log = log;
    this.#counters = counters;
    this.#limiter = new AddressLimiter(options);
    this.#wheel = new DeadlineWheel(options.now());
    // oxlint-disable-next-line no-this-alias
    const hub = this;
    this.#onMessage = function (data) {
      if (this.peer) hub.#received(this.peer, data);
    };
    this.#onControl = function () {
      if (this.peer) hub.#heard(this.peer);
    };
    this.#onClose = function () {
      if (this.peer) hub.#gone(this.peer);
    };
  }

  /** Whether there is room for one more socket, be it only to tell it that there is none. */
  hasRoomForHandshake(): boolean {
    return !this.#isStopping && this.#peers.size < this.#options.maxSockets + LIMITS.maxSocketsBeingRefused;
  }

  /** Takes over a socket whose WebSocket handshake is done. */
  accept(webSocket: WebSocket, socket: Socket, address: Address): void {
    const now = this.#options.now();
    const admission = this.#limiter.admit(address, now);
    if (admission === 'rejected') {
      this.#counters.refused++;
      webSocket.on('error', ignore);
      webSocket.terminate();
      return;
    }
    const peer = new Peer(webSocket, socket, address, this.#options.messageBurst, now);
    (webSocket as PeerSocket).peer = peer;
    webSocket.on('message', this.#onMessage);
    webSocket.on('ping', this.#onControl);
    webSocket.on('pong', this.#onControl);
    webSocket.on('close', this.#onClose);
    // A broken frame or connection: `close` follows.
    webSocket.on('error', ignore);
    this.#peers.add(peer);
    this.#counters.accepted++;
    this.#counters.connections = this.#peers.size;

    if (this.#isStopping) return this.#refuse(peer, 'shutting-down', 'The server is stopping.');
    if (admission === 'refused') return this.#refuse(peer, 'too-many-connections', 'Too many connections come from this address.');
    if (this.#peers.size > this.#options.maxSockets) return this.#refuse(peer, 'full', 'The server holds as many connections as it may.');
    peer.challenge = randomBytes(32);
    webSocket.send(encodeChallenge(peer.challenge));
    this.#wheel.schedule(peer, now + LIMITS.joinTimeoutMs);
  }

  /** Tells everybody what {@link HubOptions.help} says now, be it that there is nothing any more. */
  tellHelp(): void {
    // Each has credentials of its own in it.
    for (const peer of this.#peers) if (peer.state === 'joined') this.#send(peer, encodeHelp(this.#options.help() ?? NO_HELP));
  }

  /** Does what time demands: pings, time-outs, forgetting. */
  tick(): void {
    const now = this.#options.now();
    this.#wheel.advance(now, (peer) => this.#due(peer, now));
    this.#limiter.sweep(now);
  }

  /** Tells everybody that the server stops, and resolves when all sockets are gone; what is left after the bound is cut. */
  async stop(timeoutMs: number = LIMITS.shutdownTimeoutMs): Promise<void> {
    this.#isStopping = true;
    for (const peer of this.#peers) this.#refuse(peer, 'shutting-down', 'The server is stopping.', GOING_AWAY);
    if (this.#peers.size === 0) return;
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => {
        for (const peer of this.#peers) peer.webSocket.terminate();
      }, timeoutMs);
      this.#whenEmpty = () => {
        clearTimeout(cut);
        resolve();
      };
    });
  }

  #received(peer: Peer, data: WebSocket.Data): void {
    if (!this.#heard(peer)) return;
    if (!Buffer.isBuffer(data)) return this.#refuse(peer, 'malformed', 'Messages are binary.');
    if (data.length > LIMITS.maxMessageBytes) {
      return this.#refuse(peer, 'too-large', `A message has at most ${LIMITS.maxMessageBytes} bytes.`);
    }
    const message = decodeClientMessage(data);
    if (!message) return this.#refuse(peer, 'malformed', 'The message is none of this protocol.');
    if (message.type === 'join') this.#join(peer, message);
    else if (!peer.room) this.#refuse(peer, 'malformed', 'Join first.');
    else if (message.type === 'relay') this.#relay(peer, peer.room, message.to, data);
    else if (message.type === 'list') this.#welcome(peer, peer.room);
    else if (message.type === 'look-up') this.#lookUp(peer, peer.room, message.node);
    else peer.room.announce(peer, message.on);
  }

  /** Notes that the peer lives and takes a token for what came; answers whether the message may be looked at. */
  #heard(peer: Peer): boolean {
    if (peer.state === 'leaving' || peer.state === 'gone') return false;
    const now = this.#options.now();
    peer.lastHeardAt = now;
    if (peer.messages.take(this.#options.messagesPerSecond, this.#options.messageBurst, now)) return true;
    this.#refuse(peer, 'rate-limited', 'Too many messages.');
    return false;
  }

  #join(peer: Peer, message: Extract<ClientMessage, { type: 'join' }>): void {
    const challenge = peer.challenge;
    if (peer.room || !challenge) return this.#refuse(peer, 'malformed', 'A socket joins once.');
    const now = this.#options.now();
    if (!this.#limiter.mayJoin(peer.address, now)) return this.#refuse(peer, 'rate-limited', 'Too many joins from this address.');
    if (!isJoinSignature(message.node, message.signature, joinPayload(challenge, message.room, message.card))) {
      return this.#refuse(peer, 'bad-signature', 'The signature of the join is not by its node.');
    }
    const roomId = message.room.toString('latin1');
    let room = this.#rooms.get(roomId);
    if (!room) this.#rooms.set(roomId, (room = new Room(roomId)));

    peer.state = 'joined';
    peer.challenge = undefined;
    peer.node = message.node.toString('latin1');
    // A copy: the message's own memory may be a slice of a larger read.
    peer.card = Buffer.from(message.card);
    peer.room = room;
    const previous = room.get(peer.node);
    room.add(peer);
    if (previous) this.#refuse(previous, 'replaced', 'The same node joined again from elsewhere.');
    this.#welcome(peer, room);
    this.#help(peer);
    this.#wheel.schedule(peer, now + LIMITS.pingIntervalMs);
    this.#counters.joins++;
    this.#counters.joined++;
    this.#counters.rooms = this.#rooms.size;
    if (this.#log.isEnabled('debug')) this.#log.debug('joined', { address: this.#log.address(peer.address.client) });
  }

  #help(peer: Peer): void {
    const help = this.#options.help();
    if (help) this.#send(peer, encodeHelp(help));
  }

  #welcome(peer: Peer, room: Room): void {
    const cards = room.sample(LIMITS.maxCardsPerWelcome, peer).map((other) => other.card as Buffer);
    this.#send(peer, encodeWelcome(cards, this.#options.stunPort()));
  }

  /** Answers the card of one node, announced or not: who asks knows its address already. */
  #lookUp(peer: Peer, room: Room, node: string): void {
    const target = room.get(node);
    if (target) this.#send(peer, encodeWelcome([target.card as Buffer], this.#options.stunPort()));
    else this.#send(peer, encodeAbsent(node));
  }

  #relay(peer: Peer, room: Room, to: string, message: Buffer): void {
    const target = room.get(to);
    if (target) {
      this.#counters.relayed++;
      this.#send(target, relayedInPlace(message, peer.node));
    } else {
      this.#counters.absent++;
      this.#send(peer, encodeAbsent(to));
    }
  }

  /** Writes at the end of this turn of the event loop: one system call for all that one turn has for a socket. */
  #send(peer: Peer, message: Buffer): void {
    if (peer.state !== 'joined') return;
    const waiting = peer.socket.writableLength;
    if (waiting > LIMITS.maxBufferedBytes) {
      this.#log.info('dropped', { why: 'slow reader', address: this.#log.address(peer.address.client) });
      peer.webSocket.terminate();
      return;
    }
    if (!peer.isCorked) {
      peer.isCorked = true;
      peer.socket.cork();
      if (this.#corked.push(peer) === 1) setImmediate(this.#flush);
    }
    peer.webSocket.send(message);
  }

  readonly #flush = (): void => {
    const corked = this.#corked;
    this.#corked = [];
    for (const peer of corked) {
      peer.isCorked = false;
      peer.socket.uncork();
    }
  };

  #due(peer: Peer, now: number): void {
    if (peer.state === 'challenged') return this.#refuse(peer, 'timed-out', 'No join came in time.');
    const silentMs = now - peer.lastHeardAt;
    if (peer.state === 'leaving' || silentMs >= LIMITS.idleTimeoutMs) {
      peer.webSocket.terminate();
      return;
    }
    peer.webSocket.ping();
    this.#wheel.schedule(peer, now + Math.min(LIMITS.pingIntervalMs, LIMITS.idleTimeoutMs - silentMs));
  }

  /** Says why and closes. The socket leaves its room at once; its connection gets a moment to read the reason. */
  #refuse(peer: Peer, code: RefusalCode, detail: string, closeCode: number = POLICY_VIOLATION): void {
    if (peer.state === 'leaving' || peer.state === 'gone') return;
    this.#leaveRoom(peer);
    peer.state = 'leaving';
    this.#counters.refused++;
    if (code !== 'shutting-down' && code !== 'replaced') {
      this.#log.info('refused', { code, address: this.#log.address(peer.address.client) });
    }
    peer.webSocket.send(encodeRefused(code, detail));
    peer.webSocket.close(closeCode, code);
    this.#wheel.schedule(peer, this.#options.now() + LIMITS.closeTimeoutMs);
  }

  #leaveRoom(peer: Peer): void {
    const room = peer.room;
    if (!room) return;
    room.remove(peer);
    if (room.size === 0) this.#rooms.delete(room.id);
    peer.room = undefined;
    peer.card = undefined;
    this.#counters.joined--;
    this.#counters.rooms = this.#rooms.size;
  }

  #gone(peer: Peer): void {
    if (peer.state === 'gone') return;
    this.#leaveRoom(peer);
    peer.state = 'gone';
    this.#wheel.cancel(peer);
    this.#peers.delete(peer);
    this.#limiter.release(peer.address, this.#options.now());
    this.#counters.connections = this.#peers.size;
    if (this.#peers.size === 0) this.#whenEmpty?.();
  }
}

function ignore(): void {}
