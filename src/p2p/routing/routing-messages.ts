import { concatBytes, EMPTY_BYTES, fromBase64url, toBase64url } from '../../base/bytes.ts';
import { ParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { decode, encode, type DecodedCbor } from '../../wire/codec.ts';
import { readArray, readBytes, readBytesUpTo, readInteger } from '../../wire/readers.ts';
import { NODE_TAG_BYTES, tagOf, type NodeTag } from './node-tag.ts';

export const PATH_ID_BYTES = 16;

/** A path that one node is looking for or uses, base64url of {@link PATH_ID_BYTES} bytes that the node drew. */
export type PathId = string;

/** What neighbours tell each other on the routing lane. */
export type RoutingMessage =
  /** All links of the sender, as tags. */
  | { readonly type: 'links'; readonly seq: number; readonly tags: readonly NodeTag[] }
  /** What changed in them since `seq - 1`. */
  | { readonly type: 'links-changed'; readonly seq: number; readonly added: readonly NodeTag[]; readonly removed: readonly NodeTag[] }
  /** Tell me all of them: something was lost. */
  | { readonly type: 'links-wanted' }
  /** Who has a path to the node? `relaysLeft`: how many relays may follow the receiver. */
  | { readonly type: 'find'; readonly path: PathId; readonly tag: NodeTag; readonly relaysLeft: number }
  /** Over the sender and `relays - 1` more it goes there. */
  | { readonly type: 'found'; readonly path: PathId; readonly relays: number }
  /** A sealed introduction on its way to the node. */
  | { readonly type: 'along'; readonly path: PathId; readonly tag: NodeTag; readonly relaysLeft: number; readonly body: Uint8Array }
  /** A sealed introduction on its way back to where the path began. */
  | { readonly type: 'back'; readonly path: PathId; readonly body: Uint8Array };

/** What opens a circuit's stream: nobody learns more of it than this and its two neighbours. */
export type RelayHeader = { readonly path: PathId; readonly tag: NodeTag; readonly relaysLeft: number };

const TYPES = { links: 1, linksChanged: 2, linksWanted: 3, find: 4, found: 5, along: 6, back: 7 } as const;

/** The one the message is received by is a relay itself. */
const MAX_RELAYS_LEFT = LIMITS.maxRelays - 1;
/** Everything around an introduction. */
const ENVELOPE_BYTES = 64;

export function encodeRoutingMessage(message: RoutingMessage): Uint8Array {
  switch (message.type) {
    case 'links':
      return encode([TYPES.links, message.seq, joinTags(message.tags)]);
    case 'links-changed':
      return encode([TYPES.linksChanged, message.seq, joinTags(message.added), joinTags(message.removed)]);
    case 'links-wanted':
      return encode([TYPES.linksWanted]);
    case 'find':
      return encode([TYPES.find, fromBase64url(message.path), fromBase64url(message.tag), message.relaysLeft]);
    case 'found':
      return encode([TYPES.found, fromBase64url(message.path), message.relays]);
    case 'along':
      return encode([TYPES.along, fromBase64url(message.path), fromBase64url(message.tag), message.relaysLeft, message.body]);
    case 'back':
      return encode([TYPES.back, fromBase64url(message.path), message.body]);
  }
}

/** @throws ParleyError `malformed` or `too-large` for anything but one of the messages. */
export function decodeRoutingMessage(bytes: Uint8Array): RoutingMessage {
  const items = readArray(decode(bytes, LIMITS.maxIntroductionBytes + ENVELOPE_BYTES), 'A routing message', 1, 5);
  const [type, first, second, third, fourth] = items;
  const hasLength = (length: number) => readArray(items, 'A routing message', length);
  switch (type) {
    case TYPES.links:
      hasLength(3);
      return { type: 'links', seq: readInteger(first, 'The number'), tags: readTags(second) };
    case TYPES.linksChanged:
      hasLength(4);
      return { type: 'links-changed', seq: readInteger(first, 'The number'), added: readTags(second), removed: readTags(third) };
    case TYPES.linksWanted:
      hasLength(1);
      return { type: 'links-wanted' };
    case TYPES.find:
      hasLength(4);
      return { type: 'find', ...readRoute(first, second, third) };
    case TYPES.found:
      hasLength(3);
      return { type: 'found', path: readPath(first), relays: readInteger(second, 'The relays', 1, LIMITS.maxRelays) };
    case TYPES.along:
      hasLength(5);
      return { type: 'along', ...readRoute(first, second, third), body: readBody(fourth) };
    case TYPES.back:
      hasLength(3);
      return { type: 'back', path: readPath(first), body: readBody(second) };
    default:
      throw new ParleyError('malformed', 'A routing message of an unknown type.');
  }
}

export function encodeRelayHeader({ path, tag, relaysLeft }: RelayHeader): Uint8Array {
  return encode([fromBase64url(path), fromBase64url(tag), relaysLeft]);
}

/** @throws ParleyError `malformed` or `too-large`. */
export function decodeRelayHeader(bytes: Uint8Array): RelayHeader {
  const [path, tag, relaysLeft] = readArray(decode(bytes, ENVELOPE_BYTES), 'A circuit’s header', 3);
  return readRoute(path, tag, relaysLeft);
}

function readRoute(path: DecodedCbor | undefined, tag: DecodedCbor | undefined, relaysLeft: DecodedCbor | undefined): RelayHeader {
  return {
    path: readPath(path),
    tag: tagOf(readBytes(tag, 'A tag', NODE_TAG_BYTES)),
    relaysLeft: readInteger(relaysLeft, 'The relays that may follow', 0, MAX_RELAYS_LEFT),
  };
}

function readPath(value: DecodedCbor | undefined): PathId {
  return toBase64url(readBytes(value, 'A path', PATH_ID_BYTES));
}

function readBody(value: DecodedCbor | undefined): Uint8Array {
  return readBytesUpTo(value, 'An introduction', LIMITS.maxIntroductionBytes);
}

function joinTags(tags: readonly NodeTag[]): Uint8Array {
  return tags.length === 0 ? EMPTY_BYTES : concatBytes(...tags.map(fromBase64url));
}

/** Tags one behind the other, each once. */
function readTags(value: DecodedCbor | undefined): readonly NodeTag[] {
  const bytes = readBytesUpTo(value, 'The links', LIMITS.maxListedLinks * NODE_TAG_BYTES);
  if (bytes.length % NODE_TAG_BYTES !== 0) throw new ParleyError('malformed', 'A tag is cut off.');
  const tags: NodeTag[] = [];
  for (let offset = 0; offset < bytes.length; offset += NODE_TAG_BYTES) tags.push(tagOf(bytes.subarray(offset, offset + NODE_TAG_BYTES)));
  if (new Set(tags).size !== tags.length) throw new ParleyError('malformed', 'A link is listed twice.');
  return tags;
}
