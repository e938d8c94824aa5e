import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { SignalingClient, SignalingConnection, SignalingEnd, SignalingHandlers, SignalingJoin } from '../ports/signaling.ts';
import { decodeServerMessage, encodeAnnounce, encodeJoin, encodeList, encodeLookUp, encodeRelay, SIGNALING_SUBPROTOCOL } from './signaling-codec.ts';
import type { ServerMessage } from './signaling-codec.ts';

/** The part of the WHATWG WebSocket that is used; `ws` for Node has it too. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string, protocols: string) => WebSocketLike;

const OPEN = 1;

/**
 * Introductions over a WebSocket to one server, `url` being `ws://…/signal` or `wss://…/signal`.
 * The socket opens at once in `connect`, so that it can do so while the node's keys are still being loaded; until the join, messages wait.
 */
export class WebSocketSignaling implements SignalingClient {
  readonly host: string;
  readonly url: string;
  readonly #clock: Clock;
  readonly #WebSocket: WebSocketConstructor;

  constructor(url: string, clock: Clock, WebSocketClass: WebSocketConstructor = WebSocket as unknown as WebSocketConstructor) {
    this.url = url;
    this.#clock = clock;
    this.#WebSocket = WebSocketClass;
    this.host = URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
  }

  connect(handlers: SignalingHandlers): SignalingConnection {
    return new WebSocketSignalingConnection(this.url, this.#clock, this.#WebSocket, handlers);
  }
}

/** The address of the signaling server that serves a page: the same host, under `/signal`. */
export function signalingUrlOf(pageUrl: string): string {
  const url = new URL('/signal', pageUrl);
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  return url.href;
}

/** Whether a server's word for another server can be used: a WebSocket URL, and a secure one where the page is. */
export function isSignalingUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  const isSecurePage = globalThis.location?.protocol === 'https:';
  return (protocol === 'wss:' || (protocol === 'ws:' && !isSecurePage)) && username === '' && password === '';
}

class WebSocketSignalingConnection implements SignalingConnection {
  readonly #handlers: SignalingHandlers;
  readonly #socket: WebSocketLike | undefined;
  /** Messages until the socket is open and the join is on its way, oldest first. */
  readonly #waiting: Uint8Array[] = [];
  #waitingJoin: Uint8Array | undefined;
  #hasJoined = false;
  #wasChallenged = false;
  #hasEnded = false;
  readonly #cancelTimeout: () => void;

