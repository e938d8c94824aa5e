import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Address } from './address.ts';
import type { Scheduled } from './deadline-wheel.ts';
import type { Room } from './room.ts';
import { TokenBucket } from './token-bucket.ts';

/** `challenged` → `joined` → `leaving` → `gone`; a refused socket goes to `leaving` from anywhere. */
export type PeerState = 'challenged' | 'joined' | 'leaving' | 'gone';

/** One socket and everything the server remembers for it: ten thousand of these must stay small. */
export class Peer implements Scheduled {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  readonly address: Address;
  readonly messages: TokenBucket;
  state: PeerState = 'challenged';
  /** Random, for the join of this socket only; dropped after it. */
  challenge: Buffer | undefined;
  /** The node's key as Latin-1 text (32 characters): the smallest form that is a map key. Empty before the join. */
  node = '';
  card: Buffer | undefined;
  room: Room | undefined;
  /** Its place among the announced peers of its room; -1 when it is not announced. */
  announcedAt = -1;
  lastHeardAt: number;
  dueAt = 0;
  /** Whether its socket is corked until the end of this turn of the event loop. */
  isCorked = false;

  constructor(webSocket: WebSocket, socket: Socket, address: Address, messageBurst: number, now: number) {
    this.webSocket = webSocket;
    this.socket = socket;
    this.address = address;
    this.messages = new TokenBucket(messageBurst, now);
    this.lastHeardAt = now;
  }
}
