import type { NodeId } from '../base/ids.ts';
import type { Link, LinkEnd } from './link.ts';

export type HostDialHandlers = {
  /** The link is open. `node` is who the host says that it is: the handshake proves it. */
  linked(link: Link, node: NodeId): void;
  /** The end, once: it did not open, or the link ended, whoever ended it. */
  ended(end: LinkEnd): void;
};

/** Opens links to hosts that take them at WebSocket URLs. */
export interface HostDialer {
  /** Whether this program can open the URL at all: pages from secure places open no insecure sockets. */
  problemOf(url: string): HostUrlProblem | undefined;
  /** Answers how to give up; nothing follows then. Never throws. */
  dial(url: string, handlers: HostDialHandlers): () => void;
}

/** `insecure`: the page came over HTTPS, and so must its sockets; `elsewhere`: the address is of the loopback, but of another machine's. */
export type HostUrlProblem = 'no-url' | 'insecure' | 'elsewhere';
