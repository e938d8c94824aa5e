import { deviceIdOf, publicKeyOf, parseAgentId, parseNodeId, PUBLIC_KEY_BYTES, type AgentId, type DeviceId, type NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { decode, encode } from '../wire/codec.ts';
import { readArray, readBytes, readInteger, readList, readOneOf, readText } from '../wire/readers.ts';

/**
 * The entries of a document: each is one value under one key of a flat map. Automerge's maps are observed-remove as they are: deleting a key
 * deletes the values that the deleting device had seen, and one that is written at the same time stays; of two that are written at the same
 * time, every node picks the same.
 */

/** Who may see and call an agent (design.md §6). */
export const VISIBILITIES = ['private', 'devices', 'contacts', 'rooms', 'everyone'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

export const AGENT_KINDS = ['built-in', 'remote', 'mounted', 'folder', 'assistant'] as const;
export type AgentKind = (typeof AGENT_KINDS)[number];

export const DEFINITION_KINDS = ['tool', 'resource', 'prompt'] as const;

/** One tool, resource or prompt: its full definition is read from the agent and compared with the digest. */
export type DefinitionDigest = { readonly kind: (typeof DEFINITION_KINDS)[number]; readonly name: string; readonly sha256: Uint8Array };

export type AgentRecord = {
  readonly id: AgentId;
  readonly title: string;
  readonly description: string;
  /** What the agent says of its own version. */
  readonly version: string;
  readonly visibility: Visibility;
  readonly kind: AgentKind;
  readonly definitions: readonly DefinitionDigest[];
  /** Its node speaks with the server behind it over a network, unencrypted. */
  readonly isPlaintext?: true;
};

export type NodeRecord = {
  readonly node: NodeId;
  readonly device: DeviceId;
  readonly title: string;
  /** Unix milliseconds, as the device claims. */
  readonly addedAt: number;
};

/** An entry as it is read: `revision` counts the edits of its subject. */
export type Entry =
  | { readonly kind: 'name'; readonly revision: number; readonly name: string }
  | { readonly kind: 'node'; readonly revision: number; readonly record: NodeRecord }
  | { readonly kind: 'agent'; readonly revision: number; readonly node: NodeId; readonly record: AgentRecord }
  /** The beginning of a generation: the heads of the one before that it takes over. */
  | { readonly kind: 'generation'; readonly revision: number; readonly covers: readonly string[] };

const DIGEST_BYTES = 32;
const MAX_KEY_LENGTH = 160;
const MAX_COVERED_HEADS = 64;

export const KEYS = {
  name: 'name',
  node: (node: NodeId): string => `node:${node}`,
  agent: (node: NodeId, agent: AgentId): string => `agent:${node}:${agent}`,
  /** What the keys of all agents of the node begin with. */
  agentsOf: (node: NodeId): string => `agent:${node}:`,
  /** Two devices may begin a generation at the same time, and what either takes over counts: each has a key of its own. */
  generation: (run: string): string => `generation:${run}`,
} as const;

export function encodeEntry(entry: Entry): Uint8Array {
  switch (entry.kind) {
    case 'name':
      return encode([entry.revision, entry.name]);
    case 'node':
      return encode([entry.revision, publicKeyOf(entry.record.device), entry.record.title, entry.record.addedAt]);
    case 'agent': {
      const { title, description, version, visibility, kind, definitions, isPlaintext } = entry.record;
      const digests = definitions.map((definition) => [DEFINITION_KINDS.indexOf(definition.kind), definition.name, definition.sha256]);
      return encode([entry.revision, title, description, version, visibility, kind, digests, ...(isPlaintext ? [true] : [])]);
    }
    case 'generation':
      return encode([entry.revision, entry.covers]);
  }
}

/** @throws ParleyError `malformed` or `too-large` */
export function decodeEntry(key: string, value: Uint8Array): Entry {
  const [kind, node, agent] = readText(key, 'A key', MAX_KEY_LENGTH).split(':');
  const items = readArray(decode(value, LIMITS.maxRegistryEntryBytes), 'An entry', 1, 8);
  const revision = readInteger(items[0], 'The revision', 1);
  switch (readOneOf(kind, 'The kind of an entry', ['name', 'node', 'agent', 'generation'])) {
    case 'name':
      return { kind: 'name', revision, name: readText(items[1], 'The name', LIMITS.maxDisplayNameLength) };
    case 'node':
      return {
        kind: 'node',
        revision,
        record: {
          node: parseNodeId(node ?? ''),
          device: deviceIdOf(readBytes(items[1], 'The device', PUBLIC_KEY_BYTES)),
          title: readText(items[2], 'The node’s title', LIMITS.maxDisplayNameLength),
          addedAt: readInteger(items[3], 'The time'),
        },
      };
    case 'agent':
      return {
        kind: 'agent',
        revision,
        node: parseNodeId(node ?? ''),
        record: {
          id: parseAgentId(agent ?? ''),
          title: readText(items[1], 'The title', LIMITS.maxAgentTitleLength),
          description: readText(items[2], 'The description', LIMITS.maxAgentDescriptionLength),
          version: readText(items[3], 'The version', LIMITS.maxAgentVersionLength),
          visibility: readOneOf(items[4], 'The visibility', VISIBILITIES),
          kind: readOneOf(items[5], 'The kind', AGENT_KINDS),
          definitions: readList(items[6], 'The definitions', LIMITS.maxAgentDefinitions, readDefinition),
          ...(items[7] === true ? { isPlaintext: true } : {}),
        },
      };
    case 'generation':
      return { kind: 'generation', revision, covers: readList(items[1], 'The heads', MAX_COVERED_HEADS, (item, what) => readText(item, what, 64)) };
  }
}

function readDefinition(item: Parameters<typeof readArray>[0]): DefinitionDigest {
  const [kind, name, digest] = readArray(item, 'A definition', 3);
  return {
    kind: DEFINITION_KINDS[readInteger(kind, 'The kind of a definition', 0, DEFINITION_KINDS.length - 1)]!,
    name: readText(name, 'A definition’s name', LIMITS.maxDefinitionNameLength),
    sha256: readBytes(digest, 'A digest', DIGEST_BYTES),
  };
}
