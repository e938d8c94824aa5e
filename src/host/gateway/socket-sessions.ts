import type { Socket } from 'node:net';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { ParleyError } from '../../base/errors.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import type { Gateway } from './gateway.ts';

/** MCP clients of the owner's over the control socket (`parley host connect`): each sees the aggregate, with sessions of its own. */
export class SocketSessions {
  readonly #gateway: Gateway;
  #open = 0;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** @throws ParleyError `overloaded` */
  serve(socket: Socket): void {
    if (this.#open >= HOST_LIMITS.maxHttpSessions) throw new ParleyError('overloaded', 'The host has as many MCP clients as it may have.');
    this.#open++;
    const session = serveStdio(() => this.#gateway.aggregateOfSession().server, { transport: new StdioServerTransport(socket, socket) });
    socket.once('close', () => {
      this.#open--;
      void session.close();
    });
  }
}
