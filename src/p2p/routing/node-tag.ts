import { toBase64url } from '../../base/bytes.ts';
import { publicKeyOf, type NodeId } from '../../base/ids.ts';
import { sha256 } from '../../crypto/hash.ts';
import { DERIVATION_LABELS, labelled } from '../../crypto/labels.ts';

export const NODE_TAG_BYTES = 8;

/** A node as routing names it: {@link NODE_TAG_BYTES} bytes, base64url. Short enough for lists, and nothing to whoever does not know the node. */
export type NodeTag = string;

/** The first bytes of SHA-256(label ‖ network id ‖ node key). A circuit to the wrong node ends in its handshake, so a collision gains nothing. */
export function nodeTagBytes(networkId: Uint8Array, node: NodeId): Uint8Array {
  return sha256(labelled(DERIVATION_LABELS.nodeTag, networkId), publicKeyOf(node)).slice(0, NODE_TAG_BYTES);
}

export function tagOf(bytes: Uint8Array): NodeTag {
  return toBase64url(bytes);
}
