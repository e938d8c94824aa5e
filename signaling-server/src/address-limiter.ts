import type { Address } from './address.ts';
import { LIMITS } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

export type AddressLimits = {
  readonly maxSocketsPerAddress: number;
  readonly maxSocketsPerPrefix: number;
  readonly joinsPerMinute: number;
};

type ClientRecord = { sockets: number; readonly joins: TokenBucket };

/** `admitted`, or over a limit: `refused` may be told so over its socket, `rejected` is one too many even for that. */
export type Admission = 'admitted' | 'refused' | 'rejected';

/** Counts sockets and joins per client address and sockets per neighbourhood. Every admission but `rejected` is owed a {@link release}. */
export class AddressLimiter {
  readonly #limits: AddressLimits;
  readonly #clients = new Map<string, ClientRecord>();
  readonly #prefixes = new Map<string, number>();

  constructor(limits: AddressLimits) {
    this.#limits = limits;
  }

  /** Addresses that are remembered now. */
  get size(): number {
    return this.#clients.size;
  }

  admit(address: Address, now: number): Admission {
    const client = this.#client(address, now);
    if (!client) return 'rejected';
    const inPrefix = this.#prefixes.get(address.prefix) ?? 0;
    const maxPerClient = address.isLoopback ? LIMITS.maxSocketsPerLoopbackAddress : this.#limits.maxSocketsPerAddress;
    const maxPerPrefix = address.isLoopback ? LIMITS.maxSocketsPerLoopbackAddress : this.#limits.maxSocketsPerPrefix;
    // Each refused socket still counts until it is gone, so the words of refusal cost a bounded number of sockets.
    if (client.sockets >= 2 * maxPerClient || inPrefix >= 2 * maxPerPrefix) return 'rejected';
    client.sockets++;
    this.#prefixes.set(address.prefix, inPrefix + 1);
    return client.sockets > maxPerClient || inPrefix + 1 > maxPerPrefix ? 'refused' : 'admitted';
  }

  release(address: Address, now: number): void {
    const inPrefix = (this.#prefixes.get(address.prefix) ?? 1) - 1;
    if (inPrefix <= 0) this.#prefixes.delete(address.prefix);
    else this.#prefixes.set(address.prefix, inPrefix);
    const client = this.#clients.get(address.client);
    if (!client) return;
    client.sockets--;
    this.#forgetIfIdle(address.client, client, now);
  }

  /** Whether this address may join once more now. */
  mayJoin(address: Address, now: number): boolean {
    if (address.isLoopback) return true;
    return this.#client(address, now)?.joins.take(this.#joinsPerSecond, LIMITS.joinBurstPerAddress, now) ?? false;
  }

  /** Forgets addresses that have no socket and whose join bucket is full again. */
  sweep(now: number): void {
    for (const [key, client] of this.#clients) this.#forgetIfIdle(key, client, now);
  }

  get #joinsPerSecond(): number {
    return this.#limits.joinsPerMinute / 60;
  }

  #client(address: Address, now: number): ClientRecord | undefined {
    const known = this.#clients.get(address.client);
    if (known) return known;
    if (this.#clients.size >= LIMITS.maxAddressRecords) return undefined;
    const client = { sockets: 0, joins: new TokenBucket(LIMITS.joinBurstPerAddress, now) };
    this.#clients.set(address.client, client);
    return client;
  }

  #forgetIfIdle(key: string, client: ClientRecord, now: number): void {
    if (client.sockets <= 0 && client.joins.isFull(this.#joinsPerSecond, LIMITS.joinBurstPerAddress, now)) this.#clients.delete(key);
  }
}
