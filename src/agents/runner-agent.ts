import { ParleyError } from '../base/errors.ts';
import { parseAgentId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { HostedAgent } from '../mcp/agent-host.ts';
import type { RunnerReply, RunnerRequest } from './runner-protocol.ts';

/** Starts the worker in which scripts run; `terminate` ends it at once. */
export type StartRunner = () => {
  post(request: RunnerRequest): void;
  onReply(listener: (reply: RunnerReply) => void): void;
  onError(listener: (message: string) => void): void;
  terminate(): void;
};

/** Above the runner's own limit: only a worker that does not answer at all gets here. */
const WORKER_TIMEOUT_MS = LIMITS.runnerTimeoutMs + 3_000;

/** JavaScript in a sandbox (QuickJS in WebAssembly, in a worker): no network, no page, bounded in time, memory and output. */
export function runnerAgent(startRunner: StartRunner): HostedAgent {
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
        async ({ expression }, context) => resultOf(await run(startRunner, { code: `(${expression}\n)` }, context.mcpReq.signal)),
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
        async ({ code, input }, context) => resultOf(await run(startRunner, { code, ...(input ? { input } : {}) }, context.mcpReq.signal)),
      );
      return server;
    },
  };
}

function resultOf(reply: RunnerReply): { content: { type: 'text'; text: string }[]; isError?: boolean } {
  const text = [reply.output, reply.ok ? reply.value : `Error: ${reply.error}`].filter((part) => part !== '').join('\n');
  return { content: [{ type: 'text', text: text || 'undefined' }], ...(reply.ok ? {} : { isError: true }) };
}

/** One worker for each run: nothing of one is left for the next, and a cancelled one ends at once. */
function run(startRunner: StartRunner, request: RunnerRequest, signal: AbortSignal): Promise<RunnerReply> {
  return new Promise((resolve, reject) => {
    const runner = startRunner();
    const timer = setTimeout(() => finish(() => reject(new ParleyError('timed-out', 'The script took too long.'))), WORKER_TIMEOUT_MS);
    const onAbort = () => finish(() => reject(new ParleyError('cancelled', 'The call was cancelled.')));
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      runner.terminate();
      settle();
    };
    signal.addEventListener('abort', onAbort);
    runner.onReply((reply) => finish(() => resolve(reply)));
    runner.onError((message) => finish(() => reject(new ParleyError('internal', `The sandbox could not start. ${message}`))));
    runner.post(request);
  });
}
