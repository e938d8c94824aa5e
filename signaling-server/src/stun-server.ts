import type { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { parseAddress } from './address.ts';
import type { Counters } from './counters.ts';
import { LIMITS } from './limits.ts';
import { decodeBindingRequest, encodeBindingSuccess, encodeUnknownAttributes } from './stun-message.ts';
import { TokenBucket } from './token-bucket.ts';

export type StunOptions = {
  /** The address to bind; `undefined` for all of both families where the system has IPv6. */
  readonly host: string | undefined;
  /** 0 picks a free port. */
  readonly port: number;
  readonly requestsPerSecond: number;
  readonly now: () => number;
};

/** Tells clients their public address over UDP (RFC 8489 §6, the Binding method alone). Stateless but for its rate limit. */
export class StunServer {
  readonly #options: StunOptions;
  readonly #counters: Counters;
  readonly #buckets = new Map<string, TokenBucket>();
  #socket: Socket | undefined;

  constructor(options: StunOptions, counters: Counters) {
    this.#options = options;
    this.#counters = counters;
  }

  /** The bound port; 0 before `listen`. */
  get port(): number {
    return this.#socket?.address().port ?? 0;
  }

  /** Rejects with the system's error when the port cannot be bound. */
  async listen(): Promise<void> {
    const { host, port } = this.#options;
    if (host !== undefined) {
      this.#socket = await bind(host.includes(':') ? 'udp6' : 'udp4', port, host);
    } else {
      // One socket for both families; IPv4 alone where the system has no IPv6.
      this.#socket = await bind('udp6', port, '::').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE' || error.code === 'EACCES') throw error;
        return bind('udp4', port, '0.0.0.0');
      });
    }
    this.#socket.on('message', (bytes, from) => this.#received(bytes, from));
    this.#socket.on('error', () => undefined);
  }

  /** Forgets addresses whose bucket is full again; called about once a second. */
  tick(): void {
    const now = this.#options.now();
    for (const [key, bucket] of this.#buckets) {
      if (bucket.isFull(this.#options.requestsPerSecond, LIMITS.stunBurstPerAddress, now)) this.#buckets.delete(key);
    }
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #received(bytes: Buffer, from: RemoteInfo): void {
    const response = this.#responseTo(bytes, from);
    if (!response || response.length > LIMITS.maxStunAmplification * bytes.length) {
      this.#counters.stunIgnored++;
      return;
    }
    this.#counters.stunAnswered++;
    this.#socket?.send(response, from.port, from.address);
  }

  #responseTo(bytes: Buffer, from: RemoteInfo): Buffer | undefined {
    // A port of 0 cannot be answered, and is never a real one.
    if (from.port === 0 || !this.#mayAnswer(from.address)) return undefined;
    const request = decodeBindingRequest(bytes);
    if (!request) return undefined;
    if (request.unknownAttributes.length > 0) return encodeUnknownAttributes(request);
    return encodeBindingSuccess(request, from.address, from.port);
  }

  #mayAnswer(from: string): boolean {
    const now = this.#options.now();
    const address = parseAddress(from);
    let bucket = this.#buckets.get(address.client);
    if (!bucket) {
      // Sources can be forged by the thousand: when the table is full nobody new is answered until it empties, within seconds.
      if (this.#buckets.size >= LIMITS.maxStunAddressRecords) return false;
      this.#buckets.set(address.client, (bucket = new TokenBucket(LIMITS.stunBurstPerAddress, now)));
    }
    const rate = address.isLoopback ? LIMITS.stunRequestsPerSecondOnLoopback : this.#options.requestsPerSecond;
    return bucket.take(rate, LIMITS.stunBurstPerAddress, now);
  }
}

function bind(type: 'udp4' | 'udp6', port: number, address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type });
    socket.once('error', reject);
    socket.bind(port, address, () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
