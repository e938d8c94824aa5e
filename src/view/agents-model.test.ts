import { describe, expect, it } from 'vitest';
import { Emitter } from '../base/emitter.ts';
import { agentAddress, nodeIdOf, parseAgentId, type PersonId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { MemoryRecords } from '../storage/memory-storage.ts';
import { BO } from '../../test/doubles/fake-app-model.ts';
import './agent-lists.ts';
import { AgentsModel, type AgentsModelOptions } from './agents-model.ts';

const ME = nodeIdOf(new Uint8Array(32).fill(255));

/** A network of agents with ten tools each, whose lists are given out when the test says so. */
function network(agents: number, published: readonly string[] = [], own?: readonly string[]) {
  const waiting: (() => void)[] = [];
  const asked: string[] = [];
  const addresses = Array.from({ length: agents }, (_, index) => agentAddress(nodeIdOf(new Uint8Array(32).fill(index)), parseAgentId('agent')));
  const directory = Object.assign(new Emitter<{ agents: undefined }>(), {
    agents: () =>
      addresses.map((address) => ({
        address,
        node: address.split(':')[0],
        agent: 'agent',
        owner: 'bo',
        title: 'Agent',
        description: '',
        kind: 'built-in',
        visibility: 'everyone',
        isDescribed: published.length > 0,
        tools: published,
      })),
  });
  const client = {
    getServerCapabilities: () => ({ tools: {} }),
    getServerVersion: () => undefined,
    getProtocolEra: () => 'modern',
    getNegotiatedProtocolVersion: () => undefined,
    getInstructions: () => undefined,
    listTools: () =>
      Promise.resolve({
        tools: Array.from({ length: 10 }, (_, index) => ({ name: `tool_${index}`, description: 'Does\u202e it.', inputSchema: {} })),
      }),
  };
  const options = {
    node: { id: ME, identity: { person: 'ada' } },
    directory,
    published: { tools: () => own },
    host: Object.assign(new Emitter<{ agents: undefined; served: undefined }>(), {
      agents: () => (own ? [{ id: 'notes', title: 'Notes', description: '' }] : []),
      isEnabled: () => true,
    }),
    clients: { on: () => undefined },
    agentCalls: () =>
      Promise.resolve({
        async inspect(address: string) {
          asked.push(address);
          await new Promise<void>((resolve) => waiting.push(resolve));
          return { client };
        },
      }),
    approvals: { onChanged: () => undefined },
    people: { view: (person: PersonId) => ({ ...BO, id: person }), pathView: () => undefined },
    clock: { now: () => 0 },
    records: new MemoryRecords(),
    network: 'net',
    onCallsChanged: () => undefined,
    report: () => undefined,
  };
  const model = new AgentsModel(options as unknown as AgentsModelOptions);
  const answerAll = async (): Promise<void> => {
    await turn();
    while (waiting.length > 0) {
      for (const answer of waiting.splice(0)) answer();
      await turn();
    }
  };
  return { model, waiting, asked, answerAll };
}

/** All that promises and whatever is done once a turn have to do. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

describe('the tools of the network', () => {
  it('are known by name before anybody is asked, and by what they do afterwards', async () => {
    const { model, answerAll, asked } = network(2, ['tool_0', 'tool_\u202e1']);
    await turn();
    expect(model.tools.value.map(({ title, description }) => [title, description])).toEqual([
      ['tool_0', ''],
      ['tool_1', ''],
      ['tool_0', ''],
      ['tool_1', ''],
    ]);
    expect([asked, model.agentsToAsk.value]).toEqual([[], 2]);
    const asking = model.askAgents(new AbortController().signal);
    await answerAll();
    await asking;
    await turn();
    expect(model.tools.value).toHaveLength(20);
    expect([model.tools.value[0]?.description, model.agentsToAsk.value]).toEqual(['Does it.', 0]);
  });

  it('are counted with one’s own, and of whom nothing is known yet is told', async () => {
    const { model } = network(2, ['tool_0'], ['write', 'read', 'remove']);
    await turn();
    expect(model.tools.value.map(({ agent, name }) => `${agent.title} ${name}`)).toEqual([
      'Agent tool_0',
      'Agent tool_0',
      'Notes write',
      'Notes read',
      'Notes remove',
    ]);
    expect(model.agentsUnknown.value).toBe(0);
    const quiet = network(3, [], []).model;
    await turn();
    expect([quiet.tools.value.length, quiet.agentsUnknown.value]).toEqual([0, 3]);
  });

  it('are asked for a few agents at a time, each once, until nobody looks for tools any more', async () => {
    const { model, waiting, asked, answerAll } = network(100);
    await turn();
    const looked = new AbortController();
    const asking = model.askAgents(looked.signal);
    await turn();
    expect(waiting).toHaveLength(LIMITS.maxAgentsAskedAtOnce);
    waiting.shift()?.();
    await turn();
    expect(waiting).toHaveLength(LIMITS.maxAgentsAskedAtOnce);
    looked.abort();
    await answerAll();
    await asking;
    expect(asked).toHaveLength(LIMITS.maxAgentsAskedAtOnce + 1);
    const rest = model.askAgents(new AbortController().signal);
    await turn();
    await answerAll();
    await rest;
    await turn();
    expect([new Set(asked).size, asked.length, model.tools.value.length]).toEqual([100, 100, 1_000]);
  });
});
