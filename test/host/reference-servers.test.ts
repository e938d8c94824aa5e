import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient, goodbye, referenceServer, startHost, type Era, type RunningHost } from './host-process.ts';
import { startSignaling } from './signaling.ts';

/** The reference servers, mounted on one host and called through another one's HTTP endpoint: over WebRTC in between, in both revisions of MCP. */

let signaling: Awaited<ReturnType<typeof startSignaling>>;
let folder: string;
let owner: RunningHost;
let caller: RunningHost;

beforeAll(async () => {
  signaling = await startSignaling();
  folder = await mkdtemp(join(tmpdir(), 'parley-files-'));
  await writeFile(join(folder, 'hello.txt'), 'Hello from a file.\n');
  const config = {
    mcpServers: {
      everything: referenceServer('everything', ['stdio']),
      files: referenceServer('filesystem', [folder]),
      memory: referenceServer('memory', [], { MEMORY_FILE_PATH: join(folder, 'memory.json') }),
    },
  };
  [owner, caller] = await Promise.all([startHost(signaling.url, { config, policy: { everyone: 'run' } }), startHost(signaling.url, {})]);
}, 60_000);

afterAll(async () => {
  await Promise.allSettled([owner?.stop(), caller?.stop()]);
  await signaling?.stop();
  await rm(folder, { recursive: true, force: true });
});

const agent = (id: string): string => `${owner.ready.nodeId}:${id}`;

async function withClient<Result>(id: string | undefined, era: Era, use: (client: Client) => Promise<Result>, host = caller): Promise<Result> {
  const client = await connectClient(host, id === undefined ? undefined : agent(id), era, { capabilities: { elicitation: { form: {} } } });
  try {
    return await use(client);
  } finally {
    await goodbye(client);
  }
}

function textOf(result: unknown): string {
  return ((result as { content?: { text?: string }[] }).content ?? []).map(({ text }) => text ?? '').join('\n');
}

describe.each(['legacy', 'modern'] as const)('through another host, %s', (era) => {
  it('the tools are those that the server has', async () => {
    const here = await withClient('files', era, (client) => client.listTools(), owner);
    const there = await withClient('files', era, (client) => client.listTools());
    expect(there.tools.length).toBe(14);
    expect(there.tools).toEqual(here.tools);
  });

  it('files: reads, writes and lists', () =>
    withClient('files', era, async (client) => {
      expect(textOf(await client.callTool({ name: 'read_text_file', arguments: { path: join(folder, 'hello.txt') } }))).toContain(
        'Hello from a file.',
      );
      await client.callTool({ name: 'write_file', arguments: { path: join(folder, `${era}.txt`), content: era } });
      expect(textOf(await client.callTool({ name: 'list_directory', arguments: { path: folder } }))).toContain(`${era}.txt`);
      const refused = await client.callTool({ name: 'read_text_file', arguments: { path: '/etc/passwd' } });
      expect(refused.isError).toBe(true);
    }));

  it('memory: keeps a graph', () =>
    withClient('memory', era, async (client) => {
      await client.callTool({
        name: 'create_entities',
        arguments: { entities: [{ name: `Ada ${era}`, entityType: 'person', observations: ['writes'] }] },
      });
      const found = await client.callTool({ name: 'search_nodes', arguments: { query: `Ada ${era}` } });
      expect(found.structuredContent).toMatchObject({ entities: [{ name: `Ada ${era}` }] });
    }));

  it('everything: structured content, images, resources, templates, prompts, completions', () =>
    withClient('everything', era, async (client) => {
      expect(textOf(await client.callTool({ name: 'echo', arguments: { message: 'hi' } }))).toContain('hi');
      expect((await client.callTool({ name: 'get-structured-content', arguments: { location: 'New York' } })).structuredContent).toBeDefined();
      expect((await client.callTool({ name: 'get-tiny-image', arguments: {} })).content).toContainEqual(expect.objectContaining({ type: 'image' }));
      expect((await client.listResources()).resources.length).toBe(7);
      expect((await client.listResourceTemplates()).resourceTemplates.length).toBe(2);
      const read = await client.readResource({ uri: 'demo://resource/dynamic/text/1' });
      expect(read.contents[0]?.uri).toBe('demo://resource/dynamic/text/1');
      expect((await client.listPrompts()).prompts.length).toBe(4);
      const prompt = await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Paris' } });
      expect(JSON.stringify(prompt.messages)).toContain('Paris');
      const ref = { type: 'ref/prompt', name: 'completable-prompt' } as const;
      expect((await client.complete({ ref, argument: { name: 'department', value: 'E' } })).completion.values).toContain('Engineering');
    }));

  it('everything: progress comes while the call runs', () =>
    withClient('everything', era, async (client) => {
      const progress: number[] = [];
      const call = { name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 4 } };
      await client.callTool(call, { onprogress: (step) => progress.push(step.progress) });
      expect(progress).toEqual([1, 2, 3, 4]);
    }));

  it('everything: what the server asks reaches exactly the client that called', async () => {
    const names = ['Ada', 'Ben', 'Cleo'];
    const answers = await Promise.all(
      names.map(async (name) => {
        const client = await connectClient(caller, agent('everything'), era, { capabilities: { elicitation: { form: {} } } });
        client.setRequestHandler(
          'elicitation/create',
          async () => ({ action: 'accept', content: { name, check: true, email: 'a@example.org' } }) as never,
        );
        try {
          return textOf(await client.callTool({ name: 'trigger-elicitation-request', arguments: {} }));
        } finally {
          await goodbye(client);
        }
      }),
    );
    answers.forEach((answer, index) => {
      expect(answer).toContain(names[index]);
      for (const other of names) if (other !== names[index]) expect(answer).not.toContain(other);
    });
  });

  it('everything: its tools are those for a client that can be asked, and sampling and roots are asked of it', async () => {
    const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };
    const client = await connectClient(caller, agent('everything'), era, { capabilities });
    client.setRequestHandler('sampling/createMessage', async () => ({
      role: 'assistant',
      model: 'none',
      content: { type: 'text', text: 'sampled words' },
    }));
    client.setRequestHandler('roots/list', async () => ({ roots: [{ uri: 'file:///a-root', name: 'a root' }] }));
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toContain('trigger-elicitation-request');
    expect(names).toContain('trigger-sampling-request');
    expect(textOf(await client.callTool({ name: 'trigger-sampling-request', arguments: { prompt: 'say', maxTokens: 10 } }))).toContain(
      'sampled words',
    );
    await goodbye(client);
  });

  it('an error keeps its code', () =>
    withClient('everything', era, async (client) => {
      await expect(client.getPrompt({ name: 'no-such-prompt' })).rejects.toMatchObject({ code: -32_602 });
    }));

  it('the aggregate has every agent under names of its own, and calls them', () =>
    withClient(undefined, era, async (client) => {
      const { tools } = await client.listTools();
      const names = tools.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,46}$/);
      const echo = names.find((name) => name.endsWith('__echo')) ?? '';
      expect(textOf(await client.callTool({ name: echo, arguments: { message: 'through all' } }))).toContain('through all');
      const { resources } = await client.listResources();
      const [first] = resources;
      expect(first?.uri.startsWith(`parley://${owner.ready.nodeId}/`)).toBe(true);
      const read = await client.readResource({ uri: first?.uri ?? '' });
      expect(read.contents[0]?.uri).toBe(first?.uri);
    }));
});
