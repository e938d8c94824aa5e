import { base58 } from '@scure/base';
import { concatBytes } from './bytes.ts';
import { ParleyError } from './errors.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A node's address: the multibase form of its Ed25519 public key (`z6Mk…`), i.e. a `did:key` without the prefix. */
export type NodeId = Branded<'NodeId'>;
/** A person: the same form, of the account key. */
export type PersonId = Branded<'PersonId'>;
/** A device: the same form, of the device's signing key. */
export type DeviceId = Branded<'DeviceId'>;
/** An MCP server on its node: `[a-z0-9][a-z0-9-]{0,31}`. */
export type AgentId = Branded<'AgentId'>;
/** `nodeId:agentId`. */
export type AgentAddress = Branded<'AgentAddress'>;

export const PUBLIC_KEY_BYTES = 32;

/** multicodec `ed25519-pub` (0xed) as an unsigned varint. */
const ED25519_PREFIX = Uint8Array.of(0xed, 0x01);
const KEY_ID_LENGTH = 48;
const AGENT_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;

function keyIdOf(publicKey: Uint8Array): string {
  if (publicKey.length !== PUBLIC_KEY_BYTES) {
    throw new ParleyError('malformed', `A public key has ${PUBLIC_KEY_BYTES} bytes, not ${publicKey.length}.`);
  }
  return `z${base58.encode(concatBytes(ED25519_PREFIX, publicKey))}`;
}

export function nodeIdOf(publicKey: Uint8Array): NodeId {
  return keyIdOf(publicKey) as NodeId;
}
export function personIdOf(publicKey: Uint8Array): PersonId {
  return keyIdOf(publicKey) as PersonId;
}
export function deviceIdOf(publicKey: Uint8Array): DeviceId {
  return keyIdOf(publicKey) as DeviceId;
}

/** The Ed25519 public key in an id. @throws ParleyError `malformed` */
export function publicKeyOf(id: NodeId | PersonId | DeviceId): Uint8Array {
  return decodeKeyId(id);
}

function decodeKeyId(text: string): Uint8Array {
  if (text.length !== KEY_ID_LENGTH || !text.startsWith('z')) {
    throw new ParleyError('malformed', 'This is not the address of an Ed25519 key.');
  }
  let bytes: Uint8Array;
  try {
    bytes = base58.decode(text.slice(1));
  } catch (cause) {
    throw new ParleyError('malformed', 'This is not the address of an Ed25519 key.', { cause });
  }
  const isEd25519 = bytes[0] === ED25519_PREFIX[0] && bytes[1] === ED25519_PREFIX[1];
  if (!isEd25519 || bytes.length !== ED25519_PREFIX.length + PUBLIC_KEY_BYTES) {
    throw new ParleyError('malformed', 'This is not the address of an Ed25519 key.');
  }
  return bytes.slice(ED25519_PREFIX.length);
}

/** @throws ParleyError `malformed` */
export function parseNodeId(text: string): NodeId {
  decodeKeyId(text);
  return text as NodeId;
}
/** @throws ParleyError `malformed` */
export function parsePersonId(text: string): PersonId {
  decodeKeyId(text);
  return text as PersonId;
}

/** @throws ParleyError `malformed` */
export function parseAgentId(text: string): AgentId {
  if (!AGENT_ID.test(text)) {
    throw new ParleyError('malformed', 'An agent id is 1 to 32 of a–z, 0–9 and “-”, and does not begin with “-”.');
  }
  return text as AgentId;
}

export function agentAddress(node: NodeId, agent: AgentId): AgentAddress {
  return `${node}:${agent}` as AgentAddress;
}

/** @throws ParleyError `malformed` */
export function parseAgentAddress(text: string): { readonly node: NodeId; readonly agent: AgentId } {
  const colon = text.indexOf(':');
  if (colon < 0) throw new ParleyError('malformed', 'An agent’s address is nodeId:agentId.');
  return { node: parseNodeId(text.slice(0, colon)), agent: parseAgentId(text.slice(colon + 1)) };
}
