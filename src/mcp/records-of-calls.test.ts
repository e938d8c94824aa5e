import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVERYTHING, everythingAgent, type Seen } from '../../test/doubles/everything-agent.ts';
import { joinNodes, localNode } from '../../test/doubles/local-nodes.ts';
import { seededEntropy, seededIdentity } from '../../test/support/seeded-identity.ts';
import { systemClock } from '../app/system-clock.ts';
import { agentAddress, type AgentAddress, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { scriptVerifier } from '../crypto/signing.ts';
import type { Node } from '../node/node.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import { AgentCalls } from './agent-calls.ts';
import { AgentClients } from './agent-clients.ts';
import { AgentHost } from './agent-host.ts';
import { AgentQuestions } from './agent-questions.ts';
import { AuditLog, callHash, type AuditEntry, type NewAuditEntry } from './audit-log.ts';
import { ReceiptDesk } from './receipt-desk.ts';
import { provesAnswer, provesCall } from './receipts.ts';

const nodes: Node[] = [];
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close();
});

const ENTRY: NewAuditEntry = {
  at: 1,
  direction: 'in',
  address: 'node:agent' as AgentAddress,
  agentTitle: 'Agent',
  person: 'p' as PersonId,
  kind: 'tool',
  tool: 'x',
  arguments: {},
  outcome: 'ran',
};

describe('the log of calls', () => {
  let records: MemoryRecords;
  let log: AuditLog;
  beforeEach(() => {
    records = new MemoryRecords();
    log = new AuditLog(records, systemClock, seededEntropy(1));
  });

  it('keeps what was called with what, and all tabs’ lines together', async () => {
    const other = new AuditLog(records, systemClock, seededEntropy(2));
    log.add({ ...ENTRY, at: 2, arguments: { b: 1, a: 'x'.repeat(10_000) }, answer: { content: [] } });
    other.add({ ...ENTRY, at: 3, direction: 'out', outcome: 'refused' });
    await Promise.all([log.stored(), other.stored()]);
    const [newest, oldest] = await log.all();
    expect(newest).toMatchObject({ at: 3, outcome: 'refused', direction: 'out' });
    expect(oldest).toMatchObject({ at: 2, tool: 'x', answer: '{"content":[]}' });
    expect(oldest?.arguments).toHaveLength(LIMITS.maxAuditJsonLength + 1);
    expect(oldest?.arguments.startsWith('{"a":"xxx')).toBe(true);
  });

  it('is bounded, and keeps the newest', async () => {
    const lines = (LIMITS.maxAuditSegments + 2) * LIMITS.auditSegmentEntries;
    for (let at = 0; at < lines; at++) {
      log.add({ ...ENTRY, at });
      if (at % LIMITS.auditSegmentEntries === 0) await log.stored();
    }
    const all = await log.all();
    expect(all.length).toBeLessThanOrEqual(LIMITS.maxAuditSegments * LIMITS.auditSegmentEntries);
    expect(all[0]?.at).toBe(lines - 1);
  });

  it('makes one line of a flood, so that it pushes nothing out', async () => {
    log.add({ ...ENTRY, tool: 'before' });
    for (let at = 0; at < 500; at++) log.add({ ...ENTRY, at, tool: `t${at}`, outcome: 'rate-limited' });
    const all = await log.all();
    expect(all.map(({ tool, count }) => [tool, count])).toEqual([
      ['before', 1],
      ['t0', 500],
    ]);
  });

  it('puts receipts to their calls whether they come before or after, also across segments', async () => {
    const receipt = (at: number) => ({ request: String(at), index: 0, hashes: [], at, signature: '' });
    const about = { direction: 'in' as const, address: ENTRY.address, hash: callHash('x', {}) };
    log.attach(about, { callReceipt: receipt(1) });
    log.add(ENTRY);
    for (let more = 0; more < LIMITS.auditSegmentEntries; more++) log.add({ ...ENTRY, tool: 'other' });
    log.attach(about, { answerReceipt: receipt(2) });
    expect((await log.all()).find(({ tool }) => tool === 'x')).toMatchObject({ callReceipt: { at: 1 }, answerReceipt: { at: 2 } });
  });

  it('goes on when storage fails, and writes what it has when it works again', async () => {
    let isBroken = true;
    const table = records.table<unknown>('audit');
    const put = (key: string, value: unknown) => (isBroken ? Promise.reject(new Error('full')) : table.put(key, value));
    const failing = new AuditLog(
      Object.assign(new MemoryRecords(), { table: () => ({ all: () => table.all(), delete: (key: string) => table.delete(key), put }) }) as never,
      systemClock,
      seededEntropy(3),
    );
    failing.add(ENTRY);
    await failing.stored();
    isBroken = false;
    failing.add({ ...ENTRY, tool: 'y' });
    expect((await failing.all()).map(({ tool }) => tool)).toEqual(['x', 'y']);
  });
});

