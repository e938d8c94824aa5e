import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { clientAddress, parseAddress } from './address.ts';
import type { Hub } from './hub.ts';
import { LIMITS } from './limits.ts';
import { SUBPROTOCOL } from './protocol.ts';

export const SIGNAL_PATH = '/signal';

export type EndpointOptions = {
  /** Origins besides the server's own, as browsers write them (`https://chat.example`); `*` allows all. */
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: number;
};

/** Puts the hub's WebSocket under `/signal` of an HTTP server. Refuses strange origins, paths and subprotocols before any upgrade. */
export class SignalEndpoint {
  readonly #options: EndpointOptions;
  readonly #hub: Hub;
  readonly #webSockets: WebSocketServer;

  constructor(options: EndpointOptions, hub: Hub) {
    this.#options = options;
    this.#hub = hub;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: LIMITS.maxWebSocketPayloadBytes,
      handleProtocols: () => SUBPROTOCOL,
      ...{ maxFragments: LIMITS.maxFragments, maxBufferedChunks: LIMITS.maxBufferedChunks, maxPendingAutoPongs: 4 },
    });
  }

  attach(server: Server): void {
    server.on('upgrade', this.#upgrade);
  }

  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const refusal = this.#refusal(request);
    if (refusal) {
      socket.on('error', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket as Socket, head, this.#opened);
  };

  readonly #opened = (webSocket: WebSocket, request: IncomingMessage): void => {
    const address = clientAddress(request.socket.remoteAddress, forwardedFor(request), this.#options.trustedProxies);
    this.#hub.accept(webSocket, request.socket, parseAddress(address));
  };

  #refusal(request: IncomingMessage): string | undefined {
    if ((request.url ?? '').split('?', 1)[0] !== SIGNAL_PATH) return '404 Not Found';
    if (!this.#isAllowedOrigin(request)) return '403 Forbidden';
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(SUBPROTOCOL)) return '400 Bad Request';
    return this.#hub.hasRoomForHandshake() ? undefined : '503 Service Unavailable';
  }

  /** Browsers always send an Origin; programs need not, and could claim any. */
  #isAllowedOrigin(request: IncomingMessage): boolean {
    const origin = request.headers.origin;
    if (origin === undefined) return true;
    if (this.#options.allowedOrigins.includes('*') || this.#options.allowedOrigins.includes(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === request.headers.host?.toLowerCase();
  }
}

function forwardedFor(request: IncomingMessage): string | undefined {
  const header = request.headers['x-forwarded-for'];
  return Array.isArray(header) ? header.join(',') : header;
}
