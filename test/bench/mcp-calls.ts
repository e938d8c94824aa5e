import { agentAddress } from '../../src/base/ids.ts';
import { nodeOf, type Kind } from './bench-node.ts';
import { ECHO, echoAgent } from './echo-agent.ts';

/**
 * Where a call goes: to the other tab through a node, to a server in this page through the SDK's memory transport, or to a Node.js server of
 * this page's origin over the SDK's Streamable HTTP.
 */
export type Way = Kind | 'memory' | 'http';

const TEXT = 'x'.repeat(1024);

/** Connects a client; each run of the answer is one call with 1 KiB there and back. */
export async function openCalls(way: Way): Promise<() => Promise<unknown>> {
  const client = await connect(way);
  return () => client.callTool({ name: 'echo', arguments: { text: TEXT } });
}

async function connect(way: Way) {
  if (way === 'secure' || way === 'plaintext') {
    const { clients, other } = nodeOf(way);
    return (await clients.session(agentAddress(other, ECHO))).client;
  }
  const { Client } = await import('../../src/mcp/runtime.ts');
  const client = new Client({ name: 'bench', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(way === 'memory' ? await memoryTransport() : await httpTransport());
  return client;
}

async function memoryTransport() {
  const { InMemoryTransport, serveStdio } = await import('../../src/mcp/runtime.ts');
  const [here, there] = InMemoryTransport.createLinkedPair();
  serveStdio(({ era }) => echoAgent().createServer({ era }), { transport: there });
  return here;
}

async function httpTransport() {
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  return new StreamableHTTPClientTransport(new URL('/mcp', location.href));
}
