import { describe, expect, it } from 'vitest';
import { EMPTY_BYTES } from '../base/bytes.ts';
import { nodeIdOf } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { WaitingOpens, type OpenRequest, type WaitingOpensOutput } from './waiting-opens.ts';

const BOB = nodeIdOf(new Uint8Array(32).fill(2));
const EVE = nodeIdOf(new Uint8Array(32).fill(3));
const SESSION = 7;

function request(number: number, change: Partial<OpenRequest> = {}): OpenRequest {
  return { request: number, node: BOB, protocol: 'echo/1', header: EMPTY_BYTES, priority: 1, deadline: 1_000, ...change };
}

/** Opens whose connections give the ids 1, 3, 5, … for as long as `streams` allows. */
function opensWith(streams = Infinity): WaitingOpens {
  let given = 0;
  return new WaitingOpens(() => (given < streams ? 2 * given++ + 1 : undefined));
}

function outputsOf(opens: WaitingOpens): readonly WaitingOpensOutput[] {
  const outputs: WaitingOpensOutput[] = [];
  for (let output = opens.poll(); output; output = opens.poll()) outputs.push(output);
  return outputs;
}

const openOf = (stream: number) => ({
  type: 'stream',
  connection: SESSION,
  input: { type: 'open', stream, protocol: 'echo/1', header: EMPTY_BYTES, priority: 1 },
});
const resetOf = (stream: number) => ({ type: 'stream', connection: SESSION, input: { type: 'reset', stream, code: 'cancelled' } });

describe('streams that were asked for', () => {
  it('are opened at once where there is a session, and given out when the peer accepts', () => {
    const opens = opensWith();
    opens.open(request(1), SESSION);
    expect(outputsOf(opens)).toEqual([openOf(1)]);
    expect(opens.accepted(SESSION, 1)).toBe(true);
    expect(outputsOf(opens)).toEqual([{ type: 'opened', request: 1, connection: SESSION, stream: 1 }]);
    expect(opens.size).toBe(0);
  });

  it('want a session where there is none, and are opened when it comes, in the order of asking', () => {
    const opens = opensWith();
    opens.open(request(1), undefined);
    opens.open(request(2, { node: EVE }), undefined);
    opens.open(request(3), undefined);
    expect(outputsOf(opens)).toEqual([BOB, EVE, BOB].map((node) => ({ type: 'want', node })));
    opens.sessionOpened(BOB, SESSION);
    expect(outputsOf(opens)).toEqual([openOf(1), openOf(3)]);
    opens.accepted(SESSION, 3);
    expect(outputsOf(opens)).toEqual([{ type: 'opened', request: 3, connection: SESSION, stream: 3 }]);
    expect(opens.size).toBe(2);
  });

  it('are not opened a second time when another session with their node comes', () => {
    const opens = opensWith();
    opens.open(request(1), SESSION);
    outputsOf(opens);
    opens.sessionOpened(BOB, SESSION + 1);
    expect(outputsOf(opens)).toEqual([]);
  });

  it('tell the peer’s reason when it refuses', () => {
    const opens = opensWith();
    opens.open(request(1), SESSION);
    outputsOf(opens);
    expect(opens.refused(SESSION, 1, 'protocol-unknown')).toBe(true);
    expect(outputsOf(opens)).toEqual([{ type: 'open-failed', request: 1, code: 'protocol-unknown' }]);
  });

  it('leave streams alone for which nobody waits', () => {
    const opens = opensWith();
    opens.open(request(1), SESSION);
    outputsOf(opens);
    expect([opens.accepted(SESSION, 3), opens.accepted(SESSION + 1, 1), opens.refused(SESSION, 3, 'refused')]).toEqual([false, false, false]);
    expect(outputsOf(opens)).toEqual([]);
  });

  it('fail when their time is over, and take back what the peer has heard of', () => {
    const opens = opensWith();
    opens.open(request(1, { deadline: 500 }), SESSION);
    opens.open(request(2, { deadline: 300, node: EVE }), undefined);
    outputsOf(opens);
    expect(opens.nextWakeAt()).toBe(300);
    opens.wake(299);
    expect(outputsOf(opens)).toEqual([]);
    opens.wake(300);
    expect(outputsOf(opens)).toEqual([{ type: 'open-failed', request: 2, code: 'timed-out' }]);
    expect(opens.nextWakeAt()).toBe(500);
    opens.wake(500);
    expect(outputsOf(opens)).toEqual([{ type: 'open-failed', request: 1, code: 'timed-out' }, resetOf(1)]);
    expect(opens.nextWakeAt()).toBeUndefined();
  });

  it('are cancelled once; a late word from the peer then finds nobody', () => {
    const opens = opensWith();
    opens.open(request(1), SESSION);
    outputsOf(opens);
    opens.cancel(1);
    opens.cancel(1);
    expect(outputsOf(opens)).toEqual([{ type: 'open-failed', request: 1, code: 'cancelled' }, resetOf(1)]);
    expect(opens.accepted(SESSION, 1)).toBe(false);
  });

  it('fail with the reason for which their connection ended, those of other connections do not', () => {
    const opens = opensWith();
    opens.open(request(1), SESSION);
    opens.open(request(2), SESSION + 1);
    opens.open(request(3), undefined);
    outputsOf(opens);
    opens.connectionClosed(SESSION, 'link-lost');
    expect(outputsOf(opens)).toEqual([{ type: 'open-failed', request: 1, code: 'link-lost' }]);
    expect(opens.size).toBe(2);
  });

  it('fail when their node cannot be reached, unless they have a session already', () => {
    const opens = opensWith();
    opens.open(request(1), undefined);
    opens.open(request(2), SESSION);
    opens.open(request(3, { node: EVE }), undefined);
    outputsOf(opens);
    opens.unreachable(BOB, 'ice-failed');
    expect(outputsOf(opens)).toEqual([{ type: 'open-failed', request: 1, code: 'ice-failed' }]);
    expect(opens.size).toBe(2);
  });

  it('fail all when the node stops', () => {
    const opens = opensWith();
    opens.open(request(1), undefined);
    opens.open(request(2), SESSION);
    outputsOf(opens);
    opens.failAll('closed-here');
    expect(outputsOf(opens)).toEqual([
      { type: 'open-failed', request: 1, code: 'closed-here' },
      { type: 'open-failed', request: 2, code: 'closed-here' },
      resetOf(1),
    ]);
    expect(opens.size).toBe(0);
  });

  it('fail as overloaded when the session can have no more streams, or when too many wait', () => {
    const full = opensWith(0);
    full.open(request(1), SESSION);
    expect(outputsOf(full)).toEqual([{ type: 'open-failed', request: 1, code: 'overloaded' }]);
    const opens = opensWith();
    for (let number = 0; number <= LIMITS.maxWaitingOpens; number++) opens.open(request(number), undefined);
    expect(outputsOf(opens).at(-1)).toEqual({ type: 'open-failed', request: LIMITS.maxWaitingOpens, code: 'overloaded' });
    expect(opens.size).toBe(LIMITS.maxWaitingOpens);
  });
});
