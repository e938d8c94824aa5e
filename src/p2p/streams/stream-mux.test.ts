import { describe, expect, it } from 'vitest';
import { MuxPair, MuxSide, PACK_BYTES, sessionCreditOf } from '../../../test/support/mux-pair.ts';
import { concatBytes, EMPTY_BYTES, utf8 } from '../../base/bytes.ts';
import { LIMITS } from '../../base/limits.ts';
import type { PriorityClass } from './priority-scheduler.ts';
import { decodeStreamFrames, encodeOpenBody, encodeStreamFrame, STREAM_FRAME, uint32Body, type StreamFrameType } from './stream-frames.ts';

const OVERHEAD = LIMITS.messageOverheadBytes;
const HEADER = 8;

const frame = encodeStreamFrame;
const openFrame = (stream: number, change: Partial<Parameters<typeof encodeOpenBody>[0]> = {}) =>
  frame(STREAM_FRAME.open, stream, encodeOpenBody({ priority: 1, protocol: 'test/1', header: EMPTY_BYTES, ...change }));

/** A responder's side; the peer is the test, which writes its frames itself. Streams of the peer are odd. */
function sideWith(...frames: readonly Uint8Array[]): MuxSide {
  const side = new MuxSide(false, 0);
  give(side, ...frames);
  return side;
}

function give(side: MuxSide, ...frames: readonly Uint8Array[]): void {
  for (const bytes of frames) side.input({ type: 'payload', bytes });
  side.read();
}

/** The frames that the side sends now. */
function framesOf(
  side: MuxSide,
  lowest: PriorityClass = 2,
): readonly { readonly type: number; readonly stream: number; readonly body: Uint8Array }[] {
  while (side.pull(lowest));
  return side.underWay.splice(0).flatMap((payload) => decodeStreamFrames(payload) ?? []);
}

const violationOf = (side: MuxSide) => side.of('violation')[0];

