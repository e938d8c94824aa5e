import type { McpServer, ProtocolEra, ServerContext, Transport } from '@modelcontextprotocol/server';
import { completable, inputRequired, inputResponse, ResourceTemplate, McpServer as Server } from '@modelcontextprotocol/server';
import * as z from 'zod/v4';
import { parseAgentId } from '../../src/base/ids.ts';
import type { HostedAgent } from '../../src/mcp/agent-host.ts';
import { joinTransports } from '../../src/mcp/proxy/pipe.ts';
import { serveSubscriptions } from '../../src/mcp/resource-subscriptions.ts';
import { InMemoryTransport } from '../../src/mcp/runtime.ts';

export const EVERYTHING = parseAgentId('everything');
const FACTS = { id: EVERYTHING, title: 'Everything', description: 'Uses every part of MCP.' };

/** What the agent saw, for a test to look at. */
export type Seen = { cancelled: number; readonly servers: McpServer[]; updated(uri: string): void };

/** Made in the node: speaks both eras. */
export function everythingAgent(seen: Seen): HostedAgent {
  return { ...FACTS, createServer: async ({ era }) => everythingServer(seen, era) };
}

/** Reached elsewhere, by a server that knows only the era before 2026-07-28 and pushes its questions. */
export function legacyEverythingAgent(seen: Seen): HostedAgent {
  return {
    ...FACTS,
    async connect(transport: Transport): Promise<void> {
      const [here, there] = InMemoryTransport.createLinkedPair();
      await everythingServer(seen, 'legacy').connect(there);
      await joinTransports(transport, here, { whyEnded: () => 'ended' });
    },
  };
}

export const ICON = { src: 'data:image/png;base64,iVBORw0KGgo=', mimeType: 'image/png', sizes: ['48x48'] };
export const WATCHED = 'everything:///watched';

function everythingServer(seen: Seen, era: ProtocolEra): McpServer {
  const server = new Server(
    { name: 'everything', version: '1.2.3', title: 'Everything', icons: [ICON] },
    { capabilities: { logging: {} }, instructions: 'Be kind.' },
  );
  seen.servers.push(server);
  seen.updated = serveSubscriptions(server, era);
  const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });
  server.registerTool(
    'contents',
    {
      title: 'All contents',
      description: 'Every content type',
      icons: [ICON],
      annotations: { readOnlyHint: true, openWorldHint: false },
      _meta: { 'example.org/ui': { resourceUri: 'ui://x' } },
      outputSchema: z.object({ answer: z.number(), list: z.array(z.string()) }),
    },
    () => ({
      content: [
        { type: 'text', text: 'words', annotations: { audience: ['user'], priority: 0.5 } },
        { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' },
        { type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav' },
        { type: 'resource', resource: { uri: 'everything:///embedded', mimeType: 'text/plain', text: 'embedded' } },
        { type: 'resource_link', uri: 'everything:///link', name: 'link', size: 5 },
      ],
      structuredContent: { answer: 42, list: ['a'] },
      _meta: { 'example.org/trace': 'abc' },
    }),
  );
  server.registerTool('fail', { inputSchema: z.object({ how: z.enum(['error', 'result']) }) }, ({ how }) => {
    if (how === 'result') return { ...text('It went wrong.'), isError: true };
    throw new Error('thrown');
  });
  server.registerTool('steps', { inputSchema: z.object({ steps: z.number() }) }, async ({ steps }, context: ServerContext) => {
    const progressToken = context.mcpReq._meta?.progressToken;
    for (let step = 1; step <= steps && progressToken !== undefined; step++)
      await context.mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken, progress: step, total: steps, message: `step ${step}` },
      });
    return text('done');
  });
  server.registerTool(
    'hang',
    {},
    (context: ServerContext) =>
      new Promise((_, reject) => {
        context.mcpReq.signal.addEventListener('abort', () => {
          seen.cancelled++;
          reject(new Error('cancelled'));
        });
      }),
  );
  server.registerTool('ask', { inputSchema: z.object({ who: z.string() }) }, ({ who }, context: ServerContext) => {
    const view = inputResponse(context.mcpReq.inputResponses, 'age');
    if (view.kind !== 'elicit') {
      const requestedSchema = { type: 'object' as const, properties: { age: { type: 'number' as const, title: 'Age' } }, required: ['age'] };
      return inputRequired({ inputRequests: { age: inputRequired.elicit({ message: `How old are you, ${who}?`, requestedSchema }) } });
    }
    return text(view.action === 'accept' ? `${who} is ${String(view.content?.['age'])}` : `${who}: ${view.action}`);
  });
  server.registerTool('visit', {}, (context: ServerContext) => {
    const view = inputResponse(context.mcpReq.inputResponses, 'page');
    if (view.kind === 'elicit') return text(view.action);
    return inputRequired({
      inputRequests: { page: inputRequired.elicitUrl({ message: 'Sign in', url: 'https://example.org/sign-in?x=1' }) },
    });
  });
  server.registerTool('sample', {}, (context: ServerContext) => {
    const view = inputResponse(context.mcpReq.inputResponses, 'poem');
    if (view.kind !== 'missing') return text(JSON.stringify(view));
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'Write a poem' } }];
    return inputRequired({ inputRequests: { poem: inputRequired.createMessage({ messages, maxTokens: 100, systemPrompt: 'Rhyme.' }) } });
  });
  server.registerTool('roots', {}, (context: ServerContext) => {
    const view = inputResponse(context.mcpReq.inputResponses, 'roots');
    if (view.kind !== 'missing') return text(JSON.stringify(view));
    return inputRequired({ inputRequests: { roots: inputRequired.listRoots() } });
  });
  server.registerTool('log', {}, async (context: ServerContext) => {
    await context.mcpReq.log('debug', 'whispered');
    await context.mcpReq.log('warning', { said: 'aloud' }, 'voice');
    return text('logged');
  });
  server.registerTool('large', { inputSchema: z.object({ bytes: z.number() }) }, ({ bytes }) => text('x'.repeat(bytes)));
  server.registerResource('watched', WATCHED, { mimeType: 'text/plain', icons: [ICON] }, (uri) => ({
    contents: [{ uri: uri.href, text: 'now', mimeType: 'text/plain' }],
  }));
  server.registerResource('blob', 'everything:///blob', { mimeType: 'application/octet-stream', size: 3 }, (uri) => ({
    contents: [{ uri: uri.href, blob: 'AQID', mimeType: 'application/octet-stream' }],
  }));
  server.registerResource(
    'cities',
    new ResourceTemplate('everything:///city/{name}', {
      list: undefined,
      complete: { name: (value) => ['Paris', 'Prague', 'Rome'].filter((city) => city.startsWith(value)) },
    }),
    { mimeType: 'text/plain' },
    (uri, { name }) => ({ contents: [{ uri: uri.href, text: `City of ${String(name)}` }] }),
  );
  server.registerPrompt(
    'greet',
    { title: 'Greet', argsSchema: z.object({ name: completable(z.string(), (value) => ['Ada', 'Bo'].filter((name) => name.startsWith(value))) }) },
    ({ name }) => ({
      messages: [{ role: 'user', content: { type: 'text', text: `Greet ${name}` } }],
    }),
  );
  return server;
}
