import { describe, expect, it } from 'vitest';
import { connectedNodes, joinNodes, localNode, peerUp } from '../../test/doubles/local-nodes.ts';
import { fromUtf8, utf8 } from '../base/bytes.ts';
import type { NodeId } from '../base/ids.ts';
import type { MemoryLinkOptions } from '../transport/memory-link.ts';
import type { Stream } from './api.ts';
import type { Node } from './node.ts';

function nextMessage(stream: Stream): Promise<Uint8Array> {
  return new Promise((resolve) => stream.onMessage(resolve));
}

/** Nodes, each with a link to the next. */
async function line(count: number, options: MemoryLinkOptions = {}): Promise<readonly Node[]> {
  const nodes = await Promise.all(Array.from({ length: count }, (_, index) => localNode(index + 1)));
  for (const node of nodes) node.setRelayTrust('everybody');
  for (let index = 1; index < count; index++) await joinNodes(nodes[index - 1] as Node, nodes[index] as Node, options);
  return nodes;
}

function echo(node: Node): void {
  node.serve('echo/1', (stream) => stream.onMessage((message) => stream.send(message)));
}

describe('a circuit', () => {
  it('carries a stream to a node without a link, over one relay that sees no plaintext', async () => {
    const frames: Uint8Array[] = [];
    const carry = (frame: Uint8Array, deliver: (frame: Uint8Array) => void) => {
      frames.push(frame.slice());
      queueMicrotask(() => deliver(frame));
    };
    const [a, b, c] = (await line(3, { carry })) as [Node, Node, Node];
    echo(c);
    const stream = await a.open(c.id, 'echo/1');
    expect(stream.peer.node).toBe(c.id);
    expect(stream.path).toEqual({ kind: 'relayed', via: [b.id] });
    const answer = nextMessage(stream);
    await stream.send(utf8('canary-canary-canary'));
    expect(fromUtf8(await answer)).toBe('canary-canary-canary');
    expect(b.relayFigures()).toMatchObject({ circuits: 1, served: 1 });
    for (const frame of frames) expect(Buffer.from(frame).includes('canary')).toBe(false);
  });
});
