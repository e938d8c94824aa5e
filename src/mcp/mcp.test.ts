import { describe, expect, it } from 'vitest';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { connectedNodes, joinNodes, localNode } from '../../test/doubles/local-nodes.ts';
import { seededEntropy } from '../../test/support/seeded-identity.ts';
import { notesAgent } from '../agents/notes-agent.ts';
import { runnerAgent } from '../agents/runner-agent.ts';
import { runScript } from '../agents/run-script.ts';
import type { RunnerReply } from '../agents/runner-protocol.ts';
import { systemClock } from '../app/system-clock.ts';
import { agentAddress, parseAgentId } from '../base/ids.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import { AgentClients } from './agent-clients.ts';
import { AgentHost } from './agent-host.ts';
import { AuditLog } from './audit-log.ts';
import { Approvals, type ApprovalAnswer } from './approvals.ts';
import { ASKABLE_PERMISSIONS } from './permissions.ts';
import { Client, InMemoryTransport } from './runtime.ts';
import { REFUSED_CODE } from './refusal.ts';

const inProcessRunner = () => {
  let listener: (reply: RunnerReply) => void = () => undefined;
  return {
    post: (request: Parameters<typeof runScript>[1]) => void runScript(variant, request).then((reply) => listener(reply)),
    onReply: (set: typeof listener) => void (listener = set),
    onError: () => undefined,
    terminate: () => undefined,
  };
};

async function twoNodes(answer: ApprovalAnswer | 'nothing') {
  const [a, b] = await connectedNodes();
  const records = new MemoryRecords();
  const approvals = new Approvals({ me: b.identity.person, records, clock: systemClock, defaultsOf: () => ASKABLE_PERMISSIONS });
  const asked: string[] = [];
  approvals.onChanged((waiting) => {
    for (const { id, call } of waiting) {
      asked.push(`${call.agent.id} ${call.tool} ${JSON.stringify(call.arguments)}`);
      if (answer !== 'nothing') void approvals.answer(id, answer);
    }
  });
  const host = new AgentHost(b, approvals);
  host.add(notesAgent(records, systemClock, seededEntropy(8)));
  host.add(runnerAgent(inProcessRunner));
  const clients = new AgentClients(a, new AgentHost(a, approvals));
  return { a, b, host, asked, clients, notes: agentAddress(b.id, parseAgentId('notes')), calculator: agentAddress(b.id, parseAgentId('calculator')) };
}

