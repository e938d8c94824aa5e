import { asParleyError, ParleyError } from '../../base/errors.ts';
import type { NodeId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { Queue } from '../../base/queue.ts';
import type { SignedInput, SignOutput, VerifiedInput, VerifyOutput } from '../neighbours.ts';
import { decodeEnvelope, encodeEnvelope, envelopeMessage, type Envelope } from './envelope.ts';
import type { GossipVerdict } from './gossip.ts';
import { ReplayGuard } from './replay-guard.ts';

/** In front of the topics of programs on the wire, so that none is taken for one of the mesh's own. */
const PREFIX = 'app/';

export type PublicationsInput =
  | { readonly type: 'publish'; readonly topic: string; readonly payload: Uint8Array }
  /** An item of a program's topic that gossip wants judged. */
  | { readonly type: 'item'; readonly job: number; readonly topic: string; readonly bytes: Uint8Array }
  | VerifiedInput
  | SignedInput;

export type PublicationsOutput =
  | VerifyOutput
  | SignOutput
  | { readonly type: 'verdict'; readonly job: number; readonly verdict: GossipVerdict }
  | { readonly type: 'publish'; readonly topic: string; readonly bytes: Uint8Array };

/** What programs publish on their topics: signed here, and judged here when it comes from others. */
export class Publications {
  readonly #me: NodeId;
  readonly #networkId: Uint8Array;
  readonly #outputs = new Queue<PublicationsOutput>();
  readonly #replays = new ReplayGuard();
  readonly #judging = new Map<number, { readonly gossipJob: number; readonly envelope: Envelope }>();
  readonly #signing = new Map<number, { readonly topic: string; readonly envelope: Envelope }>();
  #nextJob = 1;
  #seq = 0;

  constructor(me: NodeId, networkId: Uint8Array) {
    this.#me = me;
    this.#networkId = networkId;
  }

  /** @throws ParleyError `too-large` or `overloaded` for what a program wants to publish; never for what a peer sent. */
  handle(input: PublicationsInput, now: number): void {
    switch (input.type) {
      case 'publish':
        return this.#publish(wireTopic(input.topic), input.payload, now);
      case 'item':
        return this.#judge(input.job, input.topic, input.bytes, now);
      case 'verified':
        return this.#verified(input.job, input.valid);
      case 'signed':
        return this.#signed(input.job, input.signature);
    }
  }

  poll(): PublicationsOutput | undefined {
    return this.#outputs.shift();
  }

  /** Reads an accepted item. */
  read(topic: string, bytes: Uint8Array): Envelope {
    return decodeEnvelope(bytes, { networkId: this.#networkId, topic });
  }

  #publish(topic: string, payload: Uint8Array, now: number): void {
    if (this.#signing.size >= LIMITS.maxSigningPublications) throw new ParleyError('overloaded', 'Too much is being published at once.');
    // Over restarts, too, each number is larger than the one before.
    this.#seq = Math.max(this.#seq + 1, Math.floor(now));
    const envelope: Envelope = { author: this.#me, seq: this.#seq, sentAt: now, payload };
    const message = envelopeMessage(envelope, { networkId: this.#networkId, topic });
    const job = this.#nextJob++;
    this.#signing.set(job, { topic, envelope });
    this.#outputs.push({ type: 'sign', job, key: 'node', message });
  }

  #signed(job: number, signature: Uint8Array): void {
    const waiting = this.#signing.get(job);
    if (!waiting) return;
    this.#signing.delete(job);
    this.#replays.record(waiting.envelope);
    this.#outputs.push({ type: 'publish', topic: waiting.topic, bytes: encodeEnvelope(waiting.envelope, signature) });
  }

  #judge(gossipJob: number, topic: string, bytes: Uint8Array, now: number): void {
    try {
      const { check, ...envelope } = decodeEnvelope(bytes, { networkId: this.#networkId, topic });
      if (this.#replays.judge(envelope, now) !== 'fresh') return this.#verdict(gossipJob, 'ignore');
      const job = this.#nextJob++;
      this.#judging.set(job, { gossipJob, envelope });
      this.#outputs.push({ type: 'verify', job, checks: [check] });
    } catch (thrown) {
      if (asParleyError(thrown).code === 'internal') throw thrown;
      this.#verdict(gossipJob, 'reject');
    }
  }

  #verified(job: number, valid: boolean): void {
    const judged = this.#judging.get(job);
    if (!judged) return;
    this.#judging.delete(job);
    if (!valid) return this.#verdict(judged.gossipJob, 'reject');
    this.#verdict(judged.gossipJob, this.#replays.record(judged.envelope) ? 'accept' : 'ignore');
  }

  #verdict(job: number, verdict: GossipVerdict): void {
    this.#outputs.push({ type: 'verdict', job, verdict });
  }
}

/** A program's topic as it is on the wire. @throws ParleyError `bad-argument` */
export function wireTopic(topic: string): string {
  if (topic.length === 0 || topic.length > LIMITS.maxTopicLength - PREFIX.length) {
    throw new ParleyError('bad-argument', `A topic has 1 to ${LIMITS.maxTopicLength - PREFIX.length} characters.`);
  }
  return PREFIX + topic;
}

/** The program's topic behind one on the wire; `undefined` for those of the mesh itself. */
export function programTopic(topic: string): string | undefined {
  return topic.startsWith(PREFIX) && topic.length > PREFIX.length ? topic.slice(PREFIX.length) : undefined;
}
