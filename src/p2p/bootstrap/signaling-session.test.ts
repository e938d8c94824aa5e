import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../base/limits.ts';
import { WAKE } from '../../base/machine.ts';
import { SignalingSession, type SignalingSessionInput, type SignalingSessionOutput } from './signaling-session.ts';

const CHALLENGE = new Uint8Array(32).fill(1);
/** Waits are never shortened. */
const longest = { bytes: (length: number) => new Uint8Array(length).fill(255) };

class Client {
  now = 0;
  readonly session = new SignalingSession(longest);
  readonly outputs: SignalingSessionOutput[] = [];

  give(...inputs: readonly SignalingSessionInput[]): readonly SignalingSessionOutput[] {
    const before = this.outputs.length;
    for (const input of inputs) this.session.handle(input, this.now);
    for (let output = this.session.poll(); output; output = this.session.poll()) this.outputs.push(output);
    return this.outputs.slice(before);
  }

  lose(code: 'signaling-unreachable' | 'signaling-refused' = 'signaling-unreachable'): void {
    this.give({ type: 'closed', code, detail: '' });
  }

  /** Lets the wait for the next attempt pass; answers how long it was. */
  wait(): number {
    const at = this.session.nextWakeAt() ?? Number.NaN;
    const waited = at - this.now;
    this.now = at - 1;
    this.session.handle(WAKE, this.now);
    expect(this.give()).toEqual([]);
    this.now = at;
    this.session.handle(WAKE, this.now);
    this.give();
    return waited;
  }
}

describe('the session with the signaling server', () => {
  it('connects, answers the challenge and is up when it is welcomed', () => {
    const client = new Client();
    expect(client.give({ type: 'start' })).toEqual([{ type: 'connect' }, { type: 'state', state: 'connecting' }]);
    expect(client.give({ type: 'challenged', challenge: CHALLENGE })).toEqual([{ type: 'join', challenge: CHALLENGE }]);
    expect(client.give({ type: 'welcomed' })).toEqual([{ type: 'state', state: 'connected' }]);
    expect(client.session.nextWakeAt()).toBeUndefined();
  });

  it('joins nowhere that it did not connect to', () => {
    const client = new Client();
    expect(client.give({ type: 'challenged', challenge: CHALLENGE }, { type: 'welcomed' })).toEqual([]);
    client.give({ type: 'start' }, { type: 'welcomed' });
    expect(client.give({ type: 'challenged', challenge: CHALLENGE })).toEqual([]);
  });

  it('comes back after every loss, ever more slowly, up to the longest wait', () => {
    const client = new Client();
    client.give({ type: 'start' });
    const waits: number[] = [];
    for (let attempt = 0; attempt < 10; attempt++) {
      client.lose();
      expect(client.session.state).toBe('unreachable');
      waits.push(client.wait());
      expect(client.session.state).toBe('connecting');
    }
    expect(waits.slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000]);
    expect(waits.slice(7)).toEqual(Array.from({ length: 3 }, () => LIMITS.signalingRetryMaxMs));
  });

  it('has its patience back once it was welcomed', () => {
    const client = new Client();
    client.give({ type: 'start' });
    for (let attempt = 0; attempt < 5; attempt++) {
      client.lose();
      client.wait();
    }
    client.give({ type: 'welcomed' });
    client.lose();
    expect(client.wait()).toBe(LIMITS.signalingRetryFirstMs);
  });

  it('tells a refusal from a server that is away, and tries again after both', () => {
    const client = new Client();
    client.give({ type: 'start' });
    client.lose('signaling-refused');
    expect(client.session.state).toBe('refused');
    client.wait();
    expect(client.session.state).toBe('connecting');
  });

  it('tries at once when the network may be back, but does not disturb a connection', () => {
    const client = new Client();
    client.give({ type: 'start' });
    expect(client.give({ type: 'retry-now' })).toEqual([]);
    client.lose();
    expect(client.give({ type: 'retry-now' })).toEqual([{ type: 'connect' }, { type: 'state', state: 'connecting' }]);
    expect(client.session.nextWakeAt()).toBeUndefined();
  });

  it('stays off after it was stopped', () => {
    const client = new Client();
    client.give({ type: 'start' });
    client.lose();
    expect(client.give({ type: 'stop' })).toEqual([{ type: 'disconnect' }, { type: 'state', state: 'off' }]);
    client.lose();
    expect(client.give({ type: 'stop' }, { type: 'retry-now' })).toEqual([]);
    expect(client.session.nextWakeAt()).toBeUndefined();
  });
});
