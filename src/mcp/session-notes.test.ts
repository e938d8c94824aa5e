import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { joinNodes, localNode } from '../../test/doubles/local-nodes.ts';
import { systemClock } from '../app/system-clock.ts';
import { utf8 } from '../base/bytes.ts';
import { ParleyError } from '../base/errors.ts';
import { agentAddress, parseAgentId, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Node } from '../node/node.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import { AgentCalls } from './agent-calls.ts';
import { AgentClients } from './agent-clients.ts';
import { AgentHost } from './agent-host.ts';
import { AgentQuestions } from './agent-questions.ts';
import { Approvals, type AnswerInConversation, type WaitingApproval } from './approvals.ts';
import { DEFAULT_PERMISSIONS, type AgentAccess } from './permissions.ts';
import { McpServer } from './runtime.ts';
import { decodeNote, encodeNote, type SessionNote } from './session-notes.ts';

const nodes: Node[] = [];
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close();
});

const ECHO = parseAgentId('echo');

/** An agent that answers what it was sent beside the arguments, at the node of somebody who wrote to nobody yet. */
async function scene() {
  const [caller, owner] = [await localNode(1), await localNode(2)];
  nodes.push(caller, owner);
  await joinNodes(caller, owner);
  const written = new Set<PersonId>();
  const approvals = new Approvals({
    me: owner.identity.person,
    records: new MemoryRecords(),
    clock: systemClock,
    isContact: async (person) => written.has(person),
    conversationWith: (person) => `with ${person}`,
  });
  const host = new AgentHost(owner, approvals);
  host.add({
    id: ECHO,
    title: 'Echo',
    description: '',
    async createServer() {
      const server = new McpServer({ name: 'echo', version: '1' });
      server.registerTool('meta', { description: '' }, (context) => ({
        content: [{ type: 'text', text: JSON.stringify(Object.keys(context.mcpReq._meta ?? {}).filter((key) => key.startsWith('parley'))) }],
      }));
      return server;
    },
  });
  const clients = new AgentClients(caller, new AgentHost(caller, { decide: async () => 'refused' }));
  const calls = new AgentCalls({ clients, questions: new AgentQuestions(systemClock), clock: systemClock });
  const address = agentAddress(owner.id, ECHO);
  const accessIs = async (wanted: AgentAccess['rest']): Promise<AgentAccess> => {
    const { access } = await clients.session(address);
    while (access?.()?.rest !== wanted) await new Promise<void>((resolve) => void clients.on('access', () => resolve()));
    return access?.() as AgentAccess;
  };
  const met = (): void => {
    written.add(caller.identity.person);
    approvals.wroteIn(`with ${caller.identity.person}`);
  };
  const answerNext = (answer: AnswerInConversation) =>
    new Promise<WaitingApproval>((resolve) => {
      const off = approvals.onChanged(([first]) => {
        if (!first) return;
        off();
        resolve(first);
        void approvals.answer(first.id, answer);
      });
    });
  return { caller, approvals, clients, calls, address, accessIs, met, answerNext };
}

describe('what an owner’s node tells beside MCP', () => {
  it('is, to somebody the owner never wrote to, that the agent is not for them, and no longer once the owner wrote', async () => {
    const { clients, address, approvals, accessIs, met } = await scene();
    await expect(clients.session(address)).rejects.toMatchObject({ code: 'not-for-you' });
    await approvals.permissions.set(ECHO, { ...DEFAULT_PERMISSIONS, tools: new Map([['meta', { everyone: 'ask' }]]) });
    expect(await accessIs('contacts')).toEqual({ rest: 'contacts', tools: new Map([['meta', 'ask']]) });
    met();
    expect(await accessIs('ask')).toEqual({ rest: 'ask', tools: new Map() });
    await approvals.permissions.set(ECHO, { ...DEFAULT_PERMISSIONS, rules: { devices: 'run', contacts: 'run', everyone: 'never' } });
    await accessIs('run');
  });

  it('is how each call stands: asked, allowed and how, or allowed before; the agent learns nothing of it', async () => {
    const { caller, calls, address, met, answerNext } = await scene();
    met();
    const states: string[] = [];
    const call = (conversation?: string) =>
      calls.callTool(address, 'meta', {}, { onConsent: (state) => states.push(state), ...(conversation ? { conversation } : {}) });
    const here = `with ${caller.identity.person}`;
    const [waiting, result] = await Promise.all([answerNext('conversation'), call(here)]);
    expect(waiting.call.origin).toEqual({ ref: expect.any(String), conversation: here });
    expect(result.content).toEqual([{ type: 'text', text: '[]' }]);
    await call(here);
    // A conversation with somebody else is not believed.
    const [other] = await Promise.all([answerNext('once'), call('with somebody else')]);
    expect(other.call.origin).toEqual({ ref: expect.any(String) });
    const [last] = await Promise.all([answerNext('always'), call()]);
    expect(last.call.origin).toEqual({ ref: expect.any(String) });
    await call();
    expect(states).toEqual(['asked', 'conversation', 'granted', 'asked', 'once', 'asked', 'always', 'granted']);
  });

  it('says in the refusal that nobody was asked', async () => {
    const { approvals, calls, address, met } = await scene();
    met();
    await approvals.permissions.set(ECHO, { ...DEFAULT_PERMISSIONS, tools: new Map([['meta', { contacts: 'never' }]]) });
    await expect(calls.callTool(address, 'meta', {})).rejects.toMatchObject({ data: { reason: 'not-for-you' } });
  });

  it('is told in bounds, and nothing else is taken for it', () => {
    const many = new Map(Array.from({ length: 2_000 }, (_, index) => [`${'x'.repeat(100)}${index}`, 'never' as const]));
    const bytes = encodeNote({ type: 'access', access: { rest: 'ask', tools: many } });
    expect(bytes.length).toBeLessThanOrEqual(LIMITS.maxSessionNoteBytes);
    expect(decodeNote(bytes)).toMatchObject({ type: 'access', access: { rest: 'ask' } });
    const notes: readonly SessionNote[] = [
      { type: 'access', access: { rest: 'contacts', tools: new Map([['a', 'run']]) } },
      { type: 'call', ref: '7', state: 'asked' },
      { type: 'call', ref: '7', state: 'rule' },
    ];
    for (const note of notes) expect(decodeNote(encodeNote(note))).toEqual(note);
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '{"type":"call","ref":"1","state":"run"}',
      '{"type":"access","access":{"rest":"ask","tools":[["a"]]}}',
    ])
      expect(() => decodeNote(utf8(text))).toThrow(expect.objectContaining({ code: 'malformed' }));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(utf8)), (random) => {
        try {
          decodeNote(random);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ParleyError);
        }
      }),
    );
  });
});
