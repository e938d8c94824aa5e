import { WebSocket } from 'ws';
import { systemClock } from '../../src/app/system-clock.ts';
import type { Node } from '../../src/node/node.ts';
import { WebSocketHostDialer } from '../../src/transport/host-dialer.ts';
import type { WebSocketConstructor } from '../../src/transport/signaling-websocket.ts';
import type { RunningHost } from './host-process.ts';

export const hostDialer = new WebSocketHostDialer(
  systemClock,
  { protocol: 'http:', hostname: 'localhost' },
  WebSocket as unknown as WebSocketConstructor,
);

/** Links the node with the host's `--listen`. */
export function linkWith(node: Node, { ready }: RunningHost): Promise<void> {
  return new Promise<void>((resolve, reject) =>
    hostDialer.dial(ready.listen ?? '', {
      linked: (link, hostNode) => {
        node.attachLink(link, 'initiator', hostNode);
        resolve();
      },
      ended: ({ detail }) => reject(new Error(detail)),
    }),
  );
}
