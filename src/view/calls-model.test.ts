import { describe, expect, it } from 'vitest';
import { LIMITS } from '../base/limits.ts';
import type { PersonId } from '../base/ids.ts';
import { ADA, agentOf, BO } from '../../test/doubles/fake-app-model.ts';
import type { AgentCalls } from '../mcp/agent-calls.ts';
import type { AgentSession } from '../mcp/agent-clients.ts';
import type { Records } from '../ports/records.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import { CallsModel } from './calls-model.ts';
import type { CallView, ToolView } from './types.ts';

const sums = agentOf(BO, 'Calculator');

/** How the next call ends. */
type End = { content?: readonly unknown[]; error?: Error; until?: Promise<void> };

function modelOver(records: Records, end: End = {}, tab = 'tab-one', network = 'net', tools: readonly ToolView[] = []) {
  let now = 1_000;
  const troubles: unknown[] = [];
  const patience: (number | undefined)[] = [];
  const agentCalls = {
    async callTool(_address: string, _tool: string, _args: unknown, { signal, ...rest }: { signal: AbortSignal; idleMs?: number }) {
      patience.push(rest.idleMs);
      await Promise.race([end.until, new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))]);
      if (end.error) throw end.error;
      return { content: end.content ?? [{ type: 'text', text: 'done' }] };
    },
  };
  const model = new CallsModel({
    records,
    network,
    tab,
    people: { view: (person: PersonId) => ({ ...BO, id: person }), pathView: () => ({ kind: 'direct', via: [] }) },
    clock: { now: () => now++ } as never,
    session: () => Promise.resolve({} as AgentSession),
    agentCalls: () => Promise.resolve(agentCalls as unknown as AgentCalls),
    agent: (address) => (address === sums.address ? sums : undefined),
    tool: (_, name) => tools.find((tool) => tool.name === name),
    onChanged: () => undefined,
    report: (thrown) => troubles.push(thrown),
  });
  const ended = async (id: string): Promise<CallView> => {
    for (;;) {
      const call = model.calls.value.find((known) => known.id === id);
      if (call && call.state.kind !== 'running') return call;
      await turn();
    }
  };
  return { model, ended, troubles, patience, skip: (ms: number) => (now += ms) };
}

/** Storage writes are promises that the model does not wait for. */
async function stored(records: Records, count: number, isEnded = true): Promise<void> {
  const table = records.table<CallView>('call-history');
  for (;;) {
    const all = [...(await table.all()).values()];
    if (all.length === count && (!isEnded || all.every(({ state }) => state.kind !== 'running'))) return;
    await turn();
  }
}

