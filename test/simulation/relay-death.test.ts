import { describe, expect, it } from 'vitest';
import { agentAddress, parseAgentId } from '../../src/base/ids.ts';
import { readEvent } from '../../src/chat/chat-event.ts';
import { ChatService } from '../../src/chat/chat-service.ts';
import { scriptVerifier } from '../../src/crypto/signing.ts';
import { AgentClients } from '../../src/mcp/agent-clients.ts';
import { AgentHost } from '../../src/mcp/agent-host.ts';
import type { Node } from '../../src/node/node.ts';
import { MemoryChatStore } from '../../src/storage/memory-storage.ts';
import { systemClock } from '../../src/app/system-clock.ts';
import { meshOf } from '../doubles/relay-world.ts';
import { seededIdentity } from '../support/seeded-identity.ts';

/** Two ways from the first to the last node. */
const DIAMOND = [
  [0, 1],
  [0, 2],
  [1, 3],
  [2, 3],
] as const;

describe('the death of a relay', () => {
  it('is not noticed by a tool call that is under way', async () => {
    const { nodes } = await meshOf(4, DIAMOND);
    const [a, b, d, c] = nodes as [Node, Node, Node, Node];
    let answer: () => void = () => undefined;
    let calls = 0;
    const host = new AgentHost(c, { decide: async () => 'run' });
    const slow = parseAgentId('slow');
    host.add({
      id: slow,
      title: 'Slow',
      description: 'Answers when the test says so.',
      createServer: async () => {
        const { McpServer, z } = await import('../../src/mcp/runtime.ts');
        const server = new McpServer({ name: 'slow', version: '1' });
        server.registerTool('wait', { inputSchema: z.object({ text: z.string() }) }, async ({ text }) => {
          calls++;
          await new Promise<void>((resolve) => (answer = resolve));
          return { content: [{ type: 'text', text }] };
        });
        return server;
      },
    });
    const clients = new AgentClients(a, new AgentHost(a, { decide: async () => 'run' }));
    const { client, path } = await clients.session(agentAddress(c.id, slow));
    expect(path?.kind).toBe('relayed');
    const called = client.callTool({ name: 'wait', arguments: { text: 'in flight' } });
    await expect.poll(() => calls).toBe(1);
    await (path?.via[0] === b.id ? b : d).close();
    answer();
    expect((await called).content).toEqual([{ type: 'text', text: 'in flight' }]);
    expect(calls).toBe(1);
  });

  it('costs a conversation nothing: what is being said arrives once, in order, and is acknowledged', async () => {
    const { nodes } = await meshOf(4, DIAMOND);
    const [a, b, d, c] = nodes as [Node, Node, Node, Node];
    const members = await Promise.all(
      (
        [
          [a, 1, c],
          [c, 4, a],
        ] as const
      ).map(async ([node, seed, other]) => {
        const { device, deviceSigner } = await seededIdentity(seed, Date.now());
        const store = new MemoryChatStore();
        const options = { node, store, device, deviceSigner, verifier: scriptVerifier, clock: systemClock, network: 'test' };
        return { store, chat: new ChatService({ ...options, nodesOf: () => [other.id] }) };
      }),
    );
    const [mine, theirs] = members as [(typeof members)[0], (typeof members)[0]];
    const ended: string[] = [];
    a.on('peer-down', ({ peer }) => ended.push(peer.node));
    const to = c.identity.person;
    const delivered = () => expect.poll(async () => (await mine.store.undelivered(to)).length, { timeout: 5_000 }).toBe(0);
    const said = Array.from({ length: 30 }, (_, number) => `line ${number}`);
    for (const [number, text] of said.entries()) {
      await mine.chat.send(to, text);
      if (number === 0) await delivered();
      if (number === 10) {
        const via = a.peers().find(({ node }) => node === c.id)?.path?.via[0];
        void (via === b.id ? b : d).close();
      }
    }
    await delivered();
    const events = await theirs.store.page(theirs.chat.conversationWith(a.identity.person), 1_000);
    expect(events.map((event) => readEvent(event.bytes).event.text)).toEqual(said);
    expect(ended).not.toContain(c.id);
  });
});
