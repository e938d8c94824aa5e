import { expect } from 'vitest';
import { EMPTY_BYTES } from '../../src/base/bytes.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { WAKE } from '../../src/base/machine.ts';
import { SeededRandom } from '../../src/base/seeded-random.ts';
import { WebCryptoBulkCipher } from '../../src/crypto/bulk-cipher.ts';
import { CHANNEL_FRAME } from '../../src/crypto/channel-frames.ts';
import { readClaimFrame } from '../../src/crypto/session-claim.ts';
import { createSecureChannelFactory } from '../../src/crypto/secure-channel.ts';
import { scriptVerifier } from '../../src/crypto/signing.ts';
import { Connection, type ConnectionInput, type ConnectionOutput } from '../../src/node/connection.ts';
import type { CarryingLink } from '../../src/node/link-switch.ts';
import { SessionMoves } from '../../src/node/session-moves.ts';
import { SessionResumptions } from '../../src/node/session-resumptions.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { seededEntropy, seededIdentity } from './seeded-identity.ts';

const NETWORK = openNetworkId('test');
const START = 1_800_000_000_000;
const NO_ENDS = { dialler: EMPTY_BYTES, dialled: EMPTY_BYTES };
const STREAM_MESSAGES = 4096;

type Name = 'a' | 'b';

function carrying(link: number, traits: Partial<LinkTraits> | undefined): CarryingLink {
  const isCircuit = traits?.isCircuit === true;
  return { link, maxFrameBytes: isCircuit ? LIMITS.maxCircuitFrameBytes : LIMITS.maxFrameBytes, keepsFrames: isCircuit };
}

type LinkTraits = { readonly delayMs: number; readonly isCircuit?: boolean; readonly spoil?: 'drop' | 'alter-claim' | 'alter-answer' };
type Event = { readonly at: number; readonly order: number; run(): void };

class Side {
  readonly connection: Connection;
  readonly moves: SessionMoves;
  readonly resumptions: SessionResumptions;
  readonly received: number[] = [];
  readonly sent: number[] = [];
  /** Links that the session left in order, and those that were of no use to it. */
  readonly done: number[] = [];
  readonly dropped: number[] = [];
  closed: string | undefined;
  stream = 0;
  mostHeldBytes = 0;
  heldBytes = 0;

  /** How often the session lost its link, and went on over another. */
  strandings = 0;
  faults: string[] = [];
  resumptionsDone = 0;

  constructor(connection: Connection, moves: SessionMoves, resumptions: SessionResumptions) {
    this.connection = connection;
    this.moves = moves;
    this.resumptions = resumptions;
  }
}

/** Two connections over links in virtual time, each ordered and with a delay of its own, between which their session moves. */
export class ConnectionPair {
  readonly a: Side;
  readonly b: Side;
  now = START;
  /** Claims and answers, as they were on the links. */
  readonly clearFrames: Uint8Array[] = [];
  readonly #random: SeededRandom;
  readonly #links = new Map<number, LinkTraits>();
  readonly #broken = new Set<number>();
  readonly #lastAt = new Map<string, number>();
  readonly #cipher = new WebCryptoBulkCipher();
  #events: Event[] = [];
  #order = 0;
  #jobs: Promise<void>[] = [];
  #nextLink = 2;
  #message = 0;
  #retryMs: number | undefined;

  private constructor(seed: number, a: Side, b: Side, traits: LinkTraits) {
    this.#random = new SeededRandom(seed + 1);
    this.a = a;
    this.b = b;
    this.#links.set(1, traits);
  }

