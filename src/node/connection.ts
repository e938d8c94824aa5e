import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier, WAKE, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { Channel, ChannelFactory, ChannelOptions, ChannelOutput, ProvenIdentity } from '../crypto/channel.ts';
import { Health, type HealthInput, type HealthOutput } from '../p2p/health/health.ts';
import { StreamMux, type MuxInput, type MuxOutput } from '../p2p/streams/stream-mux.ts';

export type ConnectionInput =
  | { readonly type: 'frame'; readonly bytes: Uint8Array }
  /** What the link holds that has not left yet: after every burst of `transmit`, and when it drained. */
  | { readonly type: 'link-buffer'; readonly bytes: number }
  | { readonly type: 'link-closed'; readonly code: ErrorCode; readonly detail: string }
  | Extract<Parameters<Channel['handle']>[0], { readonly type: 'verified' | 'bulk-done' }>
  | { readonly type: 'stream'; readonly input: Exclude<MuxInput, { readonly type: 'payload' | 'ping' }> }
  | { readonly type: 'check' }
  | { readonly type: 'close'; readonly reason: ErrorCode };

export type ConnectionOutput =
  | Extract<ChannelOutput, { readonly type: 'transmit' | 'verify' | 'bulk' | 'fault' }>
  | { readonly type: 'established'; readonly identity: ProvenIdentity }
  | { readonly type: 'stream'; readonly output: Exclude<MuxOutput, { readonly type: 'pong' | 'violation' }> }
  | { readonly type: 'round-trip'; readonly smoothedMs: number }
  /** The end, once; every stream is gone. The link is to be closed. */
  | { readonly type: 'closed'; readonly code: ErrorCode; readonly remote: boolean; readonly detail: string };

/**
 * One link with everything on top of it: the channel that makes it secret and authentic, the streams inside, the peer's health.
 * A composite machine: it only passes outputs of its parts to each other.
 */
export class Connection implements Machine<ConnectionInput, ConnectionOutput> {
  readonly dialledNode: NodeId | undefined;
  readonly isInitiator: boolean;
  readonly openedAt: number;
  readonly #channel: Channel;
  readonly #mux: StreamMux;
  readonly #outputs = new Queue<ConnectionOutput>();
  readonly #frameBucket: TokenBucket;
  #health: Health | undefined;
  #identity: ProvenIdentity | undefined;
  #linkBufferBytes = 0;
  #isClosed = false;
  #unsealedSince: number | undefined;
  bytesSent = 0;
  bytesReceived = 0;

  constructor(factory: ChannelFactory, options: ChannelOptions, now: number) {
    this.isInitiator = options.role === 'initiator';
    this.dialledNode = options.expectedNode;
    this.openedAt = now;
    this.#channel = factory(options, now);
    this.#mux = new StreamMux(this.isInitiator, now);
    this.#frameBucket = new TokenBucket(LIMITS.framesPerSecond, LIMITS.framesBurst, now);
    this.#drain(now);
  }

  get identity(): ProvenIdentity | undefined {
    return this.#identity;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  allocateStream(): number | undefined {
    return this.#mux.allocate();
  }

