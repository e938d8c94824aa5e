import { parseAgentId } from '../../src/base/ids.ts';
import type { MadeAgent } from '../../src/mcp/agent-host.ts';

export const ECHO = parseAgentId('echo');

/** The cheapest agent: what is measured is the way to it and back. `http-agent.mjs` is the same one behind HTTP. */
export function echoAgent(): MadeAgent {
  return {
    id: ECHO,
    title: 'Echo',
    description: 'Answers with what it got.',
    async createServer() {
      const { McpServer, z } = await import('../../src/mcp/runtime.ts');
      const server = new McpServer({ name: 'echo', version: '1' });
      server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({ content: [{ type: 'text', text }] }));
      return server;
    },
  };
}
