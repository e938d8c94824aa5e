import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';
import { parseAgentId, personIdOf, type DeviceId, type NodeId, type PersonId } from '../base/ids.ts';
import { HOST_LIMITS, LIMITS } from '../base/limits.ts';
import { Approvals } from '../mcp/approvals.ts';
import type { IncomingCall, Permit, Verdict } from '../mcp/incoming-call.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import { HostConsent } from './consent.ts';
import { parseJson } from './json-file.ts';
import { readPolicy } from './policy.ts';

const [ME, ADA, BEN] = [1, 2, 3].map((byte) => personIdOf(new Uint8Array(32).fill(byte))) as [PersonId, PersonId, PersonId];
const AGENT = { id: parseAgentId('files'), title: 'Files', description: '', createServer: () => Promise.reject(new Error('not called')) };

function callBy(person: PersonId, method = 'tools/call'): IncomingCall {
  const caller = { node: `${person}-node` as NodeId, device: `${person}-device` as DeviceId, person };
  return { kind: method === 'tools/call' ? 'tool' : 'resource', method, tool: 'read', arguments: {}, agent: AGENT, caller };
}

function scene(policy: object) {
  const clock = new VirtualClock();
  const consent = new HostConsent(
    ME,
    readPolicy(parseJson('policy.json', JSON.stringify(policy))),
    new Approvals({ me: ME, records: new MemoryRecords(), clock }),
  );
  const decide = (person: PersonId): Promise<Verdict | Permit> => consent.decide(callBy(person), new AbortController().signal);
  const verdicts = async (person: PersonId, count: number): Promise<readonly string[]> => {
    const found: string[] = [];
    for (let index = 0; index < count; index++) {
      const decision = await decide(person);
      found.push(typeof decision === 'object' ? decision.verdict : decision);
      if (typeof decision === 'object') decision.ended();
    }
    return found;
  };
  return { clock, consent, decide, verdicts };
}

describe('what a policy lets run', () => {
  it('runs within what one caller may ask, and not beyond', async () => {
    const { verdicts, clock } = scene({ people: { [ADA]: 'run', [BEN]: 'run' } });
    const burst = HOST_LIMITS.runCallsPerMinute / 3;
    expect(await verdicts(ADA, burst + 1)).toEqual([...Array.from({ length: burst }, () => 'run'), 'rate-limited']);
    expect(await verdicts(BEN, 1)).toEqual(['run']);
    expect(await verdicts(ME, 2 * burst)).not.toContain('rate-limited');
    await clock.advance(1_000);
    expect(await verdicts(ADA, 1)).toEqual(['run']);
  });

  it('runs no more at once than one caller may have', async () => {
    const { decide } = scene({ people: { [ADA]: 'run' }, limits: { parallelCalls: 2 } });
    const first = (await decide(ADA)) as Permit;
    expect(await decide(ADA)).toMatchObject({ verdict: 'run' });
    expect(await decide(ADA)).toBe('overloaded');
    first.ended();
    expect(await decide(ADA)).toMatchObject({ verdict: 'run' });
  });

  it('counts those together whom it does not name', async () => {
    const { verdicts } = scene({ everyone: 'run', limits: { strangerCallsPerMinute: 4 } });
    expect([...(await verdicts(ADA, 1)), ...(await verdicts(BEN, 2))]).toEqual(['run', 'run', 'rate-limited']);
  });

  it('has the limits of an agent hold before the general ones', async () => {
    const { verdicts } = scene({ people: { [ADA]: 'run' }, limits: { callsPerMinute: 600 }, agents: { files: { limits: { callsPerMinute: 3 } } } });
    expect(await verdicts(ADA, 2)).toEqual(['run', 'rate-limited']);
  });

  it('has one rule for watching a resource, whatever the revision calls it, and no end or place for it', async () => {
    const { consent, clock } = scene({
      people: { [ADA]: { '*': 'run', 'resources/subscribe': 'never' }, [BEN]: 'run' },
      limits: { parallelCalls: 1 },
    });
    const watch = (person: PersonId, method: string) => consent.decide(callBy(person, method), new AbortController().signal);
    expect(await watch(ADA, 'resources/subscribe')).toBe('not-for-you');
    expect(await watch(ADA, 'subscriptions/listen')).toBe('not-for-you');
    const first = (await watch(BEN, 'subscriptions/listen')) as Permit;
    expect(await watch(BEN, 'subscriptions/listen')).toMatchObject({ verdict: 'run' });
    await clock.advance(2 * LIMITS.maxServedCallMs);
    expect(first.stop.aborted).toBe(false);
  });

  it('ends a call that never ends', async () => {
    const { decide, clock } = scene({ people: { [ADA]: 'run' } });
    const permit = (await decide(ADA)) as Permit;
    await clock.advance(LIMITS.maxServedCallMs);
    expect(permit.stop.reason).toBe('timed-out');
  });
});