describe('agents over the mesh', () => {
  it('lists and calls tools, reads resources and gets prompts in the other node, after its owner agreed', async () => {
    const { clients, notes, asked } = await twoNodes('always');
    const { client, path } = await clients.session(notes);
    expect(path?.kind).toBe('memory');
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['write_note', 'search_notes', 'read_note', 'remove_note']);
    const written = await client.callTool({ name: 'write_note', arguments: { title: 'Tea', text: 'Buy *green* tea', tags: ['shop'] } });
    const { id } = written.structuredContent as { id: string };
    const { resources } = await client.listResources();
    expect(resources).toMatchObject([{ uri: `note:///${id}`, name: 'Tea' }]);
    expect((await client.readResource({ uri: `note:///${id}` })).contents).toMatchObject([{ text: '# Tea\n\nBuy *green* tea' }]);
    const prompt = await client.getPrompt({ name: 'summarise_notes', arguments: { topic: 'tea' } });
    expect(JSON.stringify(prompt.messages)).toContain('green');
    expect(asked).toEqual([
      'notes write_note {"title":"Tea","text":"Buy *green* tea","tags":["shop"]}',
      `notes note:///${id} {}`,
      'notes summarise_notes {"topic":"tea"}',
    ]);
    await client.callTool({ name: 'write_note', arguments: { title: 'Again', text: '' } });
    for (const { uri } of (await client.listResources(undefined, { cacheMode: 'refresh' })).resources) await client.readResource({ uri });
    expect(asked).toHaveLength(3);
  });

  it.each(['legacy', 'auto', { pin: '2026-07-28' }] as const)('serves both protocol eras (%o)', async (mode) => {
    const { host, calculator } = await twoNodes('always');
    const [here, there] = InMemoryTransport.createLinkedPair();
    await host.serveLocally(parseAgentId(calculator.split(':')[1] as string), there);
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(here);
    expect(client.getNegotiatedProtocolVersion()).toBe(mode === 'legacy' ? '2025-11-25' : '2026-07-28');
    const result = await client.callTool({ name: 'evaluate', arguments: { expression: '6 * 7' } });
    expect(result.content).toEqual([{ type: 'text', text: '42' }]);
    await client.close();
  });

  it('does not run a call that the owner refuses', async () => {
    const { clients, notes } = await twoNodes('refuse');
    const { client } = await clients.session(notes);
    await expect(client.callTool({ name: 'write_note', arguments: { title: 'x', text: 'y' } })).rejects.toMatchObject({ code: REFUSED_CODE });
    expect((await client.listResources()).resources).toEqual([]);
  });

  it('withdraws the question when the caller cancels', async () => {
    const { clients, notes, asked, host } = await twoNodes('nothing');
    const { client } = await clients.session(notes);
    const outcome = new Promise((resolve) => host.on('served', resolve));
    const controller = new AbortController();
    const call = client.callTool({ name: 'write_note', arguments: { title: 'x', text: 'y' } }, { signal: controller.signal });
    call.catch(() => undefined);
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(call).rejects.toThrow();
    expect(await outcome).toMatchObject({ outcome: 'cancelled' });
  });

  it.each([true, false])('marks calls of a host with unencrypted clients, for its owner and in the log (%s)', async (hasPlaintextClients) => {
    const [a, b] = await Promise.all([localNode(1, { hostUrls: [], hasPlaintextClients }), localNode(2)]);
    const known = new Promise<void>((resolve) => b.on('node-up', ({ node }) => node === a.id && resolve()));
    await joinNodes(a, b);
    await known;
    const records = new MemoryRecords();
    const approvals = new Approvals({ me: b.identity.person, records, clock: systemClock, defaultsOf: () => ASKABLE_PERMISSIONS });
    const asked: unknown[] = [];
    approvals.onChanged((waiting) => {
      for (const { id, call } of waiting) {
        asked.push(call.hasPlaintextClients);
        void approvals.answer(id, 'once');
      }
    });
    const host = new AgentHost(b, approvals);
    host.add(notesAgent(records, systemClock, seededEntropy(8)));
    const log = new AuditLog(new MemoryRecords(), systemClock, seededEntropy(9));
    host.on('served', (served) => log.addServed(b.id, served));
    const { client } = await new AgentClients(a, new AgentHost(a, approvals)).session(agentAddress(b.id, parseAgentId('notes')));
    await client.callTool({ name: 'write_note', arguments: { title: 'x', text: 'y' } });
    const mark = hasPlaintextClients || undefined;
    expect([asked, (await log.all()).map((entry) => entry.hasPlaintextClients)]).toEqual([[mark], [mark]]);
  });

  it('refuses unknown agents and ends sessions of removed ones', async () => {
    const { clients, host, b, notes } = await twoNodes('always');
    await expect(clients.session(agentAddress(b.id, parseAgentId('nobody')))).rejects.toMatchObject({ code: 'agent-unknown' });
    const { client } = await clients.session(notes);
    const closed = new Promise<void>((resolve) => (client.onclose = resolve));
    host.remove(parseAgentId('notes'));
    await closed;
  });

  it('runs scripts in a sandbox that ends endless ones and knows nothing of the page', async () => {
    expect(await runScript(variant, { code: 'console.log("hi", {a: 1}); input.x + 1', input: '{"x": 41}' })).toEqual({
      ok: true,
      output: 'hi {\n  "a": 1\n}',
      value: '42',
    });
    expect(await runScript(variant, { code: '2n ** 64n' })).toMatchObject({ ok: true, value: '18446744073709551616' });
    expect(await runScript(variant, { code: 'nothing.here' })).toMatchObject({ ok: false, error: expect.stringContaining('ReferenceError') });
    expect(await runScript(variant, { code: 'typeof fetch + typeof document + typeof process' })).toMatchObject({
      value: 'undefinedundefinedundefined',
    });
    expect(await runScript(variant, { code: 'let a = []; for (;;) a.push(new Array(1e6).fill(1))' })).toMatchObject({ ok: false });
    expect(await runScript(variant, { code: 'for (;;) {}' })).toMatchObject({ ok: false, error: expect.stringContaining('longer') });
  }, 30_000);
});