  static async open(seed: number, traits: Partial<LinkTraits> = {}): Promise<ConnectionPair> {
    const sides: Side[] = [];
    for (const [index, role] of (['initiator', 'responder'] as const).entries()) {
      const entropy = seededEntropy(seed * 2 + index);
      const factory = createSecureChannelFactory({ identity: await seededIdentity(index + 1, START), networkId: NETWORK, entropy });
      const options = { role, localFingerprint: EMPTY_BYTES, remoteFingerprint: EMPTY_BYTES };
      const connection = new Connection(factory, options, carrying(1, traits), START);
      const resumptions = new SessionResumptions(seededEntropy(seed * 2 + index + 900), () => connection.resumable);
      sides.push(new Side(connection, new SessionMoves(seededEntropy(seed * 2 + index + 500)), resumptions));
    }
    const pair = new ConnectionPair(seed, sides[0] as Side, sides[1] as Side, { delayMs: 20, ...traits });
    await pair.run(1_000 + 10 * (traits.delayMs ?? 0));
    const stream = pair.a.connection.allocateStream() as number;
    pair.a.stream = pair.b.stream = stream;
    pair.#input(pair.a, { type: 'stream', input: { type: 'open', stream, protocol: 'test/1', header: EMPTY_BYTES, priority: 1 } });
    await pair.run(1_000 + 4 * (traits.delayMs ?? 0));
    return pair;
  }

