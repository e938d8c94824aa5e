import { concatBytes, toHex, utf8 } from '../base/bytes.ts';
import { publicKeyOf, type NodeId } from '../base/ids.ts';
import { sha256 } from './hash.ts';
import { DERIVATION_LABELS } from './labels.ts';

/** Enough to tell a million nodes apart. */
const PLACE_BYTES = 8;

/** Where a node stands on the network's ring: a hash that nobody can choose for all networks at once. Never used as an address. */
export function overlayPlace(networkId: Uint8Array, node: NodeId): string {
  return toHex(sha256(concatBytes(utf8(DERIVATION_LABELS.overlayPlace), networkId, publicKeyOf(node))).subarray(0, PLACE_BYTES));
}