  handle(input: ConnectionInput | Wake, now: number): void {
    if (this.#isClosed) return;
    switch (input.type) {
      case 'frame':
        return this.#frame(input.bytes, now);
      case 'link-buffer':
        this.#linkBufferBytes = input.bytes;
        return this.#drain(now);
      case 'link-closed':
        return this.#close({ code: input.code, remote: input.code === 'peer-closed', detail: input.detail });
      case 'verified':
      case 'bulk-done':
        this.#channel.handle(input, now);
        return this.#drain(now);
      case 'stream':
        // Sealed when the outputs are polled, so that several small messages of one moment share a frame.
        this.#mux.handle(input.input, now);
        this.#unsealedSince = now;
        return;
      case 'check':
        this.#health?.handle({ type: 'check' }, now);
        return this.#drain(now);
      case 'close':
        this.#channel.handle({ type: 'close', reason: input.reason }, now);
        return this.#drain(now);
      case 'wake':
        this.#channel.handle(WAKE, now);
        this.#health?.handle(WAKE, now);
        return this.#drain(now);
    }
  }

  poll(): ConnectionOutput | undefined {
    if (this.#unsealedSince !== undefined && this.#outputs.length === 0) this.#drain(this.#unsealedSince);
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    if (this.#isClosed) return undefined;
    return earlier(this.#channel.nextWakeAt(), this.#health?.nextWakeAt());
  }

  #frame(bytes: Uint8Array, now: number): void {
    if (!this.#frameBucket.take(now)) return this.#fail('rate-limited', 'The peer sent more frames than any link carries.', now);
    this.bytesReceived += bytes.length;
    this.#channel.handle({ type: 'frame', bytes }, now);
    this.#drain(now);
  }

  /** Moves outputs between the parts until nothing moves any more. */
  #drain(now: number): void {
    this.#unsealedSince = undefined;
    do {
      this.#drainChannel(now);
      this.#drainMux(now);
      this.#drainHealth(now);
    } while (this.#seal(now));
  }

  #drainChannel(now: number): void {
    for (let output = this.#channel.poll(); output && !this.#isClosed; output = this.#channel.poll()) {
      switch (output.type) {
        case 'transmit':
          this.bytesSent += output.frame.length;
          this.#linkBufferBytes += output.frame.length;
          this.#outputs.push(output);
          break;
        case 'established':
          this.#identity = output.identity;
          this.#health = new Health(now);
          this.#outputs.push({ type: 'established', identity: output.identity });
          break;
        case 'deliver':
          this.#health?.handle(HEARD, now);
          this.#mux.handle({ type: 'payload', bytes: output.payload }, now);
          break;
        case 'closed':
          this.#close(output);
          break;
        default:
          this.#outputs.push(output);
      }
    }
  }

  #drainMux(now: number): void {
    for (let output = this.#mux.poll(); output && !this.#isClosed; output = this.#mux.poll()) {
      if (output.type === 'pong') this.#health?.handle(output satisfies HealthInput, now);
      else if (output.type === 'violation') this.#fail(output.code, `The peer sent ${output.detail}.`, now);
      else this.#outputs.push({ type: 'stream', output });
    }
  }

  #drainHealth(now: number): void {
    for (let output: HealthOutput | undefined = this.#health?.poll(); output && !this.#isClosed; output = this.#health?.poll()) {
      if (output.type === 'ping') this.#mux.handle(output, now);
      else if (output.type === 'round-trip') this.#outputs.push(output);
      else this.#close({ code: 'peer-silent', remote: false, detail: 'Nothing was heard from the peer for too long.' });
    }
  }

  /** Gives the channel what the link has room for; answers whether anything was sealed. */
  #seal(now: number): boolean {
    if (!this.#identity) return false;
    let isAnySealed = false;
    while (!this.#isClosed && this.#linkBufferBytes < LIMITS.linkBufferBytes && this.#channel.pendingSeals < LIMITS.maxPendingBulkFrames) {
      // What is being sealed will be in the buffer in a moment, before anything that comes now.
      const aheadBytes = this.#linkBufferBytes + this.#channel.pendingSeals * this.#channel.maxPayloadBytes;
      const lowestPriority = aheadBytes < LIMITS.bulkLinkBufferBytes ? 2 : 1;
      const frame = this.#mux.nextFrame(this.#channel, lowestPriority);
      if (!frame) return isAnySealed;
      this.#channel.handle({ type: 'send', frame }, now);
      isAnySealed = true;
      this.#drainChannel(now);
    }
    return isAnySealed && !this.#isClosed;
  }

  /** The peer broke the rules: it is told, as far as it listens, and the connection ends. */
  #fail(code: ErrorCode, detail: string, now: number): void {
    this.#outputs.push({ type: 'fault', code, detail });
    this.#channel.handle({ type: 'close', reason: code }, now);
    this.#drainChannel(now);
    this.#close({ code, remote: false, detail });
  }

  #close(end: { readonly code: ErrorCode; readonly remote: boolean; readonly detail: string }): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#outputs.push({ type: 'closed', code: end.code, remote: end.remote, detail: end.detail });
  }
}

const HEARD: HealthInput = { type: 'heard' };
