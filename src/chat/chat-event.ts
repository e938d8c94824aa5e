import { compareBytes, concatBytes, fromBase64url, fromUtf8, toBase64url, utf8 } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import { deviceIdOf, personIdOf, publicKeyOf, PUBLIC_KEY_BYTES, type DeviceId, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { sha256 } from '../crypto/hash.ts';
import { labelled, SIGNATURE_LABELS } from '../crypto/labels.ts';
import type { ConversationId, EventId } from '../ports/chat-store.ts';
import type { SignatureCheck, Signer } from '../ports/keys.ts';
import { decode, encode } from '../wire/codec.ts';
import { readArray, readBytes, readBytesUpTo, readInteger, readList, readOneOf } from '../wire/readers.ts';

const VERSION = 1;
const HASH_BYTES = 32;
const SIGNATURE_BYTES = 64;
const CONVERSATION_LABEL = utf8('parley/direct-conversation/v1\0');

/** One thing that somebody said, as its author's device signed it. */
export type ChatEvent = {
  readonly conversation: ConversationId;
  readonly author: PersonId;
  readonly device: DeviceId;
  readonly time: number;
  readonly depth: number;
  readonly parents: readonly EventId[];
  readonly kind: 'text';
  readonly text: string;
};

export type ReadEvent = { readonly id: EventId; readonly event: ChatEvent; readonly check: SignatureCheck };

/** The conversation of two persons in a network: both compute the same. */
export function directConversationId(networkId: Uint8Array, a: PersonId, b: PersonId): ConversationId {
  const [first, second] = [publicKeyOf(a), publicKeyOf(b)].sort(compareBytes) as [Uint8Array, Uint8Array];
  return toBase64url(sha256(concatBytes(CONVERSATION_LABEL, networkId, first, second)));
}

/** Signs an event; its id is the hash of what comes out. @throws ParleyError `too-large` */
export async function signEvent(event: ChatEvent, device: Signer): Promise<{ readonly id: EventId; readonly bytes: Uint8Array }> {
  const text = utf8(event.text);
  if (text.length > LIMITS.maxChatTextBytes)
    throw new ParleyError('too-large', `A message has at most ${LIMITS.maxChatTextBytes / 1024} KiB of text.`);
  const body = encode([
    VERSION,
    event.kind,
    fromBase64url(event.conversation),
    publicKeyOf(event.author),
    publicKeyOf(event.device),
    event.time,
    event.depth,
    event.parents.map(fromBase64url),
    text,
  ]);
  const bytes = encode([body, await device.sign(labelled(SIGNATURE_LABELS.chatEvent, body))]);
  return { id: eventIdOf(bytes), bytes };
}

export function eventIdOf(bytes: Uint8Array): EventId {
  return toBase64url(sha256(bytes));
}

/** Reads a signed event; its signature, and whether its author may say it here, are the caller's to check. @throws ParleyError `malformed`, `too-large` */
export function readEvent(bytes: Uint8Array): ReadEvent {
  const [bodyItem, signatureItem] = readArray(decode(bytes, LIMITS.maxChatEventBytes), 'A signed event', 2);
  const body = readBytesUpTo(bodyItem, 'An event', LIMITS.maxChatEventBytes);
  const signature = readBytes(signatureItem, 'A signature', SIGNATURE_BYTES);
  const [version, kind, conversation, author, device, time, depth, parents, text] = readArray(decode(body), 'An event', 9);
  readOneOf(version, 'The event’s version', [VERSION]);
  const deviceKey = readBytes(device, 'The device', PUBLIC_KEY_BYTES);
  const event: ChatEvent = {
    kind: readOneOf(kind, 'The kind', ['text'] as const),
    conversation: toBase64url(readBytes(conversation, 'The conversation', HASH_BYTES)),
    author: personIdOf(readBytes(author, 'The author', PUBLIC_KEY_BYTES)),
    device: deviceIdOf(deviceKey),
    time: readInteger(time, 'The time'),
    depth: readInteger(depth, 'The depth', 1),
    parents: readList(parents, 'The parents', LIMITS.maxChatParents, (item, what) => toBase64url(readBytes(item, what, HASH_BYTES))),
    text: fromUtf8(readBytesUpTo(text, 'The text', LIMITS.maxChatTextBytes)),
  };
  return { id: eventIdOf(bytes), event, check: { publicKey: deviceKey, message: labelled(SIGNATURE_LABELS.chatEvent, body), signature } };
}