  constructor(url: string, clock: Clock, WebSocketClass: WebSocketConstructor, handlers: SignalingHandlers) {
    this.#handlers = handlers;
    this.#cancelTimeout = clock.wakeAt(clock.now() + LIMITS.signalingConnectTimeoutMs, () => {
      this.#end({ code: 'signaling-unreachable', detail: 'The signaling server does not answer.' });
    });
    try {
      this.#socket = new WebSocketClass(url, SIGNALING_SUBPROTOCOL);
      this.#listen(this.#socket);
    } catch {
      this.#socket = undefined;
      // Not within `connect`: the caller does not hold the connection yet.
      queueMicrotask(() => this.#end({ code: 'signaling-unreachable', detail: 'The address of the signaling server cannot be used.' }));
    }
  }

  join(join: SignalingJoin): void {
    if (this.#hasEnded || this.#hasJoined || this.#waitingJoin) return;
    this.#waitingJoin = encodeJoin(join);
    this.#flush();
  }

  relay(to: Uint8Array, body: Uint8Array): void {
    this.#send(encodeRelay(to, body));
  }

  list(): void {
    this.#send(encodeList());
  }

  lookUp(node: Uint8Array): void {
    this.#send(encodeLookUp(node));
  }

  announce(on: boolean): void {
    this.#send(encodeAnnounce(on));
  }

  close(): void {
    this.#end({ code: 'closed-here', detail: 'This node closed the connection.' });
  }

  #listen(socket: WebSocketLike): void {
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#flush();
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = () =>
      this.#end({
        code: 'signaling-unreachable',
        detail: this.#wasChallenged ? 'The connection to the signaling server broke.' : 'The signaling server cannot be reached.',
      });
    // `close` follows and says it once.
    socket.onerror = () => undefined;
  }

  #received(data: unknown): void {
    if (this.#hasEnded) return;
    const message = data instanceof ArrayBuffer ? decodeServerMessage(new Uint8Array(data)) : undefined;
    if (!message) return this.#violated('The signaling server sent what is no message of this protocol.');
    if (!this.#wasChallenged && message.type !== 'challenge' && message.type !== 'refused') {
      return this.#violated('The signaling server spoke out of order.');
    }
    this.#deliver(message);
  }

  #deliver(message: ServerMessage): void {
    switch (message.type) {
      case 'challenge':
        if (this.#wasChallenged) return this.#violated('The signaling server challenged twice.');
        this.#wasChallenged = true;
        this.#cancelTimeout();
        return this.#handlers.challenged(message.challenge);
      case 'welcome':
        if (!this.#hasJoined) return this.#violated('The signaling server spoke out of order.');
        return this.#handlers.welcomed({ peerCards: message.peerCards, stunPort: message.stunPort });
      case 'help':
        return this.#handlers.helped(message.help);
      case 'relayed':
        if (!this.#hasJoined) return this.#violated('The signaling server spoke out of order.');
        return this.#handlers.relayed(message.from, message.body);
      case 'absent':
        return this.#handlers.absent(message.to);
      case 'refused':
        return this.#end({
          code: 'signaling-refused',
          detail: refusalSentence(message.code, message.detail),
          ...(message.code === 'replaced' ? { wasReplaced: true } : {}),
        });
    }
  }

  #violated(detail: string): void {
    this.#end({ code: 'signaling-refused', detail });
  }

  #send(message: Uint8Array): void {
    if (this.#hasEnded) return;
    if (message.length > LIMITS.maxSignalingMessageBytes) return;
    if (this.#waiting.length >= LIMITS.maxWaitingSignalingMessages) this.#waiting.shift();
    this.#waiting.push(message);
    this.#flush();
  }

  #flush(): void {
    const socket = this.#socket;
    if (!socket || socket.readyState !== OPEN || this.#hasEnded) return;
    if (this.#waitingJoin) {
      this.#hasJoined = true;
      socket.send(this.#waitingJoin as Uint8Array<ArrayBuffer>);
      this.#waitingJoin = undefined;
    }
    if (!this.#hasJoined) return;
    for (let message = this.#waiting.shift(); message; message = this.#waiting.shift()) {
      socket.send(message as Uint8Array<ArrayBuffer>);
    }
  }

  #end(end: SignalingEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#cancelTimeout();
    this.#waiting.length = 0;
    this.#waitingJoin = undefined;
    try {
      this.#socket?.close(1000);
    } catch {
      // A socket that cannot be closed is closed.
    }
    this.#handlers.closed(end);
  }
}

/** Words of the server are shown only where we have none of our own, and never without saying whose they are. */
function refusalSentence(code: string, detail: string): string {
  const known = REFUSALS[code];
  return known ?? `The signaling server refused (${printable(code)}): ${printable(detail)}`;
}

const REFUSALS: Readonly<Record<string, string>> = {
  malformed: 'The signaling server did not understand this node.',
  'bad-signature': 'The signaling server does not accept the signature of this node.',
  'rate-limited': 'The signaling server was asked too much too often.',
  'too-many-connections': 'Too many connections to the signaling server come from this address.',
  'too-large': 'A message was too large for the signaling server.',
  'timed-out': 'The signaling server waited too long for this node to join.',
  replaced: 'This node joined again from elsewhere.',
  full: 'The signaling server is full.',
  'shutting-down': 'The signaling server is stopping.',
};

function printable(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{P}\p{Zs}]/gu, '');
}
