import { describe, expect, it } from 'vitest';
import { nodeIdOf, personIdOf, type NodeId, type PersonId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Offence } from '../neighbours.ts';
import { PeerScores } from './peer-scores.ts';

const START = 1_800_000_000_000;

function node(index: number): NodeId {
  return nodeIdOf(Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? index & 0xff : at === 1 ? index >> 8 : 3)));
}
function person(index: number): PersonId {
  return personIdOf(new Uint8Array(32).fill(index));
}

/** Answers what followed, as words. */
function offend(scores: PeerScores, offence: Offence, now = START, who: NodeId = node(1), whose?: PersonId): string {
  scores.handle({ type: 'misbehaved', node: who, offence, ...(whose ? { person: whose } : {}) }, now);
  const outputs: string[] = [];
  for (let output = scores.poll(); output; output = scores.poll()) outputs.push(output.type);
  return outputs.join();
}

describe('peer scores', () => {
  it('forgive one invalid item, ignore the gossip of who sends two, and refuse who sends three', () => {
    const scores = new PeerScores();
    expect(offend(scores, 'invalid')).toBe('');
    expect(offend(scores, 'invalid')).toBe('ignore-gossip');
    expect(scores.ignoresGossip(node(1), undefined, START)).toBe(true);
    expect(offend(scores, 'invalid')).toBe('refuse');
    expect(scores.refuses(node(1), undefined, START)).toBe(true);
    expect(scores.refuses(node(2), undefined, START)).toBe(false);
  });

  it('say each consequence once, and the next one when it gets worse', () => {
    const scores = new PeerScores();
    const said = Array.from({ length: 6 }, () => offend(scores, 'flood'));
    expect(said).toEqual(['', 'ignore-gossip', '', 'disconnect', 'refuse', '']);
  });

  it('bear with an honest node that is out of date now and then', () => {
    const scores = new PeerScores();
    for (let minute = 0; minute < 60; minute++) {
      expect(offend(scores, 'stale', START + minute * 60_000)).toBe('');
      if (minute % 5 === 0) expect(offend(scores, 'broken-promise', START + minute * 60_000)).toBe('');
    }
  });

  it('forget: after some minutes without an offence the gossip is read again', () => {
    const scores = new PeerScores();
    for (let count = 0; count < 3; count++) offend(scores, 'flood');
    expect(scores.ignoresGossip(node(1), undefined, START)).toBe(true);
    expect(scores.ignoresGossip(node(1), undefined, START + 180_000)).toBe(false);
    expect(scores.score(node(1), undefined, START + 3_600_000)).toBeCloseTo(0);
  });

  it('refuse longer each time, within six hours', () => {
    const scores = new PeerScores();
    let now = START;
    const lengths: number[] = [];
    for (let round = 0; round < 8; round++) {
      for (let count = 0; count < 3; count++) offend(scores, 'invalid', now);
      let length = 0;
      while (scores.refuses(node(1), undefined, now + length)) length += 60_000;
      lengths.push(length);
      now += length + 1_200_000;
    }
    expect(lengths[0]).toBe(LIMITS.scoreRefuseMs);
    expect(lengths[1]).toBe(2 * LIMITS.scoreRefuseMs);
    expect(lengths.at(-1)).toBe(LIMITS.scoreRefuseMaxMs);
  });

  it('recognise a person under another node’s name', () => {
    const scores = new PeerScores();
    offend(scores, 'invalid', START, node(1), person(1));
    offend(scores, 'invalid', START, node(2), person(1));
    expect(offend(scores, 'invalid', START, node(3), person(1))).toBe('refuse');
    expect(scores.refuses(node(4), person(1), START)).toBe(true);
    expect(scores.refuses(node(4), person(2), START)).toBe(false);
    expect(scores.refuses(node(1), undefined, START)).toBe(false);
  });

  it('remember a bounded number of peers, and the latest offenders longest', () => {
    const scores = new PeerScores();
    for (let count = 0; count < 3; count++) offend(scores, 'invalid', START, node(0));
    for (let index = 1; index < LIMITS.maxScoredPeers; index++) offend(scores, 'stale', START, node(index));
    expect(scores.refuses(node(0), undefined, START)).toBe(true);
    offend(scores, 'stale', START, node(LIMITS.maxScoredPeers));
    expect(scores.refuses(node(0), undefined, START)).toBe(false);
  });
});