describe('flow control', () => {
  it('begins a message only when the stream’s credit covers all of it', () => {
    const pair = new MuxPair();
    const stream = pair.openStream(pair.a);
    pair.b.isReading = false;
    const size = 1_000_000;
    for (let index = 0; index < 4; index++) pair.a.input({ type: 'send', stream, message: new Uint8Array(size) });
    pair.settle();
    expect(pair.b.of('message')).toHaveLength(Math.floor(LIMITS.streamWindowBytes / (size + OVERHEAD)));
    expect(pair.a.of('sent')).toHaveLength(pair.b.of('message').length);
    pair.b.input({ type: 'consumed', stream, bytes: size });
    pair.settle();
    expect(pair.b.of('message')).toHaveLength(3);
  });

  it('keeps to the credit of the session over all streams', () => {
    const pair = new MuxPair();
    expect(sessionCreditOf(pair, pair.a)).toBe(LIMITS.sessionWindowBytes);
    expect(violationOf(pair.b)).toBeUndefined();
  });

  it('leaves a part of the session’s credit to streams that are not bulk', () => {
    const pair = new MuxPair();
    pair.b.isReading = false;
    const message = new Uint8Array(1_000_000);
    for (let index = 0; index < 4; index++) {
      const bulk = pair.openStream(pair.a, 2);
      for (let count = 0; count < 2; count++) pair.a.input({ type: 'send', stream: bulk, message });
    }
    pair.settle();
    const bulkMessages = pair.b.of('message').length;
    expect(bulkMessages).toBe(Math.floor((LIMITS.sessionWindowBytes - LIMITS.interactiveReserveBytes) / (message.length + OVERHEAD)));
    const chat = pair.openStream(pair.a);
    pair.a.input({ type: 'send', stream: chat, message });
    pair.settle();
    expect(pair.b.of('message').at(-1)?.stream).toBe(chat);
  });

  it('finishes messages that were begun although another waits for credit in front of them', () => {
    const pair = new MuxPair();
    const streams = [1, 2, 3].map(() => pair.openStream(pair.a, 2));
    for (const stream of streams) pair.a.input({ type: 'send', stream, message: new Uint8Array(LIMITS.maxStreamMessageBytes) });
    pair.settle();
    expect(pair.b.of('message')).toHaveLength(streams.length);
  });

  it('can always begin the largest message, however much was consumed and not told yet', () => {
    const pair = new MuxPair();
    const stream = pair.openStream(pair.a);
    pair.a.input({ type: 'send', stream, message: new Uint8Array(LIMITS.creditStepBytes - OVERHEAD - 1) });
    pair.a.input({ type: 'send', stream, message: new Uint8Array(LIMITS.maxStreamMessageBytes) });
    pair.settle();
    expect(pair.b.of('message')).toHaveLength(2);
  });

  it('gives credit back in steps, not for every message', () => {
    const pair = new MuxPair();
    const stream = pair.openStream(pair.a);
    const count = Math.ceil(LIMITS.creditStepBytes / (1_000 + OVERHEAD));
    for (let index = 0; index < count; index++) pair.a.input({ type: 'send', stream, message: new Uint8Array(1_000) });
    while (pair.a.pull());
    while (pair.deliver(pair.a));
    const credits = framesOf(pair.b).filter(({ type }) => type === STREAM_FRAME.credit);
    expect(credits.map(({ body }) => Buffer.from(body).readUInt32BE())).toEqual([count * (1_000 + OVERHEAD)]);
  });

  it('gives the credit of streams that are gone back in one frame, for messages that were consumed late and for those that came late', () => {
    const pair = new MuxPair();
    const stream = pair.openStream(pair.a);
    pair.b.isReading = false;
    for (const size of [10, 20]) pair.a.input({ type: 'send', stream, message: new Uint8Array(size) });
    pair.settle();
    for (let index = 0; index < 50; index++) pair.a.input({ type: 'send', stream, message: new Uint8Array(5_000) });
    while (pair.a.pull());
    pair.b.input({ type: 'reset', stream, code: 'cancelled' });
    pair.b.input({ type: 'consumed', stream, bytes: 30, messages: 2 });
    while (pair.deliver(pair.a));
    const credits = framesOf(pair.b).filter(({ type }) => type === STREAM_FRAME.credit);
    expect(credits.map((credit) => [credit.stream, Buffer.from(credit.body).readUInt32BE()])).toEqual([
      [0, 30 + 2 * OVERHEAD + 50 * (5_000 + OVERHEAD)],
    ]);
  });

  for (const resetter of ['a', 'b'] as const) {
    it(`gives all credit back when side ${resetter} resets a stream in the middle of a message`, () => {
      const pair = new MuxPair();
      const stream = pair.openStream(pair.a);
      pair.a.input({ type: 'send', stream, message: new Uint8Array(1_000_000) });
      for (let index = 0; index < 4; index++) pair.a.pull();
      pair.deliver(pair.a);
      pair.deliver(pair.a);
      pair[resetter].input({ type: 'reset', stream, code: 'cancelled' });
      pair.settle();
      expect(pair.b.of('message')).toEqual([]);
      expect([pair.a.of('closed'), pair.b.of('closed')]).toMatchObject([[{ code: 'cancelled' }], [{ code: 'cancelled' }]]);
      expect(sessionCreditOf(pair, pair.a)).toBe(LIMITS.sessionWindowBytes);
    });
  }

  it('resets a stream on which the own program queues too much, or too large a message', () => {
    const pair = new MuxPair();
    const [full, large] = [pair.openStream(pair.a), pair.openStream(pair.a)];
    for (let index = 0; index < 5; index++) pair.a.input({ type: 'send', stream: full, message: new Uint8Array(2_000_000) });
    pair.a.input({ type: 'send', stream: large, message: new Uint8Array(LIMITS.maxStreamMessageBytes + 1) });
    pair.settle();
    expect(pair.b.of('closed')).toMatchObject([
      { stream: full, code: 'overloaded', remote: true },
      { stream: large, code: 'too-large', remote: true },
    ]);
  });
});

