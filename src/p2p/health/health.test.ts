import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../base/limits.ts';
import { WAKE } from '../../base/machine.ts';
import { Health, type HealthOutput } from './health.ts';

const START = 1_800_000_000_000;
const { pingAfterSilenceMs, pingTimeoutMs, maxUnansweredPings, urgentPingTimeoutMs, stallMs } = LIMITS;

/** A peer's health with the clock in the test's hand: its timers come exactly when it wants them, unless the test sleeps. */
class Patient {
  now = START;
  readonly health: Health;
  readonly outputs: HealthOutput[] = [];

  constructor(isOverRelays = false) {
    this.health = new Health(START, isOverRelays);
  }

  /** Lets time pass, waking the machine whenever it wants it. */
  pass(ms: number): void {
    const end = this.now + ms;
    this.#collect();
    for (let next = this.health.nextWakeAt(); next !== undefined && next <= end; next = this.health.nextWakeAt()) {
      this.now = next;
      this.health.handle(WAKE, next);
      this.#collect();
    }
    this.now = end;
  }

  /** The tab sleeps: the timer comes late. */
  sleep(ms: number): void {
    this.health.nextWakeAt();
    this.now += ms;
    this.health.handle(WAKE, this.now);
    this.#collect();
  }

  sent(): void {
    this.health.handle({ type: 'sent' }, this.now);
  }

  heard(): void {
    this.health.handle({ type: 'heard' }, this.now);
  }

  check(): void {
    this.health.handle({ type: 'check' }, this.now);
    this.#collect();
  }

  /** The peer answers the newest ping. */
  answer(): void {
    const ping = this.outputs.filter((output) => output.type === 'ping').at(-1);
    if (ping?.type === 'ping') this.health.handle({ type: 'pong', nonce: ping.nonce }, this.now);
    this.#collect();
  }

  count(type: HealthOutput['type']): number {
    return this.outputs.filter((output) => output.type === type).length;
  }

  #collect(): void {
    for (let output = this.health.poll(); output; output = this.health.poll()) this.outputs.push(output);
  }
}

/** One whose first ping was answered. */
function healthy(isOverRelays = false): Patient {
  const patient = new Patient(isOverRelays);
  patient.pass(40);
  patient.answer();
  return patient;
}

describe('the health of a session', () => {
  it('measures the round trip at once', () => {
    const patient = healthy();
    expect(patient.outputs.at(-1)).toEqual({ type: 'round-trip', smoothedMs: 40 });
  });

  it('smooths round trips as TCP does', () => {
    const patient = healthy();
    patient.pass(pingAfterSilenceMs);
    patient.pass(120);
    patient.answer();
    expect(patient.outputs.at(-1)).toEqual({ type: 'round-trip', smoothedMs: 40 + (120 - 40) / 8 });
  });

  it('asks nothing while the peer talks', () => {
    const patient = healthy();
    for (let index = 0; index < 20; index++) {
      patient.pass(pingAfterSilenceMs - 1);
      patient.heard();
    }
    expect(patient.count('ping')).toBe(1);
  });

  it('asks after a silence', () => {
    const patient = healthy();
    patient.pass(pingAfterSilenceMs - 1);
    expect(patient.count('ping')).toBe(1);
    patient.pass(1);
    expect(patient.count('ping')).toBe(2);
  });

  it('gives a peer up that answers none of its pings, not sooner and not later', () => {
    const patient = healthy();
    const untilSilent = pingAfterSilenceMs + maxUnansweredPings * pingTimeoutMs;
    patient.pass(untilSilent - 1);
    expect(patient.count('silent')).toBe(0);
    patient.pass(1);
    expect(patient.count('silent')).toBe(1);
    expect(patient.health.nextWakeAt()).toBeUndefined();
    patient.pass(100_000);
    expect(patient.count('silent')).toBe(1);
  });

  it('takes any traffic for a sign of life, though the pong is lost', () => {
    const patient = healthy();
    patient.pass(pingAfterSilenceMs + 2 * pingTimeoutMs + 1);
    patient.heard();
    patient.pass(pingTimeoutMs);
    expect(patient.count('silent')).toBe(0);
    patient.pass(pingAfterSilenceMs + maxUnansweredPings * pingTimeoutMs);
    expect(patient.count('silent')).toBe(1);
  });

  it('takes no pong that answers another ping', () => {
    const patient = healthy();
    patient.pass(pingAfterSilenceMs);
    patient.health.handle({ type: 'pong', nonce: new Uint8Array(8).fill(0xff) }, patient.now);
    patient.health.handle({ type: 'pong', nonce: new Uint8Array(0) }, patient.now);
    patient.pass(maxUnansweredPings * pingTimeoutMs);
    expect(patient.count('silent')).toBe(1);
    expect(patient.count('round-trip')).toBe(1);
  });

  it('asks at once when the platform says that something happened, and waits less', () => {
    const patient = healthy();
    patient.pass(1);
    patient.check();
    expect(patient.count('ping')).toBe(2);
    patient.pass(urgentPingTimeoutMs + pingTimeoutMs - 1);
    expect(patient.count('silent')).toBe(0);
    patient.pass(1);
    expect(patient.count('silent')).toBe(1);
  });

  it('blames nobody for its own sleep: after it the peer gets its time anew', () => {
    const patient = healthy();
    patient.pass(pingAfterSilenceMs + (maxUnansweredPings - 1) * pingTimeoutMs);
    patient.sleep(10 * 60_000);
    expect(patient.count('silent')).toBe(0);
    expect(patient.count('ping')).toBe(maxUnansweredPings + 2);
    patient.pass(30);
    patient.answer();
    expect(patient.count('round-trip')).toBe(2);
    patient.pass(pingAfterSilenceMs - 1);
    expect(patient.count('silent')).toBe(0);
  });

  it('finds out soon after its sleep that the peer is gone', () => {
    const patient = healthy();
    patient.sleep(pingAfterSilenceMs + stallMs + 1);
    patient.pass(urgentPingTimeoutMs + (maxUnansweredPings - 1) * pingTimeoutMs);
    expect(patient.count('silent')).toBe(1);
  });
});

