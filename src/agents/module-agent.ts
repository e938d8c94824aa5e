import type { CallToolResult, McpServer } from '@modelcontextprotocol/server';
import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { fromJsonSchema, McpServer as Server } from '../mcp/runtime.ts';
import { runInWorker, type StartRunner } from './run-in-worker.ts';

type ModuleTool = {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema?: Readonly<Record<string, unknown>>;
};

/**
 * The server of an agent that somebody wrote here: a JavaScript module that exports `tools`, each with `name`, `description`, `inputSchema` (JSON Schema) and
 * `run(args)`. It runs in a sandbox (QuickJS in a worker) without network, page or storage, each call anew.
 * @throws ParleyError `bad-argument` when the module does not load
 */
export async function moduleServer(title: string, code: string, startRunner: StartRunner): Promise<McpServer> {
  const server = new Server({ name: 'module', title, version: '1.0.0' });
  for (const tool of await toolsOf(code, startRunner)) {
    const { name, title: toolTitle, description, inputSchema } = tool;
    server.registerTool(
      name,
      {
        ...(toolTitle ? { title: toolTitle } : {}),
        ...(description ? { description } : {}),
        inputSchema: fromJsonSchema<Record<string, unknown>>({ type: 'object', ...inputSchema }),
      },
      async (args, { mcpReq }) => {
        const reply = await runInWorker(startRunner, { module: code, call: { tool: name, args } }, mcpReq.signal);
        return reply.ok
          ? resultOf(reply.value)
          : { content: [{ type: 'text', text: [reply.output, `Error: ${reply.error}`].filter(Boolean).join('\n') }], isError: true };
      },
    );
  }
  return server;
}

/** What a module offers. @throws ParleyError `bad-argument` with the module's own error */
export async function toolsOf(code: string, startRunner: StartRunner): Promise<readonly ModuleTool[]> {
  const reply = await runInWorker(startRunner, { module: code }, new AbortController().signal);
  if (!reply.ok) throw new ParleyError('bad-argument', reply.error);
  const tools = JSON.parse(reply.value) as readonly ModuleTool[];
  if (tools.length > LIMITS.maxModuleTools) throw new ParleyError('too-large', `A module has at most ${LIMITS.maxModuleTools} tools.`);
  if (new Set(tools.map(({ name }) => name)).size < tools.length) throw new ParleyError('bad-argument', 'Two tools have the same name.');
  return tools;
}

/** What `run` answered: an MCP result as it is, text as text, everything else as data. */
function resultOf(json: string): CallToolResult {
  const { value } = JSON.parse(json) as { readonly value?: unknown };
  if (typeof value === 'string') return { content: [{ type: 'text', text: value }] };
  if (typeof value === 'object' && value !== null && Array.isArray((value as { content?: unknown }).content)) return value as CallToolResult;
  const text = JSON.stringify(value, undefined, 2) ?? 'undefined';
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return { content: [{ type: 'text', text }], ...(isObject ? { structuredContent: value as Record<string, unknown> } : {}) };
}
