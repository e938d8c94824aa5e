import { asParleyError, ParleyError } from '../../base/errors.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { utf8, fromUtf8 } from '../../base/bytes.ts';
import type { NodeApi, Stream } from '../../node/api.ts';
import type { Clock } from '../../ports/clock.ts';
import { ANSWER_PROTOCOL } from './answer-protocol.ts';
import { AnswerText, answerWithText } from './answer-text.ts';
import { ResultScanner } from './result-scanner.ts';

type Offer = { readonly peer: NodeId; readonly text: AnswerText; readonly cancelTimer: () => void };

/**
 * Large results of this node's agents that wait for whoever called to fetch them.
 *
 * Protocol `mcp-answer/1`: one stream for each, which the caller's node opens with the number that it was offered as header (decimal digits). The
 * owner's node sends the result's JSON in pieces, and ends the stream when that was all. Its own flow control and a lower priority keep it out of the way of
 * the session that it belongs to.
 */
export class AnswerOffers {
  readonly #clock: Clock;
  readonly #offers = new Map<number, Offer>();
  #nextNumber = 1;
  #underWay = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Answers the number by which the peer, and nobody else, can fetch it; `undefined` when too many wait. */
  offer(text: AnswerText, peer: NodeId): number | undefined {
    if (this.#offers.size + this.#underWay >= LIMITS.maxOfferedAnswers) return undefined;
    const number = this.#nextNumber++;
    const drop = (): void => {
      this.#offers.delete(number);
      text.cancel(new ParleyError('timed-out', 'The caller did not fetch the result in time.'));
    };
    this.#offers.set(number, { peer, text, cancelTimer: this.#clock.wakeAt(this.#clock.now() + LIMITS.answerStallMs, drop) });
    text.done.catch(() => this.#take(number));
    return number;
  }

  /** For the streams of {@link ANSWER_PROTOCOL}. */
  serve(stream: Stream): void {
    const number = numberOf(stream.header);
    const offer = number === undefined ? undefined : this.#offers.get(number);
    if (number === undefined || offer?.peer !== stream.peer.node) return stream.reset('cancelled');
    this.#take(number);
    this.#underWay++;
    void this.#send(offer.text, stream).finally(() => this.#underWay--);
  }

  #take(number: number): void {
    this.#offers.get(number)?.cancelTimer();
    this.#offers.delete(number);
  }

  async #send(text: AnswerText, stream: Stream): Promise<void> {
    void stream.closed.then(() => text.cancel());
    const stalled = (): void => text.cancel(new ParleyError('timed-out', 'The result went no further for a minute.'));
    const rearm = (): (() => void) => this.#clock.wakeAt(this.#clock.now() + LIMITS.answerStallMs, stalled);
    let cancelTimer = rearm();
    try {
      for (let piece = await text.read(); piece; piece = await text.read()) {
        for (let from = 0; from < piece.length; from += LIMITS.mcpPartBytes) await stream.send(piece.subarray(from, from + LIMITS.mcpPartBytes));
        cancelTimer();
        cancelTimer = rearm();
      }
      stream.end();
    } catch (thrown) {
      stream.reset(asParleyError(thrown).code);
    }
    cancelTimer();
  }
}

/** The owner's word that a large answer can be fetched: an aside of the session, as JSON. */
export function encodeOffer(id: string | number, number: number): Uint8Array {
  return utf8(JSON.stringify({ id, number }));
}

/** An answer that is fetched once somebody reads it. @throws ParleyError `malformed` */
export function offeredAnswer(bytes: Uint8Array, open: (number: number) => Promise<Stream>): ReturnType<typeof answerWithText> {
  const { id, number } = decodeOffer(bytes);
  const text = new AnswerText();
  text.onWanted = () => void fetchInto(text, () => open(number));
  return answerWithText(id, text);
}

/** Opens streams by which the node fetches what a peer offered. */
export function answerFetcher(node: Pick<NodeApi, 'open'>, peer: NodeId): (number: number) => Promise<Stream> {
  return (number) => node.open(peer, ANSWER_PROTOCOL, { header: utf8(String(number)), priority: 'bulk' });
}

async function fetchInto(text: AnswerText, open: () => Promise<Stream>): Promise<void> {
  let stream: Stream;
  try {
    stream = await open();
  } catch (thrown) {
    return text.fail(asParleyError(thrown));
  }
  const breakOff = (error: ParleyError): void => {
    text.fail(error);
    stream.reset(error.code);
  };
  text.onCancelled = (error) => stream.reset(asParleyError(error, 'cancelled').code);
  let room: Promise<void> | undefined;
  const scanner = ResultScanner.ofResult((piece) => (room = text.write(piece)));
  stream.onMessage((bytes) => {
    room = undefined;
    try {
      scanner.feed(bytes);
    } catch (thrown) {
      breakOff(asParleyError(thrown));
    }
    return room;
  });
  const { clean, code } = await stream.closed;
  if (!clean) return text.fail(new ParleyError(code ?? 'peer-closed', 'The result broke off.'));
  try {
    text.finish(scanner.finish());
  } catch (thrown) {
    text.fail(asParleyError(thrown));
  }
}

function decodeOffer(bytes: Uint8Array): { readonly id: string | number; readonly number: number } {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw new ParleyError('malformed', 'An offer of a result is no JSON.', { cause });
  }
  const { id, number } = (value ?? {}) as { id?: unknown; number?: unknown };
  if ((typeof id !== 'string' && typeof id !== 'number') || typeof number !== 'number' || !Number.isSafeInteger(number))
    throw new ParleyError('malformed', 'An offer of a result names no request.');
  return { id, number };
}

function numberOf(header: Uint8Array): number | undefined {
  const text = header.length <= 16 ? new TextDecoder().decode(header) : '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
