import { parseAgentId } from '../base/ids.ts';
import type { MadeAgent } from '../mcp/agent-host.ts';
import { runInWorker, type StartRunner } from './run-in-worker.ts';
import type { RunnerReply } from './runner-protocol.ts';

/** JavaScript in a sandbox (QuickJS in WebAssembly, in a worker): no network, no page, bounded in time, memory and output. */
export function runnerAgent(startRunner: StartRunner): MadeAgent {
  return {
    id: parseAgentId('calculator'),
    title: 'Calculator',
    description: 'Computes: arithmetic, dates, text and data by JavaScript in a sandbox without network or page.',
    async createServer() {
      const { McpServer, z } = await import('../mcp/runtime.ts');
      const server = new McpServer({ name: 'calculator', title: 'Calculator', version: '1.0.0' });
      server.registerTool(
        'evaluate',
        {
          title: 'Evaluate an expression',
          description: 'Computes one JavaScript expression, for example 2 ** 64n, Math.hypot(3, 4) or new Date(0).toISOString().',
          inputSchema: z.object({ expression: z.string().min(1).max(10_000).describe('A JavaScript expression') }),
          annotations: { readOnlyHint: true },
        },
        async ({ expression }, context) => resultOf(await runInWorker(startRunner, { code: `(${expression}\n)` }, context.mcpReq.signal)),
      );
      server.registerTool(
        'run_script',
        {
          title: 'Run a script',
          description:
            'Runs JavaScript and answers what it printed with console.log and the value of its last expression. `input` is the given data.',
          inputSchema: z.object({
            code: z.string().min(1).max(100_000).describe('The script'),
            input: z.string().max(100_000).optional().describe('JSON that the script finds as `input`'),
          }),
          annotations: { readOnlyHint: true },
        },
        async ({ code, input }, context) => resultOf(await runInWorker(startRunner, { code, ...(input ? { input } : {}) }, context.mcpReq.signal)),
      );
      return server;
    },
  };
}

function resultOf(reply: RunnerReply): { content: { type: 'text'; text: string }[]; isError?: boolean } {
  const text = [reply.output, reply.ok ? reply.value : `Error: ${reply.error}`].filter((part) => part !== '').join('\n');
  return { content: [{ type: 'text', text: text || 'undefined' }], ...(reply.ok ? {} : { isError: true }) };
}
