import { scriptVerifier } from '../../src/crypto/signing.ts';
import { WebCryptoBulkCipher } from '../../src/crypto/bulk-cipher.ts';
import { createNode, type Node, type NodeOptions } from '../../src/node/node.ts';
import { systemClock } from '../../src/app/system-clock.ts';
import { memoryLinkPair, type MemoryLink, type MemoryLinkOptions } from '../../src/transport/memory-link.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { seededEntropy, seededIdentity } from '../support/seeded-identity.ts';

const NETWORK = openNetworkId('test');

/** A real node without signaling; the seed gives its keys. */
export async function localNode(seed: number, options: Partial<NodeOptions> = {}): Promise<Node> {
  const clock = options.clock ?? systemClock;
  return createNode({
    identity: await seededIdentity(seed, clock.now()),
    networkId: NETWORK,
    clock,
    entropy: seededEntropy(seed + 1000),
    verifier: scriptVerifier,
    bulkCipher: new WebCryptoBulkCipher(),
    ...options,
  });
}

/** Joins two nodes by a link in memory and waits for their sessions. */
export async function joinNodes(a: Node, b: Node, options: MemoryLinkOptions = {}): Promise<readonly [MemoryLink, MemoryLink]> {
  const [left, right] = memoryLinkPair(options);
  const up = Promise.all([peerUp(a), peerUp(b)]);
  a.attachLink(left, 'initiator', b.id);
  b.attachLink(right, 'responder');
  await up;
  return [left, right];
}

export function peerUp(node: Node): Promise<void> {
  return new Promise((resolve) => {
    const off = node.on('peer-up', () => {
      off();
      resolve();
    });
  });
}

/** Two real nodes with a session over memory. */
export async function connectedNodes(options: Partial<NodeOptions> = {}): Promise<readonly [Node, Node]> {
  const [a, b] = await Promise.all([localNode(1, options), localNode(2, options)]);
  await joinNodes(a, b);
  return [a, b];
}
