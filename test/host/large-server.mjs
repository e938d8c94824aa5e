/**
 * MCP servers with large results, of the official SDK in both revisions (`sdk`), or written by hand in the older one:
 *   sdk | id-first | id-last | breaks-off | wrong-id
 * The tool `large` answers so many MiB of base64 in a resource.
 */
import { createInterface } from 'node:readline';
import { fromJsonSchema, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const [mood = 'sdk'] = process.argv.slice(2);
const MIB = 2 ** 20;
/** One MiB of base64 that differs by its number. */
const piece = (number) => Buffer.alloc((MIB / 4) * 3, `piece ${number} `).toString('base64');
const input = { type: 'object', properties: { mebibytes: { type: 'integer' } }, required: ['mebibytes'] };

function sdk() {
  serveStdio(() => {
    const server = new McpServer({ name: 'large', version: '1' });
    server.registerTool('large', { inputSchema: fromJsonSchema(input) }, ({ mebibytes }) => {
      const blob = Array.from({ length: mebibytes }, (_, number) => piece(number)).join('');
      return { content: [{ type: 'resource', resource: { uri: 'test://large', mimeType: 'application/octet-stream', blob } }] };
    });
    server.registerTool('small', {}, () => ({ content: [{ type: 'text', text: 'small' }] }));
    return server;
  });
}

const write = (text) => new Promise((resolve) => process.stdout.write(text, resolve));

async function large(id, mebibytes) {
  await write(mood === 'id-first' || mood === 'breaks-off' ? `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":` : '{"jsonrpc":"2.0","result":');
  await write('{"content":[{"type":"resource","resource":{"uri":"test://large","mimeType":"application/octet-stream","blob":"');
  for (let number = 0; number < mebibytes; number++) {
    if (mood === 'breaks-off' && number > mebibytes / 2) process.exit(3);
    await write(piece(number));
  }
  await write(`"}}]}${mood === 'id-first' ? '' : `,"id":${JSON.stringify(mood === 'wrong-id' ? 'another' : id)}`}}\n`);
}

function byHand() {
  let working = Promise.resolve();
  const answers = {
    initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'large', version: '1' } }),
    ping: () => ({}),
    'tools/list': () => ({ tools: ['large', 'small'].map((name) => ({ name, inputSchema: input })) }),
  };
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line);
    if (id === undefined || method === undefined) return;
    const answer = answers[method];
    working = working.then(() => {
      if (method === 'tools/call' && params.name === 'large') return large(id, params.arguments.mebibytes);
      if (method === 'tools/call')
        return write(`${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'small' }] } })}\n`);
      const body = answer ? { result: answer(params ?? {}) } : { error: { code: -32601, message: 'Method not found' } };
      return write(`${JSON.stringify({ jsonrpc: '2.0', id, ...body })}\n`);
    });
  });
}

if (mood === 'sdk') sdk();
else byHand();
