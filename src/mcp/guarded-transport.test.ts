import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../base/limits.ts';
import { GuardedTransport, type Guard } from './guarded-transport.ts';
import { REFUSED_CODE } from './refusal.ts';
import type { CallRequest, Permit, Verdict } from './incoming-call.ts';
import { InMemoryTransport } from './runtime.ts';

/** A caller and a server whose every message the test sends by hand. */
async function scene(decide: (call: CallRequest) => Promise<Verdict | Permit>) {
  const [caller, there] = InMemoryTransport.createLinkedPair();
  const ends: unknown[] = [];
  const guard: Guard = { decide, finished: (call, outcome) => ends.push([call.tool, outcome]) };
  const guarded = new GuardedTransport(there, guard);
  const atServer: JSONRPCMessage[] = [];
  const atCaller: JSONRPCMessage[] = [];
  guarded.onmessage = (message) => atServer.push(message);
  caller.onmessage = (message) => void atCaller.push(message);
  await guarded.start();
  await caller.start();
  const ask = (id: number, method: string, params: Record<string, unknown> = {}) => caller.send({ jsonrpc: '2.0', id, method, params });
  const answer = (id: number, result: Record<string, unknown> = {}) => guarded.send({ jsonrpc: '2.0', id, result });
  return { caller, guarded, ends, atServer, atCaller, ask, answer };
}

function permit(): Permit & { take(reason: 'revoked' | 'timed-out'): void; isEnded: boolean } {
  const controller = new AbortController();
  const made = {
    verdict: 'run' as const,
    consent: 'once' as const,
    stop: controller.signal,
    isEnded: false,
    ended: () => void (made.isEnded = true),
    take: (reason: string) => controller.abort(reason),
  };
  return made;
}

const turns = () => new Promise((resolve) => setTimeout(resolve));