describe('priorities', () => {
  it('send what is urgent first, and leave bulk waiting where the link has no room for it', () => {
    const pair = new MuxPair();
    const streams = ([2, 1, 0] as const).map((priority) => pair.openStream(pair.a, priority));
    for (const stream of streams) pair.a.input({ type: 'send', stream, message: new Uint8Array(3_000) });
    const first = framesOf(pair.a, 1);
    expect(first.map(({ stream }) => stream)).toEqual([streams[2], streams[1]]);
    expect(framesOf(pair.a, 2).map(({ stream }) => stream)).toEqual([streams[0]]);
  });

  it('let an urgent message pass between the fragments of a large one', () => {
    const pair = new MuxPair();
    const [bulk, chat] = [pair.openStream(pair.a, 2), pair.openStream(pair.a, 1)];
    pair.a.input({ type: 'send', stream: bulk, message: new Uint8Array(200_000) });
    pair.a.pull();
    pair.a.input({ type: 'send', stream: chat, message: new Uint8Array(10) });
    pair.settle();
    expect(pair.b.of('message').map(({ stream }) => stream)).toEqual([chat, bulk]);
  });

  it('give streams of one class their turns frame by frame', () => {
    const pair = new MuxPair();
    const streams = [pair.openStream(pair.a), pair.openStream(pair.a), pair.openStream(pair.a)];
    for (const stream of streams) pair.a.input({ type: 'send', stream, message: new Uint8Array(150_000) });
    expect(
      framesOf(pair.a)
        .slice(0, 6)
        .map(({ stream }) => stream),
    ).toEqual([...streams, ...streams]);
  });

  it('pack small messages into one payload and cut large ones', () => {
    const pair = new MuxPair();
    const stream = pair.openStream(pair.a);
    for (let index = 0; index < 20; index++) pair.a.input({ type: 'send', stream, message: new Uint8Array(100) });
    pair.a.pull();
    expect(pair.a.underWay.splice(0).map(({ length }) => length)).toEqual([20 * (100 + HEADER)]);
    pair.a.input({ type: 'send', stream, message: new Uint8Array(100_000) });
    while (pair.a.pull());
    const sizes = pair.a.underWay.map(({ length }) => length);
    expect(sizes[0]).toBe(LIMITS.maxUrgentPayloadBytes);
    expect(Math.max(...sizes)).toBe(LIMITS.maxUrgentPayloadBytes);
  });

  it('send control frames before any message', () => {
    const pair = new MuxPair();
    const stream = pair.openStream(pair.a, 0);
    pair.a.input({ type: 'send', stream, message: new Uint8Array(PACK_BYTES) });
    pair.a.input({ type: 'ping', nonce: new Uint8Array(8) });
    expect(framesOf(pair.a)[0]?.type).toBe(STREAM_FRAME.ping);
  });
});

describe('the life of a stream', () => {
  it('ends cleanly when both sides ended, after all that was sent before', () => {
    const pair = new MuxPair();
    const stream = pair.openStream(pair.a);
    pair.a.input({ type: 'send', stream, message: new Uint8Array(300_000) });
    pair.a.input({ type: 'end', stream });
    pair.a.input({ type: 'send', stream, message: new Uint8Array(1) });
    pair.settle();
    expect(pair.b.outputs.map(({ type }) => type)).toEqual(['incoming', 'message', 'ended']);
    pair.b.input({ type: 'end', stream });
    pair.settle();
    expect([pair.a.of('closed'), pair.b.of('closed')]).toEqual([
      [{ type: 'closed', stream, remote: false }],
      [{ type: 'closed', stream, remote: false }],
    ]);
    expect([pair.a.mux.streamCount, pair.b.mux.streamCount]).toEqual([0, 0]);
  });

  it('refuses the peer’s streams above the limit and goes on with the others', () => {
    const side = sideWith();
    for (let index = 0; index <= LIMITS.maxStreamsPerSide; index++) give(side, openFrame(2 * index + 1));
    expect(side.mux.streamCount).toBe(LIMITS.maxStreamsPerSide);
    const resets = framesOf(side).filter(({ type }) => type === STREAM_FRAME.reset);
    expect(resets).toMatchObject([{ stream: 2 * LIMITS.maxStreamsPerSide + 1, body: utf8('overloaded') }]);
    expect(violationOf(side)).toBeUndefined();
  });

  it('gives no ids above the limit, and some again when streams are over', () => {
    const side = new MuxSide(true, 0);
    for (let index = 0; index < LIMITS.maxStreamsPerSide; index++) side.open();
    expect(side.mux.allocate()).toBeUndefined();
    side.input({ type: 'reset', stream: 1, code: 'cancelled' });
    expect(side.mux.allocate()).toBe(2 * LIMITS.maxStreamsPerSide + 1);
  });

  it('answers pings, and tells of pongs', () => {
    const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const pair = new MuxPair();
    pair.a.input({ type: 'ping', nonce });
    pair.settle();
    expect(pair.a.of('pong')).toEqual([{ type: 'pong', nonce }]);
  });
});

