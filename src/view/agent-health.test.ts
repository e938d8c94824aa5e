import { describe, expect, it } from 'vitest';
import { Emitter } from '../base/emitter.ts';
import { ParleyError } from '../base/errors.ts';
import { parseAgentId } from '../base/ids.ts';
import type { CallOutcome } from '../mcp/incoming-call.ts';
import { AgentHealth } from './agent-health.ts';

const NOTES = parseAgentId('notes');

function scene() {
  const events = new Emitter<{ agents: unknown; served: unknown; active: number; sessions: string }>();
  const described = new Emitter<{ described: string }>();
  let agents = [{ id: NOTES, title: 'Notes' }];
  let trouble: Error | undefined;
  let tools: readonly string[] | undefined;
  const host = Object.assign(events, { agents: () => agents, isEnabled: () => true, sessionsOf: () => 2, activeCallsOf: () => 1 });
  const published = {
    tools: () => tools,
    troubleOf: () => trouble,
    onDescribed: (listener: (id: string) => void) => described.on('described', listener),
    check: async () => {
      trouble = undefined;
      tools = ['read'];
      described.emit('described', NOTES);
    },
  };
  const health = new AgentHealth({ host: host as never, published: published as never, clock: { now: () => 9 } as never });
  const served = (outcome: CallOutcome, tookMs = 0): void => events.emit('served', { call: { agent: { id: NOTES } }, outcome, tookMs });
  const fail = (thrown: Error): void => {
    trouble = thrown;
    described.emit('described', NOTES);
  };
  return { health, served, fail, replace: (next: typeof agents) => events.emit('agents', (agents = next)) };
}

describe('how my agents are doing', () => {
  it('is counted by how calls ended, with the usual time of those that ran', async () => {
    const { health, served } = scene();
    for (const tookMs of [5, 900, 10]) served('ran', tookMs);
    served('tool-error', 8);
    for (const outcome of ['refused', 'not-for-you', 'cancelled'] as const) served(outcome);
    await Promise.resolve();
    expect(health.view.value).toMatchObject([
      { agentId: 'notes', title: 'Notes', state: 'unknown', sessions: 2, running: 1, ran: 4, errors: 1, declined: 3, lastAt: 9, medianMs: 10 },
    ]);
  });

  it('is why an agent could not be asked, until it is asked again', async () => {
    const { health, fail } = scene();
    fail(new ParleyError('unreachable', 'It does not answer.'));
    await Promise.resolve();
    expect(health.view.value).toMatchObject([{ state: 'fails', problem: { code: 'unreachable', detail: 'It does not answer.' } }]);
    await health.check('notes');
    expect(health.view.value).toMatchObject([{ state: 'works' }]);
    expect(health.view.value[0]).not.toHaveProperty('problem');
  });

  it('begins anew for whoever comes later under the same id', async () => {
    const { health, served, replace } = scene();
    served('ran', 1);
    replace([]);
    replace([{ id: NOTES, title: 'Other notes' }]);
    await Promise.resolve();
    expect(health.view.value).toMatchObject([{ title: 'Other notes', ran: 0 }]);
  });
});
