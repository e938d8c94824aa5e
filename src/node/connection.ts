import type { ErrorCode } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { earlier, WAKE, type Machine, type Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { equalBytes } from '../base/bytes.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import { isSealedFrame } from '../crypto/channel-frames.ts';
import type { Channel, ChannelFactory, ChannelOptions, ChannelOutput, ProvenIdentity } from '../crypto/channel.ts';
import { sessionIdOf, type ClaimableSession } from '../crypto/session-claim.ts';
import { Health, type HealthInput, type HealthOutput } from '../p2p/health/health.ts';
import { StreamMux, type MuxInput, type MuxOutput } from '../p2p/streams/stream-mux.ts';
import { KeptFrames } from './kept-frames.ts';
import { LinkPace } from './link-pace.ts';
import { LinkSwitch, type CarryingLink } from './link-switch.ts';

export type ConnectionInput =
  | { readonly type: 'frame'; readonly link: number; readonly bytes: Uint8Array }
  /** What the link holds that has not left yet: after every burst of `transmit`, and when it drained. */
  | { readonly type: 'link-buffer'; readonly link: number; readonly bytes: number }
  | { readonly type: 'link-closed'; readonly link: number; readonly code: ErrorCode; readonly detail: string }
  /** Both ends proved on another link that they are this session's. The side that dialled it begins. */
  | { readonly type: 'move'; readonly to: CarryingLink; readonly transcript: Uint8Array; readonly begins: boolean }
  /**
   * The peer proved on another link that the session is to go on there, whatever happened to the one before. `sendFrom`: the first of our frames that goes
   * over it; `peerBegins`: the number of the first of its own.
   */
  | { readonly type: 'resume'; readonly to: CarryingLink; readonly sendFrom: number; readonly peerBegins: number }
  | Extract<Parameters<Channel['handle']>[0], { readonly type: 'verified' | 'bulk-done' }>
  | { readonly type: 'stream'; readonly input: Exclude<MuxInput, { readonly type: 'payload' | 'ping' }> }
  | { readonly type: 'check' }
  | { readonly type: 'close'; readonly reason: ErrorCode };

export type ConnectionOutput =
  | Extract<ChannelOutput, { readonly type: 'verify' | 'bulk' | 'fault' }>
  | { readonly type: 'transmit'; readonly link: number; readonly frame: Uint8Array }
  /** When the link's buffer has fallen to this, there is something to send. */
  | { readonly type: 'low-water'; readonly link: number; readonly bytes: number }
  /** The peer goes to the new link, and so does this side: it is the session's link from now on. */
  | { readonly type: 'moving'; readonly to: number }
  /** Nothing of the session comes or goes on the link any more. */
  | { readonly type: 'link-done'; readonly link: number }
  /** No link carries the session any more, and it waits for another. Nothing comes or goes on these. */
  | { readonly type: 'stranded'; readonly code: ErrorCode; readonly links: readonly number[] }
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
  #pace = new LinkPace();
  #isClosed = false;
  #unsealedSince: number | undefined;
  /** Where frames go, and where the peer's come from: differ while the session moves. */
  #sending: CarryingLink;
  #receiving: number;
  #switch: LinkSwitch | undefined;
  /** Transcripts of moves that were given up. */
  readonly #abandoned: Uint8Array[] = [];
  /** Present while the session could go on if its link were lost. */
  #kept: KeptFrames | undefined;
  #sealedFrames = 0;
  #stranded: { readonly code: ErrorCode; readonly detail: string; readonly until: number } | undefined;
  /** Frames that come once more on the present link. */
  #repeats = 0;
  #acknowledged = { frames: 0, bytes: 0 };
  #claimable: ClaimableSession | undefined;
  bytesSent = 0;
  bytesReceived = 0;

  constructor(factory: ChannelFactory, options: ChannelOptions, link: CarryingLink, now: number) {
    this.isInitiator = options.role === 'initiator';
    this.dialledNode = options.expectedNode;
    this.openedAt = now;
    this.#sending = link;
    this.#receiving = link.link;
    if (link.keepsFrames) this.#kept = new KeptFrames(0);
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

  /** Whether it is between two links, and cannot go to a third by {@link LinkSwitch}. */
  get isMoving(): boolean {
    return this.#switch !== undefined || this.#stranded !== undefined || this.#kept?.hasBacklog === true;
  }

  get isStranded(): boolean {
    return this.#stranded !== undefined;
  }

  /** Where both directions are, if the session can be resumed on another link: what of the peer's came, and which of our frames are kept. */
  get resumable(): { readonly received: number; readonly keptFrom: number; readonly keptEnd: number } | undefined {
    if (!this.#kept || !this.#claimable || this.#isClosed) return undefined;
    return { received: this.#channel.receivedFrames, keptFrom: this.#kept.from, keptEnd: this.#kept.end };
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
        if (input.link !== this.#sending.link || this.#stranded) return;
        if (this.#pace.report(this.#linkBufferBytes, input.bytes, now))
          this.#outputs.push({ type: 'low-water', link: input.link, bytes: this.#pace.lowWaterBytes });
        this.#linkBufferBytes = input.bytes;
        return this.#drain(now);
      case 'link-closed':
        return this.#linkClosed(input, now);
      case 'move':
        return this.#move(input, now);
      case 'resume':
        return this.#resume(input, now);
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
        if (this.#stranded && now >= this.#stranded.until) return this.#close({ ...this.#stranded, remote: false });
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
    const byParts = earlier(this.#channel.nextWakeAt(), this.#health?.nextWakeAt());
    return earlier(byParts, earlier(this.#switch?.deadline, this.#stranded?.until));
  }

  #frame(bytes: Uint8Array, now: number): void {
    if (!this.#frameBucket.take(now)) return this.#fail('rate-limited', 'The peer sent more frames than any link carries.', now);
    this.bytesReceived += bytes.length;
    if (this.#repeats > 0 && isSealedFrame(bytes)) {
      this.#repeats--;
      return;
    }
    this.#channel.handle({ type: 'frame', bytes }, now);
    this.#acknowledge(bytes.length, now);
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
        case 'acknowledged':
          if (this.#kept?.acknowledge(output.frames) === false) this.#fail('protocol-violation', 'The peer acknowledged what was not sent.', now);
          break;
        case 'stalled':
          if (!this.#strand(output, now)) this.#fail(output.code, output.detail, now);
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
      else this.#lost({ code: 'peer-silent', remote: false, detail: 'Nothing was heard from the peer for too long.' }, now);
    }
  }

  /** Gives the channel what the link has room for; answers whether anything was sealed. */
  #seal(now: number): boolean {
    if (!this.#identity || this.#stranded || !this.#sendKept()) return false;
    let isAnySealed = false;
    while (
      !this.#isClosed &&
      !this.#switch?.mayNotSendAhead &&
      this.#linkBufferBytes < LIMITS.linkBufferBytes &&
      this.#channel.pendingSeals < LIMITS.maxPendingBulkFrames
    ) {
      // What is being sealed will be in the buffer in a moment, before anything that comes now.
      const aheadBytes = this.#linkBufferBytes + this.#channel.pendingSeals * this.#maxPayloadBytes;
      const lowestPriority = aheadBytes < this.#pace.aheadBytes ? 2 : 1;
      const frame = this.#mux.nextFrame({ room: this.#channel.room, maxPayloadBytes: this.#maxPayloadBytes }, lowestPriority);
      if (!frame) return isAnySealed;
      this.#channel.handle({ type: 'send', frame }, now);
      isAnySealed = true;
      this.#drainChannel(now);
    }
    return isAnySealed && !this.#isClosed;
  }

  #transmit(frame: Uint8Array): void {
    if (!isSealedFrame(frame)) return this.#give(frame);
    this.#sealedFrames++;
    if (!this.#kept) return this.#give(frame);
    this.#kept.push(frame);
    if (this.#kept.bytes > LIMITS.maxKeptBytes || this.#kept.end - this.#kept.from > LIMITS.maxKeptFrames) return this.#keepNoLonger(this.#kept);
    // What is kept goes first; while there is no link, all of it waits.
    if (!this.#stranded && this.#kept.end - this.#kept.unsent === 1) this.#give(this.#kept.takeNext() as Uint8Array);
  }

  /** Lets the link have of what waits as much as it has room for; answers whether all of it went. */
  #sendKept(): boolean {
    const kept = this.#kept;
    if (!kept) return true;
    while (kept.hasBacklog && this.#linkBufferBytes < LIMITS.linkBufferBytes) this.#give(kept.takeNext() as Uint8Array);
    if (!kept.hasBacklog && !this.#sending.keepsFrames && !this.#switch) this.#kept = undefined;
    return !kept.hasBacklog;
  }

  /** The peer acknowledges nothing: the session lasts as long as its link. */
  #keepNoLonger(kept: KeptFrames): void {
    this.#kept = undefined;
    if (this.#stranded) return this.#close({ ...this.#stranded, remote: false });
    for (let frame = kept.takeNext(); frame; frame = kept.takeNext()) this.#give(frame);
  }

  #acknowledge(bytes: number, now: number): void {
    if (!this.#kept || !this.#identity || this.#isClosed) return;
    this.#acknowledged.bytes += bytes;
    const frames = this.#channel.receivedFrames - this.#acknowledged.frames;
    if (this.#acknowledged.bytes < LIMITS.acknowledgeBytes && frames < LIMITS.acknowledgeFrames) return;
    this.#acknowledged = { frames: this.#channel.receivedFrames, bytes: 0 };
    this.#channel.handle({ type: 'acknowledge' }, now);
  }

  #sendOn(link: CarryingLink): void {
    this.#sending = link;
    this.#linkBufferBytes = 0;
    this.#pace = new LinkPace();
  }

  /** To the link. */
  #give(frame: Uint8Array): void {
    this.bytesSent += frame.length;
    this.#linkBufferBytes += frame.length;
    if (this.#switch?.isSendingOver) this.#switch.sentAheadBytes += frame.length;
    this.#outputs.push({ type: 'transmit', link: this.#sending.link, frame });
  }

  /** What is sealed from now on goes over the link that the session moves to, once it moves. */
  get #maxPayloadBytes(): number {
    const move = this.#switch;
    const ahead = move?.isSendingAsked ? move.to.maxFrameBytes : this.#sending.maxFrameBytes;
    // What is kept may have to go over a circuit again.
    const frameBytes = Math.min(ahead, this.#pace.lowWaterBytes, this.#kept ? LIMITS.maxCircuitFrameBytes : Infinity);
    return Math.min(this.#channel.maxPayloadBytes, frameBytes - this.#channel.room.before - this.#channel.room.after);
  }

  // ── moving to another link ─────────────────────────────────────────────────────────────────────────────────────

  #move({ to, transcript, begins }: Extract<ConnectionInput, { readonly type: 'move' }>, now: number): void {
    if (this.isMoving || !this.#claimable) {
      this.#abandon(transcript);
      return this.#outputs.push({ type: 'move-failed', to: to.link });
    }
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
    // Words about a move that was given up come late where a lost link's frames come again.
    if (this.#abandoned.some((abandoned) => equalBytes(abandoned, transcript))) return;
    const move = this.#switch;
    const isExpected = move && (direction !== 'receiving' || (!move.isReceivingOver && move.isNamedBy(transcript)));
    if (!isExpected) return this.#fail('protocol-violation', 'The peer moved the session to a link that there is not.', now);
    switch (direction) {
      case 'sending':
        move.isSendingOver = true;
        if (move.to.keepsFrames) this.#kept ??= new KeptFrames(this.#sealedFrames);
        this.#sendOn(move.to);
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
    if (!move.to.keepsFrames) this.#kept = undefined;
    this.#outputs.push({ type: 'link-done', link: move.from.link });
  }

  #receivingOver(move: LinkSwitch, now: number): void {
    move.isReceivingOver = true;
    this.#receiving = move.to.link;
    if (move.isSendingAsked) {
      // The peer moved after it had our last frame.
      move.isSeen = true;
      this.#channel.handle({ type: 'switch-seen', transcript: move.transcript }, now);
    } else {
      this.#outputs.push({ type: 'moving', to: move.to.link });
      this.#askToSwitch(move, now);
    }
    for (let frame = move.takeHeld(); frame && !this.#isClosed; frame = move.takeHeld()) this.#channel.handle({ type: 'frame', bytes: frame }, now);
  }

  #frameFrom(link: number, bytes: Uint8Array, now: number): void {
    if (this.#stranded) return;
    if (link === this.#receiving) return this.#frame(bytes, now);
    if (link !== this.#switch?.to.link) return;
    this.bytesReceived += bytes.length;
    if (!this.#switch.hold(bytes)) this.#fail('overloaded', 'The peer sent too much on a link before it moved there.', now);
  }

  #checkMove(now: number): void {
    const move = this.#switch;
    if (!move || now < move.deadline) return;
    if (move.isSendingAsked) {
      const detail = 'The session did not come over to its new link in time.';
      if (!this.#strand({ code: 'timed-out', detail }, now)) this.#fail('timed-out', detail, now);
      return;
    }
    this.#giveUpMove();
    this.#outputs.push({ type: 'move-failed', to: move.to.link });
  }

  #linkClosed({ link, code, detail }: Extract<ConnectionInput, { readonly type: 'link-closed' }>, now: number): void {
    if (this.#stranded) return;
    const move = this.#switch;
    if (move && link === move.to.link && !move.isSendingAsked) {
      this.#giveUpMove();
      return this.#outputs.push({ type: 'move-failed', to: link });
    }
    // The peer closes the old link when it has everything: from then on only its word for that may still be under way.
    if (move && link === move.from.link && move.isSendingOver && move.isReceivingOver) return;
    if (link === this.#sending.link || link === this.#receiving || link === move?.to.link) {
      this.#lost({ code, remote: code === 'peer-closed', detail }, now);
    }
  }

  #giveUpMove(): void {
    if (this.#switch) this.#abandon(this.#switch.transcript);
    this.#switch = undefined;
  }

  #abandon(transcript: Uint8Array): void {
    this.#abandoned.push(transcript);
    if (this.#abandoned.length > LIMITS.maxAbandonedMoves) this.#abandoned.shift();
  }

  // ── a lost link ────────────────────────────────────────────────────────────────────────────────────────────────

  #lost(end: { readonly code: ErrorCode; readonly remote: boolean; readonly detail: string }, now: number): void {
    if (!this.#strand(end, now)) this.#close(end);
  }

  /** The session waits for another link; false when it cannot. */
  #strand({ code, detail }: { readonly code: ErrorCode; readonly detail: string }, now: number): boolean {
    if (this.#stranded) return true;
    if (!this.resumable) return false;
    const links = this.#presentLinks();
    this.#giveUpMove();
    this.#stranded = { code, detail, until: now + LIMITS.sessionResumeTimeoutMs };
    this.#health = undefined;
    this.#channel.handle({ type: 'pause' }, now);
    this.#outputs.push({ type: 'stranded', code, links });
    return true;
  }

  #resume({ to, sendFrom, peerBegins }: Extract<ConnectionInput, { readonly type: 'resume' }>, now: number): void {
    const received = this.#channel.receivedFrames;
    if (peerBegins > received || this.#kept?.rewind(sendFrom) !== true) {
      return this.#fail('protocol-violation', 'The peer resumed the session where it cannot go on.', now);
    }
    const left = this.#stranded ? [] : this.#presentLinks().filter((link) => link !== to.link);
    this.#giveUpMove();
    this.#stranded = undefined;
    this.#sendOn(to);
    this.#receiving = to.link;
    this.#repeats = received - peerBegins;
    this.#health = new Health(now);
    this.#channel.handle({ type: 'resume' }, now);
    this.#outputs.push({ type: 'moving', to: to.link });
    for (const link of left) this.#outputs.push({ type: 'link-done', link });
    this.#drain(now);
  }

  #presentLinks(): readonly number[] {
    const links = [this.#sending.link, this.#receiving, ...(this.#switch ? [this.#switch.from.link, this.#switch.to.link] : [])];
    return [...new Set(links)];
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
    this.#kept = undefined;
    this.#claimable?.claimKey.fill(0);
    this.#outputs.push({ type: 'closed', code: end.code, remote: end.remote, detail: end.detail });
  }
}

const HEARD: HealthInput = { type: 'heard' };