describe('the guard of an agent', () => {
  it.each([
    ['tools/call', { name: 'x', arguments: { a: 1 } }, { kind: 'tool', tool: 'x', arguments: { a: 1 } }],
    ['resources/read', { uri: 'note:///1' }, { kind: 'resource', tool: 'note:///1', arguments: {} }],
    ['resources/subscribe', { uri: 'note:///1' }, { kind: 'resource', tool: 'note:///1', arguments: {} }],
    [
      'subscriptions/listen',
      { notifications: { resourceSubscriptions: ['a', 'b'] } },
      { kind: 'resource', tool: 'a', arguments: { uris: ['a', 'b'] } },
    ],
    ['prompts/get', { name: 'p', arguments: { b: '2' } }, { kind: 'prompt', tool: 'p', arguments: { b: '2' } }],
    ['completion/complete', { ref: {} }, { kind: 'method', tool: 'completion/complete', arguments: { ref: {} } }],
    ['org.example/launch', { now: true }, { kind: 'method', tool: 'org.example/launch', arguments: { now: true } }],
  ])('asks about %s', async (method, params, expected) => {
    const asked: CallRequest[] = [];
    const { ask, atServer, atCaller } = await scene(async (call) => {
      asked.push(call);
      return 'refused';
    });
    await ask(1, method, params);
    await turns();
    expect(asked).toEqual([{ ...expected, method }]);
    expect(atServer).toEqual([]);
    expect(atCaller).toMatchObject([{ id: 1, error: { code: REFUSED_CODE, data: { reason: 'refused' } } }]);
  });

  it.each(['tools/list', 'resources/list', 'prompts/list', 'initialize', 'server/discover', 'subscriptions/listen'])(
    'lets %s pass',
    async (method) => {
      const { ask, atServer } = await scene(async () => 'refused');
      await ask(1, method, { notifications: { toolsListChanged: true } });
      expect(atServer).toHaveLength(1);
    },
  );

  it('passes one answer for each request: none twice, none unasked, none after the call was cancelled', async () => {
    const { caller, ask, answer, atCaller, atServer, ends } = await scene(async () => 'run');
    await ask(1, 'tools/call', { name: 'x' });
    await ask(2, 'tools/call', { name: 'y' });
    await turns();
    await answer(1);
    await answer(1, { again: true });
    await answer(77);
    await caller.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2 } });
    await answer(2);
    await turns();
    expect(atCaller).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
    expect(atServer.at(-1)).toMatchObject({ method: 'notifications/cancelled' });
    expect(ends).toEqual([
      ['x', 'ran'],
      ['y', 'cancelled'],
    ]);
  });

  it.each(['revoked', 'timed-out'] as const)('ends a running call at both sides when its permission is %s', async (reason) => {
    const leave = permit();
    const { ask, answer, atCaller, atServer, ends } = await scene(async () => leave);
    await ask(1, 'tools/call', { name: 'x' });
    await turns();
    leave.take(reason);
    await answer(1, { secret: true });
    await turns();
    expect(atCaller).toMatchObject([{ id: 1, error: { code: REFUSED_CODE, data: { reason } } }]);
    expect(atServer.at(-1)).toMatchObject({ method: 'notifications/cancelled', params: { requestId: 1 } });
    expect(ends).toEqual([['x', reason]]);
    expect(leave.isEnded).toBe(true);
  });

  it('does not let a call run whose permission was taken back while it was given', async () => {
    const leave = permit();
    leave.take('revoked');
    const { ask, atServer, atCaller } = await scene(async () => leave);
    await ask(1, 'tools/call', { name: 'x' });
    await turns();
    expect(atServer.filter((message) => 'id' in message)).toEqual([]);
    expect(atCaller).toMatchObject([{ id: 1, error: { data: { reason: 'revoked' } } }]);
  });

  it('asks once for a call that its server answers with a question, and again for everything else', async () => {
    const asked: string[] = [];
    const leave = permit();
    const { ask, answer, atServer, ends } = await scene(async ({ tool }) => {
      asked.push(tool);
      return leave;
    });
    await ask(1, 'tools/call', { name: 'x', arguments: { a: 1 } });
    await turns();
    await answer(1, { resultType: 'input_required', requestState: 's' });
    expect(leave.isEnded).toBe(false);
    await ask(2, 'tools/call', { name: 'x', arguments: { a: 1 }, inputResponses: {}, requestState: 's' });
    expect(atServer.at(-1)).toMatchObject({ id: 2 });
    expect(asked).toEqual(['x']);
    await answer(2);
    expect(ends).toEqual([['x', 'ran']]);
    // The consent is used up, and never held for other arguments.
    await ask(3, 'tools/call', { name: 'x', arguments: { a: 1 }, inputResponses: {}, requestState: 's' });
    await ask(4, 'tools/call', { name: 'x', arguments: { a: 2 }, requestState: 's' });
    expect(asked).toEqual(['x', 'x', 'x']);
  });

  it('takes back a call that waits for its caller’s answers', async () => {
    const leave = permit();
    const asked: string[] = [];
    const { ask, answer, ends } = await scene(async ({ tool }) => {
      asked.push(tool);
      return asked.length === 1 ? leave : 'refused';
    });
    await ask(1, 'tools/call', { name: 'x' });
    await turns();
    await answer(1, { resultType: 'input_required', requestState: 's' });
    leave.take('revoked');
    await ask(2, 'tools/call', { name: 'x', requestState: 's' });
    expect(asked).toEqual(['x', 'x']);
    expect(ends).toEqual([['x', 'revoked']]);
    expect(leave.isEnded).toBe(true);
  });

  it('ends the session of a caller that uses the id of an open request again', async () => {
    const { guarded, ask } = await scene(() => new Promise(() => undefined));
    const closed = new Promise<void>((resolve) => (guarded.onclose = resolve));
    await ask(1, 'tools/call', { name: 'x' });
    await ask(1, 'tools/call', { name: 'y' });
    await closed;
  });

  it('declines what is too much, and goes on', async () => {
    const { ask, answer, atCaller, atServer } = await scene(async () => 'run');
    for (let id = 0; id < LIMITS.maxRequestsPerSession + 3; id++) await ask(id, 'tools/list');
    expect(atServer).toHaveLength(LIMITS.maxRequestsPerSession);
    expect(atCaller).toHaveLength(3);
    expect(atCaller[0]).toMatchObject({ error: { data: { reason: 'overloaded' } } });
    await answer(0, { tools: [] });
    await ask(500, 'tools/list');
    expect(atServer).toHaveLength(LIMITS.maxRequestsPerSession + 1);
  });

  it('never fails open: an error while deciding is a refusal', async () => {
    const { ask, atServer, atCaller } = await scene(() => Promise.reject(new Error('broken')));
    await ask(1, 'tools/call', { name: 'x' });
    await turns();
    expect(atCaller).toMatchObject([{ id: 1, error: { code: REFUSED_CODE } }]);
    expect(atServer).toEqual([]);
  });
});
