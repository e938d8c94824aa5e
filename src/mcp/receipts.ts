import { fromBase64url, toBase64url, utf8 } from '../base/bytes.ts';
import { publicKeyOf, type AgentId, type NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { sha256 } from '../crypto/hash.ts';
import { labelled, SIGNATURE_LABELS } from '../crypto/labels.ts';
import type { Signer, Verifier } from '../ports/keys.ts';
import { decode, encode } from '../wire/codec.ts';
import { readArray, readBytes, readInteger, readList, readOneOf, readText } from '../wire/readers.ts';

/**
 * Proof of a call: the caller's node signs what it called with what, and the owner's node what it answered. One signature covers the calls (or
 * answers) of one moment, by a hash of each.
 */

/** Between whom. `agent` and the network are signed with everything. */
export type ReceiptScope = { readonly networkId: Uint8Array; readonly caller: NodeId; readonly owner: NodeId; readonly agent: AgentId };
export type ReceiptSort = 'call' | 'answer';

/** One signed batch as it is kept with each of its calls; bytes in base64url. */
export type SignedBatch = {
  /** The request's id as JSON: part of what `hashes` stand for. */
  readonly request: string;
  /** Which of `hashes` this call or answer is. */
  readonly index: number;
  readonly hashes: readonly string[];
  readonly at: number;
  readonly signature: string;
};

/** What travels: which requests a signature is about; the other side knows the rest. */
export type ReceiptMessage = {
  readonly sort: ReceiptSort;
  readonly at: number;
  /** As JSON. */
  readonly ids: readonly string[];
  readonly signature: Uint8Array;
};

const SORTS = ['call', 'answer'] as const;
const SIGNATURE_BYTES = 64;

/** What stands for a call in a batch: the hash of its tool and arguments (`callHash`), and its request's id. */
export function callEntry(id: string, hash: string): Uint8Array {
  return sha256(encode([1, id, fromBase64url(hash)]));
}

/** What stands for an answer: its call's entry and the JSON of its result or error. */
export function answerEntry(call: Uint8Array, answer: unknown): Uint8Array {
  return answerEntryOf(call, sha256(utf8(JSON.stringify(answer) ?? '')));
}

/** The same by the hash of the JSON: of an answer that nobody holds whole, as it travelled. */
export function answerEntryOf(call: Uint8Array, sha256OfAnswer: Uint8Array): Uint8Array {
  return sha256(encode([2, call, sha256OfAnswer]));
}

export async function signBatch(
  signer: Signer,
  scope: ReceiptScope,
  sort: ReceiptSort,
  at: number,
  hashes: readonly Uint8Array[],
): Promise<Uint8Array> {
  return signer.sign(toSign(scope, sort, at, hashes));
}

/** Whether the batch was signed by the node that has to: the caller for calls, the owner for answers. */
export function verifyBatch(
  verifier: Verifier,
  scope: ReceiptScope,
  sort: ReceiptSort,
  { at, hashes, signature }: { readonly at: number; readonly hashes: readonly Uint8Array[]; readonly signature: Uint8Array },
): Promise<boolean> {
  const publicKey = publicKeyOf(sort === 'call' ? scope.caller : scope.owner);
  return verifier.verify({ publicKey, message: toSign(scope, sort, at, hashes), signature });
}

export function keptBatch(request: string, index: number, hashes: readonly Uint8Array[], at: number, signature: Uint8Array): SignedBatch {
  return { request, index, hashes: hashes.map(toBase64url), at, signature: toBase64url(signature) };
}

/** Whether a kept batch proves, by the caller's signature, the call with this hash (`callHash`). */
export async function provesCall(verifier: Verifier, scope: ReceiptScope, hash: string, kept: SignedBatch): Promise<boolean> {
  const hashes = kept.hashes.map(fromBase64url);
  const isNamed = kept.hashes[kept.index] === toBase64url(callEntry(kept.request, hash));
  return isNamed && verifyBatch(verifier, scope, 'call', { at: kept.at, hashes, signature: fromBase64url(kept.signature) });
}

/** Whether a kept batch proves, by the owner's signature, that the call had this answer: the `result` or `error` of the response. */
export async function provesAnswer(verifier: Verifier, scope: ReceiptScope, hash: string, answer: unknown, kept: SignedBatch): Promise<boolean> {
  const hashes = kept.hashes.map(fromBase64url);
  const isNamed = kept.hashes[kept.index] === toBase64url(answerEntry(callEntry(kept.request, hash), answer));
  return isNamed && verifyBatch(verifier, scope, 'answer', { at: kept.at, hashes, signature: fromBase64url(kept.signature) });
}

export function encodeReceipt({ sort, at, ids, signature }: ReceiptMessage): Uint8Array {
  return encode([SORTS.indexOf(sort), at, ids, signature]);
}

/** @throws ParleyError `malformed` */
export function decodeReceipt(bytes: Uint8Array): ReceiptMessage {
  const items = readArray(decode(bytes), 'A receipt', 4);
  return {
    sort: SORTS[readOneOf(items[0], 'The sort', [0, 1])] as ReceiptSort,
    at: readInteger(items[1], 'The time'),
    ids: readList(items[2], 'The ids', LIMITS.maxReceiptBatch, (id) => readText(id, 'An id', LIMITS.maxReceiptIdLength)),
    signature: readBytes(items[3], 'The signature', SIGNATURE_BYTES),
  };
}

function toSign({ networkId, caller, owner, agent }: ReceiptScope, sort: ReceiptSort, at: number, hashes: readonly Uint8Array[]): Uint8Array {
  const label = sort === 'call' ? SIGNATURE_LABELS.toolCall : SIGNATURE_LABELS.toolAnswer;
  return labelled(label, encode([networkId, publicKeyOf(caller), publicKeyOf(owner), agent, at, hashes]));
}
