import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { systemClock } from '../app/system-clock.ts';
import { ParleyError } from '../base/errors.ts';
import { publicKeyOf } from '../base/ids.ts';
import { HOST_LIMITS, LIMITS } from '../base/limits.ts';
import type { Node } from '../node/node.ts';
import { LINK_SUBPROTOCOL } from '../transport/host-dialer.ts';
import type { WebSocketLike } from '../transport/signaling-websocket.ts';
import { WebSocketLink } from '../transport/websocket-link.ts';
import { socketUrl } from './host-urls.ts';
import type { ListenAddress } from './options.ts';

/** RFC 6455 §7.4.1 and the IANA registry: "try again later". */
const TRY_AGAIN_LATER = 1013;
const PROTOCOL_ERROR = 1002;

export type LinkListener = {
  readonly url: string;
  readonly port: number;
  /** From now on those who come are linked with the node; nobody was let in before. */
  serve(node: Node): void;
  close(): Promise<void>;
};

/**
 * Links over WebSockets for nodes that cannot use WebRTC, or do not want to: browsers without it, networks without UDP, the centralised mode. The host says
 * first which node it is; then a link carries what a data channel would, the handshake included, which proves who is there and keeps strangers out of a
 * private network. The socket itself needs no trust.
 * @throws ParleyError `bad-argument` when the address cannot be listened on
 */
export async function listenForLinks({ host, port }: ListenAddress): Promise<LinkListener> {
  let serving: Node | undefined;
  const http = createServer(
    (_request, response) => void response.writeHead(426, { 'content-type': 'text/plain' }).end('Links of Parley nodes: WebSocket only.\n'),
  );
  const sockets = new WebSocketServer({
    server: http,
    maxPayload: LIMITS.maxFrameBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => offered.has(LINK_SUBPROTOCOL) && LINK_SUBPROTOCOL,
  });
  // Told by the server's own event, which is waited for.
  sockets.on('error', () => undefined);
  sockets.on('connection', (socket) => {
    socket.on('error', () => undefined);
    if (socket.protocol !== LINK_SUBPROTOCOL) return socket.close(PROTOCOL_ERROR, 'no Parley link');
    if (!serving || sockets.clients.size > HOST_LIMITS.maxListenedLinks) return socket.close(TRY_AGAIN_LATER, 'full');
    socket.send(publicKeyOf(serving.id));
    serving.attachLink(new WebSocketLink(socket as unknown as WebSocketLike, systemClock), 'responder');
  });
  const bound = await listenOn(http, host, port);
  return {
    url: socketUrl(host, bound),
    port: bound,
    serve: (node) => void (serving = node),
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
