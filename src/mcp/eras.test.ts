import { afterEach, describe, expect, it } from 'vitest';
import { EVERYTHING, everythingAgent, ICON, legacyEverythingAgent, WATCHED, type Seen } from '../../test/doubles/everything-agent.ts';
import { joinNodes, localNode } from '../../test/doubles/local-nodes.ts';
import { systemClock } from '../app/system-clock.ts';
import { agentAddress } from '../base/ids.ts';
import type { Node } from '../node/node.ts';
import { AgentCalls, type Progress } from './agent-calls.ts';
import { AgentClients } from './agent-clients.ts';
import { AgentHost } from './agent-host.ts';
import { AgentQuestions, type AgentQuestion, type QuestionAnswer } from './agent-questions.ts';
import { TOO_LARGE_CODE } from './answers/whole-answers.ts';

const nodes: Node[] = [];
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close();
});

type Era = 'legacy' | 'modern';
const ALLOW_ALL = { decide: async () => 'run' as const };

/** Callers whose MCP knows one era, and an agent in another node that knows one. */
async function scene(caller: Era, agent: Era, callers = 1) {
  const seen: Seen = { cancelled: 0, servers: [], updated: () => undefined };
  const owner = await localNode(100);
  nodes.push(owner);
  const host = new AgentHost(owner, ALLOW_ALL);
  host.add(agent === 'modern' ? everythingAgent(seen) : legacyEverythingAgent(seen));
  const address = agentAddress(owner.id, EVERYTHING);
  const people = [];
  for (let index = 0; index < callers; index++) {
    const node = await localNode(index + 1);
    nodes.push(node);
    await joinNodes(node, owner);
    const questions = new AgentQuestions(systemClock);
    const clients = new AgentClients(node, new AgentHost(node, ALLOW_ALL), { questions, era: caller === 'modern' ? 'newest' : 'legacy' });
    const calls = new AgentCalls({ clients, questions, clock: systemClock });
    people.push({ clients, questions, calls });
  }
  const [first] = people as [(typeof people)[number]];
  return { seen, host, address, people, ...first, era: caller === 'modern' && agent === 'modern' ? 'modern' : 'legacy' };
}

function answering(questions: AgentQuestions, answer: (question: AgentQuestion) => QuestionAnswer): AgentQuestion[] {
  const asked: AgentQuestion[] = [];
  questions.onChanged((waiting) => {
    for (const question of waiting) {
      if (asked.some(({ id }) => id === question.id)) continue;
      asked.push(question);
      queueMicrotask(() => questions.answer(question.id, answer(question)));
    }
  });
  return asked;
}

function textOf(result: { readonly content: readonly unknown[] }): string {
  return (result.content[0] as { text: string }).text;
}

const PAIRS: readonly (readonly [Era, Era])[] = [
  ['legacy', 'legacy'],
  ['legacy', 'modern'],
  ['modern', 'legacy'],
  ['modern', 'modern'],
];

