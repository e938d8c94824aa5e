import { concatBytes } from '../base/bytes.ts';
import { sha256 } from './hash.ts';
import { labelled, SIGNATURE_LABELS } from './labels.ts';

/** What a node signs to join a room of a signaling server (signaling-server/PROTOCOL.md): its challenge, the room, and the card's hash. */
export function joinMessage(challenge: Uint8Array, room: Uint8Array, card: Uint8Array): Uint8Array {
  return labelled(SIGNATURE_LABELS.join, concatBytes(challenge, room, sha256(card)));
}
