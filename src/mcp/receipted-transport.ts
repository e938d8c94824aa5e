import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { BoundedMap } from '../base/bounded-map.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Signer, Verifier } from '../ports/keys.ts';
import { callHash } from './audit-log.ts';
import { textOf } from './answers/answer-text.ts';
import {
  answerEntry,
  answerEntryOf,
  callEntry,
  decodeReceipt,
  encodeReceipt,
  keptBatch,
  signBatch,
  verifyBatch,
  type ReceiptMessage,
  type ReceiptScope,
  type ReceiptSort,
  type SignedBatch,
} from './receipts.ts';
import type { StreamTransport } from './stream-transport.ts';

export type ReceiptOptions = {
  readonly scope: ReceiptScope;
  readonly side: 'caller' | 'owner';
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly clock: Clock;
  /** A receipt for the call with this hash, mine or the other side's, checked. */
  onReceipt(sort: ReceiptSort, hash: string, receipt: SignedBatch): void;
};

/** As JSON: whatever a caller takes for an id. */
type RequestId = string;
type Known = { readonly hash: string; readonly call: Uint8Array; readonly answer?: Uint8Array };

/**
 * Has tool calls signed by the caller's node, and their answers by the owner's. The signatures follow the messages, so they delay none; what is said while one is
 * made is covered by the next.
 */
export class ReceiptedTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly #inner: StreamTransport;
  readonly #options: ReceiptOptions;
  readonly #known = new BoundedMap<RequestId, Known>(LIMITS.maxReceiptBatch);
  readonly #toSign: RequestId[] = [];
  /** Answers that pass in pieces: their receipt may be here before their end, which comes by another stream. */
  readonly #passing = new Map<RequestId, Promise<void>>();
  #isSigning = false;

  constructor(inner: StreamTransport, options: ReceiptOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#inner.onmessage = (message) => {
      this.#seen(message, 'theirs');
      this.onmessage?.(message);
    };
    this.#inner.onaside = (bytes) => this.#aside(bytes);
    this.#inner.onclose = () => this.onclose?.();
    this.#inner.onerror = (error) => this.onerror?.(error);
    await this.#inner.start();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const sent = this.#inner.send(message);
    this.#seen(message, 'ours');
    await sent;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #seen(message: JSONRPCMessage, whose: 'ours' | 'theirs'): void {
    const { side } = this.#options;
    const isFromCaller = (whose === 'ours') === (side === 'caller');
    if (isFromCaller && 'method' in message && 'id' in message && message.method === 'tools/call') {
      const params = message.params as { name?: unknown; arguments?: unknown } | undefined;
      const hash = callHash(typeof params?.name === 'string' ? params.name : '', params?.arguments ?? {});
      const id = JSON.stringify(message.id);
      if (id.length > LIMITS.maxReceiptIdLength) return;
      this.#known.set(id, { hash, call: callEntry(id, hash) });
      if (whose === 'ours') this.#sign(id);
    }
    if (isFromCaller || 'method' in message || message.id === undefined) return;
    const id = JSON.stringify(message.id);
    const known = this.#known.get(id);
    if (!known || known.answer) return;
    const text = textOf(message);
    if (!text) return this.#answered(id, answerEntry(known.call, 'result' in message ? message.result : message.error), whose);
    const passed = text.done.then(
      (summary) => this.#answered(id, answerEntryOf(known.call, summary.sha256), whose),
      // What broke off is no answer.
      () => undefined,
    );
    this.#passing.set(id, passed);
    void passed.then(() => this.#passing.delete(id));
  }

  #answered(id: RequestId, answer: Uint8Array, whose: 'ours' | 'theirs'): void {
    const known = this.#known.get(id);
    if (!known) return;
    this.#known.set(id, { ...known, answer });
    if (whose === 'ours') this.#sign(id);
  }

  #sign(id: RequestId): void {
    this.#toSign.push(id);
    if (this.#isSigning) return;
    this.#isSigning = true;
    void this.#signWaiting().finally(() => (this.#isSigning = false));
  }

  async #signWaiting(): Promise<void> {
    const { scope, side, signer, clock, onReceipt } = this.#options;
    const sort = side === 'caller' ? 'call' : 'answer';
    await Promise.resolve();
    while (this.#toSign.length > 0) {
      const ids = this.#toSign.splice(0, LIMITS.maxReceiptBatch).filter((id) => this.#entry(sort, id));
      const hashes = ids.map((id) => this.#entry(sort, id) as Uint8Array);
      const at = Math.floor(clock.now());
      try {
        const signature = await signBatch(signer, scope, sort, at, hashes);
        ids.forEach((id, index) => onReceipt(sort, this.#known.get(id)?.hash ?? '', keptBatch(id, index, hashes, at, signature)));
        await this.#inner.sendAside(encodeReceipt({ sort, at, ids, signature }));
      } catch {
        // A session that ends takes its last receipts with it; the log then has no proof of these calls, and says so.
        return;
      }
    }
  }

  #aside(bytes: Uint8Array): void {
    let receipt: ReceiptMessage;
    try {
      receipt = decodeReceipt(bytes);
    } catch {
      return this.#inner.stream.reset('malformed');
    }
    const isTheirs = receipt.sort === (this.#options.side === 'caller' ? 'answer' : 'call');
    if (!isTheirs) return this.#inner.stream.reset('protocol-violation');
    void this.#check(receipt);
  }

  async #check({ sort, at, ids, signature }: ReceiptMessage): Promise<void> {
    const { scope, verifier, onReceipt } = this.#options;
    for (const id of ids) await this.#passing.get(id);
    const hashes = ids.map((id) => this.#entry(sort, id));
    const calls = ids.map((id) => this.#known.get(id)?.hash);
    if (!hashes.every((hash) => hash !== undefined) || !(await verifyBatch(verifier, scope, sort, { at, hashes, signature }))) return;
    ids.forEach((id, index) => onReceipt(sort, calls[index] as string, keptBatch(id, index, hashes, at, signature)));
  }

  #entry(sort: ReceiptSort, id: RequestId): Uint8Array | undefined {
    const known = this.#known.get(id);
    return sort === 'call' ? known?.call : known?.answer;
  }
}
