import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier, WAKE, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { Channel, ChannelFactory, ChannelOptions, ChannelOutput, ProvenIdentity } from '../crypto/channel.ts';
import { sessionIdOf, type ClaimableSession } from '../crypto/session-claim.ts';
import { Health, type HealthInput, type HealthOutput } from '../p2p/health/health.ts';
import { StreamMux, type MuxInput, type MuxOutput } from '../p2p/streams/stream-mux.ts';
import { LinkSwitch, type CarryingLink } from './link-switch.ts';

export type ConnectionInput =
  | { readonly type: 'frame'; readonly link: number; readonly bytes: Uint8Array }
  /** What the link holds that has not left yet: after every burst of `transmit`, and when it drained. */
  | { readonly type: 'link-buffer'; readonly link: number; readonly bytes: number }
  | { readonly type: 'link-closed'; readonly link: number; readonly code: ErrorCode; readonly detail: string }
  /** Both ends proved on another link that they are this session's. The side that dialled it begins. */
  | { readonly type: 'move'; readonly to: CarryingLink; readonly transcript: Uint8Array; readonly begins: boolean }
  | Extract<Parameters<Channel['handle']>[0], { readonly type: 'verified' | 'bulk-done' }>
  | { readonly type: 'stream'; readonly input: Exclude<MuxInput, { readonly type: 'payload' | 'ping' }> }
  | { readonly type: 'check' }
  | { readonly type: 'close'; readonly reason: ErrorCode };