  send(name: Name, bytes: number): void {
    const side = this[name];
    if (side.sent.length >= STREAM_MESSAGES) return;
    const message = new Uint8Array(Math.max(4, bytes));
    new DataView(message.buffer).setUint32(0, ++this.#message);
    message.fill(this.#message & 0xff, 4);
    side.sent.push(this.#message);
    this.#input(side, { type: 'stream', input: { type: 'send', stream: side.stream, message } });
  }

  /** The named side dials a new link and brings the session there, unless it is on its way already. */
  move(name: Name, traits: Partial<LinkTraits> = {}): number {
    const side = this[name];
    const link = this.#nextLink++;
    const { claimable, isMoving } = side.connection;
    this.#links.set(link, { delayMs: 1 + this.#random.below(80), ...traits });
    if (claimable && !isMoving) side.moves.claim(link, NO_ENDS, { connection: 1, claimable, isMoving }, this.now);
    this.#drain(side);
    return link;
  }

  /** The named side opens a circuit, or another link, and has the session go on there. */
  resume(name: Name, traits: Partial<LinkTraits> = {}): number {
    const side = this[name];
    const link = this.#nextLink++;
    const { claimable, resumable } = side.connection;
    this.#links.set(link, { delayMs: 1 + this.#random.below(80), isCircuit: true, ...traits });
    if (claimable && resumable) side.resumptions.ask(link, NO_ENDS, { connection: 1, claimable }, this.now);
    this.#drain(side);
    return link;
  }

  /** Whenever a side loses its link, it asks for another after the delay, again and again. */
  resumeAlways(retryMs: number): void {
    this.#retryMs = retryMs;
  }

  /** The link carries nothing any more; each side is told after its delay, or never. */
  kill(link: number, noticedAfterMs: { readonly a?: number | undefined; readonly b?: number | undefined }): void {
    this.#broken.add(link);
    for (const name of ['a', 'b'] as const) {
      const after = noticedAfterMs[name];
      if (after !== undefined) this.#schedule(this.now + after, () => this.#linkClosed(this[name], link, 'relay-lost'));
    }
  }

  breakLink(link: number): void {
    this.#broken.add(link);
    for (const side of [this.a, this.b]) this.#linkClosed(side, link, 'link-lost');
  }

  #linkClosed(side: Side, link: number, code: 'link-lost' | 'relay-lost'): void {
    side.resumptions.forget(link);
    this.#input(side, { type: 'link-closed', link, code, detail: 'broken' });
  }

  /** Somebody else dials the named side and says what was heard on another link. */
  strangersLink(name: Name, ...frames: readonly Uint8Array[]): number {
    const link = this.#nextLink++;
    this.#links.set(link, { delayMs: 1, spoil: 'drop' });
    for (const frame of frames) this.#arrived(this[name], link, frame);
    return link;
  }

  async run(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await this.#settle();
      const wakes = [this.a, this.b].flatMap((side) => [side.connection.nextWakeAt(), side.moves.nextWakeAt(), side.resumptions.nextWakeAt()]);
      const next = Math.min(this.#events[0]?.at ?? Infinity, ...wakes.map((at) => at ?? Infinity));
      if (next > end) break;
      this.now = Math.max(this.now, next);
      while (this.#events[0] && this.#events[0].at <= this.now) this.#events.shift()?.run();
      for (const side of [this.a, this.b]) {
        side.moves.wake(this.now);
        side.resumptions.wake(this.now);
        this.#input(side, WAKE);
      }
    }
    this.now = end;
  }

  /** Everything that was sent came, once and in order, and nothing else. */
  expectAllDelivered(): void {
    expect([...this.a.faults, ...this.b.faults]).toEqual([]);
    expect([this.a.closed, this.b.closed]).toEqual([undefined, undefined]);
    expect(this.b.received).toEqual(this.a.sent);
    expect(this.a.received).toEqual(this.b.sent);
  }

  async #settle(): Promise<void> {
    this.#drain(this.a);
    this.#drain(this.b);
    while (this.#jobs.length > 0) {
      await Promise.all(this.#jobs.splice(0));
      this.#drain(this.a);
      this.#drain(this.b);
    }
  }

  #input(side: Side, input: ConnectionInput | typeof WAKE): void {
    side.connection.handle(input, this.now);
    this.#drain(side);
  }

  #drain(side: Side): void {
    for (;;) {
      const output = side.connection.poll();
      if (output) this.#output(side, output);
      const move = side.moves.poll();
      if (move?.type === 'transmit') this.#carry(side, move.link, move.frame);
      else if (move?.type === 'failed') side.dropped.push(move.link);
      else if (move?.type === 'proven') {
        const to = carrying(move.link, this.#links.get(move.link));
        side.heldBytes = 0;
        side.connection.handle({ type: 'move', to, transcript: move.transcript, begins: move.begins }, this.now);
      }
      const resumption = side.resumptions.poll();
      if (resumption) this.#resumptionOutput(side, resumption);
      if (!output && !move && !resumption) return;
    }
  }

  #resumptionOutput(side: Side, output: NonNullable<ReturnType<SessionResumptions['poll']>>): void {
    switch (output.type) {
      case 'transmit':
        return this.#carry(side, output.link, output.frame);
      case 'unknown':
      case 'failed':
        side.dropped.push(output.link);
        return this.#leave(side, output.link);
      case 'resumed': {
        const { link, sendFrom, peerBegins } = output;
        side.resumptionsDone++;
        side.connection.handle({ type: 'resume', to: carrying(link, this.#links.get(link)), sendFrom, peerBegins }, this.now);
      }
    }
  }

  /** The side closes the link: the other one sees that after the link's delay. */
  #leave(side: Side, link: number): void {
    const other = side === this.a ? this.b : this.a;
    const direction = `${link} ${side === this.a ? 'a' : 'b'}`;
    const at = Math.max(this.#lastAt.get(direction) ?? 0, this.now + (this.#links.get(link)?.delayMs ?? 0));
    this.#schedule(at, () => this.#broken.has(link) || this.#linkClosed(other, link, 'relay-lost'));
  }

  #retry(side: Side): void {
    const retryMs = this.#retryMs;
    if (retryMs === undefined || side.closed || !side.connection.isStranded) return;
    this.resume(side === this.a ? 'a' : 'b');
    this.#schedule(this.now + retryMs * 4, () => this.#retry(side));
  }

  #output(side: Side, output: ConnectionOutput): void {
    switch (output.type) {
      case 'transmit':
        return this.#carry(side, output.link, output.frame);
      case 'verify':
        this.#job(
          Promise.all(output.checks.map((check) => scriptVerifier.verify(check))),
          (results) => ({ type: 'verified', job: output.job, valid: results.every(Boolean) }),
          side,
        );
        return;
      case 'bulk':
        this.#job(
          this.#cipher[output.operation](output.work),
          (bytes) => ({ type: 'bulk-done', job: output.job, ...(bytes ? { bytes } : {}) }),
          side,
        );
        return;
      case 'fault':
        side.faults.push(output.code);
        return;
      case 'link-done':
        side.done.push(output.link);
        return this.#links.get(output.link)?.isCircuit ? this.#leave(side, output.link) : undefined;
      case 'stranded':
        side.strandings++;
        for (const link of output.links) this.#leave(side, link);
        this.#schedule(this.now + this.#random.below(this.#retryMs ?? 1), () => this.#retry(side));
        return;
      case 'move-failed':
        side.dropped.push(output.to);
        return;
      case 'closed':
        side.closed = output.code;
        return;
      case 'stream':
        return this.#streamOutput(side, output.output);
    }
  }

