import { EMPTY_BYTES } from '../base/bytes.ts';
import { asParleyError, type ErrorCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Wake } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { alertFrame, CHANNEL_FRAME, clearFrame, CONTROL, readCode, SEALED_ROOM } from './channel-frames.ts';
import { ChannelHandshake, type ClaimedIdentity, type LocalChannelParts } from './channel-handshake.ts';
import type { Channel, ChannelInput, ChannelOptions, ChannelOutput, ProvenIdentity } from './channel.ts';
import { Session } from './session.ts';

type Phase =
  /** Our hello is out; the peer's is awaited. */
  | { readonly name: 'hello' }
  | { readonly name: 'handshake'; readonly handshake: ChannelHandshake }
  /** The peer's signatures are being checked. */
  | {
      readonly name: 'verifying';
      readonly handshake: ChannelHandshake;
      readonly claimed: ClaimedIdentity;
      readonly job: number;
      readonly early: Queue<Uint8Array>;
      earlyBytes: number;
    }
  /** The initiator's side, complete but for the responder's word that it agrees. */
  | { readonly name: 'confirming'; readonly session: Session; readonly identity: ProvenIdentity }
  | { readonly name: 'open'; readonly session: Session }
  | { readonly name: 'closed' };

/** The secure {@link Channel}: a handshake, then a session, over one link. */
export class SecureChannel implements Channel {
  readonly room = SEALED_ROOM;
  readonly maxPayloadBytes: number = LIMITS.maxFrameBytes - SEALED_ROOM.before - SEALED_ROOM.after;
  readonly #local: LocalChannelParts;
  readonly #options: ChannelOptions;
  readonly #outputs = new Queue<ChannelOutput>();
  readonly #deadline: number;
  #phase: Phase = { name: 'hello' };
  #nextJob = 1;
  #binding: Uint8Array = EMPTY_BYTES;
  #claimKey: Uint8Array = EMPTY_BYTES;

  constructor(local: LocalChannelParts, options: ChannelOptions, now: number) {
    this.#local = local;
    this.#options = options;
    this.#deadline = now + LIMITS.handshakeTimeoutMs;
    if (options.remoteHello) this.#start(options.remoteHello);
    else this.#transmit(clearFrame(CHANNEL_FRAME.hello, local.localHello));
  }

  get pendingSeals(): number {
    return this.#phase.name === 'open' ? this.#phase.session.pendingSeals : 0;
  }

  get receivedFrames(): number {
    return this.#phase.name === 'open' ? this.#phase.session.receivedFrames : 0;
  }

