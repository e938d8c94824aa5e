import { ParleyError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { decode, encode } from '../../wire/codec.ts';
import { readArray, readBytesUpTo, readOneOf, readText } from '../../wire/readers.ts';
import { ITEM_ID_BYTES, packIds, unpackIds, type ItemId } from './item-id.ts';

/** What neighbours tell each other on the gossip lane (Leitão, Pereira, Rodrigues: Epidemic Broadcast Trees, 2007, algorithms 1 and 2). */
export type GossipMessage =
  /**
   * An item. Along the tree a second copy shows a loop, and the receiver prunes the link. A copy that left the tree (it was asked for, or it is one
   * of those with which a publication begins) says `besideTree` from there on: where it meets the others, there is no loop.
   */
  | { readonly type: 'push'; readonly besideTree: boolean; readonly topic: string; readonly bytes: Uint8Array }
  /** IHAVE: these can be had from me. */
  | { readonly type: 'have'; readonly ids: readonly ItemId[] }
  /** IWANT: send me these. */
  | { readonly type: 'want'; readonly ids: readonly ItemId[] }
  /** Send me these, and push to me from now on. */
  | { readonly type: 'graft'; readonly ids: readonly ItemId[] }
  /** Announce to me, do not push. */
  | { readonly type: 'prune' };

const PUSH = 1;
const PUSH_BESIDE_TREE = 2;
const HAVE = 3;
const WANT = 4;
const GRAFT = 5;
const PRUNE = 6;
const LISTS = { have: HAVE, want: WANT, graft: GRAFT } as const;

/** An item with its topic, its head and the head of its bytes. */
const MAX_MESSAGE_BYTES = LIMITS.maxGossipItemBytes + 4 * LIMITS.maxTopicLength + 16;
const MAX_ID_BYTES = LIMITS.maxGossipIdsPerMessage * ITEM_ID_BYTES;

export function encodePush(topic: string, bytes: Uint8Array, besideTree: boolean): Uint8Array {
  return encode([besideTree ? PUSH_BESIDE_TREE : PUSH, topic, bytes]);
}

/** The same push, marked as wanted. The head of the array is one byte, the type the next. */
export function markPush(push: Uint8Array, besideTree: boolean): Uint8Array {
  const type = besideTree ? PUSH_BESIDE_TREE : PUSH;
  if (push[1] === type) return push;
  // A Node buffer’s own `slice` would not copy.
  const copy = Uint8Array.from(push);
  copy[1] = type;
  return copy;
}

export function encodeIds(type: 'have' | 'want' | 'graft', ids: readonly ItemId[]): Uint8Array {
  return encode([LISTS[type], packIds(ids)]);
}

export function encodePrune(): Uint8Array {
  return encode([PRUNE]);
}

/** @throws ParleyError `malformed` or `too-large` */
export function decodeGossipMessage(message: Uint8Array): GossipMessage {
  const items = readArray(decode(message, MAX_MESSAGE_BYTES), 'A gossip message', 1, 3);
  const type = readOneOf(items[0], 'The type', [PUSH, PUSH_BESIDE_TREE, HAVE, WANT, GRAFT, PRUNE]);
  switch (type) {
    case PUSH:
    case PUSH_BESIDE_TREE: {
      const [, topic, bytes] = readArray(items, 'An item', 3);
      return {
        type: 'push',
        besideTree: type === PUSH_BESIDE_TREE,
        topic: readText(topic, 'The topic', LIMITS.maxTopicLength),
        bytes: readBytesUpTo(bytes, 'The item', LIMITS.maxGossipItemBytes),
      };
    }
    case PRUNE:
      readArray(items, 'A prune', 1);
      return { type: 'prune' };
    default:
      return { type: type === HAVE ? 'have' : type === WANT ? 'want' : 'graft', ids: readIds(items) };
  }
}

function readIds(items: Parameters<typeof readArray>[0]): readonly ItemId[] {
  const [, packed] = readArray(items, 'A list of ids', 2);
  const bytes = readBytesUpTo(packed, 'The ids', MAX_ID_BYTES);
  if (bytes.length % ITEM_ID_BYTES !== 0) throw new ParleyError('malformed', 'The ids are cut off.');
  return unpackIds(bytes);
}
