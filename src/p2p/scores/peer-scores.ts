import { BoundedMap } from '../../base/bounded-map.ts';
import type { NodeId, PersonId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Machine, Wake } from '../../base/machine.ts';
import type { Offence } from '../neighbours.ts';
import { OffenceRecord } from './offence-record.ts';

export type PeerScoresInput =
  /** A `misbehaved` of any protocol; the person where a handshake proved it. */
  { readonly type: 'misbehaved'; readonly node: NodeId; readonly person?: PersonId; readonly offence: Offence };

export type PeerScoresOutput =
  /** Its gossip is not read until it has been quiet for a while: ask {@link PeerScores.ignoresGossip}. */
  | { readonly type: 'ignore-gossip'; readonly node: NodeId }
  | { readonly type: 'disconnect'; readonly node: NodeId }
  /** Disconnect, and let neither the node nor any other node of that person come back until then. */
  | { readonly type: 'refuse'; readonly node: NodeId; readonly person?: PersonId; readonly until: number };

type Level = 0 | 1 | 2 | 3;

/**
 * What neighbours did wrong, remembered over reconnects: by node, and by person for those who come back under another node's name. Local experience only;
 * it is never told to others.
 */
export class PeerScores implements Machine<PeerScoresInput, PeerScoresOutput> {
  readonly #records = new BoundedMap<NodeId | PersonId, OffenceRecord>(LIMITS.maxScoredPeers);
  readonly #outputs: PeerScoresOutput[] = [];

  handle(input: PeerScoresInput | Wake, now: number): void {
    if (input.type === 'wake') return;
    const { node, person, offence } = input;
    const before = this.#level(node, person, now);
    for (const id of person ? [node, person] : [node]) this.#record(id, now).add(offence, now);
    const level = this.#level(node, person, now);
    if (level > before) this.#act(level, node, person, now);
  }

  poll(): PeerScoresOutput | undefined {
    return this.#outputs.shift();
  }

  nextWakeAt(): undefined {
    return undefined;
  }

  /** Zero or below: the worse of the node's and the person's. */
  score(node: NodeId, person: PersonId | undefined, now: number): number {
    const scores = [node, ...(person ? [person] : [])].map((id) => this.#records.get(id)?.score(now) ?? 0);
    return Math.min(...scores);
  }

  ignoresGossip(node: NodeId, person: PersonId | undefined, now: number): boolean {
    return this.#level(node, person, now) >= 1;
  }

  /** Whether a session with the node is out of the question at present. */
  refuses(node: NodeId, person: PersonId | undefined, now: number): boolean {
    return [node, ...(person ? [person] : [])].some((id) => now < (this.#records.get(id)?.refusedUntil ?? -Infinity));
  }

  #act(level: Level, node: NodeId, person: PersonId | undefined, now: number): void {
    if (level === 1) this.#outputs.push({ type: 'ignore-gossip', node });
    if (level === 2) this.#outputs.push({ type: 'disconnect', node });
    if (level < 3) return;
    const until = this.#record(node, now).refuse(now);
    if (person) this.#record(person, now).refuse(now);
    this.#outputs.push({ type: 'refuse', node, until, ...(person ? { person } : {}) });
  }

  #level(node: NodeId, person: PersonId | undefined, now: number): Level {
    const score = this.score(node, person, now);
    if (score < LIMITS.scoreRefuses) return 3;
    if (score < LIMITS.scoreDisconnects) return 2;
    return score < LIMITS.scoreIgnoresGossip ? 1 : 0;
  }

  #record(id: NodeId | PersonId, now: number): OffenceRecord {
    const record = this.#records.get(id) ?? new OffenceRecord(now);
    // Written anew: the one that offended longest ago is the first to be forgotten.
    this.#records.set(id, record);
    return record;
  }
}