  handle(input: ChannelInput | Wake, now: number): void {
    switch (input.type) {
      case 'frame':
        return this.#frame(input.bytes, now);
      case 'send':
        if (this.#phase.name === 'open') this.#phase.session.send(input.frame, now);
        return;
      case 'verified':
        return this.#verified(input.job, input.valid, now);
      case 'bulk-done':
        if (this.#phase.name === 'open' || this.#phase.name === 'confirming') this.#phase.session.bulkDone(input.job, input.bytes);
        return;
      case 'switch-link':
        if (this.#phase.name === 'open') this.#phase.session.switchLink(input.transcript);
        return;
      case 'switch-seen':
        if (this.#phase.name === 'open') this.#phase.session.switchSeen(input.transcript);
        return;
      case 'acknowledge':
        if (this.#phase.name === 'open') this.#phase.session.acknowledge();
        return;
      case 'pause':
        if (this.#phase.name === 'open') this.#phase.session.pause();
        return;
      case 'resume':
        if (this.#phase.name === 'open') this.#phase.session.resume(now);
        return;
      case 'close':
        return this.#close(input.reason);
      case 'wake':
        return this.#wake(now);
    }
  }

  poll(): ChannelOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): number | undefined {
    if (this.#phase.name === 'closed') return undefined;
    return this.#phase.name === 'open' ? this.#phase.session.nextWakeAt : this.#deadline;
  }

  #start(remoteHello: Uint8Array): void {
    try {
      const handshake = new ChannelHandshake(this.#local, this.#options, remoteHello);
      this.#phase = { name: 'handshake', handshake };
      if (handshake.isOurTurn) this.#transmit(clearFrame(CHANNEL_FRAME.handshake, handshake.write()));
    } catch (thrown) {
      this.#abort(asParleyError(thrown, 'handshake-failed'));
    }
  }

  #frame(bytes: Uint8Array, now: number): void {
    const type = bytes[0];
    const phase = this.#phase;
    if (phase.name === 'closed') return;
    if (type === CHANNEL_FRAME.small || type === CHANNEL_FRAME.bulk || type === CHANNEL_FRAME.control) return this.#sealed(bytes, now);
    if (phase.name === 'open') return this.#fault('protocol-violation', 'A frame in clear after the handshake.');
    const body = bytes.subarray(1);
    if (type === CHANNEL_FRAME.alert) return this.#end(readCode(body, 'handshake-failed'), true, 'The peer gave the handshake up.');
    if (type === CHANNEL_FRAME.hello && phase.name === 'hello') return this.#start(body.slice());
    if (type === CHANNEL_FRAME.handshake && phase.name === 'handshake') return this.#handshake(phase.handshake, body, now);
    this.#abort({ code: 'handshake-failed', message: 'A handshake frame that does not belong here.' });
  }

  #handshake(handshake: ChannelHandshake, message: Uint8Array, now: number): void {
    try {
      const claimed = handshake.read(message, now);
      if (!claimed) return this.#transmit(clearFrame(CHANNEL_FRAME.handshake, handshake.write()));
      const job = this.#nextJob++;
      this.#phase = { name: 'verifying', handshake, claimed, job, early: new Queue(), earlyBytes: 0 };
      this.#outputs.push({ type: 'verify', job, checks: claimed.checks });
    } catch (thrown) {
      this.#abort(asParleyError(thrown, 'handshake-failed'));
    }
  }

  #verified(job: number, valid: boolean, now: number): void {
    const phase = this.#phase;
    if (phase.name !== 'verifying' || phase.job !== job) return;
    if (!valid) return this.#abort({ code: 'bad-signature', message: 'A signature in the peer’s identity does not verify.' });
    const { handshake, claimed, early } = phase;
    if (handshake.isOurTurn) this.#transmit(clearFrame(CHANNEL_FRAME.handshake, handshake.write()));
    const session = this.#createSession(handshake, now);
    if (this.#options.role === 'initiator') {
      this.#phase = { name: 'confirming', session, identity: claimed.identity };
      return;
    }
    session.control(CONTROL.confirm, EMPTY_BYTES);
    this.#establish(session, claimed.identity);
    for (let frame = early.shift(); frame; frame = early.shift()) this.#sealed(frame, now);
  }

  #createSession(handshake: ChannelHandshake, now: number): Session {
    const { keys, binding, claimKey } = handshake.finish();
    this.#binding = binding;
    this.#claimKey = claimKey;
    return new Session(
      {
        isInitiator: this.#options.role === 'initiator',
        keys,
        binding,
        localStatic: this.#local.identity.noiseStatic,
        remoteStatic: handshake.remoteStatic as Uint8Array,
        entropy: this.#local.entropy,
        now,
        emit: (output) => this.#outputs.push(output),
        onConfirmed: () => {
          if (this.#phase.name === 'confirming') this.#establish(this.#phase.session, this.#phase.identity);
        },
        onEnd: (code, remote, detail) => this.#end(code, remote, detail),
      },
      this.#nextJob,
    );
  }

  #establish(session: Session, identity: ProvenIdentity): void {
    this.#phase = { name: 'open', session };
    this.#outputs.push({ type: 'established', identity, channelBinding: this.#binding, claimKey: this.#claimKey });
  }

  #sealed(bytes: Uint8Array, now: number): void {
    const phase = this.#phase;
    if (phase.name === 'open' || phase.name === 'confirming') return phase.session.receive(bytes, now);
    if (phase.name !== 'verifying') return this.#abort({ code: 'handshake-failed', message: 'A sealed frame before the handshake was complete.' });
    if (phase.early.length >= LIMITS.maxEarlyFrames || phase.earlyBytes + bytes.length > LIMITS.maxEarlyBytes) {
      return this.#abort({ code: 'overloaded', message: 'Too many frames before the handshake was complete.' });
    }
    phase.earlyBytes += bytes.length;
    phase.early.push(bytes);
  }

  #close(reason: ErrorCode): void {
    const phase = this.#phase;
    if (phase.name === 'closed') return;
    if (phase.name === 'open') phase.session.goodbye(reason);
    else this.#transmit(alertFrame(reason));
    this.#end(reason, false, 'This node closed the connection.');
  }

  #wake(now: number): void {
    if (this.#phase.name === 'open') return this.#phase.session.wake(now);
    if (this.#phase.name !== 'closed' && now >= this.#deadline) this.#abort({ code: 'timed-out', message: 'The handshake took too long.' });
  }

  /** Ends a handshake and tells the peer why, in clear. */
  #abort(why: { readonly code: ErrorCode; readonly message: string }): void {
    this.#transmit(alertFrame(why.code));
    this.#end(why.code, false, why.message);
  }

  #end(code: ErrorCode, remote: boolean, detail: string): void {
    const phase = this.#phase;
    if (phase.name === 'closed') return;
    this.#phase = { name: 'closed' };
    if (phase.name === 'open' || phase.name === 'confirming') phase.session.wipe();
    this.#outputs.push({ type: 'closed', code, remote, detail });
  }

  #fault(code: ErrorCode, detail: string): void {
    this.#outputs.push({ type: 'fault', code, detail });
  }

  #transmit(frame: Uint8Array): void {
    this.#outputs.push({ type: 'transmit', frame });
  }
}
