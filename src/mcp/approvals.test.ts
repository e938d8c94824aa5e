import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';
import { parseAgentId, type DeviceId, type NodeId, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import { Approvals, type AnswerInConversation, type WaitingApproval } from './approvals.ts';
import type { IncomingCall, Permit, Verdict } from './incoming-call.ts';
import {
  accessOf,
  DEFAULT_PERMISSIONS,
  ASKABLE_PERMISSIONS,
  readPermissions,
  visibilityOf,
  type AgentPermissions,
  type Rule,
} from './permissions.ts';

const ME = 'me' as PersonId;
const FRIEND = 'friend' as PersonId;
const STRANGER = 'stranger' as PersonId;
const NOTES = parseAgentId('notes');
const AGENT = { id: NOTES, title: 'Notes', description: '', createServer: () => Promise.reject(new Error('not called')) };

function callBy(person: PersonId, tool = 'write', kind: IncomingCall['kind'] = 'tool'): IncomingCall {
  return {
    kind,
    method: 'tools/call',
    tool,
    arguments: {},
    agent: AGENT,
    caller: { node: `${person}-node` as NodeId, device: `${person}-device` as DeviceId, person },
  };
}

function scene(records = new MemoryRecords()) {
  const clock = new VirtualClock();
  const approvals = new Approvals({
    me: ME,
    records,
    clock,
    isContact: async (person) => person === FRIEND,
    conversationWith: (person) => `with ${person}`,
  });
  let definition: string | undefined = 'v1';
  approvals.definitionOf = async () => definition;
  let waiting: readonly WaitingApproval[] = [];
  approvals.onChanged((now) => (waiting = now));
  const decide = (call: IncomingCall, signal = new AbortController().signal) => approvals.decide(call, signal);
  /** Decides with whatever the owner answers at once. */
  const decideWith = async (call: IncomingCall, answer: AnswerInConversation): Promise<Verdict | Permit> => {
    const off = approvals.onChanged((now) => now.forEach(({ id }) => void approvals.answer(id, answer)));
    const verdict = await decide(call);
    off();
    return verdict;
  };
  const allow = (change: Partial<AgentPermissions>) => approvals.permissions.set(NOTES, { ...DEFAULT_PERMISSIONS, ...change });
  return { clock, approvals, decide, decideWith, allow, waiting: () => waiting, redefine: (next: string | undefined) => (definition = next) };
}

const verdictOf = (decision: Verdict | Permit): Verdict => (typeof decision === 'object' ? decision.verdict : decision);
const turns = () => new Promise((resolve) => setTimeout(resolve));

describe('the owner’s consent', () => {
  it('by default lets my own devices run, asks about contacts, and is not for others; no answer is a refusal', async () => {
    const { decide, waiting, clock } = scene();
    expect(verdictOf(await decide(callBy(ME)))).toBe('run');
    expect(await decide(callBy(STRANGER))).toBe('not-for-you');
    expect(waiting()).toEqual([]);
    const asked = decide(callBy(FRIEND));
    await turns();
    expect(waiting()).toMatchObject([{ relation: 'contacts', call: { tool: 'write' } }]);
    await clock.advance(LIMITS.approvalTimeoutMs);
    expect(await asked).toBe('expired');
  });

  it('does not ask about completions, which are for who may ask', async () => {
    const { decide, allow } = scene();
    await allow(ASKABLE_PERMISSIONS);
    const completion = { ...callBy(STRANGER, 'completion/complete', 'method'), method: 'completion/complete' };
    expect(verdictOf(await decide(completion))).toBe('run');
    await allow({ rules: { devices: 'run', contacts: 'ask', everyone: 'never' } });
    expect(verdictOf(await decide(completion))).toBe('not-for-you');
  });

  it('follows the agent’s rules, and a tool’s own before them', async () => {
    const { decide, allow } = scene();
    await allow({
      rules: { devices: 'never', contacts: 'run', everyone: 'never' },
      tools: new Map([['remove', { contacts: 'never', everyone: 'run' }]]),
    });
    expect(verdictOf(await decide(callBy(ME)))).toBe('not-for-you');
    expect(verdictOf(await decide(callBy(FRIEND)))).toBe('run');
    expect(verdictOf(await decide(callBy(STRANGER)))).toBe('not-for-you');
    expect(verdictOf(await decide(callBy(FRIEND, 'remove')))).toBe('not-for-you');
    expect(verdictOf(await decide(callBy(STRANGER, 'remove')))).toBe('run');
    // A resource that is called like a tool has not the tool's rule.
    expect(verdictOf(await decide(callBy(STRANGER, 'remove', 'resource')))).toBe('not-for-you');
  });

  it('admits to a session only who may get anything', async () => {
    const { approvals, allow } = scene();
    await allow({ rules: { devices: 'run', contacts: 'ask', everyone: 'never' } });
    expect(await approvals.admits(STRANGER, NOTES)).toBe(false);
    expect(await approvals.admits(FRIEND, NOTES)).toBe(true);
    await allow({ rules: { devices: 'run', contacts: 'ask', everyone: 'never' }, tools: new Map([['read', { everyone: 'ask' }]]) });
    expect(await approvals.admits(STRANGER, NOTES)).toBe(true);
  });

  it('lets an agent be seen as far as anybody may call anything of it', () => {
    const rules = (devices: Rule, contacts: Rule, everyone: Rule) => ({ ...DEFAULT_PERMISSIONS, rules: { devices, contacts, everyone } });
    expect(visibilityOf(DEFAULT_PERMISSIONS)).toBe('contacts');
    expect(visibilityOf(ASKABLE_PERMISSIONS)).toBe('everyone');
    expect(visibilityOf(rules('run', 'ask', 'never'))).toBe('contacts');
    expect(visibilityOf(rules('run', 'never', 'never'))).toBe('devices');
    expect(visibilityOf(rules('never', 'never', 'never'))).toBe('private');
    expect(visibilityOf({ ...rules('never', 'never', 'never'), tools: new Map([['x', { everyone: 'ask' }]]) })).toBe('everyone');
  });

  it('keeps “always” for this person, tool and definition, and for a month', async () => {
    const { decide, decideWith, clock, redefine, waiting, allow } = scene();
    await allow({ ...ASKABLE_PERMISSIONS, parallelCalls: 32 });
    expect(verdictOf(await decideWith(callBy(FRIEND), 'always'))).toBe('run');
    expect(verdictOf(await decide(callBy(FRIEND)))).toBe('run');
    for (const other of [callBy(STRANGER), callBy(FRIEND, 'remove'), callBy(FRIEND, 'write', 'prompt')]) {
      const controller = new AbortController();
      const asked = decide(other, controller.signal);
      await turns();
      expect(waiting()).toHaveLength(1);
      controller.abort();
      expect(await asked).toBe('refused');
    }
    redefine('v2');
    expect(verdictOf(await decideWith(callBy(FRIEND), 'refuse'))).toBe('refused');
    redefine(undefined);
    expect(verdictOf(await decideWith(callBy(FRIEND), 'always'))).toBe('run');
    expect(verdictOf(await decideWith(callBy(FRIEND), 'refuse'))).toBe('refused');
    redefine('v1');
    expect(verdictOf(await decide(callBy(FRIEND)))).toBe('run');
    await clock.advance(LIMITS.grantLifetimeMs);
    expect(verdictOf(await decideWith(callBy(FRIEND), 'refuse'))).toBe('refused');
  });

  it('keeps “for this conversation” to calls that are made in it, for a day, and takes it back at once', async () => {
    const { approvals, decide, decideWith, clock, waiting } = scene();
    const within = (conversation: string): IncomingCall => ({ ...callBy(FRIEND), origin: { ref: '1', conversation } });
    const permit = (await decideWith(within('with friend'), 'conversation')) as Permit;
    expect(permit.consent).toBe('conversation');
    const again = (await decide(within('with friend'))) as Permit;
    expect(again.consent).toBe('granted');
    // Neither elsewhere, nor in a conversation that only the caller says there is.
    expect(await decideWith(callBy(FRIEND), 'refuse')).toBe('refused');
    expect(await decideWith(within('with somebody else'), 'refuse')).toBe('refused');
    const [grant] = await approvals.grants.list();
    expect(grant).toMatchObject({ conversation: 'with friend', tool: 'write' });
    await approvals.grants.revoke(grant?.id ?? '');
    expect(again.stop.reason).toBe('revoked');
    const asked = decide(within('with friend'));
    await turns();
    expect(waiting()).toHaveLength(1);
    await approvals.answer(waiting()[0]?.id ?? '', 'conversation');
    expect(verdictOf(await asked)).toBe('run');
    await clock.advance(LIMITS.conversationGrantMs);
    expect(await decideWith(within('with friend'), 'refuse')).toBe('refused');
  });

  it('keeps nothing “for this conversation” where there is none', async () => {
    const { approvals, decideWith } = scene();
    expect(((await decideWith(callBy(FRIEND), 'conversation')) as Permit).consent).toBe('once');
    expect(await approvals.grants.list()).toEqual([]);
  });

  it('tells why a call runs, and what a caller may do', async () => {
    const { approvals, decide, decideWith, allow } = scene();
    const consentOf = async (decision: Promise<Verdict | Permit>) => ((await decision) as Permit).consent;
    expect(await consentOf(decide(callBy(ME)))).toBe('rule');
    for (const answer of ['once', 'hour', 'always'] as const) expect(await consentOf(decideWith(callBy(FRIEND, answer), answer))).toBe(answer);
    expect(await consentOf(decide(callBy(FRIEND, 'always')))).toBe('granted');
    await allow({
      tools: new Map([
        ['read', { everyone: 'ask' }],
        ['gone', { contacts: 'never' }],
      ]),
    });
    expect(await approvals.accessOf(STRANGER, NOTES)).toEqual({
      rest: 'contacts',
      tools: new Map([
        ['read', 'ask'],
        ['gone', 'never'],
      ]),
    });
    expect(await approvals.accessOf(FRIEND, NOTES)).toEqual({ rest: 'ask', tools: new Map([['gone', 'never']]) });
    expect(accessOf(ASKABLE_PERMISSIONS, 'everyone')).toEqual({ rest: 'ask', tools: new Map() });
  });

  it('says who is concerned when permissions change or the owner writes to somebody', async () => {
    const { approvals, allow } = scene();
    const heard: boolean[] = [];
    approvals.onAccessChanged((concerned) => heard.push(concerned(FRIEND, NOTES), concerned(STRANGER, parseAgentId('other'))));
    await allow({});
    approvals.wroteIn('with stranger');
    expect(heard).toEqual([true, false, false, true]);
  });

  it('lets “for an hour” end after an hour', async () => {
    const { decide, decideWith, clock } = scene();
    await decideWith(callBy(FRIEND), 'hour');
    await clock.advance(3_599_000);
    expect(verdictOf(await decide(callBy(FRIEND)))).toBe('run');
    await clock.advance(1_000);
    expect(verdictOf(await decideWith(callBy(FRIEND), 'refuse'))).toBe('refused');
  });

  it('ends calls at once that run by a grant that is taken back, and no others', async () => {
    const { approvals, decide, decideWith } = scene();
    await decideWith(callBy(FRIEND), 'always');
    const byGrant = (await decide(callBy(FRIEND))) as Permit;
    const asked = (await decideWith(callBy(FRIEND, 'remove'), 'once')) as Permit;
    const [grant] = await approvals.grants.list();
    await approvals.grants.revoke(grant?.id ?? '');
    expect(byGrant.stop.reason).toBe('revoked');
    expect(asked.stop.aborted).toBe(false);
    expect(await approvals.grants.list()).toEqual([]);
    expect(verdictOf(await decideWith(callBy(FRIEND), 'refuse'))).toBe('refused');
  });

  it('has calls that wait or run feel a permission that is taken back', async () => {
    const { decide, allow, waiting } = scene();
    await allow({ rules: { devices: 'run', contacts: 'run', everyone: 'ask' } });
    const running = (await decide(callBy(FRIEND))) as Permit;
    const asked = decide(callBy(STRANGER));
    await turns();
    expect(waiting()).toHaveLength(1);
    await allow({ rules: { devices: 'run', contacts: 'ask', everyone: 'never' } });
    expect(await asked).toBe('refused');
    expect(running.stop.reason).toBe('revoked');
    expect(waiting()).toEqual([]);
  });

  it('bounds how often and how much at once one person may call, and questions of one person', async () => {
    const { decide, allow, clock, waiting } = scene();
    await allow({ rules: { devices: 'run', contacts: 'run', everyone: 'run' }, callsPerMinute: 6, parallelCalls: 2 });
    const first = (await decide(callBy(FRIEND))) as Permit;
    const second = (await decide(callBy(FRIEND))) as Permit;
    expect(await decide(callBy(FRIEND))).toBe('overloaded');
    expect(verdictOf(await decide(callBy(STRANGER)))).toBe('run');
    first.ended();
    second.ended();
    expect(await decide(callBy(FRIEND))).toBe('rate-limited');
    await clock.advance(10_000);
    expect(verdictOf(await decide(callBy(FRIEND)))).toBe('run');
    for (let count = 0; count < 100; count++) expect(verdictOf(await decide(callBy(ME)))).toBe('run');

    await allow({ ...ASKABLE_PERMISSIONS, callsPerMinute: 600, parallelCalls: 32 });
    const asked = Array.from({ length: LIMITS.maxWaitingApprovalsPerCaller + 1 }, () => decide(callBy('nosy' as PersonId)));
    expect(await asked.at(-1)).toBe('overloaded');
    expect(waiting()).toHaveLength(LIMITS.maxWaitingApprovalsPerCaller);
  });

  it('bounds what any number of made-up strangers ask together', async () => {
    const { decide, allow } = scene();
    await allow({ rules: { devices: 'run', contacts: 'run', everyone: 'run' } });
    const verdicts = [];
    for (let count = 0; count < LIMITS.strangerCallsPerMinute / 2 + 5; count++)
      verdicts.push(verdictOf(await decide(callBy(`s${count}` as PersonId))));
    expect(verdicts.filter((verdict) => verdict === 'run')).toHaveLength(LIMITS.strangerCallsPerMinute / 2);
    expect(verdictOf(await decide(callBy(FRIEND)))).toBe('run');
  });

  it('ends calls that never answer', async () => {
    const { decide, clock } = scene();
    const permit = (await decide(callBy(ME))) as Permit;
    await clock.advance(LIMITS.maxServedCallMs);
    expect(permit.stop.reason).toBe('timed-out');
  });

  it('never fails open: damaged permissions, damaged grants and unreadable storage allow nothing', async () => {
    expect(readPermissions({}).rules).toEqual({ devices: 'never', contacts: 'never', everyone: 'never' });
    expect(readPermissions({ rules: { everyone: 'RUN' }, tools: new Map([['x', { everyone: 1 }]]) }).tools.get('x')).toEqual({ everyone: 'never' });
    expect(readPermissions('run').rules.everyone).toBe('never');
    expect(readPermissions({ callsPerMinute: Infinity, parallelCalls: -1 })).toMatchObject({ callsPerMinute: 1, parallelCalls: 1 });

    const records = new MemoryRecords();
    await records.table('grants').put('old', { person: FRIEND, agent: NOTES, tool: 'write', grantedAt: 0 });
    const { approvals, decideWith } = scene(records);
    expect(await approvals.grants.list()).toEqual([]);
    expect(await decideWith(callBy(FRIEND), 'refuse')).toBe('refused');

    const broken = new MemoryRecords();
    const table = broken.table.bind(broken);
    broken.table = (name) => ({ ...table(name), all: () => Promise.reject(new Error('unreadable')) });
    expect(await scene(broken).decide(callBy(ME))).toBe('not-for-you');
  });
});