describe('receipts', () => {
  async function scene() {
    const [a, b] = await Promise.all([localNode(1), localNode(2)]);
    nodes.push(a, b);
    await joinNodes(a, b);
    const side = async (node: Node, seed: number) => {
      const { nodeSigner: signer } = await seededIdentity(seed, systemClock.now());
      const log = new AuditLog(new MemoryRecords(), systemClock, seededEntropy(seed));
      return { log, receipts: new ReceiptDesk({ node, signer, verifier: scriptVerifier, clock: systemClock, log }) };
    };
    const [caller, owner] = await Promise.all([side(a, 1), side(b, 2)]);
    const host = new AgentHost(b, { decide: async () => 'run' }, { receipts: async () => owner.receipts, clock: systemClock });
    const seen: Seen = { cancelled: 0, servers: [], updated: () => undefined };
    host.add(everythingAgent(seen));
    const address = agentAddress(b.id, EVERYTHING);
    host.on('served', ({ call, outcome, tookMs, answer }) =>
      owner.log.add({
        ...ENTRY,
        at: systemClock.now(),
        address,
        kind: call.kind,
        tool: call.tool,
        arguments: call.arguments,
        outcome,
        tookMs,
        answer,
      }),
    );
    const questions = new AgentQuestions(systemClock);
    const clients = new AgentClients(a, new AgentHost(a, { decide: async () => 'refused' }), { questions, receipts: async () => caller.receipts });
    const calls = new AgentCalls({
      clients,
      questions,
      clock: systemClock,
      onMade: (made) => caller.log.add({ ...made, direction: 'out', agentTitle: '', person: b.identity.person }),
    });
    const scope = { networkId: a.networkId, caller: a.id, owner: b.id, agent: EVERYTHING };
    return { a, b, address, calls, caller: caller.log, owner: owner.log, scope };
  }

  async function signedLines(log: AuditLog, count: number): Promise<readonly AuditEntry[]> {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        const off = log.onChanged(() => (off(), resolve()));
      });
      const lines = (await log.all()).filter(({ callReceipt, answerReceipt }) => callReceipt && answerReceipt);
      if (lines.length >= count) return lines;
      await changed;
    }
  }

  it('are kept at both ends, and prove who called what and what was answered', async () => {
    const { address, calls, caller, owner, scope } = await scene();
    const result = await calls.callTool(address, 'large', { bytes: 3 });
    const [[mine], [theirs]] = await Promise.all([signedLines(caller, 1), signedLines(owner, 1)]);
    const hash = callHash('large', { bytes: 3 });
    expect(mine).toMatchObject({ direction: 'out', tool: 'large', outcome: 'ran', hash });
    expect(theirs).toMatchObject({ direction: 'in', tool: 'large', outcome: 'ran', hash });
    expect(mine?.callReceipt).toEqual(theirs?.callReceipt);
    expect(mine?.answerReceipt).toEqual(theirs?.answerReceipt);
    const { callReceipt, answerReceipt } = theirs as Required<AuditEntry>;
    const answer = (JSON.parse((theirs as Required<AuditEntry>).answer) as { result: unknown }).result;
    expect(await provesCall(scriptVerifier, scope, hash, callReceipt)).toBe(true);
    expect(await provesAnswer(scriptVerifier, scope, hash, answer, answerReceipt)).toBe(true);
    expect(result.content).toEqual((answer as { content: unknown }).content);

    // Nothing else: no other arguments, agent, direction, answer or network.
    expect(await provesCall(scriptVerifier, scope, callHash('large', { bytes: 4 }), callReceipt)).toBe(false);
    expect(await provesCall(scriptVerifier, { ...scope, caller: scope.owner, owner: scope.caller }, hash, callReceipt)).toBe(false);
    expect(await provesCall(scriptVerifier, { ...scope, networkId: new Uint8Array(32) }, hash, callReceipt)).toBe(false);
    expect(await provesCall(scriptVerifier, scope, hash, answerReceipt)).toBe(false);
    expect(await provesAnswer(scriptVerifier, scope, hash, { content: [] }, answerReceipt)).toBe(false);
  });

  it('cover many calls of one moment with few signatures, each call with its own proof', async () => {
    const { address, calls, owner, scope } = await scene();
    await Promise.all(Array.from({ length: 20 }, (_, bytes) => calls.callTool(address, 'large', { bytes })));
    const lines = await signedLines(owner, 20);
    expect(new Set(lines.map(({ callReceipt }) => callReceipt?.signature)).size).toBeLessThan(20);
    for (const { hash, callReceipt } of lines) expect(await provesCall(scriptVerifier, scope, hash, callReceipt as never)).toBe(true);
  });

  it('are taken only when the signature is the other side’s', async () => {
    const { a, b } = await scene();
    const stream = await a.open(b.id, 'mcp/1', { header: new TextEncoder().encode('everything') });
    await stream.send(Uint8Array.of(0x03, 0xff));
    expect((await stream.closed).code).toBe('malformed');
  });
});