describe.each(PAIRS)('a %s caller and a %s agent in two nodes', (caller, agent) => {
  it('agree on the era that both know', async () => {
    const { clients, address, era } = await scene(caller, agent);
    const { client } = await clients.session(address);
    expect(client.getProtocolEra()).toBe(era);
    expect(client.getServerVersion()).toMatchObject({ name: 'everything', version: '1.2.3', icons: [ICON] });
    expect(client.getInstructions()).toBe('Be kind.');
  });

  it('ping, where the era has it', async () => {
    const { calls, address, era } = await scene(caller, agent);
    if (era === 'legacy') expect(await calls.ping(address)).toBeGreaterThanOrEqual(0);
    else await expect(calls.ping(address)).rejects.toThrow(/ping/);
  });

  it('pass definitions, every content type, structured output and _meta untouched', async () => {
    const { clients, calls, address } = await scene(caller, agent);
    const { client } = await clients.session(address);
    const { tools } = await client.listTools();
    expect(tools.find(({ name }) => name === 'contents')).toMatchObject({
      icons: [ICON],
      annotations: { readOnlyHint: true, openWorldHint: false },
      _meta: { 'example.org/ui': { resourceUri: 'ui://x' } },
    });
    const result = await calls.callTool(address, 'contents', {});
    expect(result.content.map(({ type }) => type)).toEqual(['text', 'image', 'audio', 'resource', 'resource_link']);
    expect(result.content[0]).toMatchObject({ annotations: { audience: ['user'], priority: 0.5 } });
    expect(result.structuredContent).toEqual({ answer: 42, list: ['a'] });
    expect(result._meta).toMatchObject({ 'example.org/trace': 'abc' });
  });

  it('tell tool errors, protocol errors with their codes, and bad arguments apart', async () => {
    const { calls, address } = await scene(caller, agent);
    expect(await calls.callTool(address, 'fail', { how: 'result' })).toMatchObject({ isError: true });
    expect(await calls.callTool(address, 'fail', { how: 'error' })).toMatchObject({ isError: true, content: [{ text: 'thrown' }] });
    expect(await calls.callTool(address, 'fail', { how: 'nonsense' })).toMatchObject({ isError: true });
    await expect(calls.callTool(address, 'nothing', {})).rejects.toMatchObject({ code: -32_602 });
    await expect(calls.readResource(address, 'everything:///nothing')).rejects.toMatchObject({ code: expect.any(Number) });
  });

  it('report progress, and cancel so that the agent feels it', async () => {
    const { calls, address, seen } = await scene(caller, agent);
    const progress: Progress[] = [];
    await calls.callTool(address, 'steps', { steps: 3 }, { onProgress: (step) => progress.push(step) });
    expect(progress).toEqual([1, 2, 3].map((step) => ({ progress: step, total: 3, message: `step ${step}` })));
    const controller = new AbortController();
    const call = calls.callTool(address, 'hang', {}, { signal: controller.signal });
    // An answer that overtakes proves that the call before it has reached the agent.
    await calls.callTool(address, 'contents', {});
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await calls.callTool(address, 'contents', {});
    expect(seen.cancelled).toBe(1);
  });

  it('read resources, templates and prompts, and complete their arguments', async () => {
    const { clients, calls, address } = await scene(caller, agent);
    const { client } = await clients.session(address);
    expect((await client.listResources()).resources.map(({ name }) => name)).toEqual(['watched', 'blob']);
    expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([{ uriTemplate: 'everything:///city/{name}' }]);
    expect((await calls.readResource(address, 'everything:///blob')).contents).toMatchObject([{ blob: 'AQID' }]);
    expect((await calls.readResource(address, 'everything:///city/Rome')).contents).toMatchObject([{ text: 'City of Rome' }]);
    const template = await calls.complete(address, { template: 'everything:///city/{name}' }, { name: 'name', value: 'P' });
    expect(template.completion.values).toEqual(['Paris', 'Prague']);
    const prompt = await calls.complete(address, { prompt: 'greet' }, { name: 'name', value: 'A' });
    expect(prompt.completion.values).toEqual(['Ada']);
    expect((await calls.getPrompt(address, 'greet', { name: 'Bo' })).messages).toMatchObject([{ content: { text: 'Greet Bo' } }]);
  });

  it('tell changes of lists and of watched resources, and stop telling', async () => {
    const { clients, calls, address, seen } = await scene(caller, agent);
    await clients.session(address);
    const changed = new Promise((resolve) => clients.on('list-changed', resolve));
    let updates = 0;
    let told: () => void = () => undefined;
    const unwatch = await calls.watch(address, WATCHED, () => {
      updates++;
      told();
    });
    const server = seen.servers.at(-1);
    const update = new Promise<void>((resolve) => (told = resolve));
    seen.updated(WATCHED);
    await update;
    server?.registerTool('new', {}, () => ({ content: [] }));
    expect(await changed).toBe(address);
    await unwatch();
    seen.updated(WATCHED);
    await calls.callTool(address, 'contents', {});
    expect(updates).toBe(1);
  });

  it('bring what the agent asks to the person who called, and to nobody else', async () => {
    const { people, address } = await scene(caller, agent, 3);
    const asked = people.map(({ questions }, index) =>
      answering(questions, (question) => ({
        action: 'accept',
        content: { age: index * 10 + Number(/\d/.exec('message' in question ? question.message : '')?.[0]) },
      })),
    );
    const rounds = [1, 2, 3].flatMap((round) =>
      people.map(({ calls }, index) => calls.callTool(address, 'ask', { who: `p${index} ${round}` }).then(textOf)),
    );
    expect(await Promise.all(rounds)).toEqual(
      [1, 2, 3].flatMap(() => people.map((_, index) => expect.stringMatching(new RegExp(`^p${index} \\d is ${index * 10 + index}$`)))),
    );
    asked.forEach((questions, index) => {
      expect(questions).toHaveLength(3);
      for (const question of questions) expect(question).toMatchObject({ kind: 'form', message: expect.stringContaining(`p${index}`) });
    });
  });

  it('carry a no, a page to visit, a sampling and roots', async () => {
    const { calls, questions, address } = await scene(caller, agent);
    const answers: QuestionAnswer[] = [
      { action: 'decline' },
      { action: 'accept' },
      { action: 'accept', text: 'Roses are red' },
      { action: 'accept', uris: ['file:///home'] },
      { action: 'decline' },
    ];
    const asked = answering(questions, () => answers.shift() as QuestionAnswer);
    const progress: Progress[] = [];
    const onProgress = (step: Progress) => progress.push(step);
    expect(textOf(await calls.callTool(address, 'ask', { who: 'Ada' }, { onProgress }))).toBe('Ada: decline');
    // The agent reported none, and the SDK's own is none of the person's.
    expect(progress).toEqual([]);
    expect(textOf(await calls.callTool(address, 'visit', {}))).toBe('accept');
    expect(textOf(await calls.callTool(address, 'sample', {}))).toContain('Roses are red');
    expect(textOf(await calls.callTool(address, 'roots', {}))).toContain('file:///home');
    expect(textOf(await calls.callTool(address, 'roots', {}))).not.toContain('file:');
    expect(asked.map(({ kind }) => kind)).toEqual(['form', 'url', 'sampling', 'roots', 'roots']);
    expect(asked[1]).toMatchObject({ url: 'https://example.org/sign-in?x=1' });
    expect(asked[2]).toMatchObject({ system: 'Rhyme.', messages: [{ role: 'user', text: 'Write a poem' }] });
  });

  it('log only to who turned it on', async () => {
    const { clients, calls, address } = await scene(caller, agent);
    const lines: unknown[] = [];
    clients.on('log', (line) => lines.push(line.data));
    if (clients && caller === 'modern' && agent === 'modern') {
      await calls.callTool(address, 'log', {});
      expect(lines).toEqual([]);
    }
    await calls.setLogLevel(address, 'warning');
    await calls.callTool(address, 'log', {});
    expect(lines).toEqual([{ said: 'aloud' }]);
  });

  it('send large results in parts, and say so where one is too large', async () => {
    const { calls, address } = await scene(caller, agent);
    expect(textOf(await calls.callTool(address, 'large', { bytes: 5 * 2 ** 20 }))).toHaveLength(5 * 2 ** 20);
    await expect(calls.callTool(address, 'large', { bytes: 17 * 2 ** 20 })).rejects.toMatchObject({ code: TOO_LARGE_CODE });
    expect(textOf(await calls.callTool(address, 'large', { bytes: 3 }))).toBe('xxx');
  });
});
