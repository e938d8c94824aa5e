import { createLocalIdentity, type LocalIdentity } from '../../src/crypto/identity.ts';
import type { Node, NodeOptions } from '../../src/node/node.ts';
import { MessagePortLink, type PortLike } from '../../src/transport/message-port-link.ts';
import { memoryVault, seededEntropy } from '../support/seeded-identity.ts';
import { localNode, peerUp } from './local-nodes.ts';

const vault = memoryVault(seededEntropy(7));

export function tabIdentity(index: number): Promise<LocalIdentity> {
  return createLocalIdentity({ vault, nodeName: `node-${index}`, now: Date.now(), entropy: seededEntropy(70 + index) });
}

/** A tab of Ada's browser: her person and device, and a node key of its own. */
export async function tabOf(index: number, options: Partial<NodeOptions> = {}): Promise<Node> {
  return localNode(100 + index, { identity: await tabIdentity(index), ...options });
}

/** Links a leaf with its hub as tabs are linked, and waits for their session. */
export async function linkTabs(leaf: Node, hub: Node): Promise<MessagePortLink> {
  const { port1, port2 } = new MessageChannel();
  const up = Promise.all([peerUp(leaf), peerUp(hub)]);
  const link = new MessagePortLink(port1 as PortLike);
  leaf.attachLink(link, 'initiator', hub.id);
  hub.attachLink(new MessagePortLink(port2 as PortLike), 'responder', leaf.id);
  await up;
  return link;
}

/** Until a node knows by the other's card whether that one is a leaf. */
export function known(node: Node, of: Node, isLeaf: boolean): Promise<void> {
  return new Promise((resolve) => {
    const isKnown = () => node.nodes().some((info) => info.node === of.id && info.isLeaf === isLeaf);
    if (isKnown()) return resolve();
    const stop = node.on('node-up', () => {
      if (!isKnown()) return;
      stop();
      resolve();
    });
  });
}