describe('a peer that breaks the rules', () => {
  const accepted = openFrame(1);
  const gone = frame(STREAM_FRAME.reset, 1, utf8('cancelled'));
  const message = (stream: number, size: number) => frame(STREAM_FRAME.message, stream, new Uint8Array(size));
  const first = (stream: number, length: number, size: number) =>
    frame(STREAM_FRAME.first, stream, concatBytes(uint32Body(length), new Uint8Array(size)));
  const middle = (stream: number, size: number) => frame(STREAM_FRAME.middle, stream, new Uint8Array(size));
  const last = (stream: number, size: number) => frame(STREAM_FRAME.last, stream, new Uint8Array(size));
  const credit = (stream: number, bytes: number) => frame(STREAM_FRAME.credit, stream, uint32Body(bytes));
  const whole = new Uint8Array(60_000);

  const VIOLATIONS: Readonly<Record<string, readonly Uint8Array[]>> = {
    'an empty payload': [EMPTY_BYTES],
    'a payload that is cut off': [accepted.subarray(0, accepted.length - 1)],
    'a length beyond the payload': [Uint8Array.of(STREAM_FRAME.message, 0xff, 0xff, 0xff, 0, 0, 0, 1)],
    'a frame of an unknown type': [frame(99 as StreamFrameType, 1, EMPTY_BYTES)],
    'a stream 0': [openFrame(0)],
    'a stream with an id of ours': [openFrame(2)],
    'a stream that is open already': [accepted, accepted],
    'a stream with an id that was used before': [accepted, gone, accepted],
    'a stream with an id below the last one': [openFrame(5), openFrame(3)],
    'an unknown priority': [openFrame(1, { priority: 3 })],
    'a stream without a protocol': [openFrame(1, { protocol: '' })],
    'a protocol with too long a name': [openFrame(1, { protocol: 'x'.repeat(LIMITS.maxProtocolNameBytes + 1) })],
    'a protocol that is no UTF-8': [frame(STREAM_FRAME.open, 1, Uint8Array.of(1, 1, 0xff))],
    'a header that is too large': [openFrame(1, { header: new Uint8Array(LIMITS.maxStreamHeaderBytes + 1) })],
    'an opening that is cut off': [frame(STREAM_FRAME.open, 1, Uint8Array.of(1, 20, 0x61))],
    'an answer to no question': [accepted, frame(STREAM_FRAME.accept, 1, EMPTY_BYTES)],
    'an empty first fragment': [accepted, first(1, 10, 0)],
    'a first fragment without a length': [accepted, frame(STREAM_FRAME.first, 1, EMPTY_BYTES)],
    'a first fragment that is the whole message': [accepted, first(1, 10, 10)],
    'a message that claims to be too large': [accepted, first(1, LIMITS.maxStreamMessageBytes + 1, 10)],
    'a message that claims 4 GiB': [accepted, first(1, 0xffff_ffff, 10)],
    'a fragment without a beginning': [accepted, middle(1, 5)],
    'a last fragment without a beginning': [accepted, last(1, 5)],
    'a message inside another': [accepted, first(1, 10, 5), message(1, 1)],
    'a beginning inside another message': [accepted, first(1, 10, 5), first(1, 10, 5)],
    'fragments beyond their message': [accepted, first(1, 10, 5), middle(1, 6)],
    'a last fragment that does not complete its message': [accepted, first(1, 10, 5), last(1, 4)],
    'an empty fragment': [accepted, first(1, 10, 5), middle(1, 0)],
    'an end in the middle of a message': [accepted, first(1, 10, 5), frame(STREAM_FRAME.end, 1, EMPTY_BYTES)],
    'a second end': [accepted, frame(STREAM_FRAME.end, 1, EMPTY_BYTES), frame(STREAM_FRAME.end, 1, EMPTY_BYTES)],
    'a message after the end': [accepted, frame(STREAM_FRAME.end, 1, EMPTY_BYTES), message(1, 1)],
    'credit for what was never sent': [accepted, credit(1, 1)],
    'credit for what was never sent on the session': [credit(0, 1)],
    'no credit': [accepted, credit(1, 0)],
    'credit of the wrong length': [accepted, frame(STREAM_FRAME.credit, 1, new Uint8Array(3))],
    'a ping of the wrong length': [frame(STREAM_FRAME.ping, 0, new Uint8Array(7))],
    'more than the credit of the stream': [accepted, ...Array.from({ length: 50 }, () => frame(STREAM_FRAME.message, 1, whole))],
    'more than the credit of the session': [0, 1, 2, 3, 4].flatMap((index) => [
      openFrame(2 * index + 1),
      ...Array.from({ length: 35 }, () => frame(STREAM_FRAME.message, 2 * index + 1, whole)),
    ]),
    'a message on a stream that never was': [message(77, 1)],
    'a message on a stream of ours that never was': [message(78, 1)],
    'more than the credit of the session on a stream that is gone': [accepted, gone, ...Array.from({ length: 150 }, () => message(1, 60_000))],
    'beginnings of messages on a stream that is gone': [
      accepted,
      gone,
      ...Array.from({ length: 5 }, () => first(1, LIMITS.maxStreamMessageBytes, 1)),
    ],
  };

  for (const [what, frames] of Object.entries(VIOLATIONS)) {
    it(`ends the session for ${what}`, () => {
      const side = new MuxSide(false, 0);
      side.isReading = false;
      give(side, ...frames);
      expect(violationOf(side)?.code).toBe('protocol-violation');
      // And only once: nothing of the peer's counts any more.
      give(side, openFrame(999));
      expect(side.of('violation')).toHaveLength(1);
      expect(side.pull()).toBe(false);
    });
  }

  it('ends the session for a message on a stream of ours that it did not accept', () => {
    const side = sideWith();
    const stream = side.open();
    give(side, frame(STREAM_FRAME.message, stream, new Uint8Array(1)));
    expect(violationOf(side)?.code).toBe('protocol-violation');
  });

  const FLOODS: Readonly<Record<string, (index: number) => Uint8Array>> = {
    pings: () => frame(STREAM_FRAME.ping, 0, new Uint8Array(8)),
    pongs: () => frame(STREAM_FRAME.pong, 0, new Uint8Array(8)),
    opens: (index) => openFrame(2 * index + 1),
    resets: () => frame(STREAM_FRAME.reset, 1, utf8('cancelled')),
    ends: () => frame(STREAM_FRAME.end, 1, EMPTY_BYTES),
  };

  for (const [what, make] of Object.entries(FLOODS)) {
    it(`ends the session for a flood of ${what}, with little in its queues`, () => {
      const side = new MuxSide(false, 0);
      for (let index = 0; index <= LIMITS.controlFramesBurst && !violationOf(side); index++) give(side, make(index));
      expect(violationOf(side)?.code).toBe('rate-limited');
      expect(side.mux.streamCount).toBeLessThanOrEqual(LIMITS.maxStreamsPerSide);
      expect(side.mux.queuedControlFrames).toBeLessThanOrEqual(LIMITS.maxQueuedControlFrames + 1);
    });
  }

  it('holds few answers for a peer that sends on and reads nothing', () => {
    const side = new MuxSide(false, 0);
    give(side, accepted, gone);
    const payload = concatBytes(...Array.from({ length: 1_000 }, () => message(1, 0)));
    for (let index = 0; index < 200; index++) give(side, payload);
    expect(side.mux.queuedControlFrames).toBeLessThan(10);
    expect(violationOf(side)?.code).toBe('protocol-violation');
  });
});
