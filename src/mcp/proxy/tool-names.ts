import { utf8 } from '../../base/bytes.ts';
import { parseAgentAddress, type AgentAddress, type NodeId } from '../../base/ids.ts';
import { HOST_LIMITS } from '../../base/limits.ts';
import { sha256 } from '../../crypto/hash.ts';

/** Letters that are told apart when read aloud; no vowels, so no words. */
const ALPHABET = '23456789bcdfghjkmnpqrstvwxyz';
const NODE_TAG_LENGTH = 5;
const NAME_TAG_LENGTH = 6;
const SEPARATOR = '__';

/**
 * The name of an agent's tool or prompt in the aggregate: short enough for every client, of letters that every client takes, and always the same,
 * whoever else is there. `notes__search` for an agent of this node, `notes-k3f9x__search` for one elsewhere. What had to be changed or cut ends with a tag of the
 * whole, so that two tools never have one name.
 */
export function aggregateName(here: NodeId, address: AgentAddress, name: string): string {
  const { node, agent } = parseAgentAddress(address);
  const prefix = (node === here ? agent : `${agent}-${tagOf(node, NODE_TAG_LENGTH)}`) + SEPARATOR;
  const allowed = name.replace(/[^A-Za-z0-9_-]/g, '_');
  if (allowed === name && name !== '' && prefix.length + name.length <= HOST_LIMITS.maxAggregateNameLength && !looksTagged(name))
    return prefix + name;
  const tag = `_${tagOf(JSON.stringify([address, name]), NAME_TAG_LENGTH)}`;
  // Of a long prefix the beginning has to do: the tag is of the whole address.
  const shortPrefix = prefix.slice(0, HOST_LIMITS.maxAggregateNameLength - tag.length - 1);
  return shortPrefix + allowed.slice(0, HOST_LIMITS.maxAggregateNameLength - shortPrefix.length - tag.length) + tag;
}

/** A name that could be another one's tagged name gets a tag itself. */
function looksTagged(name: string): boolean {
  return new RegExp(`_[${ALPHABET}]{${NAME_TAG_LENGTH}}$`).test(name);
}

function tagOf(text: string, length: number): string {
  return [...sha256(utf8(text)).subarray(0, length)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}