  #streamOutput(side: Side, output: Extract<ConnectionOutput, { readonly type: 'stream' }>['output']): void {
    if (output.type === 'incoming') this.#input(side, { type: 'stream', input: { type: 'accept', stream: output.stream } });
    if (output.type !== 'message') return;
    const { message, stream } = output;
    side.received.push(new DataView(message.buffer, message.byteOffset).getUint32(0));
    this.#input(side, { type: 'stream', input: { type: 'consumed', stream, bytes: message.length } });
  }

  #job<T>(work: Promise<T>, input: (result: T) => ConnectionInput, side: Side): void {
    this.#jobs.push(work.then((result) => this.#input(side, input(result))));
  }

  #carry(from: Side, link: number, frame: Uint8Array): void {
    const traits = this.#links.get(link);
    if (!traits || this.#broken.has(link)) return;
    const isClear = frame[0] === CHANNEL_FRAME.claim;
    if (isClear) this.clearFrames.push(frame.slice());
    const carried = frame.slice();
    if (isClear && traits.spoil === 'drop') return;
    const altered = { 'alter-claim': 1, 'alter-answer': 2, drop: 0 }[traits.spoil ?? 'drop'];
    if (isClear && frame[1] === altered) carried[carried.length - 1]! ^= 1;
    const direction = `${link} ${from === this.a ? 'a' : 'b'}`;
    const at = Math.max(this.#lastAt.get(direction) ?? 0, this.now + traits.delayMs);
    this.#lastAt.set(direction, at);
    const to = from === this.a ? this.b : this.a;
    this.#schedule(at, () => this.#broken.has(link) || this.#arrived(to, link, carried));
    // A link empties at once: what is under way is the delay's.
    this.#input(from, { type: 'link-buffer', link, bytes: 0 });
  }

  #arrived(side: Side, link: number, frame: Uint8Array): void {
    const claim = readClaimFrame(frame);
    if (side.moves.has(link)) side.moves.frame(link, frame);
    else if (side.resumptions.isAsking(link)) side.resumptions.frame(link, frame, this.now);
    else if (claim?.step === 'resume') {
      const { claimable } = side.connection;
      side.resumptions.asked(link, NO_ENDS, claim, claimable ? [{ connection: 1, claimable }] : [], this.now);
    } else if (claim?.step === 'resume-confirm') side.resumptions.confirmed(link, claim);
    else if (frame[0] === CHANNEL_FRAME.claim) {
      const { claimable, isMoving } = side.connection;
      side.moves.answer(link, NO_ENDS, frame, claimable ? [{ connection: 1, claimable, isMoving }] : []);
    } else {
      if (link > side.connection.link && side.connection.isMoving) side.heldBytes += frame.length;
      side.mostHeldBytes = Math.max(side.mostHeldBytes, side.heldBytes);
      this.#input(side, { type: 'frame', link, bytes: frame });
    }
    this.#drain(side);
  }

  #schedule(at: number, run: () => void): void {
    const event = { at, order: this.#order++, run };
    const index = this.#events.findIndex((other) => other.at > at);
    if (index < 0) this.#events.push(event);
    else this.#events.splice(index, 0, event);
  }
}
