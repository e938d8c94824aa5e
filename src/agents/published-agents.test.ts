import { describe, expect, it } from 'vitest';
import { localNode } from '../../test/doubles/local-nodes.ts';
import { VirtualClock } from '../../test/doubles/virtual-clock.ts';
import { parseAgentId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { AgentClients } from '../mcp/agent-clients.ts';
import { AgentHost } from '../mcp/agent-host.ts';
import { McpServer } from '../mcp/runtime.ts';
import { PublishedAgents } from './published-agents.ts';

const AGENT = parseAgentId('agent');

/** An agent that gets one more tool whenever the test says so. */
async function scene() {
  const node = await localNode(1);
  const host = new AgentHost(node, { decide: async () => 'refused' });
  const clients = new AgentClients(node, host);
  const clock = new VirtualClock();
  const servers: McpServer[] = [];
  let count = 1;
  const addTool = (server: McpServer, number: number) => server.registerTool(`tool_${number}`, { description: '' }, () => ({ content: [] }));
  /** Resolves when the node has heard of it, and has done what it does at once. */
  const grow = async (): Promise<void> => {
    const heard = new Promise<void>((resolve) => {
      const off = clients.on('list-changed', () => {
        off();
        resolve();
      });
    });
    count++;
    for (const server of servers) addTool(server, count);
    await heard;
  };
  const published = new PublishedAgents({ node: node.id, host, clients, clock, visibilityOf: () => 'everyone' });
  let isBroken = false;
  host.add({
    id: AGENT,
    title: 'Agent',
    description: '',
    createServer: async () => {
      if (isBroken) throw new Error('It is broken.');
      const server = new McpServer({ name: 'agent', version: '1' });
      for (let number = 1; number <= count; number++) addTool(server, number);
      servers.push(server);
      return server;
    },
  });
  const told: number[] = [];
  published.onChange = () => told.push(published.list()[0]?.definitions.length ?? 0);
  const isTold = async (times: number): Promise<void> => {
    while (told.length < times) await new Promise((resolve) => setTimeout(resolve));
  };
  return { published, grow, clock, told, isTold, breakIt: (broken: boolean) => (isBroken = broken) };
}

describe('the agents that are published', () => {
  it('are told at once, and while they change all the time now and then; grants see each change', async () => {
    const { published, grow, clock, told, isTold } = await scene();
    expect(published.tools(AGENT)).toBeUndefined();
    await published.describe();
    expect([told, published.tools(AGENT)]).toEqual([[1], ['tool_1']]);
    for (let count = 0; count < 5; count++) await grow();
    expect(await published.definitionOf(AGENT, { kind: 'tool', tool: 'tool_6' })).toEqual(expect.any(String));
    expect(told).toEqual([1]);
    await clock.advance(LIMITS.republishAgentMs);
    await isTold(2);
    await clock.advance(LIMITS.republishAgentMs);
    expect(told).toEqual([1, 6]);
    await grow();
    await isTold(3);
    expect(told).toEqual([1, 6, 7]);
  });

  it('say why one cannot be asked, until it can', async () => {
    const { published, breakIt } = await scene();
    breakIt(true);
    await published.describe();
    expect([published.troubleOf(AGENT) instanceof Error, published.tools(AGENT)]).toEqual([true, undefined]);
    breakIt(false);
    await published.check(AGENT);
    expect([published.troubleOf(AGENT), published.tools(AGENT)]).toEqual([undefined, ['tool_1']]);
  });
});