export type ConnectionOutput =
  | Extract<ChannelOutput, { readonly type: 'verify' | 'bulk' | 'fault' }>
  | { readonly type: 'transmit'; readonly link: number; readonly frame: Uint8Array }
  /** The peer goes to the new link, and so does this side: it is the session's link from now on. */
  | { readonly type: 'moving'; readonly to: number }
  /** Nothing of the session comes or goes on the link any more. */
  | { readonly type: 'link-done'; readonly link: number }
  /** It never got as far as a single frame on the new link; the session stays where it is. */
  | { readonly type: 'move-failed'; readonly to: number }
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
  /** Where frames go, and where the peer's come from: differ while the session moves. */
  #sending: CarryingLink;
  #receiving: number;
  #switch: LinkSwitch | undefined;
  #claimable: ClaimableSession | undefined;
  bytesSent = 0;
  bytesReceived = 0;

  constructor(factory: ChannelFactory, options: ChannelOptions, link: CarryingLink, now: number) {
    this.isInitiator = options.role === 'initiator';
    this.dialledNode = options.expectedNode;
    this.openedAt = now;
    this.#sending = link;
    this.#receiving = link.link;
    this.#channel = factory(options, now);
    this.#mux = new StreamMux(this.isInitiator, now);
    this.#frameBucket = new TokenBucket(LIMITS.framesPerSecond, LIMITS.framesBurst, now);
    this.#drain(now);
  }

  get identity(): ProvenIdentity | undefined {
    return this.#identity;
  }

  /** What proves on another link that one is an end of this session; `undefined` until there is one. */
  get claimable(): ClaimableSession | undefined {
    return this.#claimable;
  }

  get isMoving(): boolean {
    return this.#switch !== undefined;
  }

  /** The link that its frames leave on. */
  get link(): number {
    return this.#sending.link;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get streamCount(): number {
    return this.#mux.streamCount;
  }

  allocateStream(): number | undefined {
    return this.#mux.allocate();
  }

  handle(input: ConnectionInput | Wake, now: number): void {
    if (this.#isClosed) return;
    switch (input.type) {
      case 'frame':
        return this.#frameFrom(input.link, input.bytes, now);
      case 'link-buffer':
        if (input.link !== this.#sending.link) return;
        this.#linkBufferBytes = input.bytes;
        return this.#drain(now);
      case 'link-closed':
        return this.#linkClosed(input);
      case 'move':
        return this.#move(input, now);
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
        this.#checkMove(now);
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
    return earlier(earlier(this.#channel.nextWakeAt(), this.#health?.nextWakeAt()), this.#switch?.deadline);
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
          this.#transmit(output.frame);
          break;
        case 'established':
          this.#identity = output.identity;
          this.#health = new Health(now);
          this.#claimable = { id: sessionIdOf(output.channelBinding), claimKey: output.claimKey, isInitiator: this.isInitiator };
          this.#outputs.push({ type: 'established', identity: output.identity });
          break;
        case 'deliver':
          this.#health?.handle(HEARD, now);
          this.#mux.handle({ type: 'payload', bytes: output.payload }, now);
          break;
        case 'link-switched':
          this.#switched(output, now);
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
    while (
      !this.#isClosed &&
      !this.#switch?.mayNotSendAhead &&
      this.#linkBufferBytes < LIMITS.linkBufferBytes &&
      this.#channel.pendingSeals < LIMITS.maxPendingBulkFrames
    ) {
      // What is being sealed will be in the buffer in a moment, before anything that comes now.
      const aheadBytes = this.#linkBufferBytes + this.#channel.pendingSeals * this.#maxPayloadBytes;
      const lowestPriority = aheadBytes < LIMITS.bulkLinkBufferBytes ? 2 : 1;
      const frame = this.#mux.nextFrame({ room: this.#channel.room, maxPayloadBytes: this.#maxPayloadBytes }, lowestPriority);
      if (!frame) return isAnySealed;
      this.#channel.handle({ type: 'send', frame }, now);
      isAnySealed = true;
      this.#drainChannel(now);
    }
    return isAnySealed && !this.#isClosed;
  }

  #transmit(frame: Uint8Array): void {
    this.bytesSent += frame.length;
    this.#linkBufferBytes += frame.length;
    if (this.#switch?.isSendingOver) this.#switch.sentAheadBytes += frame.length;
    this.#outputs.push({ type: 'transmit', link: this.#sending.link, frame });
  }

  /** What is sealed from now on goes over the link that the session moves to, once it moves. */
  get #maxPayloadBytes(): number {
    const link = this.#switch?.isSendingAsked ? this.#switch.to : this.#sending;
    return Math.min(this.#channel.maxPayloadBytes, link.maxFrameBytes - this.#channel.room.before - this.#channel.room.after);
  }

  // ── moving to another link ─────────────────────────────────────────────────────────────────────────────────────

  #move({ to, transcript, begins }: Extract<ConnectionInput, { readonly type: 'move' }>, now: number): void {
    if (this.#switch || !this.#claimable) return this.#outputs.push({ type: 'move-failed', to: to.link });
    this.#switch = new LinkSwitch(this.#sending, to, transcript, now);
    if (!begins) return;
    this.#outputs.push({ type: 'moving', to: to.link });
    this.#askToSwitch(this.#switch, now);
    this.#drain(now);
  }

  #askToSwitch(move: LinkSwitch, now: number): void {
    move.isSendingAsked = true;
    this.#channel.handle({ type: 'switch-link', transcript: move.transcript }, now);
  }

  #switched({ direction, transcript }: Extract<ChannelOutput, { readonly type: 'link-switched' }>, now: number): void {
    const move = this.#switch;
    const isExpected = move && (direction !== 'receiving' || (!move.isReceivingOver && move.isNamedBy(transcript)));
    if (!isExpected) return this.#fail('protocol-violation', 'The peer moved the session to a link that there is not.', now);
    switch (direction) {
      case 'sending':
        move.isSendingOver = true;
        this.#sending = move.to;
        this.#linkBufferBytes = 0;
        break;
      case 'receiving':
        this.#receivingOver(move, now);
        break;
      case 'seen':
        move.isSeen = true;
    }
    if (!move.isComplete || this.#switch !== move) return;
    this.#switch = undefined;
    // The new path has a round-trip time of its own.
    this.#health = new Health(now);
    this.#outputs.push({ type: 'link-done', link: move.from.link });
  }

  #receivingOver(move: LinkSwitch, now: number): void {
    move.isReceivingOver = true;
    this.#receiving = move.to.link;
    if (move.isSendingAsked) {
      // The peer moved after it had our last frame.
      move.isSeen = true;
      this.#channel.handle({ type: 'switch-seen' }, now);
    } else {
      this.#outputs.push({ type: 'moving', to: move.to.link });
      this.#askToSwitch(move, now);
    }
    for (let frame = move.takeHeld(); frame && !this.#isClosed; frame = move.takeHeld()) this.#channel.handle({ type: 'frame', bytes: frame }, now);
  }

  #frameFrom(link: number, bytes: Uint8Array, now: number): void {
    if (link === this.#receiving) return this.#frame(bytes, now);
    if (link !== this.#switch?.to.link) return;
    this.bytesReceived += bytes.length;
    if (!this.#switch.hold(bytes)) this.#fail('overloaded', 'The peer sent too much on a link before it moved there.', now);
  }

  #checkMove(now: number): void {
    const move = this.#switch;
    if (!move || now < move.deadline) return;
    if (move.isSendingAsked) return this.#fail('timed-out', 'The session did not come over to its new link in time.', now);
    this.#switch = undefined;
    this.#outputs.push({ type: 'move-failed', to: move.to.link });
  }

  #linkClosed({ link, code, detail }: Extract<ConnectionInput, { readonly type: 'link-closed' }>): void {
    const move = this.#switch;
    if (move && link === move.to.link && !move.isSendingAsked) {
      this.#switch = undefined;
      return this.#outputs.push({ type: 'move-failed', to: link });
    }
    // The peer closes the old link when it has everything: from then on only its word for that may still be under way.
    if (move && link === move.from.link && move.isSendingOver && move.isReceivingOver) return;
    if (link === this.#sending.link || link === this.#receiving || link === move?.to.link) {
      this.#close({ code, remote: code === 'peer-closed', detail });
    }
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
    this.#claimable?.claimKey.fill(0);
    this.#outputs.push({ type: 'closed', code: end.code, remote: end.remote, detail: end.detail });
  }
}

const HEARD: HealthInput = { type: 'heard' };
