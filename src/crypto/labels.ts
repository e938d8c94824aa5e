import { concatBytes, utf8 } from '../base/bytes.ts';

/**
 * The domain of every signature: what is signed is `label ‖ 0x00 ‖ message`, so that no signature can be passed off as one of another
 * kind (protocols.md calls its absence the root of the Matrix breaks). A label is used by one message type for ever.
 */
export const SIGNATURE_LABELS = {
  deviceList: 'parley/devicelist/v1',
  deviceCertificate: 'parley/devcert/v1',
  nodeCertificate: 'parley/nodecert/v1',
  noiseStatic: 'parley/noise-static/v1',
  /** The signaling server's challenge (signaling-server/PROTOCOL.md). */
  join: 'parley/join/v1',
  peerCard: 'parley/card/v2',
  goneNotice: 'parley/gone/v1',
  gossipEnvelope: 'parley/gossip-envelope/v1',
  introduction: 'parley/introduction/v1',
  joinCode: 'parley/join-code/v1',
  chatEvent: 'parley/chat-event/v1',
  registryChange: 'parley/registry-change/v1',
  /** Receipts of tool calls: the caller's, and the owner's for the answer. */
  toolCall: 'parley/tool-call/v1',
  toolAnswer: 'parley/tool-answer/v1',
} as const;

/** Labels of things that are not signatures: derived keys, prologues, hashes. */
export const DERIVATION_LABELS = {
  personKey: 'parley/v1/person-sign',
  handshakePrologue: 'parley-noise/1',
  rekeyPrologue: 'parley-rekey/1',
  smallFrames: 'parley/session/small/v1',
  bulkFrames: 'parley/session/bulk/v1',
  sessionClaimKey: 'parley/session/claim-key/v1',
  sessionClaim: 'parley/session/claim/v1',
  sessionId: 'parley/session/id/v1',
  sealedBox: 'parley/sealed-box/v1',
  overlayPlace: 'parley/overlay-place/v1',
  deviceListHash: 'parley/devicelist-hash/v1',
  nodeTag: 'parley/node-tag/v1',
  registryDocument: 'parley/registry-document/v1',
  registryActor: 'parley/registry-actor/v1',
  registryVersion: 'parley/registry-version/v1',
} as const;

/** The bytes that are signed for a message of the label's kind. */
export function labelled(label: string, message: Uint8Array): Uint8Array {
  return concatBytes(utf8(`${label}\0`), message);
}