describe('the health of a session over relays', () => {
  const { minAnswerWaitMs, maxAnswerWaitMs } = LIMITS;

  it('asks when what was sent is not answered, and is doubtful when the question is not either', () => {
    const patient = healthy(true);
    patient.sent();
    patient.pass(minAnswerWaitMs - 1);
    expect(patient.count('ping')).toBe(1);
    patient.pass(1);
    expect(patient.count('ping')).toBe(2);
    patient.pass(urgentPingTimeoutMs);
    expect(patient.outputs.slice(-2).map(({ type }) => type)).toEqual(['doubtful', 'ping']);
    expect(patient.health.isDoubtful).toBe(true);
  });

  it('is doubtful again with each question, until the peer is silent', () => {
    const patient = healthy(true);
    patient.sent();
    patient.pass(minAnswerWaitMs + urgentPingTimeoutMs + maxUnansweredPings * pingTimeoutMs);
    expect([patient.count('doubtful'), patient.count('silent')]).toEqual([maxUnansweredPings, 1]);
  });

  it('doubts no more when anything comes', () => {
    const patient = healthy(true);
    patient.sent();
    patient.pass(minAnswerWaitMs + urgentPingTimeoutMs);
    patient.heard();
    expect(patient.health.isDoubtful).toBe(false);
    patient.pass(pingAfterSilenceMs - 1);
    expect(patient.count('doubtful')).toBe(1);
  });

  it('waits three round trips where they are long, and not for ever', () => {
    for (const [roundTripMs, waitMs] of [
      [1_000, 3_000],
      [5_000, maxAnswerWaitMs],
    ] as const) {
      const patient = new Patient(true);
      patient.pass(roundTripMs);
      patient.answer();
      patient.sent();
      patient.pass(waitMs - 1);
      expect(patient.count('ping')).toBe(1);
      patient.pass(1);
      expect(patient.count('ping')).toBe(2);
    }
  });

  it('asks nothing of a peer that answers, or to which nothing was sent', () => {
    const patient = healthy(true);
    for (let index = 0; index < 20; index++) {
      patient.sent();
      patient.pass(minAnswerWaitMs - 1);
      patient.heard();
    }
    patient.pass(pingAfterSilenceMs - 1);
    expect(patient.count('ping')).toBe(1);
  });

  it('is not doubted for what was sent before this tab slept', () => {
    const patient = healthy(true);
    patient.sent();
    patient.sleep(minAnswerWaitMs + stallMs + 1);
    expect([patient.count('ping'), patient.count('doubtful')]).toEqual([2, 0]);
  });
});

it('a session over a link of its own waits for its ordinary questions', () => {
  const patient = healthy();
  patient.sent();
  patient.pass(pingAfterSilenceMs + pingTimeoutMs);
  expect([patient.count('doubtful'), patient.count('ping')]).toEqual([0, 3]);
});
