import { expect } from 'vitest';
import { EMPTY_BYTES } from '../../src/base/bytes.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { WAKE } from '../../src/base/machine.ts';
import { SeededRandom } from '../../src/base/seeded-random.ts';
import { WebCryptoBulkCipher } from '../../src/crypto/bulk-cipher.ts';
import { CHANNEL_FRAME } from '../../src/crypto/channel-frames.ts';
import { createSecureChannelFactory } from '../../src/crypto/secure-channel.ts';
import { scriptVerifier } from '../../src/crypto/signing.ts';
import { Connection, type ConnectionInput, type ConnectionOutput } from '../../src/node/connection.ts';
import { SessionMoves } from '../../src/node/session-moves.ts';
import { openNetworkId } from '../../src/wire/networks.ts';
import { seededEntropy, seededIdentity } from './seeded-identity.ts';

const NETWORK = openNetworkId('test');
const START = 1_800_000_000_000;
const NO_ENDS = { dialler: EMPTY_BYTES, dialled: EMPTY_BYTES };
const STREAM_MESSAGES = 4096;

type Name = 'a' | 'b';
type LinkTraits = { readonly delayMs: number; readonly spoil?: 'drop' | 'alter-claim' | 'alter-answer' };
type Event = { readonly at: number; readonly order: number; run(): void };

class Side {
  readonly connection: Connection;
  readonly moves: SessionMoves;
  readonly received: number[] = [];
  readonly sent: number[] = [];
  /** Links that the session left in order, and those that were of no use to it. */
  readonly done: number[] = [];
  readonly dropped: number[] = [];
  closed: string | undefined;
  stream = 0;
  mostHeldBytes = 0;
  heldBytes = 0;

  constructor(connection: Connection, moves: SessionMoves) {
    this.connection = connection;
    this.moves = moves;
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
      const connection = new Connection(factory, options, { link: 1, maxFrameBytes: LIMITS.maxFrameBytes }, START);
      sides.push(new Side(connection, new SessionMoves(seededEntropy(seed * 2 + index + 500))));
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

  breakLink(link: number): void {
    this.#broken.add(link);
    for (const side of [this.a, this.b]) this.#input(side, { type: 'link-closed', link, code: 'link-lost', detail: 'broken' });
  }

  /** Somebody else dials the named side and says what was heard on another link. */
  strangersLink(name: Name, frame: Uint8Array): number {
    const link = this.#nextLink++;
    this.#links.set(link, { delayMs: 1, spoil: 'drop' });
    this.#arrived(this[name], link, frame);
    return link;
  }

  async run(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await this.#settle();
      const wakes = [this.a, this.b].flatMap((side) => [side.connection.nextWakeAt(), side.moves.nextWakeAt()]);
      const next = Math.min(this.#events[0]?.at ?? Infinity, ...wakes.map((at) => at ?? Infinity));
      if (next > end) break;
      this.now = Math.max(this.now, next);
      while (this.#events[0] && this.#events[0].at <= this.now) this.#events.shift()?.run();
      for (const side of [this.a, this.b]) {
        side.moves.wake(this.now);
        this.#input(side, WAKE);
      }
    }
    this.now = end;
  }

  /** Everything that was sent came, once and in order, and nothing else. */
  expectAllDelivered(): void {
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
        const to = { link: move.link, maxFrameBytes: LIMITS.maxFrameBytes };
        side.heldBytes = 0;
        side.connection.handle({ type: 'move', to, transcript: move.transcript, begins: move.begins }, this.now);
      }
      if (!output && !move) return;
    }
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
      case 'link-done':
        side.done.push(output.link);
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
    if (side.moves.has(link)) side.moves.frame(link, frame);
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