/** Lets timers have their turn, too: a test that waits for what never comes must end. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

describe('my calls', () => {
  it('are there again after a reload, with arguments and result', async () => {
    const records = new MemoryRecords();
    const { model, ended } = modelOver(records);
    const id = model.call(sums.address, 'evaluate', { expression: '1' }, 'talk');
    await ended(id);
    await stored(records, 1);
    const later = modelOver(records).model;
    await later.load();
    expect(later.calls.value).toMatchObject([
      {
        id,
        tool: 'evaluate',
        arguments: { expression: '1' },
        conversation: 'talk',
        agent: sums,
        tookMs: 1,
        state: { kind: 'done', blocks: [{ text: 'done' }] },
      },
    ]);
    const elsewhere = modelOver(records, {}, 'tab-one', 'another').model;
    await elsewhere.load();
    expect(elsewhere.calls.value).toEqual([]);
  });

  it('have the patience that was asked for, also after a reload and when they wait to be sent', async () => {
    const records = new MemoryRecords();
    const risky: ToolView = { name: 'risky', title: '', description: '', inputSchema: {}, destructiveHint: true };
    const { model, ended, patience } = modelOver(records, {}, 'tab-one', 'net', [risky]);
    const [plain, patient] = [model.call(sums.address, 'evaluate', {}), model.call(sums.address, 'evaluate', {}, undefined, 5_000)];
    await Promise.all([ended(plain), ended(patient)]);
    const draft = model.call(sums.address, 'risky', {}, undefined, 7_000);
    expect(model.drafts.value).toMatchObject([{ idleMs: 7_000 }]);
    model.sendDraft(draft, {});
    await ended(draft);
    expect(patience).toEqual([undefined, 5_000, 7_000]);
    await stored(records, 3);
    const later = modelOver(records).model;
    await later.load();
    expect(later.calls.value.map(({ idleMs }) => idleMs)).toEqual([undefined, 5_000, 7_000]);
  });

  it('stand in the conversation in which they were made, else in that with the agent’s owner', async () => {
    const { model, ended } = modelOver(new MemoryRecords());
    const ids = [model.call(sums.address, 'a', {}), model.call(sums.address, 'b', {}, 'talk')];
    await Promise.all(ids.map(ended));
    expect(model.in('talk', ADA.id as PersonId).map(({ tool }) => tool)).toEqual(['b']);
    expect(model.in('other', BO.id as PersonId).map(({ tool }) => tool)).toEqual(['a']);
  });

  it('that ran when their page was closed say so, and those of another tab still run', async () => {
    const records = new MemoryRecords();
    const { model } = modelOver(records, { until: new Promise(() => undefined) });
    model.call(sums.address, 'slow', {});
    await stored(records, 1, false);
    const same = modelOver(records).model;
    const other = modelOver(records, {}, 'tab-two').model;
    await Promise.all([same.load(), other.load()]);
    expect(same.calls.value).toMatchObject([{ state: { kind: 'failed', problem: { code: 'closed-here' } } }]);
    expect(other.calls.value).toMatchObject([{ state: { kind: 'running' }, isElsewhere: true }]);
    const hoursLater = modelOver(records, {}, 'tab-three');
    hoursLater.skip(LIMITS.longestCallMs + 2);
    await hoursLater.model.load();
    expect(hoursLater.model.calls.value).toMatchObject([{ state: { kind: 'failed', problem: { code: 'closed-here' } } }]);
  });

  it('are kept without what is too large, and say that', async () => {
    const records = new MemoryRecords();
    const { model, ended } = modelOver(records, { content: [{ type: 'text', text: 'x'.repeat(LIMITS.maxKeptCallBytes + 1) }] });
    await ended(model.call(sums.address, 'big', { file: 'y'.repeat(LIMITS.maxKeptCallBytes) }));
    await stored(records, 1);
    const later = modelOver(records).model;
    await later.load();
    expect(later.calls.value).toMatchObject([{ arguments: {}, areArgumentsLost: true, state: { kind: 'done', blocks: [{ kind: 'not-kept' }] } }]);
  });

  it('are drafts first where the tool does more than answer: sent as they are then, or not at all', async () => {
    const tool = (name: string, hints: Partial<ToolView>): ToolView => ({ name, title: name, description: '', inputSchema: {}, ...hints });
    const tools = [
      tool('delete', { destructiveHint: true }),
      tool('post', { openWorldHint: true, destructiveHint: false }),
      tool('look', { readOnlyHint: true, openWorldHint: true }),
      tool('add', { destructiveHint: false, openWorldHint: false }),
    ];
    const records = new MemoryRecords();
    const { model, ended } = modelOver(records, {}, 'tab-one', 'net', tools);
    const ids = ['delete', 'post', 'look', 'add'].map((name) => model.call(sums.address, name, { id: 1 }, 'talk'));
    expect(model.drafts.value).toMatchObject([
      { id: ids[0], tool: 'delete', effect: 'destructive', arguments: { id: 1 }, conversation: 'talk' },
      { id: ids[1], tool: 'post', effect: 'open-world' },
    ]);
    expect(model.calls.value.map((call) => call.tool)).toEqual(['look', 'add']);
    model.sendDraft(ids[0] as string, { id: 2 });
    model.sendDraft(ids[1] as string, undefined);
    model.sendDraft(ids[1] as string, { id: 3 });
    expect(model.drafts.value).toEqual([]);
    expect(await ended(ids[0] as string)).toMatchObject({ arguments: { id: 2 }, conversation: 'talk', state: { kind: 'done' } });
    expect(model.calls.value.map((call) => call.tool)).toEqual(['look', 'add', 'delete']);
    await stored(records, 3);
    // After a reload nothing is known of the tools yet, but how they were called.
    const later = modelOver(records).model;
    await later.load();
    later.call(sums.address, 'delete', { id: 4 });
    expect(later.drafts.value).toMatchObject([{ tool: 'delete', effect: 'destructive' }]);
  });

  it('are bounded, the oldest go first', async () => {
    const records = new MemoryRecords();
    const { model, ended } = modelOver(records);
    const ids = Array.from({ length: LIMITS.maxKeptCalls + 5 }, (_, index) => model.call(sums.address, `t${index}`, {}));
    await Promise.all(ids.slice(-1).map(ended));
    await stored(records, LIMITS.maxKeptCalls + 5);
    expect(model.calls.value).toHaveLength(LIMITS.maxKeptCalls);
    const later = modelOver(records).model;
    await later.load();
    expect([later.calls.value.length, later.calls.value[0]?.tool]).toEqual([LIMITS.maxKeptCalls, 't5']);
    await stored(records, LIMITS.maxKeptCalls);
  });

  it('are forgotten when asked, but for those that run', async () => {
    const records = new MemoryRecords();
    const end: End = {};
    const { model, ended } = modelOver(records, end);
    await ended(model.call(sums.address, 'old', {}));
    end.until = new Promise(() => undefined);
    const running = model.call(sums.address, 'running', {});
    await model.forget();
    expect(model.calls.value.map(({ id }) => id)).toEqual([running]);
    model.cancel(running);
    expect(await ended(running)).toMatchObject({ state: { kind: 'failed', problem: { code: 'cancelled' } } });
  });
});
