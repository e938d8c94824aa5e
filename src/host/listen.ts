import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { systemClock } from '../app/system-clock.ts';
import { ParleyError } from '../base/errors.ts';
import { HOST_LIMITS, LIMITS } from '../base/limits.ts';
import type { Node } from '../node/node.ts';
import type { WebSocketLike } from '../transport/signaling-websocket.ts';
import { WebSocketLink } from '../transport/websocket-link.ts';
import type { ListenAddress } from './options.ts';

/** RFC 6455 §7.4.1 and the IANA registry: "try again later". */
const TRY_AGAIN_LATER = 1013;

export type LinkListener = { readonly url: string; readonly port: number; close(): Promise<void> };

/**
 * Links over WebSockets for nodes that cannot use WebRTC: browsers without it, networks without UDP. A link carries what a data channel would, the
 * handshake included, which proves who is there and keeps strangers out of a private network; the socket itself needs no trust.
 * @throws ParleyError `bad-argument` when the address cannot be listened on
 */
export async function listenForLinks(node: Node, { host, port }: ListenAddress): Promise<LinkListener> {
  const http = createServer(
    (_request, response) => void response.writeHead(426, { 'content-type': 'text/plain' }).end('Links of Parley nodes: WebSocket only.\n'),
  );
  const sockets = new WebSocketServer({ server: http, maxPayload: LIMITS.maxFrameBytes, perMessageDeflate: false });
  // Told by the server's own event, which is waited for.
  sockets.on('error', () => undefined);
  sockets.on('connection', (socket) => {
    if (sockets.clients.size > HOST_LIMITS.maxListenedLinks) return socket.close(TRY_AGAIN_LATER, 'full');
    node.attachLink(new WebSocketLink(socket as unknown as WebSocketLike, systemClock), 'responder');
  });
  const bound = await listenOn(http, host, port);
  return {
    url: `ws://${host.includes(':') ? `[${host}]` : host}:${bound}/`,
    port: bound,
    async close() {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      await closed;
    },
  };
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new ParleyError('bad-argument', `--listen cannot listen on ${host}:${port}: ${cause.message}`, { cause })),
    );
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
